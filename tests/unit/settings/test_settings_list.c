// Lists in the settings: read, refused, printed, and in the reference.
#include "settings/settings_list.h"

#include "folder.h"
#include "settings/settings_load.h"
#include "settings/settings_value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID "device: { id = \"a\"; };\n"

static void assert_findings(const char *text, const char *findings)
{
    struct settings settings;
    assert_string_equal(folder_load_text(text, &settings), findings);
}

static const char two[] =
    ID "schedule: {\n"
       "  place = \"51.48, -0.01\";\n"
       "  entries = (\n"
       "    { name = \"day\"; window = \"sunrise-sunset\"; interval_s = 10; },\n"
       "    { name = \"night\"; window = \"sunset-sunrise\"; weekdays = \"mon-fri\";\n"
       "      interval_s = 60.5; align = true; jitter_s = 5; quality = 60; min_quality = 30;\n"
       "      max_bytes = 4294967295L; subsampling = \"4:4:4\"; payload = \"raw\"; }\n"
       "  );\n"
       "};\n";

static void entries_are_read(void **state)
{
    (void)state;
    struct settings settings;
    struct settings too_much; // max_bytes is out of range
    char findings[200];
    snprintf(findings, sizeof findings, "%s", folder_load_text(two, &too_much));
    assert_string_equal(findings, "t.conf:8: schedule.entries[1].max_bytes: 4294967295 is out of "
                                  "range: 0, or 4096 to 268435456 bytes\n");
    char text[sizeof two];
    snprintf(text, sizeof text, "%s", two);
    memcpy(strstr(text, "4294967295L"), "100000     ", 11);
    assert_string_equal(folder_load_text(text, &settings), "");
    assert_int_equal(settings.schedule.entry_count, 2);
    const struct settings_schedule_entry *day = &settings.schedule.entries[0];
    assert_string_equal(day->name, "day");
    assert_true(day->interval_s == 10 && !day->align && day->jitter_s == 0);
    assert_string_equal(day->weekdays, "");
    assert_string_equal(day->subsampling, "inherit");
    assert_string_equal(day->payload, "inherit");
    assert_int_equal(day->quality, 0);
    const struct settings_schedule_entry *night = &settings.schedule.entries[1];
    assert_string_equal(night->window, "sunset-sunrise");
    assert_string_equal(night->weekdays, "mon-fri");
    assert_true(night->interval_s == 60.5 && night->align && night->jitter_s == 5);
    assert_int_equal(night->quality, 60);
    assert_int_equal(night->min_quality, 30);
    assert_int_equal(night->max_bytes, 100000);
    assert_string_equal(night->subsampling, "4:4:4");
    assert_string_equal(night->payload, "raw");
}

static void what_is_wrong_in_an_entry_is_told(void **state)
{
    (void)state;
    assert_findings(ID "schedule: { entries = (\n{ intervall_s = 5; },\n{ window = \"noon\";\n"
                       "quality = \"best\"; payload = \"xml\"; },\n{ camera = 1; } ); };",
                    "t.conf:3: schedule.entries.intervall_s: unknown key (did you mean "
                    "schedule.entries.interval_s?)\n"
                    "t.conf:4: schedule.entries[1].window: \"FROM-TO\" is expected, such as "
                    "\"08:00-18:00\", \"sunset-sunrise\" or \"sunrise-0:30 - 20:00\"\n"
                    "t.conf:5: schedule.entries[1].quality: a whole number is expected, such as 0 "
                    "(0, or 1 to 100), without quotes\n"
                    "t.conf:5: schedule.entries[1].payload: \"inherit\", \"base64\", \"raw\" or "
                    "\"json\" is expected\n"
                    "t.conf:6: schedule.entries.camera: unknown key\n");
}

static void what_is_no_list_is_told(void **state)
{
    (void)state;
#define WHAT "schedule.entries: a list of up to 8 groups is expected: ( { ... }, { ... } )\n"
    assert_findings(ID "schedule: { entries = 5; };", "t.conf:2: " WHAT);
    assert_findings(ID "schedule: { entries = \"night\"; };", "t.conf:2: " WHAT);
    assert_findings(ID "schedule: { entries = { }; };", "t.conf:2: " WHAT);
    assert_findings(ID "schedule: { entries = [1, 2]; };", "t.conf:2: " WHAT);
    assert_findings(ID "schedule: { entries = ({ }, 5); };", "t.conf:2: " WHAT);
    assert_findings(ID "schedule: { entries = (({ })); };", "t.conf:2: " WHAT);
    assert_findings(ID "schedule: { entries = ({},{},{},{},{},{},{},{}); };", "");
    assert_findings(ID "schedule: { entries = ({},{},{},{},{},{},{},{},{}); };", "t.conf:2: " WHAT);
    assert_findings(ID "schedule: { entries = ( ); };", "");
#undef WHAT
}

