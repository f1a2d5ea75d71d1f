// Every row: its shape, its bounds, and what it refuses.
#include "settings/settings_table.h"

#include "folder.h"
#include "settings/settings_list.h"
#include "settings/settings_suggest.h"
#include "settings/settings_value.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool is_number(const struct setting *setting)
{
    return setting->type == SETTING_UINT || setting->type == SETTING_SIZE ||
           setting->type == SETTING_DOUBLE;
}

static bool put(const struct setting *setting, struct setting_value value, struct settings *into)
{
    struct settings before;
    struct fault fault = {.kind = FAULT_NONE};
    memcpy(&before, into, sizeof before);
    bool good = setting_put(setting, into, value, &fault);
    if (!good) {
        assert_int_equal(fault.kind, FAULT_CONFIG);
        assert_true(fault.text[0] != '\0');
        assert_memory_equal(into, &before, sizeof before);
    }
    return good;
}

static bool put_real(const struct setting *setting, double real)
{
    struct settings settings;
    settings_default(&settings);
    return put(setting, (struct setting_value){SETTING_VALUE_REAL, .real = real}, &settings);
}

static bool put_whole(const struct setting *setting, int64_t whole)
{
    struct settings settings;
    settings_default(&settings);
    return put(setting, (struct setting_value){SETTING_VALUE_WHOLE, .whole = whole}, &settings);
}

static bool put_text(const struct setting *setting, const char *text)
{
    struct settings settings;
    settings_default(&settings);
    bool good = put(setting, (struct setting_value){SETTING_VALUE_TEXT, .text = text}, &settings);
    if (good) {
        assert_string_equal((const char *)&settings + setting->offset, text);
    }
    return good;
}

static void rows_are_well_formed(void **state)
{
    (void)state;
    static const size_t sizes[] = {
        [SETTING_BOOL] = sizeof(bool),       [SETTING_UINT] = sizeof(uint32_t),
        [SETTING_SIZE] = sizeof(uint64_t),   [SETTING_DOUBLE] = sizeof(double),
        [SETTING_WORD] = SETTINGS_WORD_SIZE,
    };
    size_t covered = 0;
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *row = &settings_table[i];
        assert_non_null(row->help);
        assert_true(strlen(row->help) > 10);
        assert_int_equal(row->help[strlen(row->help) - 1], '.');
        assert_true(row->offset + row->size <= sizeof(struct settings));
        if (row->type == SETTING_TEXT) {
            assert_true(row->size > 1);
        } else {
            assert_int_equal(row->size, sizes[row->type]);
        }
        assert_int_equal(row->type == SETTING_WORD, row->words != NULL);
        assert_int_equal(row->type == SETTING_WORD || row->type == SETTING_TEXT, row->text != NULL);
        assert_true(!is_number(row) || row->min < row->max);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(row->path, settings_table[j].path);
        }
        covered += row->size;
    }
    for (size_t i = 0; i < settings_lists_count; i++) {
        covered += sizeof(uint32_t) + settings_lists[i].max * settings_lists[i].element_size;
    }
    // a field without a row would make the struct larger than its rows and their padding
    assert_true(sizeof(struct settings) - covered < 8 * (settings_groups_count + 4));
}

static void rows_follow_the_groups(void **state)
{
    (void)state;
    size_t row = 0;
    for (size_t g = 0; g < settings_groups_count; g++) {
        size_t first = row;
        while (row < settings_table_count &&
               setting_in_group(&settings_table[row], settings_groups[g].name)) {
            assert_ptr_equal(
                settings_table_find(settings_groups[g].name, setting_key(&settings_table[row])),
                &settings_table[row]);
            row++;
        }
        assert_true(row > first);
    }
    assert_int_equal(row, settings_table_count);
    assert_null(settings_table_find("camera", "widt"));
    assert_null(settings_table_find("camer", "width"));
}

static void defaults_are_within_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *row = &settings_table[i];
        if (row->type == SETTING_DOUBLE) {
            assert_true(put_real(row, row->number));
        } else if (is_number(row)) {
            assert_true(put_whole(row, (int64_t)row->number));
        } else if (row->type != SETTING_BOOL) {
            assert_true(row->example != NULL || put_text(row, row->text));
            assert_true(row->example == NULL || put_text(row, row->example));
        }
    }
}

