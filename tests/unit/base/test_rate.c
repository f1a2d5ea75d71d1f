// The token bucket.
#include "base/rate.h"

#include "base/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static unsigned passes(struct rate *rate, int64_t now_ns, unsigned tries)
{
    unsigned passed = 0;
    for (; tries > 0; tries--) {
        passed += rate_pass(rate, now_ns);
    }
    return passed;
}

static void a_burst_passes_at_once(void **state)
{
    (void)state;
    struct rate rate = rate_of(2, 5, 1000);
    assert_int_equal(passes(&rate, 1000, 100), 5);
}

static void what_was_used_comes_back_at_its_pace(void **state)
{
    (void)state;
    struct rate rate = rate_of(2, 5, 0);
    passes(&rate, 0, 5);
    assert_int_equal(passes(&rate, TIMING_MS(499), 10), 0);
    assert_int_equal(passes(&rate, TIMING_MS(501), 10), 1);
    assert_int_equal(passes(&rate, TIMING_MS(1900), 10), 2);
}

static void a_rest_never_makes_more_than_a_burst(void **state)
{
    (void)state;
    struct rate rate = rate_of(2, 5, 0);
    passes(&rate, 0, 5);
    assert_int_equal(passes(&rate, TIMING_S(1000000), 100), 5);
}

static void refusals_cost_nothing(void **state)
{
    (void)state;
    struct rate rate = rate_of(1, 1, 0);
    unsigned passed = 0;
    for (int64_t ms = 0; ms <= 10000; ms++) {
        passed += rate_pass(&rate, TIMING_MS(ms));
    }
    assert_in_range(passed, 10, 11); // the sums of small steps are not exact
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_passes_at_once),
        cmocka_unit_test(what_was_used_comes_back_at_its_pace),
        cmocka_unit_test(a_rest_never_makes_more_than_a_burst),
        cmocka_unit_test(refusals_cost_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
