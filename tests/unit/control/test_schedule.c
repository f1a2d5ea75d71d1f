// When shots are due while the clocks go as they should.
#include "control/schedule.h"

#include "base/timing.h"
#include "clock_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct settings_schedule plain(double interval_s)
{
    return (struct settings_schedule){.interval_s = interval_s};
}

static struct schedule_times times_of(const struct settings_schedule *settings)
{
    return schedule_times(settings, 0, 0);
}

static struct schedule_clocks monotonic(int64_t ns)
{
    return (struct schedule_clocks){ns, TIMING_S(1000000) + ns};
}

static struct schedule begin(double interval_s, int64_t now_ns)
{
    struct settings_schedule settings = plain(interval_s);
    struct schedule_times times = times_of(&settings);
    struct schedule_clocks now = monotonic(now_ns);
    struct schedule schedule;
    schedule_init(&schedule, &times, &now);
    return schedule;
}

static struct schedule_due advance(struct schedule *schedule, int64_t now_ns)
{
    struct schedule_clocks now = monotonic(now_ns);
    return schedule_advance(schedule, &now);
}

static void shots_are_due_on_a_grid_that_lateness_does_not_shift(void **state)
{
    (void)state;
    struct schedule schedule = begin(10, TIMING_S(100));
    for (int i = 1; i <= 50; i++) {
        struct schedule_due due = advance(&schedule, TIMING_S(100 + 10 * i) + TIMING_MS(i));
        assert_true(due.is_due);
        assert_int_equal(due.due_ns, TIMING_S(100 + 10 * i));
        assert_int_equal(due.missed, 0);
    }
}

static void nothing_moves_before_its_time(void **state)
{
    (void)state;
    struct schedule schedule = begin(10, TIMING_S(100));
    assert_false(advance(&schedule, TIMING_S(110) - 1).is_due);
    assert_int_equal(schedule.next_ns, TIMING_S(110));
}

static void what_was_passed_over_is_counted(void **state)
{
    (void)state;
    struct schedule schedule = begin(10, TIMING_S(100));
    assert_int_equal(advance(&schedule, TIMING_S(120) - 1).missed, 0);
    assert_int_equal(schedule.next_ns, TIMING_S(120));
    assert_int_equal(advance(&schedule, TIMING_S(130)).missed, 1);
    assert_int_equal(schedule.next_ns, TIMING_S(140));
}

static void a_year_asleep_is_one_step(void **state)
{
    (void)state;
    struct schedule schedule = begin(0.1, TIMING_S(1));
    const int64_t year_s = 365 * 86400;
    struct schedule_due due = advance(&schedule, TIMING_S(1 + 20 * year_s));
    assert_true(due.is_due);
    assert_int_equal(due.missed, UINT32_MAX);
    assert_int_equal(schedule.next_ns, TIMING_S(1 + 20 * year_s) + TIMING_MS(100));
}

static void tenths_of_a_second_do_not_drift(void **state)
{
    (void)state;
    struct schedule schedule = begin(0.1, 0);
    for (int i = 1; i <= 1000; i++) {
        assert_int_equal(schedule.next_ns, TIMING_MS(100 * i));
        assert_int_equal(advance(&schedule, schedule.next_ns).missed, 0);
    }
}

static void no_interval_is_never(void **state)
{
    (void)state;
    struct schedule schedule = begin(0, TIMING_S(100));
    assert_int_equal(schedule.next_ns, INT64_MAX);
    assert_false(advance(&schedule, TIMING_S(1000)).is_due);
}

// ---- by the wall clock: every due of a stretch of time, as local times

// The monotonic clock is at 7 s when the wall clock is at `from`.
struct world {
    struct schedule schedule;
    int64_t ahead_ns;
};

static struct world world_of(const struct settings_schedule *settings, const char *from)
{
    struct world world = {.ahead_ns = utc_ns(from) - TIMING_S(7)};
    struct schedule_times times = times_of(settings);
    struct schedule_clocks now = {TIMING_S(7), utc_ns(from)};
    schedule_init(&world.schedule, &times, &now);
    return world;
}

