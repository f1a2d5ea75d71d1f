// A flood is cut, and what was kept back is told once.
#include "base/flood.h"

#include "base/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint32_t passed_of(struct flood *flood, uint32_t events, int64_t at_ns, uint32_t *kept_back)
{
    uint32_t passed = 0;
    *kept_back = 0;
    for (uint32_t i = 0; i < events; i++) {
        uint32_t told;
        passed += flood_pass(flood, at_ns + i, &told);
        *kept_back += told;
    }
    return passed;
}

static void a_trickle_passes(void **state)
{
    (void)state;
    struct flood flood = {.most = 3, .window_ms = 1000};
    uint32_t kept_back;
    for (int second = 1; second < 20; second += 2) {
        assert_int_equal(passed_of(&flood, 3, TIMING_S(second), &kept_back), 3);
        assert_int_equal(kept_back, 0);
    }
}

static void a_flood_is_cut_and_counted_once(void **state)
{
    (void)state;
    struct flood flood = {.most = 3, .window_ms = 1000};
    uint32_t kept_back;
    assert_int_equal(passed_of(&flood, 1003, TIMING_S(1), &kept_back), 3);
    assert_int_equal(kept_back, 0);
    assert_int_equal(passed_of(&flood, 5, TIMING_S(3), &kept_back), 3);
    assert_int_equal(kept_back, 1000);
    assert_int_equal(passed_of(&flood, 1, TIMING_S(5), &kept_back), 1);
    assert_int_equal(kept_back, 2);
    assert_int_equal(passed_of(&flood, 1, TIMING_S(7), &kept_back), 1);
    assert_int_equal(kept_back, 0);
}

static void the_window_is_as_long_as_it_says(void **state)
{
    (void)state;
    struct flood flood = {.most = 1, .window_ms = 1000};
    uint32_t kept_back;
    assert_true(flood_pass(&flood, TIMING_S(1), &kept_back));
    assert_false(flood_pass(&flood, TIMING_S(2), &kept_back));
    assert_true(flood_pass(&flood, TIMING_S(2) + 1, &kept_back));
    assert_int_equal(kept_back, 1);
}

static void a_count_at_its_end_does_not_begin_anew(void **state)
{
    (void)state;
    struct flood flood = {.most = 1, .window_ms = 1000, .since_ns = 1, .seen = UINT32_MAX};
    uint32_t kept_back;
    assert_false(flood_pass(&flood, 2, &kept_back));
    assert_false(flood_pass(&flood, 3, &kept_back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trickle_passes),
        cmocka_unit_test(a_flood_is_cut_and_counted_once),
        cmocka_unit_test(the_window_is_as_long_as_it_says),
        cmocka_unit_test(a_count_at_its_end_does_not_begin_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
