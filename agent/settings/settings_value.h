// One value for one row: checked against the table and put into the struct, wherever it came from.
#pragma once

#include "settings/settings_table.h"

enum setting_value_kind {
    SETTING_VALUE_FLAG,
    SETTING_VALUE_WHOLE,
    SETTING_VALUE_REAL,
    SETTING_VALUE_TEXT,
    SETTING_VALUE_OTHER, // a group, a list, an array: never right
};

struct setting_value {
    enum setting_value_kind kind;
    union {
        bool flag;
        int64_t whole;
        double real;
        const char *text;
    };
};

enum { SETTING_RANGE_SIZE = 160 };

// Puts every default into `settings`; those that are made at run time are left empty.
void settings_default(struct settings *settings);

// Puts the row's default into its field. `fields` is a struct settings, or an element of a list,
// whichever the row is of.
void setting_default(const struct setting *setting, void *fields);
bool setting_is_default(const struct setting *setting, const void *fields);

// FAULT_CONFIG with what would be right instead; the key itself is not in the sentence.
__attribute__((warn_unused_result)) bool setting_put(const struct setting *setting, void *fields,
                                                     struct setting_value value,
                                                     struct fault *fault);

// What the row takes, for people: "64 to 9152 pixels", "\"base64\", \"raw\" or \"json\"",
// "true or false"; "" for a text.
void setting_range(const struct setting *setting, char range[static SETTING_RANGE_SIZE]);
