// One change from outside: which keys may, which values are refused, and that a refusal changes
// nothing.
#include "settings/settings_change.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct settings base;
static struct settings_overlay changes;

static int begin(void **state)
{
    (void)state;
    settings_default(&base);
    memset(&changes, 0, sizeof changes);
    return 0;
}

static const struct setting *row(const char *path)
{
    const struct setting *setting = NULL;
    struct fault fault;
    assert_true(settings_change_find(path, &setting, &fault));
    assert_string_equal(setting->path, path);
    return setting;
}

static void refuses_name(const char *path, const char *why)
{
    const struct setting *setting = NULL;
    struct fault fault;
    assert_false(settings_change_find(path, &setting, &fault));
    assert_null(setting);
    assert_int_equal(fault.kind, FAULT_COMMAND);
    if (strstr(fault.text, why) == NULL) {
        fail_msg("\"%s\": %s", path, fault.text);
    }
}

static void what_is_local_stays_local(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *setting = &settings_table[i];
        const struct setting *found = NULL;
        struct fault fault;
        bool may = settings_change_find(setting->path, &found, &fault);
        assert_int_equal(may, setting->reach != SETTING_LOCAL);
        bool is_path = strstr(setting->path, "path") != NULL;
        bool is_file = strstr(setting->path, "_file") != NULL;
        assert_false(may && (is_path || is_file || setting_in_group(setting, "mqtt") ||
                             setting_in_group(setting, "spool")));
    }
    static const char *const local[] = {"device.id",     "device.state_path", "device.trial_s",
                                        "camera.driver", "camera.shutter",    "commands.allow",
                                        "device.groups", "mqtt.url"};
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++) {
        refuses_name(local[i], "set it in the settings file");
    }
}

// Whoever adds a row decides how far it reaches.
static void every_row_of_these_groups_may_be_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *setting = &settings_table[i];
        if (setting_in_group(setting, "picture") || setting_in_group(setting, "schedule")) {
            assert_int_equal(setting->reach, SETTING_LIVE);
        } else if (setting_in_group(setting, "camera") &&
                   strcmp(setting->path, "camera.driver") != 0 &&
                   strcmp(setting->path, "camera.shutter") != 0 &&
                   strcmp(setting->path, "camera.path") != 0) {
            assert_int_equal(setting->reach, SETTING_CAMERA);
        }
    }
}

static void unknown_names_are_refused(void **state)
{
    (void)state;
    char endless[400];
    memset(endless, 'q', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    refuses_name("picture.qualty", "did you mean picture.quality?");
    refuses_name("pictures.quality", "did you mean picture.quality?");
    const char *const names[] = {"",     ".",         "picture", "picture.", ".quality",
                                 "zzzz", "picture/x", endless,   "a.b.c"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        refuses_name(names[i], "unknown setting");
    }
}

static void refuses(const char *path, struct setting_value value, const char *why)
{
    struct settings_overlay before = changes;
    struct fault fault;
    assert_false(settings_change_set(row(path), value, &base, &changes, &fault));
    assert_int_equal(fault.kind, FAULT_COMMAND);
    assert_memory_equal(&changes, &before, sizeof before);
    assert_int_equal(strncmp(fault.text, path, strlen(path)), 0);
    if (strstr(fault.text, why) == NULL) {
        fail_msg("%s", fault.text);
    }
}

static void values_are_checked_by_the_table(void **state)
{
    (void)state;
    refuses("picture.quality", (struct setting_value){SETTING_VALUE_WHOLE, .whole = 101},
            "101 is out of range: 1 to 100");
    refuses("picture.quality", (struct setting_value){SETTING_VALUE_TEXT, .text = "80"},
            "a whole number is expected");
    refuses("picture.quality", (struct setting_value){.kind = SETTING_VALUE_OTHER},
            "a whole number is expected");
    refuses("picture.payload", (struct setting_value){SETTING_VALUE_TEXT, .text = "gif"},
            "is expected");
    refuses("device.name", (struct setting_value){SETTING_VALUE_TEXT, .text = "a\nb"},
            "without control characters");
    refuses("camera.roi", (struct setting_value){SETTING_VALUE_TEXT, .text = "1, 1, 1, 1"},
            "four fractions");
    // what would break the schedule does not get as far as the schedule
    refuses("schedule.interval_s", (struct setting_value){SETTING_VALUE_REAL, .real = 0.01},
            "out of range");
    refuses("schedule.interval_s", (struct setting_value){SETTING_VALUE_WHOLE, .whole = -1},
            "out of range");
}

static void contradictions_are_refused_both_ways(void **state)
{
    (void)state;
    struct fault fault;
    struct setting_value quarter = {SETTING_VALUE_WHOLE, .whole = 90};
    struct setting_value off = {SETTING_VALUE_FLAG, .flag = false};
    base.picture.exif = false;
    refuses("camera.rotation", quarter, "needs picture.exif = true");
    struct setting_value on = {SETTING_VALUE_FLAG, .flag = true};
    assert_true(settings_change_set(row("picture.exif"), on, &base, &changes, &fault));
    assert_true(settings_change_set(row("camera.rotation"), quarter, &base, &changes, &fault));
    refuses("picture.exif", off, "camera.rotation needs picture.exif");
    struct settings_overlay before = changes;
    assert_false(settings_change_unset(row("picture.exif"), &base, &changes, &fault));
    assert_int_equal(fault.kind, FAULT_COMMAND);
    assert_memory_equal(&changes, &before, sizeof before);
}

static void changes_add_up(void **state)
{
    (void)state;
    struct fault fault;
    struct setting_value lower = {SETTING_VALUE_WHOLE, .whole = 30};
    struct setting_value higher = {SETTING_VALUE_WHOLE, .whole = 35};
    assert_true(settings_change_set(row("picture.quality"), lower, &base, &changes, &fault));
    refuses("picture.min_quality", higher, "must not be more than picture.quality, which is 30");
    assert_true(settings_change_set(row("picture.quality"), higher, &base, &changes, &fault));
    assert_true(settings_change_set(row("picture.min_quality"), lower, &base, &changes, &fault));
    struct settings applied;
    settings_overlay_apply(&changes, &base, &applied);
    assert_int_equal(applied.picture.quality, 35);
    assert_int_equal(applied.picture.min_quality, 30);
    assert_true(settings_change_unset(row("picture.quality"), &base, &changes, &fault));
    settings_overlay_apply(&changes, &base, &applied);
    assert_int_equal(applied.picture.quality, base.picture.quality);
    assert_int_equal(applied.picture.min_quality, 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_local_stays_local),
        cmocka_unit_test(every_row_of_these_groups_may_be_changed),
        cmocka_unit_test(unknown_names_are_refused),
        cmocka_unit_test_setup(values_are_checked_by_the_table, begin),
        cmocka_unit_test_setup(contradictions_are_refused_both_ways, begin),
        cmocka_unit_test_setup(changes_add_up, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