static int64_t next_wall(struct world *world)
{
    int64_t due_ns = world->schedule.next_ns;
    assert_int_not_equal(due_ns, INT64_MAX);
    struct schedule_clocks now = {due_ns, due_ns + world->ahead_ns};
    struct schedule_due due = schedule_advance(&world->schedule, &now);
    assert_true(due.is_due);
    assert_int_equal(due.due_ns, due_ns);
    assert_int_equal(due.missed, 0);
    return now.wall_ns;
}

static void assert_dues(const struct settings_schedule *settings, const char *from,
                        const char *const *local, size_t count)
{
    struct world world = world_of(settings, from);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(local_text(next_wall(&world)), local[i]);
    }
}

#define ASSERT_DUES(settings, from, ...)                                    \
    do {                                                                    \
        const char *const local[] = {__VA_ARGS__};                          \
        assert_dues(settings, from, local, sizeof local / sizeof local[0]); \
    } while (0)

static void intervals_count_from_the_opening(void **state)
{
    (void)state;
    zone_set("Europe/Berlin");
    struct settings_schedule settings = plain(3 * 3600 + 1);
    strcpy(settings.window, "08:00-18:00");
    ASSERT_DUES(&settings, "2026-07-15 02:30:00", "Wed 07-15 08:00:00 +0200",
                "Wed 07-15 11:00:01 +0200", "Wed 07-15 14:00:02 +0200", "Wed 07-15 17:00:03 +0200",
                "Thu 07-16 08:00:00 +0200");
    // the agent starts while it is open: an interval later
    ASSERT_DUES(&settings, "2026-07-15 10:00:00", "Wed 07-15 15:00:01 +0200",
                "Thu 07-16 08:00:00 +0200");
    strcpy(settings.weekdays, "sat, mon");
    ASSERT_DUES(&settings, "2026-07-15 15:00:00", "Sat 07-18 08:00:00 +0200",
                "Sat 07-18 11:00:01 +0200", "Sat 07-18 14:00:02 +0200", "Sat 07-18 17:00:03 +0200",
                "Mon 07-20 08:00:00 +0200");
}

static void an_interval_of_a_day_is_every_day(void **state)
{
    (void)state;
    zone_set("Europe/Berlin");
    struct settings_schedule settings = plain(86400);
    strcpy(settings.window, "08:00-18:00");
    ASSERT_DUES(&settings, "2026-03-27 20:00:00", "Sat 03-28 08:00:00 +0100",
                "Sun 03-29 08:00:00 +0200", "Mon 03-30 08:00:00 +0200");
    ASSERT_DUES(&settings, "2026-10-23 20:00:00", "Sat 10-24 08:00:00 +0200",
                "Sun 10-25 08:00:00 +0100", "Mon 10-26 08:00:00 +0100");
    ASSERT_DUES(&settings, "2028-02-28 05:00:00", "Mon 02-28 08:00:00 +0100",
                "Tue 02-29 08:00:00 +0100", "Wed 03-01 08:00:00 +0100");
    settings.interval_s = 7 * 86400;
    ASSERT_DUES(&settings, "2026-07-15 02:30:00", "Wed 07-15 08:00:00 +0200",
                "Wed 07-22 08:00:00 +0200", "Wed 07-29 08:00:00 +0200");
}

static void days_that_touch_do_not_break_the_interval(void **state)
{
    (void)state;
    zone_set("UTC");
    struct settings_schedule settings = plain(7 * 3600);
    strcpy(settings.weekdays, "mon-fri");
    ASSERT_DUES(&settings, "2026-07-16 20:00:00", "Fri 07-17 03:00:00 +0000",
                "Fri 07-17 10:00:00 +0000", "Fri 07-17 17:00:00 +0000", "Mon 07-20 00:00:00 +0000",
                "Mon 07-20 07:00:00 +0000", "Mon 07-20 14:00:00 +0000", "Mon 07-20 21:00:00 +0000",
                "Tue 07-21 04:00:00 +0000");
}

