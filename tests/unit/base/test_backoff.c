// Retry delays: the bounds of the jitter, the cap, and what counts as a success.
#include "base/backoff.h"

#include "base/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { FIRST_MS = 500, CAP_MS = 30000, STABLE_MS = 10000 };

static struct backoff start(uint64_t seed)
{
    struct backoff backoff;
    backoff_init(&backoff, FIRST_MS, CAP_MS, STABLE_MS, seed);
    return backoff;
}

static void delays_double_up_to_the_cap_within_the_jitter(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct backoff backoff = start(seed);
        uint32_t whole = FIRST_MS;
        for (int i = 0; i < 12; i++) {
            assert_in_range(backoff_failed(&backoff, TIMING_S(i)), whole / 2, whole);
            whole = whole * 2 < CAP_MS ? whole * 2 : CAP_MS;
        }
    }
}

static void the_jitter_reaches_both_of_its_ends(void **state)
{
    (void)state;
    uint32_t least = UINT32_MAX, most = 0;
    for (uint64_t seed = 0; seed < 5000; seed++) {
        struct backoff backoff = start(seed);
        uint32_t delay_ms = backoff_failed(&backoff, 1);
        least = delay_ms < least ? delay_ms : least;
        most = delay_ms > most ? delay_ms : most;
    }
    assert_int_equal(least, FIRST_MS / 2);
    assert_int_equal(most, FIRST_MS);
}

static void a_stable_success_starts_anew_and_a_short_one_does_not(void **state)
{
    (void)state;
    struct backoff backoff = start(1);
    for (int i = 0; i < 4; i++) {
        backoff_failed(&backoff, TIMING_S(1));
    }
    backoff_worked(&backoff, TIMING_S(2));
    backoff_worked(&backoff, TIMING_S(11)); // still the same success
    assert_in_range(backoff_failed(&backoff, TIMING_S(12) - 1), 8 * FIRST_MS, 16 * FIRST_MS);

    backoff_worked(&backoff, TIMING_S(20));
    assert_in_range(backoff_failed(&backoff, TIMING_S(30)), FIRST_MS / 2, FIRST_MS);
    // the success of then does not count again
    assert_in_range(backoff_failed(&backoff, TIMING_S(99)), FIRST_MS, 2 * FIRST_MS);
}

static void two_devices_spread_and_one_repeats_itself(void **state)
{
    (void)state;
    struct backoff one = start(1), again = start(1), other = start(2);
    int differences = 0;
    for (int i = 0; i < 8; i++) {
        uint32_t delay_ms = backoff_failed(&one, 1);
        assert_int_equal(delay_ms, backoff_failed(&again, 1));
        differences += delay_ms != backoff_failed(&other, 1);
    }
    assert_in_range(differences, 6, 8);
}

static void tiny_delays_are_delays_too(void **state)
{
    (void)state;
    struct backoff backoff;
    backoff_init(&backoff, 1, 1, 0, 7);
    for (int i = 0; i < 10; i++) {
        assert_in_range(backoff_failed(&backoff, 1), 0, 1);
    }
}

static void a_fleet_comes_one_after_the_other(void **state)
{
    (void)state;
    unsigned per_second[20] = {0};
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct backoff backoff = start(seed);
        uint32_t share_ms = backoff_share(&backoff, 20000 - 1);
        assert_in_range(share_ms, 0, 20000 - 1);
        per_second[share_ms / 1000]++;
        assert_int_equal(backoff_share(&backoff, 0), 0);
    }
    for (int i = 0; i < 20; i++) {
        assert_in_range(per_second[i], 1, 20);
    }
    struct backoff backoff = start(1);
    for (int i = 0; i < 100; i++) {
        assert_in_range(backoff_share(&backoff, 1), 0, 1);
        (void)backoff_share(&backoff, UINT32_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delays_double_up_to_the_cap_within_the_jitter),
        cmocka_unit_test(the_jitter_reaches_both_of_its_ends),
        cmocka_unit_test(a_stable_success_starts_anew_and_a_short_one_does_not),
        cmocka_unit_test(two_devices_spread_and_one_repeats_itself),
        cmocka_unit_test(tiny_delays_are_delays_too),
        cmocka_unit_test(a_fleet_comes_one_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