static bool found(const char *text, const char *what)
{
    struct settings settings;
    const char *findings = folder_load_text(text, &settings);
    if (strstr(findings, what) == NULL) {
        fail_msg("%s", findings);
    }
    return true;
}

static void what_does_not_go_together_is_told(void **state)
{
    (void)state;
    assert_true(found(ID "schedule: { window = \"sunset-sunrise\"; };",
                      "schedule.window: sunrise and sunset need schedule.place"));
    assert_true(found(ID "schedule: { entries = ({}, { window = \"8:00-sunset\"; }); };",
                      "schedule.entries[1].window: sunrise and sunset need schedule.place"));
    assert_true(found(ID "schedule: { interval_s = 5; entries = ({}); };",
                      "schedule.interval_s: does nothing beside schedule.entries: set it there"));
    assert_true(found(ID "schedule: { weekdays = \"mon\"; entries = ({}); };",
                      "schedule.weekdays: does nothing beside schedule.entries: set it there"));
    assert_findings(ID "schedule: { window = \"sunset-sunrise\"; place = \"1, 2\"; };", "");
    assert_findings(ID "schedule: { on_start = false; entries = ({}); };", "");
}

static void print(const struct settings *settings)
{
    struct bytes text;
    struct fault fault;
    bytes_init(&text);
    assert_true(settings_print(settings, NULL, &text, &fault));
    folder_write("printed.conf", text.data, text.len);
    bytes_fini(&text);
}

static void lists_round_trip(void **state)
{
    (void)state;
    struct settings settings;
    struct settings back;
    for (uint32_t count = 0; count <= SETTINGS_SCHEDULE_ENTRIES_MAX; count++) {
        assert_string_equal(folder_load_text(ID, &settings), "");
        for (uint32_t i = 0; i < count; i++) {
            struct settings_schedule_entry *entry = setting_list_add(&settings_lists[0], &settings);
            snprintf(entry->name, sizeof entry->name, "\"%u\\", i);
            entry->interval_s = 0.1 + i;
            entry->quality = i + 1;
            entry->align = i % 2 == 0;
        }
        print(&settings);
        assert_string_equal(folder_load("printed.conf", &back), "");
        assert_memory_equal(&back, &settings, sizeof back);
    }
}

static void rows_lie_within_an_element(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_lists_count; i++) {
        const struct setting_list *list = &settings_lists[i];
        size_t covered = 0;
        assert_true(list->offset + list->max * list->element_size <= sizeof(struct settings));
        assert_ptr_equal(settings_list_find("schedule", setting_list_key(list)), list);
        for (size_t r = 0; r < list->row_count; r++) {
            const struct setting *row = &list->rows[r];
            assert_true(setting_in_group(row, list->path));
            assert_ptr_equal(setting_list_row(list, setting_key(row)), row);
            assert_true(row->offset + row->size <= list->element_size);
            assert_int_equal(row->help[strlen(row->help) - 1], '.');
            covered += row->size;
        }
        assert_true(list->element_size - covered < 16);
    }
    assert_null(settings_list_find("schedule", "interval_s"));
    assert_null(settings_list_find("sched", "entries"));
    assert_null(setting_list_row(&settings_lists[0], "entries"));
}

// The list of the reference, with the '#' taken away.
static void the_reference_shows_an_entry(void **state)
{
    (void)state;
    struct bytes reference;
    struct fault fault;
    bytes_init(&reference);
    assert_true(settings_reference(&reference, &fault) && bytes_append(&reference, "", 1, &fault));
    char text[4096] = ID "schedule: { place = \"1, 2\";\n";
    char *line = strstr((char *)reference.data, "    # entries = (");
    assert_non_null(line);
    for (bool done = false; !done;) {
        size_t len = strcspn(line, "\n") + 1;
        done = strncmp(line, "    # );", 8) == 0;
        strncat(text, line + 6, len - 6);
        line += len;
    }
    bytes_fini(&reference);
    strncat(text, "};\n", 4);
    struct settings settings;
    assert_string_equal(folder_load_text(text, &settings), "");
    assert_int_equal(settings.schedule.entry_count, 1);
    const struct settings_schedule_entry *entry = &settings.schedule.entries[0];
    assert_string_equal(entry->name, "night");
    assert_string_equal(entry->window, "sunset-sunrise");
    assert_true(entry->interval_s == 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_read),
        cmocka_unit_test(what_is_wrong_in_an_entry_is_told),
        cmocka_unit_test(what_is_no_list_is_told),
        cmocka_unit_test(what_does_not_go_together_is_told),
        cmocka_unit_test(lists_round_trip),
        cmocka_unit_test(rows_lie_within_an_element),
        cmocka_unit_test(the_reference_shows_an_entry),
    };
    return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
