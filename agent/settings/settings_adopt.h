// First boot: settings that somebody put on the boot partition, taken over into conf.d.
//
// Cards are written from one image, and their boot partition is a FAT that every computer opens. A
// file still2mqtt.conf there is for one device: it goes to conf.d/50-boot.conf if it is valid
// together with all else that is in effect, and stays where it is if not, with the findings beside
// it. A tool of its own process, run as root before the agent starts.
#pragma once

#include "base/bytes.h"

// Beside the settings, on either side.
#define SETTINGS_ADOPT_PASSWORD_SUFFIX "-password.txt" // still2mqtt-password.txt of still2mqtt.conf
#define SETTINGS_ADOPT_PASSWORD_NAME   "password"

enum settings_adopted {
    SETTINGS_ADOPT_NOTHING, // there is neither of the two files
    SETTINGS_ADOPT_DONE,
    SETTINGS_ADOPT_REJECTED, // nothing was changed but BOOT_PATH.rejected.txt, which says why
};

// Takes `boot_path` over for the settings file `config_path`, and the password beside it (its first
// line) into a file that only root reads. Whenever it is killed or the power fails, the old
// settings or the new ones are in effect, and the next run goes on; at its end `boot_path` has
// become BOOT_PATH.adopted, and the password is overwritten and gone from the boot partition.
//
// Rejected: the findings are in `findings` too, and `fault` sums them up. False: FAULT_SYSTEM, as
// where the disk takes nothing.
__attribute__((warn_unused_result)) bool
settings_adopt(const char *config_path, const char *boot_path, char *const *environment,
               enum settings_adopted *adopted, struct bytes *findings, struct fault *fault);
