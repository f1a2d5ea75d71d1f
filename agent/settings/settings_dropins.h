// The files beside the settings file, in conf.d, that are read after it: for one image on many
// cards, and for what was put on the boot partition.
#pragma once

#include "base/fault.h"

#include <stddef.h>

enum { SETTINGS_DROPINS_MAX = 64 };

#define SETTINGS_DROPINS_FOLDER "conf.d"
#define SETTINGS_ADOPTED_NAME   "50-boot.conf" // what settings_adopt puts there

struct settings_dropins {
    size_t count;
    char *paths[SETTINGS_DROPINS_MAX]; // owned; to be read in this order
};

// Every *.conf of the folder conf.d beside `config_path`, by name (as bytes); none where there is
// no such folder. `candidate`, if there is one, takes the place of the adopted file.
// FAULT_CONFIG is a complete finding. Fini is right after a failure too.
__attribute__((warn_unused_result)) bool settings_dropins_find(const char *config_path,
                                                               const char *candidate,
                                                               struct settings_dropins *dropins,
                                                               struct fault *fault);
void settings_dropins_fini(struct settings_dropins *dropins);

// The folder of `path`, with a '/' at its end; "" for a name alone: how many of its bytes that are.
size_t settings_folder_len(const char *path);
