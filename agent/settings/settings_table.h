// Every key, once: where it lies in struct settings, what it may be, what it is good for.
//
// The loader, --print-config, the range checks, the suggestions for misspelt keys and
// conf/still2mqtt.conf all come from these rows.
#pragma once

#include "base/fault.h"
#include "settings/settings.h"

#include <stddef.h>

enum setting_type {
    SETTING_BOOL,   // bool
    SETTING_UINT,   // uint32_t
    SETTING_SIZE,   // uint64_t
    SETTING_DOUBLE, // double
    SETTING_TEXT,   // char[]
    SETTING_WORD,   // char[SETTINGS_WORD_SIZE]: one of a closed list
};

// How a change over MQTT gets to where it counts.
enum setting_reach {
    SETTING_LOCAL,  // it does not: who is at the machine decides
    SETTING_LIVE,   // with the next shot
    SETTING_CAMERA, // the camera has to be started anew
};

struct setting {
    const char *path; // "camera.width"
    enum setting_type type;
    size_t offset; // of the field in struct settings
    size_t size;   // of the field
    enum setting_reach reach;
    double min; // of numbers, inclusive
    double max;
    bool or_zero;             // 0 is fine too, below min
    double step;              // the number is min and so many of these; 0: any
    const char *unit;         // of numbers, for people; NULL: none
    const char *const *words; // of SETTING_WORD; ends with NULL
    double number;            // default of numbers; of SETTING_BOOL, 0 or 1
    const char *text;         // default of texts and words
    const char *example;      // shown instead of a default that is empty or made at run time
    // What the type and the range do not say; NULL: nothing. The text is valid UTF-8 that fits.
    bool (*check)(const char *text, struct fault *fault);
    const char *help; // complete sentences, a line each
};

struct setting_group {
    const char *name;
    const char *help;
};

enum { SETTINGS_ROWS_MAX = 160 }; // at least settings_table_count

extern const struct setting settings_table[];
extern const size_t settings_table_count;
extern const struct setting_group settings_groups[]; // in the order of the table
extern const size_t settings_groups_count;

// The row of `key` in `group`, or NULL.
const struct setting *settings_table_find(const char *group, const char *key);

// The row of "camera.width", or NULL.
const struct setting *settings_table_row(const char *path);

// "width" of "camera.width".
const char *setting_key(const struct setting *setting);

// Whether the row is of this group.
bool setting_in_group(const struct setting *setting, const char *group);
