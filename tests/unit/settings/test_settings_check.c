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

static void full_paths(void **state)
{
    (void)state;
    struct fault fault;
    assert_true(settings_check_full_path("/var/lib/x", &fault));
    static const char *const bad[] = {"", "x", "./x", "~/x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(settings_check_full_path(bad[i], &fault));
        assert_non_null(strstr(fault.text, "begins with '/'"));
    }
}

static void numbers_in_a_text(void **state)
{
    (void)state;
    static const char *const good_gains[] = {"", "1.8, 1.5", "1,2", "0.5 , 32", " 1, 1 "};
    static const char *const bad_gains[] = {"1",     "1,",     "1,2,3",  "a, b", "0, 1", "-1, 1",
                                            "1, 33", "nan, 1", "inf, 1", "1;2",  "1 2"};
    static const char *const good_rois[] = {"", "0,0,1,1", "0.25, 0.25, 0.5, 0.75"};
    static const char *const bad_rois[] = {"0,0,1",       "0,0,1,0",  "-0.1,0,1,1", "0.5,0,0.6,1",
                                           "0,0.5,1,0.6", "0,0,1,1,", "0,0,1,nan"};
    struct fault fault;
    for (size_t i = 0; i < sizeof good_gains / sizeof good_gains[0]; i++) {
        assert_true(settings_check_awb_gains(good_gains[i], &fault));
    }
    for (size_t i = 0; i < sizeof bad_gains / sizeof bad_gains[0]; i++) {
        assert_false(settings_check_awb_gains(bad_gains[i], &fault));
        assert_non_null(strstr(fault.text, "two numbers"));
    }
    for (size_t i = 0; i < sizeof good_rois / sizeof good_rois[0]; i++) {
        assert_true(settings_check_roi(good_rois[i], &fault));
    }
    for (size_t i = 0; i < sizeof bad_rois / sizeof bad_rois[0]; i++) {
        assert_false(settings_check_roi(bad_rois[i], &fault));
        assert_non_null(strstr(fault.text, "four fractions"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clean_text),        cmocka_unit_test(device_id),
        cmocka_unit_test(topic_prefix),      cmocka_unit_test(full_paths),
        cmocka_unit_test(numbers_in_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
