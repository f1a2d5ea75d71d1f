// The documents as a subscriber reads them: the keys of the wire table, no more and no fewer.
#include "control/documents.h"
#include "document_reader.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void an_event_says_all_that_it_is_given(void **state)
{
    (void)state;
    json_t *event = read_back(document_event(&(struct document_event){
        .event_type = "captured",
        .at_wall_ns = INT64_C(1709210096789000000),
        .id = "a1-7",
        .seq = 7,
        .request_id = "door-17",
        .trigger = "command",
        .reason = "Tür \"17\"\n",
    }));
    assert_keys(event, "event_type at id seq trigger request_id reason ");
    assert_string_equal(text_of(event, "event_type"), "captured");
    assert_string_equal(text_of(event, "at"), "2024-02-29T12:34:56.789Z");
    assert_string_equal(text_of(event, "id"), "a1-7");
    assert_int_equal(number_of(event, "seq"), 7);
    assert_string_equal(text_of(event, "trigger"), "command");
    assert_string_equal(text_of(event, "request_id"), "door-17");
    assert_string_equal(text_of(event, "reason"), "Tür \"17\"\n");
    json_decref(event);
}

static void an_event_leaves_out_what_there_is_not(void **state)
{
    (void)state;
    json_t *event = read_back(
        document_event(&(struct document_event){.event_type = "skipped", .request_id = ""}));
    assert_keys(event, "event_type at ");
    json_decref(event);
}

static struct settings settings_of_test(void)
{
    return (struct settings){
        .device = {.id = "pi-1", .name = "Küche"},
        .camera = {.driver = "libcamera"},
        .picture = {.quality = 90, .subsampling = "4:2:0", .payload = "base64"},
        .schedule = {.interval_s = 0.1, .on_start = true},
    };
}

static char *state_document(const struct settings *settings, const struct camera_info *info)
{
    return document_state(&(struct document_state){
        .settings = settings,
        .changes = &(struct document_changes){NULL},
        .camera = info,
        .shutter = "open",
        .is_identifying = true,
    });
}

static void state_without_a_camera_says_so(void **state)
{
    (void)state;
    struct settings settings = settings_of_test();
    json_t *document = read_back(state_document(&settings, NULL));
    assert_keys(document, "device camera picture schedule shutter identify ");
    assert_string_equal(text_of(document, "shutter"), "open");
    assert_true(json_is_true(json_object_get(document, "identify")));
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(document, "device"), "groups")), 0);
    json_t *camera = json_object_get(document, "camera");
    assert_keys(camera, "driver status ");
    assert_string_equal(text_of(camera, "driver"), "libcamera");
    assert_string_equal(text_of(camera, "status"), "offline");
    assert_string_equal(text_of(json_object_get(document, "device"), "id"), "pi-1");
    assert_string_equal(text_of(json_object_get(document, "device"), "name"), "Küche");
    json_t *picture = json_object_get(document, "picture");
    assert_keys(picture, "quality subsampling payload ");
    assert_int_equal(number_of(picture, "quality"), 90);
    json_t *schedule = json_object_get(document, "schedule");
    assert_keys(schedule, "interval_s on_start ");
    assert_true(json_is_true(json_object_get(schedule, "on_start")));
    json_decref(document);
}

static void state_tells_the_entries_of_the_schedule(void **state)
{
    (void)state;
    struct settings settings = settings_of_test();
    settings.schedule.entry_count = 2;
    settings.schedule.entries[1] = (struct settings_schedule_entry){
        .name = "night", .window = "sunset-sunrise", .interval_s = 60};
    json_t *document = read_back(state_document(&settings, NULL));
    json_t *schedule = json_object_get(document, "schedule");
    assert_keys(schedule, "entries on_start "); // the interval is not in effect
    json_t *entries = json_object_get(schedule, "entries");
    assert_int_equal(json_array_size(entries), 2);
    json_t *night = json_array_get(entries, 1);
    assert_string_equal(text_of(night, "name"), "night");
    assert_string_equal(text_of(night, "window"), "sunset-sunrise");
    assert_int_equal(json_real_value(json_object_get(night, "interval_s")), 60);
    json_decref(document);
}

static void state_with_a_camera_says_what_is_and_not_what_was_asked(void **state)
{
    (void)state;
    struct settings settings = settings_of_test();
    settings.camera.width = 9999;
    struct camera_info info = {
        .driver = "libcamera",
        .library = "libcamera 0.4.0",
        .id = "cam0",
        .model = "imx708",
        .width = 640,
        .height = 480,
        .format = PIXEL_FORMAT_NV12,
        .format_name = "NV12",
        .encoding = COLOR_ENCODING_REC709,
        .range = COLOR_RANGE_LIMITED,
        .frame_interval_ms = 33.333,
    };
    json_t *document = read_back(state_document(&settings, &info));
    json_t *camera = json_object_get(document, "camera");
    assert_keys(camera, "driver status library id model width height format color_encoding "
                        "color_range fps ");
    assert_string_equal(text_of(camera, "status"), "online");
    assert_int_equal(number_of(camera, "width"), 640);
    assert_string_equal(text_of(camera, "color_encoding"), "Rec709");
    assert_string_equal(text_of(camera, "color_range"), "limited");
    json_decref(document);

    info.frame_interval_ms = 0; // unknown
    document = read_back(state_document(&settings, &info));
    assert_null(json_object_get(json_object_get(document, "camera"), "fps"));
    json_decref(document);
}

static void state_lists_the_groups(void **state)
{
    (void)state;
    struct settings settings = settings_of_test();
    snprintf(settings.device.area, sizeof settings.device.area, "Hof");
    snprintf(settings.device.groups, sizeof settings.device.groups, " out,north ");
    json_t *document = read_back(state_document(&settings, NULL));
    json_t *device = json_object_get(document, "device");
    assert_string_equal(text_of(device, "area"), "Hof");
    json_t *expected = json_pack("[s, s]", "out", "north");
    assert_true(json_equal(json_object_get(device, "groups"), expected));
    json_decref(expected);
    json_decref(document);
}

static void numbers_are_written_as_people_write_them(void **state)
{
    (void)state;
    struct settings settings = settings_of_test();
    struct camera_info info = {.frame_interval_ms = 33.333};
    char *text = state_document(&settings, &info);
    assert_non_null(strstr(text, "\"interval_s\":0.1,"));
    assert_non_null(strstr(text, "\"fps\":30.0}"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_says_all_that_it_is_given),
        cmocka_unit_test(an_event_leaves_out_what_there_is_not),
        cmocka_unit_test(state_without_a_camera_says_so),
        cmocka_unit_test(state_tells_the_entries_of_the_schedule),
        cmocka_unit_test(state_with_a_camera_says_what_is_and_not_what_was_asked),
        cmocka_unit_test(state_lists_the_groups),
        cmocka_unit_test(numbers_are_written_as_people_write_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
