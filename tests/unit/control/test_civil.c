// Local time where it leaps, repeats, and where the days are long.
#include "control/civil.h"

#include "base/timing.h"
#include "clock_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_moment(const char *civil, const char *local)
{
    assert_string_equal(local_text(civil_moment(utc_ns(civil))), local);
}

static void a_civil_time_is_a_moment(void **state)
{
    (void)state;
    zone_set("Europe/Berlin");
    assert_moment("2026-01-15 12:00:00", "Thu 01-15 12:00:00 +0100");
    assert_moment("2026-07-15 12:00:00", "Wed 07-15 12:00:00 +0200");
    assert_int_equal(civil_of(utc_ns("2026-07-15 10:00:00")), utc_ns("2026-07-15 12:00:00"));
    zone_set("Pacific/Kiritimati"); // 14 hours ahead
    assert_moment("2026-01-15 00:00:00", "Thu 01-15 00:00:00 +1400");
    zone_set("Pacific/Niue"); // 11 hours behind
    assert_moment("2026-01-15 00:00:00", "Thu 01-15 00:00:00 -1100");
    zone_set("Asia/Kathmandu");
    assert_moment("2026-01-15 00:00:00", "Thu 01-15 00:00:00 +0545");
}

static void what_the_clocks_leap_over_is_the_leap(void **state)
{
    (void)state;
    zone_set("Europe/Berlin");
    assert_moment("2026-03-29 01:59:59", "Sun 03-29 01:59:59 +0100");
    assert_moment("2026-03-29 02:00:00", "Sun 03-29 03:00:00 +0200");
    assert_moment("2026-03-29 02:30:00", "Sun 03-29 03:00:00 +0200");
    assert_moment("2026-03-29 03:00:00", "Sun 03-29 03:00:00 +0200");
    assert_moment("2026-03-29 03:00:01", "Sun 03-29 03:00:01 +0200");
    zone_set("Australia/Lord_Howe"); // by half an hour
    assert_moment("2026-10-04 02:15:00", "Sun 10-04 02:30:00 +1100");
    zone_set("America/Santiago"); // at midnight, in the south's spring
    assert_moment("2026-09-06 00:00:00", "Sun 09-06 01:00:00 -0300");
}

static void of_what_the_clocks_repeat_it_is_the_first(void **state)
{
    (void)state;
    zone_set("Europe/Berlin");
    assert_moment("2026-10-25 01:59:59", "Sun 10-25 01:59:59 +0200");
    assert_moment("2026-10-25 02:00:00", "Sun 10-25 02:00:00 +0200");
    assert_moment("2026-10-25 02:59:59", "Sun 10-25 02:59:59 +0200");
    assert_moment("2026-10-25 03:00:00", "Sun 10-25 03:00:00 +0100");
    zone_set("Australia/Lord_Howe");
    assert_moment("2026-04-05 01:45:00", "Sun 04-05 01:45:00 +1100");
    zone_set("America/Havana"); // midnight comes twice
    assert_moment("2026-11-01 00:00:00", "Sun 11-01 00:00:00 -0400");
}

// The grid from a moment on, as local times.
static void assert_grid(const char *from, int64_t interval_s, const char *const *local,
                        size_t count)
{
    int64_t at_ns = utc_ns(from);
    for (size_t i = 0; i < count; i++) {
        at_ns = civil_grid(at_ns, TIMING_S(interval_s), 0);
        assert_string_equal(local_text(at_ns), local[i]);
        at_ns++;
    }
}

#define ASSERT_GRID(from, interval_s, ...)                                    \
    do {                                                                      \
        const char *const local[] = {__VA_ARGS__};                            \
        assert_grid(from, interval_s, local, sizeof local / sizeof local[0]); \
    } while (0)

static void quarters_of_an_hour_go_on_over_every_change(void **state)
{
    (void)state;
    zone_set("Europe/Berlin");
    ASSERT_GRID("2026-03-29 00:30:00", 900, "Sun 03-29 01:30:00 +0100", "Sun 03-29 01:45:00 +0100",
                "Sun 03-29 03:00:00 +0200", "Sun 03-29 03:15:00 +0200");
    ASSERT_GRID("2026-10-25 00:30:00", 900, "Sun 10-25 02:30:00 +0200", "Sun 10-25 02:45:00 +0200",
                "Sun 10-25 02:00:00 +0100", "Sun 10-25 02:15:00 +0100", "Sun 10-25 02:30:00 +0100",
                "Sun 10-25 02:45:00 +0100", "Sun 10-25 03:00:00 +0100");
    zone_set("Australia/Lord_Howe");
    ASSERT_GRID("2026-04-04 14:30:00", 900, "Sun 04-05 01:30:00 +1100", "Sun 04-05 01:45:00 +1100",
                "Sun 04-05 01:30:00 +1030", "Sun 04-05 01:45:00 +1030", "Sun 04-05 02:00:00 +1030");
    ASSERT_GRID("2026-10-03 15:00:00", 900, "Sun 10-04 01:30:00 +1030", "Sun 10-04 01:45:00 +1030",
                "Sun 10-04 02:30:00 +1100", "Sun 10-04 02:45:00 +1100");
}

