// Replies: what they hold, and what of the settings they do not.
#include "control/reply.h"

#include "settings/settings_table.h"
#include "settings/settings_value.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *read_back(char *text)
{
    assert_non_null(text);
    json_t *document = json_loads(text, 0, NULL);
    assert_non_null(document);
    free(text);
    return document;
}

static void a_refusal(void **state)
{
    (void)state;
    json_t *found = read_back(document_reply(&(struct document_reply){
        .device = "cam",
        .request_id = "",
        .result = "refused",
        .code = "unknown_verb",
        .reason = "no",
    }));
    json_t *expected = json_pack("{s:s, s:s, s:s, s:s}", "device", "cam", "result", "refused",
                                 "code", "unknown_verb", "reason", "no");
    assert_true(json_equal(found, expected));
    json_decref(expected);
    json_decref(found);
}

static void pictures(void **state)
{
    (void)state;
    struct reply_picture picture = {
        .id = "a-1",
        .seq = 1,
        .captured_at = "2026-03-01T06:30:00.125Z",
        .sha256 = "00",
        .width = 640,
        .height = 480,
        .bytes = UINT64_C(5000000000),
        .late = true,
    };
    json_t *found = read_back(document_reply(&(struct document_reply){
        .device = "cam",
        .verb = "snapshot",
        .request_id = "r",
        .result = "done",
        .pictures = &picture,
        .picture_count = 1,
    }));
    json_t *expected =
        json_pack("{s:s, s:s, s:s, s:s, s:[{s:s, s:i, s:s, s:s, s:i, s:i, s:I, s:b}]}", "device",
                  "cam", "verb", "snapshot", "request_id", "r", "result", "done", "pictures", "id",
                  "a-1", "seq", 1, "captured_at", "2026-03-01T06:30:00.125Z", "sha256", "00",
                  "width", 640, "height", 480, "bytes", (json_int_t)5000000000, "late", 1);
    assert_true(json_equal(found, expected));
    json_decref(expected);
    json_decref(found);
}

// Whatever is added to the table: no path, nothing of mqtt.
static void no_secret_and_no_path_is_told(void **state)
{
    (void)state;
    struct settings settings;
    settings_default(&settings);
    json_t *reply = read_back(document_reply(
        &(struct document_reply){.device = "cam", .result = "done", .config = &settings}));
    json_t *config = json_object_get(reply, "config");
    assert_null(json_object_get(config, "mqtt"));
    size_t told = 0;
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *row = &settings_table[i];
        char group[32] = "";
        memcpy(group, row->path, strcspn(row->path, "."));
        bool is_told = json_object_get(json_object_get(config, group), setting_key(row)) != NULL;
        bool is_path = strstr(row->path, "path") != NULL || strstr(row->path, "_file") != NULL;
        assert_false(is_told && (is_path || strcmp(group, "mqtt") == 0));
        told += is_told;
    }
    assert_true(told > 30);
    json_t *picture = json_object_get(config, "picture");
    assert_int_equal(json_integer_value(json_object_get(picture, "quality")), 90);
    assert_true(json_is_true(json_object_get(picture, "exif")));
    json_decref(reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal),
        cmocka_unit_test(pictures),
        cmocka_unit_test(no_secret_and_no_path_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
