// Settings to protocol and back.
#include "camera/driver_wish.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_wish_is_what_the_settings_say(void **state)
{
    (void)state;
    struct settings_camera settings = {
        .select = "imx708", .width = 4056, .height = 3040, .format = "NV12", .fps = 2.5};
    memset(settings.path, 'p', sizeof settings.path - 1);
    struct driver_configure wish = {0};
    driver_wish(&settings, &wish);
    assert_int_equal(wish.width, 4056);
    assert_int_equal(wish.height, 3040);
    assert_true(wish.fps > 2.4 && wish.fps < 2.6);
    assert_string_equal(wish.select, "imx708");
    assert_string_equal(wish.format, "NV12");
    assert_string_equal(wish.path, settings.path); // the longest fits
}

static void assert_color(const char *name, enum color_encoding encoding, enum color_range range)
{
    struct settings_camera settings = {0};
    snprintf(settings.color_space, sizeof settings.color_space, "%s", name);
    struct driver_configured configured = {.encoding = COLOR_ENCODING_REC2020,
                                           .range = COLOR_RANGE_FULL};
    driver_wish_color(&settings, &configured);
    assert_int_equal(configured.encoding, encoding);
    assert_int_equal(configured.range, range);
}

static void the_operator_has_the_last_word_on_colour(void **state)
{
    (void)state;
    assert_color("auto", COLOR_ENCODING_REC2020, COLOR_RANGE_FULL); // as the camera says
    assert_color("sYCC", COLOR_ENCODING_REC601, COLOR_RANGE_FULL);
    assert_color("Smpte170m", COLOR_ENCODING_REC601, COLOR_RANGE_LIMITED);
    assert_color("Rec709", COLOR_ENCODING_REC709, COLOR_RANGE_LIMITED);
    assert_color("Rec2020", COLOR_ENCODING_REC2020, COLOR_RANGE_LIMITED);
}

static void what_was_granted_is_told(void **state)
{
    (void)state;
    struct driver_configured configured = {.width = 640,
                                           .height = 480,
                                           .format = PIXEL_FORMAT_XBGR8888,
                                           .range = COLOR_RANGE_LIMITED,
                                           .frame_interval_ms = 40,
                                           .model = "imx708"};
    memset(configured.id, 'i', sizeof configured.id - 1);
    struct camera_info info = {.driver = "stays"};
    driver_wish_granted(&configured, &info);
    assert_int_equal(info.width, 640);
    assert_int_equal(info.format, PIXEL_FORMAT_XBGR8888);
    assert_string_equal(info.format_name, "XBGR8888");
    assert_int_equal(info.range, COLOR_RANGE_LIMITED);
    assert_string_equal(info.id, configured.id); // the longest fits
    assert_string_equal(info.model, "imx708");
    assert_string_equal(info.driver, "stays");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wish_is_what_the_settings_say),
        cmocka_unit_test(the_operator_has_the_last_word_on_colour),
        cmocka_unit_test(what_was_granted_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
