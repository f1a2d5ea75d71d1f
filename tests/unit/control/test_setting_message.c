// Messages on set/<key> and unset/<key>: what is a value, and that nothing else is.
#include "control/setting_message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct setting_message message;
static struct fault fault;

// The payload is copied to where a sanitizer sees each byte beyond it.
static bool read_len(const char *topic, const char *payload, size_t len)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);
    assert_non_null(exact);
    memcpy(exact, payload, len);
    memset(&message, 0x55, sizeof message);
    bool good = setting_message_read(topic, len > 0 ? exact : NULL, len, false, &message, &fault);
    free(exact);
    return good;
}

static bool read_text(const char *topic, const char *payload)
{
    return read_len(topic, payload, strlen(payload));
}

static void only_these_topics(void **state)
{
    (void)state;
    assert_true(setting_message_is("set/picture.quality"));
    assert_true(setting_message_is("unset/picture.quality"));
    assert_true(setting_message_is("set/"));
    assert_false(setting_message_is("command/snapshot"));
    assert_false(setting_message_is("settle/x"));
    assert_false(setting_message_is(""));
}

static void numbers_and_flags(void **state)
{
    (void)state;
    static const struct {
        const char *topic;
        const char *payload;
        enum setting_value_kind kind;
        double number;
    } cases[] = {
        {"set/picture.quality", "80", SETTING_VALUE_WHOLE, 80},
        {"set/picture.quality", " 80\n", SETTING_VALUE_WHOLE, 80},
        {"set/picture.quality", "80.0", SETTING_VALUE_WHOLE, 80},
        {"set/picture.quality", "8e1", SETTING_VALUE_WHOLE, 80},
        {"set/picture.quality", "80.5", SETTING_VALUE_REAL, 80.5},
        {"set/picture.quality", "-1", SETTING_VALUE_WHOLE, -1},
        {"set/picture.max_bytes", "1e300", SETTING_VALUE_REAL, 1e300},
        {"set/schedule.interval_s", "10", SETTING_VALUE_WHOLE, 10},
        {"set/schedule.interval_s", "10.0", SETTING_VALUE_REAL, 10},
        {"set/picture.exif", "true", SETTING_VALUE_FLAG, 1},
        {"set/picture.exif", "false", SETTING_VALUE_FLAG, 0},
        {"set/picture.quality", "{\"value\": 80}", SETTING_VALUE_WHOLE, 80},
        {"set/picture.exif", "{\"value\": true, \"request_id\": \"a\"}", SETTING_VALUE_FLAG, 1},
        // the row refuses these
        {"set/picture.quality", "", SETTING_VALUE_OTHER, 0},
        {"set/picture.quality", "fine", SETTING_VALUE_OTHER, 0},
        {"set/picture.quality", "null", SETTING_VALUE_OTHER, 0},
        {"set/picture.quality", "[80]", SETTING_VALUE_OTHER, 0},
        {"set/picture.quality", "80 81", SETTING_VALUE_OTHER, 0},
        {"set/picture.quality", "NaN", SETTING_VALUE_OTHER, 0},
        {"set/picture.quality", "1e999", SETTING_VALUE_OTHER, 0},
        {"set/picture.quality", "9223372036854775808", SETTING_VALUE_OTHER, 0},
        {"set/picture.quality", "{\"value\": {}}", SETTING_VALUE_OTHER, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (!read_text(cases[i].topic, cases[i].payload)) {
            fail_msg("%s %s: %s", cases[i].topic, cases[i].payload, fault.text);
        }
        assert_false(message.is_unset);
        assert_int_equal(message.value.kind, cases[i].kind);
        double number = message.value.kind == SETTING_VALUE_WHOLE  ? (double)message.value.whole
                        : message.value.kind == SETTING_VALUE_REAL ? message.value.real
                        : message.value.kind == SETTING_VALUE_FLAG ? message.value.flag
                                                                   : 0;
        assert_true(number == cases[i].number);
    }
    assert_true(read_text("set/picture.quality", "\"80\"")); // a text, which the row refuses
    assert_int_equal(message.value.kind, SETTING_VALUE_TEXT);
}

static void texts(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"set/device.name", "Front door", "Front door"},
        {"set/device.name", "", ""},
        {"set/device.name", "\"\"", ""},
        {"set/device.name", "\"a \\\"b\\\" \\u00fc\"", "a \"b\" ü"},
        {"set/device.name", " spaces ", " spaces "},
        {"set/device.name", "17", "17"},
        {"set/camera.select", "0", "0"},
        {"set/camera.roi", "0.25, 0.25, 0.5, 0.5", "0.25, 0.25, 0.5, 0.5"},
        {"set/picture.subsampling", "4:2:2", "4:2:2"},
        {"set/device.name", "{\"value\": \"a\"}", "a"},
        {"set/device.name", "[1]", "[1]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(read_text(cases[i][0], cases[i][1]));
        assert_int_equal(message.value.kind, SETTING_VALUE_TEXT);
        assert_string_equal(message.value.text, cases[i][2]);
    }
}

