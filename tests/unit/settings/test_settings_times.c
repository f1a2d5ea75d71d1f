// Hours, weekdays and places as people write them.
#include "settings/settings_times.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_window(const char *text, enum day_edge_kind begin, int begin_min,
                          enum day_edge_kind end, int end_min)
{
    struct day_window window;
    struct fault fault;
    if (!settings_window(text, &window)) {
        fail_msg("%s was not understood", text);
    }
    assert_true(settings_check_window(text, &fault));
    assert_int_equal(window.begin.kind, begin);
    assert_int_equal(window.begin.seconds, begin_min * 60);
    assert_int_equal(window.end.kind, end);
    assert_int_equal(window.end.seconds, end_min * 60);
}

static void hours(void **state)
{
    (void)state;
    assert_window("", DAY_EDGE_CLOCK, 0, DAY_EDGE_CLOCK, 1440);
    assert_window("08:00-18:30", DAY_EDGE_CLOCK, 480, DAY_EDGE_CLOCK, 1110);
    assert_window(" 8:05 - 24:00 ", DAY_EDGE_CLOCK, 485, DAY_EDGE_CLOCK, 1440);
    assert_window("22:00-6:00", DAY_EDGE_CLOCK, 1320, DAY_EDGE_CLOCK, 360);
    assert_window("sunrise-sunset", DAY_EDGE_SUNRISE, 0, DAY_EDGE_SUNSET, 0);
    assert_window("sunset - sunrise", DAY_EDGE_SUNSET, 0, DAY_EDGE_SUNRISE, 0);
    assert_window("sunrise-0:30-sunset+1:00", DAY_EDGE_SUNRISE, -30, DAY_EDGE_SUNSET, 60);
    assert_window("sunrise-0:30 - sunset-0:15", DAY_EDGE_SUNRISE, -30, DAY_EDGE_SUNSET, -15);
    assert_window("sunrise+12:00-23:00", DAY_EDGE_SUNRISE, 720, DAY_EDGE_CLOCK, 1380);
}

// The "-" before a time is the offset only where another one follows.
static void a_dash_is_an_offset_only_if_it_must(void **state)
{
    (void)state;
    assert_window("sunset-06:00", DAY_EDGE_SUNSET, 0, DAY_EDGE_CLOCK, 360);
    assert_window("sunset-01:00-06:00", DAY_EDGE_SUNSET, -60, DAY_EDGE_CLOCK, 360);
    assert_window("06:00-sunset-01:00", DAY_EDGE_CLOCK, 360, DAY_EDGE_SUNSET, -60);
    assert_window("sunset-sunrise-01:00", DAY_EDGE_SUNSET, 0, DAY_EDGE_SUNRISE, -60);
}

static void what_are_no_hours(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "08:00",
        "08:00-",
        "-18:00",
        "8-18",
        "08:00-24:01",
        "08:60-18:00",
        "08:0-18:00",
        "25:00-26:00",
        "008:00-18:00",
        "dawn-dusk",
        "sunrise",
        "sunrise+-08:00",
        "08:00-18:00x",
        "sunrise-13:00",
        " ",
        "sunset+13:00-6",
        "08:00 18:00",
        "sunrise- -sunset",
        "Sunrise-Sunset",
        "08:00-12:00, 13:00-18:00",
        "sunrise-13:00-sunset",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct day_window window;
        struct fault fault = {.kind = FAULT_NONE};
        bool may_be = i == 13; // from sunrise until 13:00
        assert_int_equal(settings_window(wrong[i], &window), may_be);
        assert_int_equal(settings_check_window(wrong[i], &fault), may_be);
        assert_int_equal(fault.kind, may_be ? FAULT_NONE : FAULT_CONFIG);
    }
}

static void the_sun_needs_a_place(void **state)
{
    (void)state;
    assert_false(settings_window_has_sun(""));
    assert_false(settings_window_has_sun("08:00-18:00"));
    assert_true(settings_window_has_sun("08:00-sunset"));
    assert_true(settings_window_has_sun("sunset-08:00"));
}

static void assert_weekdays(const char *text, uint8_t expected)
{
    uint8_t weekdays;
    struct fault fault;
    if (!settings_weekdays(text, &weekdays) || weekdays != expected) {
        fail_msg("\"%s\" is %02x", text, weekdays);
    }
    assert_true(settings_check_weekdays(text, &fault));
}

static void weekdays(void **state)
{
    (void)state;
    assert_weekdays("", 0x7F);
    assert_weekdays("mon", 0x01);
    assert_weekdays("sun", 0x40);
    assert_weekdays("mon-fri", 0x1F);
    assert_weekdays("mon-sun", 0x7F);
    assert_weekdays("fri-mon", 0x71);
    assert_weekdays("tue-tue", 0x02);
    assert_weekdays("sat,sun", 0x60);
    assert_weekdays(" mon , wed - thu,sun ", 0x4D);
    assert_weekdays("tue-mon", 0x7F);
}

static void what_are_no_weekdays(void **state)
{
    (void)state;
    static const char *const wrong[] = {" ",        "mo",          "monday", "mon,",
                                        "mon,,tue", "mon-",        ",mon",   "mon tue",
                                        "Mon",      "mon-fri-sun", "weekend"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t ignored;
        struct fault fault;
        if (settings_weekdays(wrong[i], &ignored)) {
            fail_msg("\"%s\" was taken", wrong[i]);
        }
        assert_false(settings_check_weekdays(wrong[i], &fault));
        assert_int_equal(fault.kind, FAULT_CONFIG);
    }
}

static void places(void **state)
{
    (void)state;
    double latitude = 0;
    double longitude = 0;
    struct fault fault;
    assert_true(settings_place("-33.87, 151.21", &latitude, &longitude));
    assert_true(latitude == -33.87 && longitude == 151.21);
    assert_true(settings_place("", &latitude, &longitude));
    assert_true(latitude == -33.87 && longitude == 151.21);
    assert_true(settings_check_place("90,-180", &fault));
    static const char *const wrong[] = {"91, 0",    "-91, 0", "0, 181",  "51.5",
                                        "51.5 0.1", "n, e",   "1, 2, 3", "nan, 0"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(settings_check_place(wrong[i], &fault));
        assert_int_equal(fault.kind, FAULT_CONFIG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours),
        cmocka_unit_test(a_dash_is_an_offset_only_if_it_must),
        cmocka_unit_test(what_are_no_hours),
        cmocka_unit_test(the_sun_needs_a_place),
        cmocka_unit_test(weekdays),
        cmocka_unit_test(what_are_no_weekdays),
        cmocka_unit_test(places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
