// Texts that a length cannot judge.
#include "settings/settings_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void clean_text(void **state)
{
    (void)state;
    static const char *const clean[] = {
        "",  "front door",      "Tür", "\xC2\xA0", "玄関", "\xED\x9F\xBF", "\xEE\x80\x80",
        "📷", "\xF4\x8F\xBF\xBF"};
    static const char *const dirty[] = {
        "a\nb",
        "\x1F",
        "\x7F",
        "\xC2\x80",         // a C1 control
        "\xC2\x9F",         // the last of them
        "\xC3",             // cut
        "\x80",             // no beginning
        "\xC0\xAF",         // overlong, two bytes
        "\xE0\x80\xAF",     // overlong, three
        "\xF0\x80\x80\xAF", // overlong, four
        "\xED\xA0\x80",     // surrogate
        "\xF4\x90\x80\x80", // beyond U+10FFFF
        "\xF8\x88\x80\x80\x80",
        "\xFF",
        "a\xE2\x82",
    };
    for (size_t i = 0; i < sizeof clean / sizeof clean[0]; i++) {
        assert_true(settings_text_is_clean(clean[i]));
    }
    for (size_t i = 0; i < sizeof dirty / sizeof dirty[0]; i++) {
        assert_false(settings_text_is_clean(dirty[i]));
    }
}

static void device_id(void **state)
{
    (void)state;
    struct fault fault;
    assert_true(settings_check_device_id("a", &fault));
    assert_true(settings_check_device_id("Front-door_2", &fault));
    static const char *const bad[] = {"", "a b", "a/b", "@all", "a+", "#", "tür", "a.b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(settings_check_device_id(bad[i], &fault));
        assert_int_equal(fault.kind, FAULT_CONFIG);
    }
}

static void topic_prefix(void **state)
{
    (void)state;
    struct fault fault;
    static const char *const good[] = {"still2mqtt", "site/yard", "a", "höfe/ost", "a$b"};
    static const char *const bad[] = {"", "/a", "a/", "a/+/b", "a#", "$SYS", "/"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(settings_check_topic_prefix(good[i], &fault));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(settings_check_topic_prefix(bad[i], &fault));
    }
}

static void broker_urls_that_are_good(void **state)
{
    (void)state;
    static const char *const good[] = {
        "mqtt://broker", "mqtt://broker:1883", "tcp://192.168.1.2:1", "ws://broker:9001/mqtt",
        "ws://broker",   "mqtt://[::1]:1883",  "tcp://my_host.local", "mqtt://[fe80::1%eth0]:65535",
        "ws://h/a?b@c",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct fault fault = {.text = ""};
        if (!settings_check_broker_url(good[i], &fault)) {
            fail_msg("%s: %s", good[i], fault.text);
        }
    }
}

static void broker_urls_that_are_bad(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *says;
    } bad[] = {
        {"", "mqtt://"},
        {"broker:1883", "mqtt://"},
        {"http://broker", "mqtt://"},
        {"MQTT://broker", "mqtt://"},
        {"mqtts://broker:8883", "no TLS"},
        {"ssl://broker", "no TLS"},
        {"wss://broker", "no TLS"},
        {"mqtt://u:secret@broker", "mqtt.password_file"},
        {"mqtt://u@broker", "mqtt.username"},
        {"mqtt://", "host name"},
        {"mqtt://:1883", "host name"},
        {"mqtt://[::1", "host name"},
        {"mqtt://[]:1", "host name"},
        {"mqtt://[", "host name"},
        {"mqtt://[::1%", "host name"},
        {"mqtt://a b", "nothing may follow"},
        {"mqtt://broker:", "port"},
        {"mqtt://broker:0", "port"},
        {"mqtt://broker:65536", "port"},
        {"mqtt://broker:99999999999999999999", "port"},
        {"mqtt://broker:x", "port"},
        {"mqtt://broker:1883x", "nothing may follow"},
        {"mqtt://broker:1883/", "nothing may follow"},
        {"ws://broker:9001/a b", "a path"},
        {"ws://broker?x", "a path"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fault fault = {.text = ""};
        assert_false(settings_check_broker_url(bad[i].url, &fault));
        assert_int_equal(fault.kind, FAULT_CONFIG);
        if (strstr(fault.text, bad[i].says) == NULL) {
            fail_msg("%s: %s", bad[i].url, fault.text);
        }
        assert_null(strstr(fault.text, "secret"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_text),
        cmocka_unit_test(device_id),
        cmocka_unit_test(topic_prefix),
        cmocka_unit_test(broker_urls_that_are_good),
        cmocka_unit_test(broker_urls_that_are_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
