// A key that holds a list of groups, "entries = ({ … }, { … });", each with the same keys.
#pragma once

#include "settings/settings_table.h"

struct setting_list {
    const char *path;           // "schedule.entries"; the rows' paths begin with it
    const struct setting *rows; // their offsets are within an element
    size_t row_count;
    size_t offset; // of the first element in struct settings
    size_t element_size;
    uint32_t max;
    size_t count_offset; // of the uint32_t in struct settings that says how many there are
    const char *help;
};

extern const struct setting_list settings_lists[];
extern const size_t settings_lists_count;

// "entries" of "schedule.entries".
const char *setting_list_key(const struct setting_list *list);
bool setting_list_in_group(const struct setting_list *list, const char *group);

// The list at `key` of `group`, or NULL.
const struct setting_list *settings_list_find(const char *group, const char *key);

// The row of `key`, or NULL.
const struct setting *setting_list_row(const struct setting_list *list, const char *key);

uint32_t setting_list_length(const struct setting_list *list, const struct settings *settings);

// Where element `index` lies.
const void *setting_list_element(const struct setting_list *list, const struct settings *settings,
                                 uint32_t index);
void setting_list_clear(const struct setting_list *list, struct settings *settings);

// A further element, at its defaults; there must be room.
void *setting_list_add(const struct setting_list *list, struct settings *settings);