static void the_grid_is_within_the_window(void **state)
{
    (void)state;
    zone_set("Australia/Lord_Howe");
    struct settings_schedule settings = plain(1800);
    settings.align = true;
    strcpy(settings.window, "01:10-02:40");
    ASSERT_DUES(&settings, "2026-04-03 20:00:00", "Sun 04-05 01:30:00 +1100",
                "Sun 04-05 01:30:00 +1030", "Sun 04-05 02:00:00 +1030", "Sun 04-05 02:30:00 +1030",
                "Mon 04-06 01:30:00 +1030");
    ASSERT_DUES(&settings, "2026-10-03 10:00:00", "Sun 10-04 01:30:00 +1030",
                "Sun 10-04 02:30:00 +1100", "Mon 10-05 01:30:00 +1100");
    strcpy(settings.window, "22:00-22:00");
    strcpy(settings.weekdays, "mon");
    settings.interval_s = 43200;
    ASSERT_DUES(&settings, "2026-04-03 20:00:00", "Tue 04-07 00:00:00 +1030",
                "Tue 04-07 12:00:00 +1030", "Tue 04-14 00:00:00 +1030");
}

static void a_grid_that_no_window_meets_is_never(void **state)
{
    (void)state;
    zone_set("UTC");
    struct settings_schedule settings = plain(43200);
    settings.align = true;
    strcpy(settings.window, "08:00-10:00");
    struct world world = world_of(&settings, "2026-04-03 20:00:00");
    assert_int_equal(world.schedule.next_ns, INT64_MAX);
}

static void a_start_on_the_grid_waits_for_the_next(void **state)
{
    (void)state;
    zone_set("UTC");
    struct settings_schedule settings = plain(900);
    settings.align = true;
    ASSERT_DUES(&settings, "2026-04-03 20:00:00", "Fri 04-03 20:15:00 +0000",
                "Fri 04-03 20:30:00 +0000");
    ASSERT_DUES(&settings, "2026-04-03 20:14:59", "Fri 04-03 20:15:00 +0000",
                "Fri 04-03 20:30:00 +0000");
}

static void the_night_has_its_own_pace(void **state)
{
    (void)state;
    zone_set("Europe/London");
    struct settings_schedule settings = {.entry_count = 2};
    strcpy(settings.place, "51.48, -0.01");
    settings.entries[0] = (struct settings_schedule_entry){.interval_s = 60, .align = true};
    strcpy(settings.entries[0].window, "sunrise-sunset");
    settings.entries[1] = (struct settings_schedule_entry){.interval_s = 600, .align = true};
    strcpy(settings.entries[1].window, "sunset-sunrise");
    int counts[2] = {0};
    for (uint32_t i = 0; i < 2; i++) {
        struct schedule_times times = schedule_times(&settings, i, 0);
        int64_t now_ns = utc_ns("2026-06-21 12:00:00");
        struct schedule_clocks now = {0, now_ns};
        struct schedule schedule;
        schedule_init(&schedule, &times, &now);
        for (; schedule.next_ns < TIMING_S(86400); counts[i]++) {
            now = (struct schedule_clocks){schedule.next_ns, now_ns + schedule.next_ns};
            assert_true(schedule_is_open(&times, now.wall_ns));
            assert_true(schedule_advance(&schedule, &now).is_due);
        }
    }
    assert_in_range(counts[0], 16 * 60 + 35, 16 * 60 + 43); // 16 h 38 min of daylight
    assert_in_range(counts[1], 7 * 6 + 1, 7 * 6 + 4);
}

// ---- a fleet

