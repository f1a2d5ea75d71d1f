// Hours of the day: when they open and close, in every zone and season.
#include "control/window.h"

#include "base/timing.h"
#include "clock_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct window window_of(const char *hours, const char *weekdays, double latitude,
                               double longitude)
{
    struct window window = {.place = {latitude, longitude}};
    assert_true(settings_window(hours, &window.hours));
    assert_true(settings_weekdays(weekdays, &window.weekdays));
    return window;
}

// "OPENS to CLOSES" of the opening that is found from this moment on.
static void assert_span(const struct window *window, const char *from, const char *expected)
{
    struct window_span span;
    char found[100] = "never";
    if (window_find(window, utc_ns(from), &span)) {
        int len = snprintf(found, sizeof found, "%s to ", local_text(span.opens_ns));
        snprintf(found + len, sizeof found - (size_t)len, "%s", local_text(span.closes_ns));
    }
    assert_string_equal(found, expected);
}

static void a_day_has_hours(void **state)
{
    (void)state;
    zone_set("Europe/Berlin");
    struct window window = window_of("08:00-18:00", "", 0, 0);
    const char *today = "Wed 07-15 08:00:00 +0200 to Wed 07-15 18:00:00 +0200";
    assert_span(&window, "2026-07-15 00:00:00", today);
    assert_span(&window, "2026-07-15 06:00:00", today);
    assert_span(&window, "2026-07-15 15:59:59", today);
    assert_span(&window, "2026-07-15 16:00:00",
                "Thu 07-16 08:00:00 +0200 to Thu 07-16 18:00:00 +0200");
    assert_false(window_is_always_open(&window));
}

static void nights_go_over_midnight(void **state)
{
    (void)state;
    zone_set("America/New_York");
    struct window window = window_of("22:00-6:00", "", 0, 0);
    const char *night = "Wed 07-15 22:00:00 -0400 to Thu 07-16 06:00:00 -0400";
    assert_span(&window, "2026-07-15 12:00:00", night);
    assert_span(&window, "2026-07-16 05:00:00", night);
    assert_span(&window, "2026-07-16 09:59:59", night);
    window = window_of("22:00-06:00", "fri", 0, 0); // of the day on which it opens
    assert_span(&window, "2026-07-18 05:00:00",
                "Fri 07-17 22:00:00 -0400 to Sat 07-18 06:00:00 -0400");
    assert_span(&window, "2026-07-18 11:00:00",
                "Fri 07-24 22:00:00 -0400 to Sat 07-25 06:00:00 -0400");
}

static void days_that_touch_are_one(void **state)
{
    (void)state;
    zone_set("Europe/Berlin");
    struct window window = window_of("", "mon-fri", 0, 0);
    assert_span(&window, "2026-07-15 12:00:00",
                "Mon 07-13 00:00:00 +0200 to Sat 07-18 00:00:00 +0200");
    window = window_of("", "fri-mon", 0, 0);
    assert_span(&window, "2026-07-15 12:00:00",
                "Fri 07-17 00:00:00 +0200 to Tue 07-21 00:00:00 +0200");
    window = window_of("12:00-12:00", "sat", 0, 0); // a whole day, from noon to noon
    assert_span(&window, "2026-07-15 12:00:00",
                "Sat 07-18 12:00:00 +0200 to Sun 07-19 12:00:00 +0200");
    window = window_of("", "", 0, 0);
    assert_true(window_is_always_open(&window));
    window = window_of("00:00-24:00", "mon-sun", 0, 0);
    assert_true(window_is_always_open(&window));
}

static void changes_of_the_clocks(void **state)
{
    (void)state;
    zone_set("Europe/Berlin");
    struct window window = window_of("02:15-04:00", "", 0, 0);
    assert_span(&window, "2026-03-28 20:00:00",
                "Sun 03-29 03:00:00 +0200 to Sun 03-29 04:00:00 +0200");
    assert_span(&window, "2026-10-24 20:00:00",
                "Sun 10-25 02:15:00 +0200 to Sun 10-25 04:00:00 +0100");
    window = window_of("22:00-02:30", "", 0, 0); // does not open again when 02:00 comes again
    assert_span(&window, "2026-10-25 00:29:59",
                "Sat 10-24 22:00:00 +0200 to Sun 10-25 02:30:00 +0200");
    assert_span(&window, "2026-10-25 00:30:00",
                "Sun 10-25 22:00:00 +0100 to Mon 10-26 02:30:00 +0100");
    window = window_of("02:15-02:45", "", 0, 0); // all of it is leapt over
    assert_span(&window, "2026-03-28 20:00:00",
                "Mon 03-30 02:15:00 +0200 to Mon 03-30 02:45:00 +0200");
    zone_set("Australia/Lord_Howe");
    window = window_of("02:15-04:00", "", 0, 0);
    assert_span(&window, "2026-10-03 12:00:00",
                "Sun 10-04 02:30:00 +1100 to Sun 10-04 04:00:00 +1100");
}

