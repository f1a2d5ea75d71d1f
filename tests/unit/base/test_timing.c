// Time as text, and one clock told by the other.
#include "base/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_time(int64_t wall_ns, const char *expected)
{
    char text[TIMING_RFC3339_SIZE];
    timing_rfc3339(wall_ns, text);
    assert_string_equal(text, expected);
}

static void times_are_told_as_rfc_3339_has_them(void **state)
{
    (void)state;
    assert_time(0, "1970-01-01T00:00:00.000Z");
    assert_time(TIMING_MS(1), "1970-01-01T00:00:00.001Z");
    assert_time(TIMING_S(1709210096) + TIMING_MS(789) + 999999, "2024-02-29T12:34:56.789Z");
    assert_time(TIMING_S(1798761599) + TIMING_MS(999), "2026-12-31T23:59:59.999Z");
    assert_time(TIMING_S(2147483648), "2038-01-19T03:14:08.000Z");
}

static void times_before_1970_are_times_too(void **state)
{
    (void)state;
    assert_time(-1, "1969-12-31T23:59:59.999Z");
    assert_time(TIMING_MS(-1), "1969-12-31T23:59:59.999Z");
    assert_time(TIMING_MS(-1000), "1969-12-31T23:59:59.000Z");
    assert_time(TIMING_MS(-1001), "1969-12-31T23:59:58.999Z");
}

static void the_ends_of_the_clock_fit(void **state)
{
    (void)state;
    assert_time(INT64_MAX, "2262-04-11T23:47:16.854Z");
    assert_time(INT64_MIN, "1677-09-21T00:12:43.145Z");
}

static void the_monotonic_clock_does_not_go_back(void **state)
{
    (void)state;
    int64_t before_ns = timing_now_ns();
    for (int i = 0; i < 1000; i++) {
        int64_t now_ns = timing_now_ns();
        assert_true(now_ns >= before_ns);
        before_ns = now_ns;
    }
}

static void a_monotonic_time_is_told_by_the_wall_clock(void **state)
{
    (void)state;
    int64_t ago_ns = timing_now_ns() - TIMING_S(3600);
    int64_t before_ns = timing_wall_ns() - TIMING_S(3600);
    int64_t told_ns = timing_wall_at(ago_ns);
    assert_true(told_ns > before_ns - TIMING_S(10) && told_ns < before_ns + TIMING_S(10));
}

static void a_boot_has_one_id_of_32_digits(void **state)
{
    (void)state;
    char one[TIMING_BOOT_ID_SIZE], other[TIMING_BOOT_ID_SIZE];
    timing_boot_id(one);
    timing_boot_id(other);
    assert_string_equal(one, other);
    assert_int_equal(strspn(one, "0123456789abcdef"), 32);
    assert_int_equal(strlen(one), 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_told_as_rfc_3339_has_them),
        cmocka_unit_test(times_before_1970_are_times_too),
        cmocka_unit_test(the_ends_of_the_clock_fit),
        cmocka_unit_test(the_monotonic_clock_does_not_go_back),
        cmocka_unit_test(a_monotonic_time_is_told_by_the_wall_clock),
        cmocka_unit_test(a_boot_has_one_id_of_32_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
