// Settings that are changed over MQTT: applied at once, on trial for a while, then kept or rolled
// back. Main thread.
//
// A change is in effect before it is answered. It is rolled back at once if it loses the camera,
// and at the end of its trial (device.trial_s) if no picture came since, or if the broker is away;
// only then is it written to the disk, so that an agent that dies on trial comes back with what it
// had. Changes that come meanwhile join the trial, which begins anew.
#pragma once

#include "base/loop.h"
#include "delivery/publisher.h"
#include "reporter.h"
#include "settings/settings_overlay.h"
#include "settings_keeper.h"

struct remote_settings_hooks {
    // Other settings are in effect from now on; valid until the next call. They may differ from
    // those before in anything that has a setting_reach other than local. True: the camera is being
    // started anew, and a picture will be taken of it.
    bool (*apply)(void *context, const struct settings *settings);
    void *context;
};

struct remote_settings {
    struct loop *loop;
    struct reporter *reporter;
    struct remote_settings_hooks hooks;
    const struct settings *base; // the user's file
    struct settings_keeper *keeper;
    struct settings_overlay kept; // has passed its trial
    struct settings_overlay told; // as kept, since the disk has it or has refused it
    struct settings_overlay in_effect;
    struct settings slots[2]; // in effect, and to be made the next
    unsigned slot;            // of the one in effect
    int timer;                // the end of the trial
    bool is_camera_on_trial;  // its driver was started anew
    bool has_picture;         // since then
    int64_t begun_ns;
    bool is_link_up;
    struct fault lost; // FAULT_NONE: the camera is not lost
    struct fault disk; // FAULT_NONE: what is kept will outlive a restart
    // of the newest change of each row
    char request_ids[SETTINGS_ROWS_MAX][PICTURE_REQUEST_ID_SIZE];
};

// `base` is borrowed, `changes` are those that an earlier run has kept. What is in effect from now
// on is remote_settings_now; the hooks are not called for it.
__attribute__((warn_unused_result)) bool
remote_settings_init(struct remote_settings *remote, struct loop *loop, const struct settings *base,
                     const struct settings_overlay *changes, struct reporter *reporter,
                     const struct remote_settings_hooks *hooks, struct fault *fault);
void remote_settings_fini(struct remote_settings *remote); // fine without init, if zeroed

const struct settings *remote_settings_now(const struct remote_settings *remote);

// What was changed, for the document state; lives as long as `remote`.
struct document_changes remote_settings_changes(const struct remote_settings *remote);

// Whether the camera is on trial and no picture has come yet.
bool remote_settings_wants_picture(const struct remote_settings *remote);

// A message on P/ID/set/<key> or P/ID/unset/<key>. False: refused with FAULT_COMMAND, for the
// caller to tell; `request_id` is always written.
__attribute__((warn_unused_result)) bool
remote_settings_message(struct remote_settings *remote, const struct news_command *news,
                        char request_id[static PICTURE_REQUEST_ID_SIZE], struct fault *fault);

// What the trial goes by.
void remote_settings_picture(struct remote_settings *remote, int64_t captured_ns); // accepted
void remote_settings_camera_offline(struct remote_settings *remote, const struct fault *why);
void remote_settings_link(struct remote_settings *remote, bool is_up);