static void request_ids_come_along(void **state)
{
    (void)state;
    assert_true(read_text("set/picture.quality", "{\"value\": 80, \"request_id\": \"door-17\"}"));
    assert_string_equal(message.request_id, "door-17");
    assert_true(read_text("set/picture.quality", "80"));
    assert_string_equal(message.request_id, "");
    assert_true(read_text("unset/picture.quality", ""));
    assert_true(message.is_unset);
    assert_string_equal(message.request_id, "");
    assert_true(read_text("unset/picture.quality", "{\"request_id\": \"undo\"}"));
    assert_string_equal(message.request_id, "undo");
    // a refusal can be told to whoever asked
    assert_false(read_text("set/picture.quality", "{\"request_id\": \"oops\", \"wrong\": 1}"));
    assert_string_equal(message.request_id, "oops");
}

static void refuses(const char *topic, const char *payload, size_t len, const char *why)
{
    assert_false(read_len(topic, payload, len));
    assert_int_equal(fault.kind, FAULT_COMMAND);
    if (strstr(fault.text, why) == NULL) {
        fail_msg("%s: %s", topic, fault.text);
    }
}

static void what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *topic;
        const char *payload;
        const char *why;
    } cases[] = {
        {"set/", "1", "unknown setting"},
        {"set/picture", "1", "unknown setting"},
        {"set/mqtt.url", "x", "set it in the settings file"},
        {"unset/mqtt.url", "", "set it in the settings file"},
        {"set/picture.quality", "{\"value\": 1", "not JSON"},
        {"set/device.name", "\"open", "not JSON"},
        {"set/device.name", "\"a\\u0000b\"", "not JSON"},
        {"set/device.name", "\"\xFF\"", "not JSON"},
        {"set/picture.quality", "{\"value\": 1, \"value\": 2}", "not JSON"},
        {"set/picture.quality", "{}", "no \"value\""},
        {"set/picture.quality", "{\"value\": 1, \"x\": 2}", "unknown key \"x\""},
        {"set/picture.quality", "{\"value\": 1, \"request_id\": 3}", "request_id must be"},
        {"set/picture.quality", "{\"value\": 1, \"request_id\": \"\"}", "request_id must be"},
        {"unset/picture.quality", "80", "payload of an unset"},
        {"unset/picture.quality", "{\"value\": 1}", "unknown key \"value\""},
        {"unset/picture.quality", "{", "payload of an unset"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        refuses(cases[i].topic, cases[i].payload, strlen(cases[i].payload), cases[i].why);
    }
    refuses("set/device.name", "a\0b", 3, "a NUL byte");
    char large[SETTING_MESSAGE_MAX + 2];
    memset(large, 'a', sizeof large);
    refuses("set/device.name", large, SETTING_MESSAGE_MAX + 1, "at most 4096");
    refuses("set/device.name", large, SETTINGS_PATH_SIZE, "longer than 1023 bytes");
}

static void retained_ones_are_refused(void **state)
{
    (void)state;
    assert_false(setting_message_read("set/picture.quality", (const uint8_t *)"80", 2, true,
                                      &message, &fault));
    assert_non_null(strstr(fault.text, "retained"));
    assert_false(setting_message_read("unset/picture.quality", NULL, 0, true, &message, &fault));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_these_topics),
        cmocka_unit_test(numbers_and_flags),
        cmocka_unit_test(texts),
        cmocka_unit_test(request_ids_come_along),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(retained_ones_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
