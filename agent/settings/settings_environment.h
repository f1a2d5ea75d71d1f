// Settings from the environment: STILL2MQTT_CAMERA_WIDTH=1280 is camera.width. For units and
// containers, where a file for one line is too much.
#pragma once

#include "settings/settings_table.h"

#include <stddef.h>

enum { SETTINGS_VARIABLE_SIZE = 80 }; // "STILL2MQTT_", the longest path of the table, and the end

typedef void (*settings_variable_fn)(void *context, const char *name, const struct setting *setting,
                                     const char *text);

// Calls `take` for each STILL2MQTT_ variable in turn, whose name is cut where it is too long for a
// setting's; `setting` is NULL for a name that is none of them.
void settings_environment_walk(char *const *environment, settings_variable_fn take, void *context);

// Puts the text as the row's type reads it: a text or a word as it is, a number, true or false.
// FAULT_CONFIG as setting_put has it.
__attribute__((warn_unused_result)) bool settings_environment_put(const struct setting *setting,
                                                                  const char *text,
                                                                  struct settings *settings,
                                                                  struct fault *fault);

// "STILL2MQTT_CAMERA_WIDTH" of camera.width.
void settings_environment_name(const struct setting *setting,
                               char name[static SETTINGS_VARIABLE_SIZE]);

// The row that somebody probably meant by a name that is none; NULL when nothing is near.
const struct setting *settings_environment_suggest(const char *name);