static void every_device_has_its_own_second(void **state)
{
    (void)state;
    struct settings_schedule settings = plain(60);
    settings.jitter_s = 60;
    int in_second[60] = {0};
    for (uint64_t device = 0; device < 1000; device++) {
        struct schedule_times times = schedule_times(&settings, 0, device);
        struct schedule_times again = schedule_times(&settings, 0, device);
        assert_true(schedule_same_times(&times, &again));
        assert_in_range(times.phase_ns, 0, TIMING_S(60) - 1);
        in_second[times.phase_ns / TIMING_S(1)]++;
    }
    for (int i = 0; i < 60; i++) {
        assert_in_range(in_second[i], 1, 40);
    }
}

static void jitter_shifts_and_does_not_stretch(void **state)
{
    (void)state;
    zone_set("UTC");
    struct settings_schedule settings = plain(60);
    settings.jitter_s = 30;
    for (int kind = 0; kind < 3; kind++) {
        settings.align = kind == 1;
        strcpy(settings.window, kind == 2 ? "12:00-18:00" : "");
        struct schedule_times times = schedule_times(&settings, 0, 0xC0FFEE);
        assert_in_range(times.phase_ns, 1, TIMING_S(30));
        struct schedule_clocks now = {0, utc_ns("2026-04-03 11:30:00")};
        struct schedule schedule;
        schedule_init(&schedule, &times, &now);
        int64_t first_ns = kind == 0 ? TIMING_S(60) : kind == 1 ? 0 : TIMING_S(1800);
        for (int i = 0; i < 300; i++) {
            assert_int_equal(schedule.next_ns, first_ns + times.phase_ns + i * TIMING_S(60));
            now = (struct schedule_clocks){schedule.next_ns,
                                           utc_ns("2026-04-03 11:30:00") + schedule.next_ns};
            assert_true(schedule_advance(&schedule, &now).is_due);
        }
    }
}

// ---- a machine that is late

static void a_shot_is_not_taken_long_after_the_window_has_closed(void **state)
{
    (void)state;
    zone_set("UTC");
    struct settings_schedule settings = plain(600);
    strcpy(settings.window, "12:00-18:00");
    struct world world = world_of(&settings, "2026-04-03 17:45:00");
    int64_t due_ns = world.schedule.next_ns; // 17:55
    struct schedule_clocks soon = {due_ns + TIMING_S(300), due_ns + TIMING_S(300) + world.ahead_ns};
    struct schedule late = world.schedule;
    assert_true(schedule_advance(&world.schedule, &soon).is_due);
    struct schedule_clocks too_late = {due_ns + TIMING_S(302),
                                       due_ns + TIMING_S(302) + world.ahead_ns};
    struct schedule_due due = schedule_advance(&late, &too_late);
    assert_false(due.is_due);
    assert_int_equal(due.missed, 1);
    assert_string_equal(local_text(late.next_ns + world.ahead_ns), "Sat 04-04 12:00:00 +0000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shots_are_due_on_a_grid_that_lateness_does_not_shift),
        cmocka_unit_test(nothing_moves_before_its_time),
        cmocka_unit_test(what_was_passed_over_is_counted),
        cmocka_unit_test(a_year_asleep_is_one_step),
        cmocka_unit_test(tenths_of_a_second_do_not_drift),
        cmocka_unit_test(no_interval_is_never),
        cmocka_unit_test(intervals_count_from_the_opening),
        cmocka_unit_test(an_interval_of_a_day_is_every_day),
        cmocka_unit_test(days_that_touch_do_not_break_the_interval),
        cmocka_unit_test(the_grid_is_within_the_window),
        cmocka_unit_test(a_grid_that_no_window_meets_is_never),
        cmocka_unit_test(a_start_on_the_grid_waits_for_the_next),
        cmocka_unit_test(the_night_has_its_own_pace),
        cmocka_unit_test(every_device_has_its_own_second),
        cmocka_unit_test(jitter_shifts_and_does_not_stretch),
        cmocka_unit_test(a_shot_is_not_taken_long_after_the_window_has_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