static void bounds_of_every_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *row = &settings_table[i];
        if (!is_number(row)) {
            continue;
        }
        assert_int_equal(put_whole(row, 0), row->or_zero || row->min <= 0);
        assert_int_equal(put_whole(row, -1), row->min <= -1);
        assert_true(put_whole(row, (int64_t)row->max));
        assert_false(put_whole(row, (int64_t)row->max + 1));
        assert_true(put_whole(row, (int64_t)ceil(row->min)));
        assert_int_equal(put_whole(row, (int64_t)ceil(row->min) - 1),
                         row->or_zero && ceil(row->min) == 1);
        assert_false(put_whole(row, INT64_MAX));
        assert_false(put_whole(row, INT64_MIN));

        bool real = row->type == SETTING_DOUBLE;
        assert_int_equal(put_real(row, row->min), real);
        assert_int_equal(put_real(row, row->max), real);
        assert_false(put_real(row, nextafter(row->min, -INFINITY)));
        assert_false(put_real(row, nextafter(row->max, INFINITY)));
        assert_false(put_real(row, NAN));
        assert_false(put_real(row, INFINITY));
        assert_false(put_real(row, -INFINITY));
    }
}

static void numbers_with_a_step(void **state)
{
    (void)state;
    const struct setting *row = settings_table_find("camera", "rotation");
    for (int64_t degrees = 0; degrees <= 360; degrees++) {
        assert_int_equal(put_whole(row, degrees), degrees % 90 == 0 && degrees < 360);
    }
    char range[SETTING_RANGE_SIZE];
    setting_range(row, range);
    assert_string_equal(range, "0 to 270 degrees in steps of 90");
}

static void numbers_land_in_their_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *row = &settings_table[i];
        if (!is_number(row)) {
            continue;
        }
        struct settings settings;
        struct settings rest;
        settings_default(&settings);
        settings_default(&rest);
        struct setting_value most = {SETTING_VALUE_WHOLE, .whole = (int64_t)row->max};
        assert_true(put(row, most, &settings));
        const char *field = (const char *)&settings + row->offset;
        uint32_t whole;
        uint64_t size;
        double real;
        memcpy(&whole, field, sizeof whole);
        memcpy(&size, field, row->size == 8 ? sizeof size : 0);
        memcpy(&real, field, row->size == 8 ? sizeof real : 0);
        assert_true(row->type == SETTING_UINT   ? whole == row->max
                    : row->type == SETTING_SIZE ? (double)size == row->max
                                                : real == row->max);
        // nothing but its field has changed
        memcpy((char *)&rest + row->offset, field, row->size);
        assert_memory_equal(&settings, &rest, sizeof rest);
    }
}

static bool is_no_plain_text(const struct setting *row)
{
    return row->check == settings_table_find("mqtt", "url")->check ||
           row->check == settings_table_find("spool", "path")->check ||
           row->check == settings_table_find("camera", "awb_gains")->check ||
           row->check == settings_table_find("camera", "roi")->check ||
           row->check == settings_table_find("device", "groups")->check ||
           row->check == settings_table_find("commands", "allow")->check ||
           setting_in_group(row, "schedule");
}

static void lengths_of_every_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *row = &settings_table[i];
        if (row->type != SETTING_TEXT || is_no_plain_text(row)) {
            continue;
        }
        char *text = calloc(1, row->size + 2);
        assert_non_null(text);
        memset(text, 'a', row->size - 1);
        assert_true(put_text(row, text));
        text[row->size - 1] = 'a';
        assert_false(put_text(row, text));
        assert_int_equal(put_text(row, ""), row->check == NULL);
        assert_false(put_text(row, "a\x01"));
        assert_false(put_text(row, "a\xFF"));
        free(text);
    }
}

static void words_of_every_list(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *row = &settings_table[i];
        if (row->type != SETTING_WORD) {
            continue;
        }
        for (size_t w = 0; row->words[w] != NULL; w++) {
            assert_true(put_text(row, row->words[w]));
        }
        assert_false(put_text(row, ""));
        assert_false(put_text(row, "no such word"));
        char range[SETTING_RANGE_SIZE];
        setting_range(row, range);
        assert_true(strlen(range) < SETTING_RANGE_SIZE - 1); // not cut
    }
}

static void every_row_refuses_other_kinds(void **state)
{
    (void)state;
    struct settings settings;
    settings_default(&settings);
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *row = &settings_table[i];
        bool text = row->type == SETTING_TEXT || row->type == SETTING_WORD;
        struct setting_value flag = {SETTING_VALUE_FLAG, .flag = true};
        struct setting_value whole = {SETTING_VALUE_WHOLE, .whole = 5};
        struct setting_value words = {SETTING_VALUE_TEXT, .text = "5"};
        struct setting_value other = {.kind = SETTING_VALUE_OTHER};
        assert_int_equal(put(row, flag, &settings), row->type == SETTING_BOOL);
        assert_true(!put(row, words, &settings) || text);
        assert_false(put(row, other, &settings));
        assert_true(is_number(row) || !put(row, whole, &settings));
    }
}

