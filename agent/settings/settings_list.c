// The lists of the settings, and their rows. Any thread, no state.
#include "settings/settings_list.h"

#include "settings/settings_times.h"
#include "settings/settings_value.h"

#include <assert.h>
#include <string.h>

#define ENTRY(member)                                           \
    .path = "schedule.entries." #member,                        \
    .offset = offsetof(struct settings_schedule_entry, member), \
    .size = sizeof(((struct settings_schedule_entry *)NULL)->member)

#define WORDS(...)        \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }

static const struct setting entry_rows[] = {
    {
        ENTRY(name),
        .type = SETTING_TEXT,
        .text = "",
        .example = "night",
        .help = "For people.",
    },
    {
        ENTRY(window),
        .type = SETTING_TEXT,
        .text = "",
        .example = "sunset-sunrise",
        .check = settings_check_window,
        .help = "As schedule.window.",
    },
    {
        ENTRY(weekdays),
        .type = SETTING_TEXT,
        .text = "",
        .example = "mon-fri",
        .check = settings_check_weekdays,
        .help = "As schedule.weekdays.",
    },
    {
        ENTRY(interval_s),
        .type = SETTING_DOUBLE,
        .min = 0.1,
        .max = 604800,
        .or_zero = true,
        .unit = "seconds",
        .number = 10,
        .help = "As schedule.interval_s. 0 leaves the entry out.",
    },
    {
        ENTRY(align),
        .type = SETTING_BOOL,
        .number = 0,
        .help = "As schedule.align.",
    },
    {
        ENTRY(jitter_s),
        .type = SETTING_DOUBLE,
        .min = 0,
        .max = 86400,
        .unit = "seconds",
        .number = 0,
        .help = "As schedule.jitter_s.",
    },
    {
        ENTRY(quality),
        .type = SETTING_UINT,
        .min = 1,
        .max = 100,
        .or_zero = true,
        .number = 0,
        .help = "As picture.quality, for the pictures of this entry. 0: as there.",
    },
    {
        ENTRY(subsampling),
        .type = SETTING_WORD,
        .words = WORDS("inherit", "4:2:0", "4:2:2", "4:4:4"),
        .text = "inherit",
        .help = "As picture.subsampling.",
    },
    {
        ENTRY(max_bytes),
        .type = SETTING_SIZE,
        .min = 4096,
        .max = 268435456,
        .or_zero = true,
        .unit = "bytes",
        .number = 0,
        .help = "As picture.max_bytes. 0: as there.",
    },
    {
        ENTRY(min_quality),
        .type = SETTING_UINT,
        .min = 1,
        .max = 100,
        .or_zero = true,
        .number = 0,
        .help = "As picture.min_quality. 0: as there.",
    },
    {
        ENTRY(payload),
        .type = SETTING_WORD,
        .words = WORDS("inherit", "base64", "raw", "json"),
        .text = "inherit",
        .help = "As picture.payload.",
    },
};

const struct setting_list settings_lists[] = {
    {
        .path = "schedule.entries",
        .rows = entry_rows,
        .row_count = sizeof entry_rows / sizeof entry_rows[0],
        .offset = offsetof(struct settings, schedule.entries),
        .element_size = sizeof(struct settings_schedule_entry),
        .max = SETTINGS_SCHEDULE_ENTRIES_MAX,
        .count_offset = offsetof(struct settings, schedule.entry_count),
        .help =
            "Several schedules, each with its own times and picture settings, such as one for\n"
            "the day and one for the night; with them, interval_s, align, jitter_s, window and\n"
            "weekdays must be left out. Where two take a picture at once, the first does.",
    },
};
const size_t settings_lists_count = sizeof settings_lists / sizeof settings_lists[0];

const char *setting_list_key(const struct setting_list *list)
{
    return strrchr(list->path, '.') + 1;
}

bool setting_list_in_group(const struct setting_list *list, const char *group)
{
    size_t len = strlen(group);
    return strncmp(list->path, group, len) == 0 && list->path[len] == '.';
}

const struct setting_list *settings_list_find(const char *group, const char *key)
{
    for (size_t i = 0; i < settings_lists_count; i++) {
        const struct setting_list *list = &settings_lists[i];
        if (setting_list_in_group(list, group) && strcmp(setting_list_key(list), key) == 0) {
            return &settings_lists[i];
        }
    }
    return NULL;
}

const struct setting *setting_list_row(const struct setting_list *list, const char *key)
{
    for (size_t i = 0; i < list->row_count; i++) {
        if (strcmp(setting_key(&list->rows[i]), key) == 0) {
            return &list->rows[i];
        }
    }
    return NULL;
}

uint32_t setting_list_length(const struct setting_list *list, const struct settings *settings)
{
    uint32_t length;
    memcpy(&length, (const char *)settings + list->count_offset, sizeof length);
    return length;
}

const void *setting_list_element(const struct setting_list *list, const struct settings *settings,
                                 uint32_t index)
{
    return (const char *)settings + list->offset + index * list->element_size;
}

void setting_list_clear(const struct setting_list *list, struct settings *settings)
{
    const uint32_t none = 0;
    memset((char *)settings + list->offset, 0, list->max * list->element_size);
    memcpy((char *)settings + list->count_offset, &none, sizeof none);
}

void *setting_list_add(const struct setting_list *list, struct settings *settings)
{
    uint32_t index = setting_list_length(list, settings);
    assert(index < list->max);
    char *element = (char *)settings + list->offset + index * list->element_size;
    for (size_t i = 0; i < list->row_count; i++) {
        setting_default(&list->rows[i], element);
    }
    index++;
    memcpy((char *)settings + list->count_offset, &index, sizeof index);
    return element;
}
