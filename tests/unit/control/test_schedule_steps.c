// The wall clock is set while a schedule runs: no shot is missed, none comes twice.
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

enum { SHOTS_MAX = 4000 };

// Runs as the agent does: wakes for the next shot, once a minute, and when the clock is set.
struct world {
    struct schedule schedule;
    struct schedule_clocks now;
    int64_t step_at_ns; // monotonic
    int64_t step_ns;
    bool step_is_told;
    int64_t shots_ns[SHOTS_MAX]; // monotonic
    int64_t shots_wall_ns[SHOTS_MAX];
    size_t count;
};

static struct world world;

static void begin(const struct settings_schedule *settings, const char *from)
{
    struct schedule_times times = schedule_times(settings, 0, 0);
    world = (struct world){.now = {TIMING_S(7), utc_ns(from)}, .step_at_ns = INT64_MAX};
    schedule_init(&world.schedule, &times, &world.now);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void sleep_until(int64_t monotonic_ns)
{
    world.now.wall_ns += monotonic_ns - world.now.monotonic_ns;
    world.now.monotonic_ns = monotonic_ns;
}

static void run_for(int64_t length_ns)
{
    int64_t end_ns = world.now.monotonic_ns + length_ns;
    while (world.now.monotonic_ns < end_ns) {
        int64_t wake_ns = smaller(world.now.monotonic_ns + TIMING_S(60), end_ns);
        wake_ns = smaller(wake_ns, larger(world.schedule.next_ns, world.now.monotonic_ns));
        bool is_step = world.step_at_ns <= wake_ns;
        sleep_until(is_step ? world.step_at_ns : wake_ns);
        if (is_step) {
            world.step_at_ns = INT64_MAX;
            world.now.wall_ns += world.step_ns;
            if (world.step_is_told) {
                schedule_plan(&world.schedule, &world.now);
            }
            continue;
        }
        struct schedule_due due = schedule_advance(&world.schedule, &world.now);
        assert_int_equal(due.missed, 0);
        if (due.is_due) {
            assert_true(world.count < SHOTS_MAX);
            world.shots_ns[world.count] = world.now.monotonic_ns;
            world.shots_wall_ns[world.count++] = world.now.wall_ns;
        }
        schedule_plan(&world.schedule, &world.now);
    }
}

static void assert_gaps(size_t from, int64_t least_ns, int64_t most_ns)
{
    for (size_t i = from + 1; i < world.count; i++) {
        assert_in_range(world.shots_ns[i] - world.shots_ns[i - 1], least_ns, most_ns);
    }
}

static const int64_t steps_s[] = {
    -56 * 365 * INT64_C(86400), -86400, -3600, -601, -300, -3, -1, 1, 3, 300, 601, 3600, 86400,
    56 * 365 * INT64_C(86400)};
enum { STEPS = sizeof steps_s / sizeof steps_s[0] };

static void an_interval_does_not_notice(void **state)
{
    (void)state;
    zone_set("Europe/Berlin");
    struct settings_schedule settings = {.interval_s = 600};
    for (size_t s = 0; s < STEPS; s++) {
        begin(&settings, "2026-07-15 12:00:00");
        world.step_at_ns = TIMING_S(4000);
        world.step_ns = TIMING_S(steps_s[s]);
        world.step_is_told = true;
        run_for(TIMING_S(7200));
        assert_int_equal(world.count, 12);
        assert_gaps(0, TIMING_S(600), TIMING_S(600));
    }
}

// At every moment of the interval: the gap at the step is at most half an interval off, and all
// shots after it are on the grid of the new time.
static void a_grid_moves_by_half_an_interval_at_most(void **state)
{
    (void)state;
    zone_set("Europe/Berlin");
    struct settings_schedule settings = {.interval_s = 600, .align = true};
    for (size_t s = 0; s < STEPS; s++) {
        for (int64_t at_s = 0; at_s < 600; at_s += 7) {
            begin(&settings, "2026-07-15 12:01:00");
            world.step_at_ns = TIMING_S(3000 + at_s);
            world.step_ns = TIMING_S(steps_s[s]);
            world.step_is_told = true;
            run_for(TIMING_S(7200));
            assert_in_range(world.count, 11, 13);
            assert_gaps(0, TIMING_S(300), TIMING_S(900));
            size_t last = world.count - 1;
            assert_int_equal(world.shots_wall_ns[last] % TIMING_S(600), 0);
            assert_int_equal(world.shots_wall_ns[last - 1] % TIMING_S(600), 0);
        }
    }
}

// Where nobody tells, it is found out within a minute.
static void a_step_that_is_not_told_is_noticed(void **state)
{
    (void)state;
    zone_set("Europe/Berlin");
    struct settings_schedule settings = {.interval_s = 600, .align = true};
    for (size_t s = 0; s < STEPS; s++) {
        for (int64_t at_s = 0; at_s < 600; at_s += 7) {
            begin(&settings, "2026-07-15 12:01:00");
            world.step_at_ns = TIMING_S(3000 + at_s);
            world.step_ns = TIMING_S(steps_s[s]);
            run_for(TIMING_S(7200));
            assert_gaps(0, TIMING_S(300), TIMING_S(900) + TIMING_S(60));
        }
    }
}

static void a_due_time_that_the_step_jumps_over_is_not_missed(void **state)
{
    (void)state;
    zone_set("UTC");
    struct settings_schedule settings = {.interval_s = 3600, .align = true};
    begin(&settings, "2026-07-15 11:30:00");
    world.step_at_ns = TIMING_S(7 + 1800 + 3590); // 12:59:50
    world.step_ns = TIMING_S(20);
    world.step_is_told = true;
    run_for(TIMING_S(2 * 3600));
    assert_int_equal(world.count, 2);
    assert_string_equal(local_text(world.shots_wall_ns[0]), "Wed 07-15 12:00:00 +0000");
    assert_string_equal(local_text(world.shots_wall_ns[1]), "Wed 07-15 13:00:10 +0000");
}

static void a_due_time_that_comes_again_is_not_doubled(void **state)
{
    (void)state;
    zone_set("UTC");
    struct settings_schedule settings = {.interval_s = 3600, .align = true};
    begin(&settings, "2026-07-15 11:30:00");
    world.step_at_ns = TIMING_S(7 + 1800 + 5); // 12:00:05
    world.step_ns = -TIMING_S(20);
    world.step_is_told = true;
    run_for(TIMING_S(2 * 3600));
    assert_int_equal(world.count, 2);
    assert_string_equal(local_text(world.shots_wall_ns[1]), "Wed 07-15 13:00:00 +0000");
}

static void set_window(struct settings_schedule *settings, const char *window)
{
    snprintf(settings->window, sizeof settings->window, "%s", window);
}

static void a_pi_without_a_clock_starts_in_1970(void **state)
{
    (void)state;
    zone_set("Europe/Berlin");
    struct settings_schedule settings = {.interval_s = 60};
    set_window(&settings, "08:00-18:00");
    begin(&settings, "1970-01-01 00:00:10"); // closed
    world.step_at_ns = TIMING_S(60);
    world.step_ns = utc_ns("2026-07-15 12:00:00") - world.now.wall_ns;
    world.step_is_told = true;
    run_for(TIMING_S(3600));
    assert_int_equal(world.count, 60); // as if it had started with the right time
    assert_gaps(0, TIMING_S(60), TIMING_S(60));
    assert_int_equal(world.shots_ns[0], TIMING_S(67));
}

static void the_window_of_the_new_time_counts(void **state)
{
    (void)state;
    zone_set("UTC");
    struct settings_schedule settings = {.interval_s = 600};
    set_window(&settings, "08:00-18:00");
    begin(&settings, "2026-07-15 12:05:00");
    world.step_at_ns = TIMING_S(3600);
    world.step_ns = TIMING_S(8 * 3600); // 21:00: closed
    world.step_is_told = true;
    run_for(TIMING_S(12 * 3600));
    assert_int_equal(world.count, 5 + 1);
    assert_string_equal(local_text(world.shots_wall_ns[5]), "Thu 07-16 08:00:00 +0000");
}

static void an_opening_that_the_step_jumps_over_is_made_up_for(void **state)
{
    (void)state;
    zone_set("UTC");
    struct settings_schedule settings = {.interval_s = 86400};
    set_window(&settings, "08:00-18:00");
    begin(&settings, "2026-07-15 07:00:00");
    world.step_at_ns = TIMING_S(7 + 3590);
    world.step_ns = TIMING_S(1200);
    world.step_is_told = true;
    run_for(TIMING_S(86400));
    assert_int_equal(world.count, 1);
    assert_string_equal(local_text(world.shots_wall_ns[0]), "Wed 07-15 08:19:50 +0000");
}

static void an_opening_that_comes_again_is_not_doubled(void **state)
{
    (void)state;
    zone_set("UTC");
    struct settings_schedule settings = {.interval_s = 600};
    set_window(&settings, "08:00-18:00");
    begin(&settings, "2026-07-15 07:00:00");
    world.step_at_ns = TIMING_S(7 + 3601); // 08:00:01
    world.step_ns = -TIMING_S(3);
    world.step_is_told = true;
    run_for(TIMING_S(7200));
    assert_int_equal(world.count, 7);
    assert_gaps(0, TIMING_S(600), TIMING_S(600));
}

// A week around each change of the clocks, in a grid and without one.
static void daylight_saving_is_no_step(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        const char *from;
    } weeks[] = {
        {"Europe/Berlin", "2026-03-26 00:00:00"},
        {"Europe/Berlin", "2026-10-22 00:00:00"},
        {"Australia/Lord_Howe", "2026-04-02 00:00:00"},
        {"Australia/Lord_Howe", "2026-10-01 00:00:00"},
        {"America/Santiago", "2026-04-02 00:00:00"},
        {"America/Santiago", "2026-09-03 00:00:00"},
        {"Africa/Casablanca", "2026-02-12 00:00:00"},
        {"Africa/Casablanca", "2026-03-19 00:00:00"},
        {"UTC", "2028-02-26 00:00:00"},
    };
    for (size_t w = 0; w < sizeof weeks / sizeof weeks[0]; w++) {
        zone_set(weeks[w].zone);
        for (int align = 0; align < 2; align++) {
            struct settings_schedule settings = {.interval_s = 900, .align = align == 1};
            begin(&settings, weeks[w].from);
            run_for(TIMING_S(7 * 86400));
            assert_int_equal(world.count, 7 * 96);
            assert_gaps(0, TIMING_S(900), TIMING_S(900));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interval_does_not_notice),
        cmocka_unit_test(a_grid_moves_by_half_an_interval_at_most),
        cmocka_unit_test(a_step_that_is_not_told_is_noticed),
        cmocka_unit_test(a_due_time_that_the_step_jumps_over_is_not_missed),
        cmocka_unit_test(a_due_time_that_comes_again_is_not_doubled),
        cmocka_unit_test(a_pi_without_a_clock_starts_in_1970),
        cmocka_unit_test(the_window_of_the_new_time_counts),
        cmocka_unit_test(an_opening_that_the_step_jumps_over_is_made_up_for),
        cmocka_unit_test(an_opening_that_comes_again_is_not_doubled),
        cmocka_unit_test(daylight_saving_is_no_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