static void long_intervals_follow_the_clocks(void **state)
{
    (void)state;
    zone_set("Europe/Berlin");
    ASSERT_GRID("2026-03-28 20:00:00", 6 * 3600, "Sun 03-29 00:00:00 +0100",
                "Sun 03-29 06:00:00 +0200", "Sun 03-29 12:00:00 +0200");
    ASSERT_GRID("2026-10-24 20:00:00", 6 * 3600, "Sun 10-25 00:00:00 +0200",
                "Sun 10-25 06:00:00 +0100", "Sun 10-25 12:00:00 +0100");
    ASSERT_GRID("2026-10-24 22:00:00", 5400, "Sun 10-25 00:00:00 +0200", "Sun 10-25 01:30:00 +0200",
                "Sun 10-25 03:00:00 +0100");
}

static void a_midnight_that_is_missing_or_doubled_is_one(void **state)
{
    (void)state;
    zone_set("America/Santiago");
    ASSERT_GRID("2026-09-05 12:00:00", 86400, "Sun 09-06 01:00:00 -0300",
                "Mon 09-07 00:00:00 -0300");
    zone_set("America/Havana");
    ASSERT_GRID("2026-10-31 12:00:00", 86400, "Sun 11-01 00:00:00 -0400",
                "Mon 11-02 00:00:00 -0500");
    ASSERT_GRID("2026-11-01 04:30:00", 86400, "Mon 11-02 00:00:00 -0500"); // the first has passed
}

static void leap_days_are_days(void **state)
{
    (void)state;
    zone_set("UTC");
    ASSERT_GRID("2028-02-28 00:00:00", 86400, "Mon 02-28 00:00:00 +0000",
                "Tue 02-29 00:00:00 +0000", "Wed 03-01 00:00:00 +0000");
    ASSERT_GRID("2027-02-28 00:00:00", 86400, "Sun 02-28 00:00:00 +0000",
                "Mon 03-01 00:00:00 +0000");
}

static void weeks_begin_on_monday(void **state)
{
    (void)state;
    zone_set("Europe/London");
    ASSERT_GRID("2026-03-20 00:00:00", 7 * 86400, "Mon 03-23 00:00:00 +0000",
                "Mon 03-30 00:00:00 +0100", "Mon 04-06 00:00:00 +0100");
}

static void tenths_of_a_second_and_before_1970(void **state)
{
    (void)state;
    zone_set("UTC");
    assert_int_equal(civil_grid(TIMING_MS(150), TIMING_MS(100), 0), TIMING_MS(200));
    assert_int_equal(civil_grid(TIMING_MS(200), TIMING_MS(100), 0), TIMING_MS(200));
    assert_int_equal(civil_grid(TIMING_MS(200), TIMING_MS(100), 7), TIMING_MS(200) + 7);
    assert_int_equal(civil_grid(-TIMING_MS(150), TIMING_MS(100), 0), -TIMING_MS(100));
}

// A year of hours in every kind of zone: none is missing, none comes twice.
static void a_year_of_hours(void **state)
{
    (void)state;
    static const char *const zones[] = {
        "UTC",          "Europe/Berlin",       "America/New_York", "America/St_Johns",
        "Asia/Kolkata", "Australia/Sydney",    "America/Santiago", "Africa/Casablanca",
        "Asia/Gaza",    "Pacific/Chatham",     "America/Havana",   "Antarctica/Troll",
        "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia",     "Asia/Tehran",
    };
    for (size_t z = 0; z < sizeof zones / sizeof zones[0]; z++) {
        zone_set(zones[z]);
        int64_t last_ns = civil_grid(utc_ns("2026-01-01 00:00:00"), TIMING_S(3600), 0);
        int hours = 0;
        for (; last_ns < utc_ns("2027-01-01 00:00:00"); hours++) {
            int64_t next_ns = civil_grid(last_ns + 1, TIMING_S(3600), 0);
            assert_in_range((next_ns - last_ns) / TIMING_S(1), 900, 5400); // Chatham's :45
            last_ns = next_ns;
        }
        assert_in_range(hours, 365 * 24, 365 * 24 + 1); // Chatham's leap counts for an hour
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_civil_time_is_a_moment),
        cmocka_unit_test(what_the_clocks_leap_over_is_the_leap),
        cmocka_unit_test(of_what_the_clocks_repeat_it_is_the_first),
        cmocka_unit_test(quarters_of_an_hour_go_on_over_every_change),
        cmocka_unit_test(long_intervals_follow_the_clocks),
        cmocka_unit_test(a_midnight_that_is_missing_or_doubled_is_one),
        cmocka_unit_test(leap_days_are_days),
        cmocka_unit_test(weeks_begin_on_monday),
        cmocka_unit_test(tenths_of_a_second_and_before_1970),
        cmocka_unit_test(a_year_of_hours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
