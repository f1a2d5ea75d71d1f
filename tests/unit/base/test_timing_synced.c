// What the kernel says of its clock, and what we make of it.
#include "base/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/timex.h>

#include <cmocka.h>

static int answer;
static int status;

int adjtimex(struct timex *state)
{
    assert_int_equal(state->modes, 0); // it is asked, not set
    state->status = status;
    return answer;
}

static bool synced(int with_answer, int with_status)
{
    answer = with_answer;
    status = with_status;
    return timing_clock_synced();
}

static void a_clock_that_is_kept_right_is_synced(void **state)
{
    (void)state;
    assert_true(synced(TIME_OK, 0));
    assert_true(synced(TIME_OK, STA_PLL | STA_NANO));
    assert_true(synced(TIME_INS, STA_PLL)); // a leap second is near
    assert_true(synced(TIME_OOP, STA_PLL));
}

static void any_other_is_not(void **state)
{
    (void)state;
    assert_false(synced(TIME_ERROR, STA_UNSYNC));
    assert_false(synced(TIME_ERROR, 0));
    assert_false(synced(TIME_OK, STA_UNSYNC));
    assert_false(synced(-1, 0)); // the kernel does not say
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_that_is_kept_right_is_synced),
        cmocka_unit_test(any_other_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
