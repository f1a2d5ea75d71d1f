// The grid of a made-up camera: ticks stay where they are, and a frame is never too early.
#include "camera/drivers/frame_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const double RATES[] = {0.1, 1, 7, 15, 29.97, 30, 60, 120};

static void test_tick_and_moment_are_each_others_inverse(void **state)
{
    (void)state;
    for (size_t r = 0; r < sizeof RATES / sizeof RATES[0]; r++) {
        struct frame_clock clock = {.interval_ns = 1e9 / RATES[r], .start_ns = 123456789012345};
        for (uint64_t tick = 0; tick < 100000000; tick = tick * 3 + 1) {
            int64_t moment = frame_clock_tick_ns(&clock, tick);
            assert_int_equal(frame_clock_tick_at(&clock, moment), tick);
            assert_int_equal(frame_clock_tick_at(&clock, moment + 1), tick + 1);
            assert_true(frame_clock_tick_ns(&clock, tick + 1) > moment);
        }
    }
}

static void test_before_the_start_is_the_first_tick(void **state)
{
    (void)state;
    struct frame_clock clock = {.interval_ns = 1e9 / 30, .start_ns = 5000000000};
    assert_int_equal(frame_clock_tick_at(&clock, INT64_MIN), 0);
    assert_int_equal(frame_clock_tick_at(&clock, 0), 0);
    assert_int_equal(frame_clock_tick_at(&clock, 5000000000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tick_and_moment_are_each_others_inverse),
        cmocka_unit_test(test_before_the_start_is_the_first_tick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