static void ranges_for_people(void **state)
{
    (void)state;
    char range[SETTING_RANGE_SIZE];
    setting_range(settings_table_find("camera", "width"), range);
    assert_string_equal(range, "64 to 9152 pixels");
    setting_range(settings_table_find("schedule", "interval_s"), range);
    assert_string_equal(range, "0, or 0.1 to 604800 seconds");
    setting_range(settings_table_find("picture", "quality"), range);
    assert_string_equal(range, "1 to 100");
    setting_range(settings_table_find("spool", "max_bytes"), range);
    assert_string_equal(range, "65536 to 4294967296 bytes");
    setting_range(settings_table_find("mqtt", "version"), range);
    assert_string_equal(range, "\"auto\", \"5\" or \"3.1.1\"");
    setting_range(settings_table_find("mqtt", "retain"), range);
    assert_string_equal(range, "true or false");
}

static void suggestions(void **state)
{
    (void)state;
    static const struct {
        const char *group;
        const char *key;
        const char *meant;
    } cases[] = {
        {"camera", "heigth", "camera.height"},
        {"camera", "hieght", "camera.height"},
        {"camera", "Width", "camera.width"},
        {"camera", "fsp", "camera.fps"},
        {"camera", "quality", "picture.quality"},
        {"picture", "qualty", "picture.quality"},
        {"mqtt", "clientid", "mqtt.client_id"},
        {"mqtt", "user_name", "mqtt.username"},
        {"schedule", "interval", "schedule.interval_s"},
        {"schedule", "entrys", "schedule.entries"},
        {"schedule", "windows", "schedule.window"},
        {"schedule.entries", "windows", "schedule.entries.window"},
        {"schedule.entries", "maxbytes", "schedule.entries.max_bytes"},
        {"schedule.entries", "titel", NULL},
        {"device", "i", "device.id"},
        {"mqtt", "fos", "mqtt.qos"},
        {"camera", "fos", "camera.fps"},
        {NULL, "camra", "camera"},
        {NULL, "MQTT", "mqtt"},
        {NULL, "width", "camera.width"},
        {"camera", "xyzzy", NULL},
        {NULL, "x", NULL},
        {"camera", "a-very-long-name-that-is-nothing-like-any-key-of-ours-at-all", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *meant = settings_suggest(cases[i].group, cases[i].key);
        if (cases[i].meant == NULL ? meant != NULL
                                   : meant == NULL || strcmp(meant, cases[i].meant) != 0) {
            fail_msg("%s: %s", cases[i].key, meant != NULL ? meant : "nothing");
        }
    }
}

// Each row once more, as a line of a file, through libconfig.
static void bounds_in_a_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *row = &settings_table[i];
        if (!is_number(row)) {
            continue;
        }
        const double values[] = {row->min - 1, ceil(row->min), row->max, row->max + 1};
        for (size_t v = 0; v < 4; v++) {
            struct settings settings;
            char text[200];
            int group = (int)(setting_key(row) - row->path - 1);
            // the one bound that moves with another key
            const char *other =
                strcmp(setting_key(row), "min_quality") == 0 ? "quality = 100; " : "";
            snprintf(text, sizeof text, "device: { id = \"a\"; };\n%.*s: { %s%s = %.0f; };\n",
                     group, row->path, other, setting_key(row), values[v]);
            if (strncmp(row->path, "device", 6) == 0) {
                snprintf(text, sizeof text, "device: { id = \"a\";\n%s = %.0f; };\n",
                         setting_key(row), values[v]);
            }
            const char *findings = folder_load_text(text, &settings);
            bool good = put_whole(row, (int64_t)strtod(strrchr(text, '=') + 1, NULL));
            if (good != (findings[0] == '\0')) {
                fail_msg("%s%s", text, findings);
            }
            assert_true(good || strncmp(findings, "t.conf:2: ", 10) == 0);
            assert_true(good || strstr(findings, row->path) != NULL);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_well_formed),
        cmocka_unit_test(rows_follow_the_groups),
        cmocka_unit_test(defaults_are_within_bounds),
        cmocka_unit_test(bounds_of_every_number),
        cmocka_unit_test(numbers_with_a_step),
        cmocka_unit_test(numbers_land_in_their_fields),
        cmocka_unit_test(lengths_of_every_text),
        cmocka_unit_test(words_of_every_list),
        cmocka_unit_test(every_row_refuses_other_kinds),
        cmocka_unit_test(ranges_for_people),
        cmocka_unit_test(suggestions),
        cmocka_unit_test(bounds_in_a_file),
    };
    return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
