// Settings to protocol and back.
#include "camera/driver_wish.h"

#include "settings/settings_table.h"
#include "settings/settings_value.h"

#include <math.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct settings_camera defaults(void)
{
    struct settings settings;
    settings_default(&settings);
    return settings.camera;
}

// The controls that are wished, as a mask.
static unsigned long wished(const struct settings_camera *settings, struct driver_configure *wish)
{
    driver_wish(settings, wish);
    unsigned long mask = 0;
    for (int i = 0; i < DRIVER_CONTROL_COUNT; i++) {
        mask |= isnan(wish->controls[i]) ? 0 : 1UL << i;
    }
    return mask;
}

static void by_default_all_is_left_to_the_camera(void **state)
{
    (void)state;
    struct settings_camera settings = defaults();
    struct driver_configure wish = {0};
    assert_int_equal(wished(&settings, &wish), 0);
    assert_int_equal(wish.keep_latest, 0);
    assert_int_equal(wish.settle_ms, 1500);
    assert_int_equal(wish.rotation + wish.hflip + wish.vflip, 0);
}

static void every_control_travels(void **state)
{
    (void)state;
    struct settings_camera settings = defaults();
    settings.exposure_us = 20000;
    settings.gain = 2.5;
    settings.ev = -1;
    settings.flicker_period_us = 10000;
    settings.brightness = 0.25;
    settings.contrast = 1.5;
    settings.saturation = 0;
    settings.sharpness = 2;
    settings.hflip = true;
    settings.rotation = 90;
    snprintf(settings.awb, sizeof settings.awb, "cloudy");
    snprintf(settings.awb_gains, sizeof settings.awb_gains, "1.8,1.5");
    snprintf(settings.metering, sizeof settings.metering, "spot");
    snprintf(settings.af_mode, sizeof settings.af_mode, "manual");
    snprintf(settings.roi, sizeof settings.roi, "0.25, 0.125, 0.5, 0.75");
    snprintf(settings.hdr, sizeof settings.hdr, "night");
    snprintf(settings.freshness, sizeof settings.freshness, "latest");
    struct driver_configure wish = {0};
    assert_int_equal(wished(&settings, &wish), (1UL << DRIVER_CONTROL_COUNT) - 1);
    static const double expected[DRIVER_CONTROL_COUNT] = {
        [DRIVER_CONTROL_EXPOSURE_US] = 20000,
        [DRIVER_CONTROL_GAIN] = 2.5,
        [DRIVER_CONTROL_EV] = -1,
        [DRIVER_CONTROL_AWB] = DRIVER_AWB_CLOUDY,
        [DRIVER_CONTROL_AWB_RED] = 1.8,
        [DRIVER_CONTROL_AWB_BLUE] = 1.5,
        [DRIVER_CONTROL_METERING] = DRIVER_METERING_SPOT,
        [DRIVER_CONTROL_FLICKER_PERIOD_US] = 10000,
        [DRIVER_CONTROL_BRIGHTNESS] = 0.25,
        [DRIVER_CONTROL_CONTRAST] = 1.5,
        [DRIVER_CONTROL_SATURATION] = 0,
        [DRIVER_CONTROL_SHARPNESS] = 2,
        [DRIVER_CONTROL_AF_MODE] = DRIVER_AF_MANUAL,
        [DRIVER_CONTROL_LENS_POSITION] = 0, // infinity
        [DRIVER_CONTROL_ROI_X] = 0.25,
        [DRIVER_CONTROL_ROI_Y] = 0.125,
        [DRIVER_CONTROL_ROI_WIDTH] = 0.5,
        [DRIVER_CONTROL_ROI_HEIGHT] = 0.75,
        [DRIVER_CONTROL_HDR] = DRIVER_HDR_NIGHT,
    };
    assert_memory_equal(wish.controls, expected, sizeof expected);
    assert_int_equal(wish.keep_latest, 1);
    assert_int_equal(wish.hflip, 1);
    assert_int_equal(wish.rotation, 90);
}

static void assert_words(const char *key, const char *const *words, int count)
{
    const struct setting *setting = settings_table_find("camera", key);
    for (int i = 0; i < count; i++) {
        assert_string_equal(setting->words[i], words[i]);
    }
    assert_null(setting->words[count]);
}

static void words_have_the_order_of_the_protocol(void **state)
{
    (void)state;
    assert_words("awb",
                 (const char *const[]){[DRIVER_AWB_AUTO] = "auto",
                                       [DRIVER_AWB_INCANDESCENT] = "incandescent",
                                       [DRIVER_AWB_TUNGSTEN] = "tungsten",
                                       [DRIVER_AWB_FLUORESCENT] = "fluorescent",
                                       [DRIVER_AWB_INDOOR] = "indoor",
                                       [DRIVER_AWB_DAYLIGHT] = "daylight",
                                       [DRIVER_AWB_CLOUDY] = "cloudy"},
                 DRIVER_AWB_COUNT);
    assert_words("metering",
                 (const char *const[]){[DRIVER_METERING_AUTO] = "auto",
                                       [DRIVER_METERING_CENTRE] = "centre",
                                       [DRIVER_METERING_SPOT] = "spot",
                                       [DRIVER_METERING_MATRIX] = "matrix"},
                 DRIVER_METERING_COUNT);
    assert_words("af_mode",
                 (const char *const[]){[DRIVER_AF_AUTO] = "auto",
                                       [DRIVER_AF_CONTINUOUS] = "continuous",
                                       [DRIVER_AF_MANUAL] = "manual",
                                       [DRIVER_AF_OFF] = "off"},
                 DRIVER_AF_COUNT);
    assert_words("hdr",
                 (const char *const[]){[DRIVER_HDR_AUTO] = "auto",
                                       [DRIVER_HDR_OFF] = "off",
                                       [DRIVER_HDR_SINGLE] = "single",
                                       [DRIVER_HDR_MULTI] = "multi",
                                       [DRIVER_HDR_NIGHT] = "night"},
                 DRIVER_HDR_COUNT);
}

static void a_wish_is_what_the_settings_say(void **state)
{
    (void)state;
    struct settings_camera settings = defaults();
    snprintf(settings.select, sizeof settings.select, "imx708");
    settings.width = 4056;
    settings.height = 3040;
    settings.fps = 2.5;
    snprintf(settings.format, sizeof settings.format, "NV12");
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
                                           .orientation = 6,
                                           .unsupported = "gain, hdr",
                                           .model = "imx708"};
    memset(configured.id, 'i', sizeof configured.id - 1);
    struct camera_info info = {.driver = "stays"};
    driver_wish_granted(&configured, &info);
    assert_int_equal(info.width, 640);
    assert_int_equal(info.orientation, 6);
    assert_string_equal(info.unsupported, "gain, hdr");
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
        cmocka_unit_test(by_default_all_is_left_to_the_camera),
        cmocka_unit_test(every_control_travels),
        cmocka_unit_test(words_have_the_order_of_the_protocol),
        cmocka_unit_test(a_wish_is_what_the_settings_say),
        cmocka_unit_test(the_operator_has_the_last_word_on_colour),
        cmocka_unit_test(what_was_granted_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