static void the_sun_sets_the_hours(void **state)
{
    (void)state;
    // San Francisco on 29 February 2012 by the U.S. Naval Observatory: 06:42 to 18:03, and the day
    // after from 06:40
    zone_set("America/Los_Angeles");
    struct window_span span;
    struct window day = window_of("sunrise-sunset", "", 37.767, -122.433);
    assert_true(window_find(&day, utc_ns("2012-02-29 12:00:00"), &span));
    assert_in_range(span.opens_ns, utc_ns("2012-02-29 14:40:00"), utc_ns("2012-02-29 14:44:00"));
    assert_in_range(span.closes_ns, utc_ns("2012-03-01 02:01:00"), utc_ns("2012-03-01 02:05:00"));
    struct window night = window_of("sunset+1:00 - sunrise-0:30", "", 37.767, -122.433);
    assert_true(window_find(&night, utc_ns("2012-02-29 20:00:00"), &span));
    assert_in_range(span.opens_ns, utc_ns("2012-03-01 03:01:00"), utc_ns("2012-03-01 03:05:00"));
    assert_in_range(span.closes_ns, utc_ns("2012-03-01 14:08:00"), utc_ns("2012-03-01 14:12:00"));
}

static void clock_and_sun_mix(void **state)
{
    (void)state;
    zone_set("UTC");
    static const struct {
        const char *hours;
        const char *from;
        int hours_long; // 0: not that day
    } cases[] = {
        // at the equator the sun rises about 6 and sets about 18
        {"sunset-23:00", "2026-03-20 12:00:00", 5},
        {"sunset-01:00", "2026-03-20 12:00:00", 7},
        {"sunrise-09:00", "2026-03-20 00:00:00", 3},
        {"sunrise-01:00", "2026-03-20 00:00:00", 19},
        {"05:00-sunrise", "2026-03-20 00:00:00", 1},
        {"20:00-sunrise", "2026-03-20 12:00:00", 10},
        {"16:00-sunset", "2026-03-20 12:00:00", 2},
        {"sunrise-sunrise", "2026-03-20 00:00:00", 24},
        {"sunrise+1:00-sunset-1:00", "2026-03-20 00:00:00", 10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct window window = window_of(cases[i].hours, "fri", 0, 0); // 20 March 2026
        struct window_span span;
        assert_true(window_find(&window, utc_ns(cases[i].from), &span));
        int64_t minutes = (span.closes_ns - span.opens_ns) / TIMING_S(60);
        if (minutes < cases[i].hours_long * 60 - 20 || minutes > cases[i].hours_long * 60 + 20) {
            fail_msg("%s: %d minutes", cases[i].hours, (int)minutes);
        }
    }
    // in winter the sun has set by then, which is no reason to stay open until tomorrow
    struct window late = window_of("18:00-sunset", "", 52, 0);
    struct window_span span;
    assert_false(window_find(&late, utc_ns("2026-12-10 00:00:00"), &span));
    struct window early = window_of("sunset-23:00", "", 64.15, -21.94); // sets after midnight
    assert_false(window_find(&early, utc_ns("2026-06-21 12:00:00"), &span));
}

static void polar_nights_and_days(void **state)
{
    (void)state;
    zone_set("Arctic/Longyearbyen");
    struct window day = window_of("sunrise-sunset", "", 78.22, 15.65);
    struct window night = window_of("sunset-sunrise", "", 78.22, 15.65);
    struct window_span span;
    assert_false(window_find(&day, utc_ns("2026-12-15 12:00:00"), &span));
    assert_true(window_find(&night, utc_ns("2026-12-15 12:00:00"), &span));
    assert_true(span.opens_ns < utc_ns("2026-12-09 12:00:00"));
    assert_true(span.closes_ns > utc_ns("2026-12-21 12:00:00"));
    assert_false(window_find(&night, utc_ns("2026-06-15 12:00:00"), &span));
    assert_true(window_find(&day, utc_ns("2026-06-15 12:00:00"), &span));
    assert_true(span.opens_ns < utc_ns("2026-06-09 12:00:00"));
}

// A year at many places: it is day or night, and never both.
static void day_and_night_share_the_year(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        double latitude;
        double longitude;
    } places[] = {
        {"Europe/London", 51.5, -0.1},       {"Europe/Oslo", 69.65, 18.96},
        {"Arctic/Longyearbyen", 78.2, 15.6}, {"Australia/Lord_Howe", -31.5, 159.1},
        {"Atlantic/Reykjavik", 64.1, -21.9}, {"Pacific/Kiritimati", 1.9, -157.4},
        {"Asia/Urumqi", 43.8, 87.6},         {"Antarctica/McMurdo", -77.8, 166.7},
        {"America/Nome", 64.5, -165.4},      {"UTC", 90, 0},
    };
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        zone_set(places[p].zone);
        struct window day =
            window_of("sunrise-sunset", "", places[p].latitude, places[p].longitude);
        struct window night =
            window_of("sunset-sunrise", "", places[p].latitude, places[p].longitude);
        int64_t at_ns = utc_ns("2026-01-01 00:00:00");
        for (; at_ns < utc_ns("2027-01-01 00:00:00"); at_ns += TIMING_S(1009 * 60)) {
            struct window_span span;
            bool is_day = window_find(&day, at_ns, &span) && span.opens_ns <= at_ns;
            bool is_night = window_find(&night, at_ns, &span) && span.opens_ns <= at_ns;
            if (is_day == is_night) {
                fail_msg("%s: %s is %s", places[p].zone, local_text(at_ns),
                         is_day ? "both" : "neither");
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_day_has_hours),         cmocka_unit_test(nights_go_over_midnight),
        cmocka_unit_test(days_that_touch_are_one), cmocka_unit_test(changes_of_the_clocks),
        cmocka_unit_test(the_sun_sets_the_hours),  cmocka_unit_test(clock_and_sun_mix),
        cmocka_unit_test(polar_nights_and_days),   cmocka_unit_test(day_and_night_share_the_year),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
