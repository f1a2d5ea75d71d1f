// Sunrise and sunset against the almanac: tables "Rise and Set for the Sun" of the Astronomical
// Applications Department of the U.S. Naval Observatory (aa.usno.navy.mil), which give minutes.
// San Francisco: the table of 2012, in Pacific Standard Time. The others: the tables of 2019 for
// these round places, in Universal Time.
#include "control/sun.h"

#include "base/timing.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

enum { WITHIN_S = 120 };

static const struct sun_place san_francisco = {37 + 46 / 60.0, -122 - 26 / 60.0};
static const struct sun_place south = {-60, -150};
static const struct sun_place far_north = {80, 0};
static const struct sun_place far_south = {-80, -150};

static int64_t at_ns(int year, int month, int day, int minutes)
{
    struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_min = minutes};
    return TIMING_S(timegm(&tm));
}

static struct sun_day day_of(const struct sun_place *place, int year, int month, int day)
{
    int noon_min = 720 - (int)(place->longitude * 4);
    return sun_day(place, at_ns(year, month, day, noon_min));
}

// `hhmm` of the day on which this place has its noon, in UTC; beyond 2400 it is the next UTC day.
static void assert_near(const char *what, int64_t found_ns, int year, int month, int day, int hhmm)
{
    int64_t expected_ns = at_ns(year, month, day, hhmm / 100 * 60 + hhmm % 100);
    int64_t off_s = (found_ns - expected_ns) / TIMING_S(1);
    if (llabs(off_s) > WITHIN_S) {
        fail_msg("%s of %d-%d-%d is %lld s off %04d", what, year, month, day, (long long)off_s,
                 hhmm);
    }
}

struct row {
    int month;
    int day;
    int rise;
    int set;
};

static void assert_rows(const struct sun_place *place, int year, const struct row *rows,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct sun_day sun = day_of(place, year, rows[i].month, rows[i].day);
        assert_near("sunrise", sun.rise_ns, year, rows[i].month, rows[i].day, rows[i].rise);
        assert_near("sunset", sun.set_ns, year, rows[i].month, rows[i].day, rows[i].set);
    }
}

#define ASSERT_ROWS(place, year, ...)                                 \
    do {                                                              \
        const struct row rows[] = {__VA_ARGS__};                      \
        assert_rows(place, year, rows, sizeof rows / sizeof rows[0]); \
    } while (0)

static void the_north(void **state)
{
    (void)state;
    // PST is UTC - 8: 0725 is 1525, 1701 is 2501
    ASSERT_ROWS(&san_francisco, 2012, {1, 1, 1525, 2501}, {2, 29, 1442, 2603}, {3, 20, 1412, 2622},
                {4, 15, 1334, 2646}, {6, 21, 1248, 2735}, {8, 1, 1314, 2718}, {9, 22, 1358, 2606},
                {11, 5, 1440, 2506}, {12, 21, 1522, 2455}, {12, 31, 1525, 2501});
}

static void the_south(void **state)
{
    (void)state;
    ASSERT_ROWS(&south, 2019, {1, 2, 1245, 3123}, {3, 20, 1600, 2813}, {4, 30, 1739, 2615},
                {6, 21, 1906, 2458}, {8, 15, 1739, 2631}, {9, 23, 1545, 2801}, {11, 1, 1350, 2939},
                {12, 21, 1232, 3124});
}

static void near_the_poles(void **state)
{
    (void)state;
    ASSERT_ROWS(&far_north, 2019, {2, 22, 1052, 1338}, {3, 20, 555, 1825}, {4, 12, 125, 2302},
                {9, 22, 524, 1817}, {10, 21, 1103, 1223});
    ASSERT_ROWS(&far_south, 2019, {2, 26, 1121, 3242}, {3, 20, 1546, 2824}, {4, 16, 2040, 2317},
                {8, 26, 2045, 2321}, {9, 22, 1540, 2810});
}

static bool is_polar_day(const struct sun_day *sun)
{
    return sun->set_ns - sun->rise_ns > TIMING_S(86400 - 60);
}

static bool is_polar_night(const struct sun_day *sun)
{
    return sun->set_ns == sun->rise_ns;
}

static void polar_days_and_nights_begin_and_end_as_in_the_table(void **state)
{
    (void)state;
    // the first and last dates of **** and ---- in the tables of 2019
    static const struct {
        const struct sun_place *place;
        int month;
        int day;
        bool is_day;
        bool is_night;
    } dates[] = {
        {&far_north, 1, 15, false, true},   {&far_north, 2, 20, false, true},
        {&far_north, 2, 21, false, false},  {&far_north, 4, 12, false, false},
        {&far_north, 4, 15, true, false},   {&far_north, 6, 21, true, false},
        {&far_north, 8, 29, true, false},   {&far_north, 8, 31, false, false},
        {&far_north, 10, 21, false, false}, {&far_north, 10, 22, false, true},
        {&far_north, 12, 21, false, true},  {&far_south, 1, 15, true, false},
        {&far_south, 2, 23, true, false},   {&far_south, 2, 26, false, false},
        {&far_south, 4, 17, false, false},  {&far_south, 4, 18, false, true},
        {&far_south, 8, 24, false, true},   {&far_south, 8, 25, false, false},
        {&far_south, 10, 19, true, false},
    };
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        struct sun_day sun = day_of(dates[i].place, 2019, dates[i].month, dates[i].day);
        if (is_polar_day(&sun) != dates[i].is_day || is_polar_night(&sun) != dates[i].is_night) {
            fail_msg("%d-%d: %lld s of daylight", dates[i].month, dates[i].day,
                     (long long)((sun.set_ns - sun.rise_ns) / TIMING_S(1)));
        }
    }
}

static void days_of_the_midnight_sun_touch(void **state)
{
    (void)state;
    const struct sun_place pole = {90, 15};
    for (int day = 1; day < 60; day++) {
        struct sun_day today = day_of(&pole, 2026, 5, day);
        struct sun_day tomorrow = day_of(&pole, 2026, 5, day + 1);
        assert_true(is_polar_day(&today));
        assert_int_equal(today.set_ns, tomorrow.rise_ns);
    }
}

static void every_place_has_its_own_noon(void **state)
{
    (void)state;
    for (int longitude = -180; longitude <= 180; longitude += 15) {
        const struct sun_place place = {10, longitude};
        struct sun_day sun = day_of(&place, 2026, 11, 3); // the sun is 16 minutes early
        int64_t noon_ns = sun.rise_ns + (sun.set_ns - sun.rise_ns) / 2;
        int64_t mean_ns = at_ns(2026, 11, 3, 720 - longitude * 4);
        assert_in_range((mean_ns - noon_ns) / TIMING_S(1), 15 * 60, 17 * 60);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_north),
        cmocka_unit_test(the_south),
        cmocka_unit_test(near_the_poles),
        cmocka_unit_test(polar_days_and_nights_begin_and_end_as_in_the_table),
        cmocka_unit_test(days_of_the_midnight_sun_touch),
        cmocka_unit_test(every_place_has_its_own_noon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
