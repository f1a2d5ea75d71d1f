// One change over MQTT, held against the table and against the other settings. Pure.
#pragma once

#include "settings/settings_overlay.h"
#include "settings/settings_value.h"

// The row of a key as the file spells it with its group, "picture.quality". FAULT_COMMAND for one
// that is not there (with the nearest), or that only the file can set.
__attribute__((warn_unused_result)) bool
settings_change_find(const char *path, const struct setting **setting, struct fault *fault);

// Puts a value on top of `base` and the changes so far; or takes the change back, so that what the
// user's file says counts again. FAULT_COMMAND in a sentence that names the key, and the changes
// are as before, where the value is not valid or contradicts another setting.
__attribute__((warn_unused_result)) bool settings_change_set(const struct setting *setting,
                                                             struct setting_value value,
                                                             const struct settings *base,
                                                             struct settings_overlay *changes,
                                                             struct fault *fault);
__attribute__((warn_unused_result)) bool settings_change_unset(const struct setting *setting,
                                                               const struct settings *base,
                                                               struct settings_overlay *changes,
                                                               struct fault *fault);
