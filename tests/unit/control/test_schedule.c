// The grid of timed shots.
#include "control/schedule.h"

#include "base/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void shots_are_due_on_a_grid_that_lateness_does_not_shift(void **state)
{
    (void)state;
    struct schedule schedule;
    schedule_init(&schedule, 10, TIMING_S(100));
    for (int i = 1; i <= 50; i++) {
        int64_t due_ns = TIMING_S(100 + 10 * i);
        assert_int_equal(schedule_due(&schedule), due_ns);
        assert_int_equal(schedule_advance(&schedule, due_ns + TIMING_MS(i)), 0);
    }
}

static void nothing_moves_before_its_time(void **state)
{
    (void)state;
    struct schedule schedule;
    schedule_init(&schedule, 10, TIMING_S(100));
    assert_int_equal(schedule_advance(&schedule, TIMING_S(110) - 1), 0);
    assert_int_equal(schedule_due(&schedule), TIMING_S(110));
}

static void what_was_passed_over_is_counted(void **state)
{
    (void)state;
    struct schedule schedule;
    schedule_init(&schedule, 10, TIMING_S(100));
    assert_int_equal(schedule_advance(&schedule, TIMING_S(120) - 1), 0);
    assert_int_equal(schedule_due(&schedule), TIMING_S(120));
    assert_int_equal(schedule_advance(&schedule, TIMING_S(130)), 1);
    assert_int_equal(schedule_due(&schedule), TIMING_S(140));
}

static void a_year_asleep_is_one_step(void **state)
{
    (void)state;
    struct schedule schedule;
    schedule_init(&schedule, 0.001, TIMING_S(1));
    const int64_t year_s = 365 * 86400;
    assert_int_equal(schedule_advance(&schedule, TIMING_S(1 + year_s)), UINT32_MAX);
    assert_int_equal(schedule_due(&schedule), TIMING_S(1 + year_s) + TIMING_MS(1));
}

static void tenths_of_a_second_do_not_drift(void **state)
{
    (void)state;
    struct schedule schedule;
    schedule_init(&schedule, 0.1, 0);
    for (int i = 1; i <= 1000; i++) {
        assert_int_equal(schedule_due(&schedule), TIMING_MS(100 * i));
        assert_int_equal(schedule_advance(&schedule, schedule_due(&schedule)), 0);
    }
}

static void no_interval_is_never(void **state)
{
    (void)state;
    struct schedule schedule;
    schedule_init(&schedule, 0, TIMING_S(100));
    assert_int_equal(schedule_due(&schedule), INT64_MAX);
    assert_int_equal(schedule_advance(&schedule, TIMING_S(1000)), 0);
    assert_int_equal(schedule_due(&schedule), INT64_MAX);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
