// Exit codes.
#include "ctl/outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sysexits.h>

#include <cmocka.h>

static int status_of(enum fault_kind kind, int code)
{
    struct fault fault;
    fault_set(&fault, kind, code, "x");
    return outcome_status(&fault);
}

static void every_fault_has_its_status(void **state)
{
    (void)state;
    assert_int_equal(status_of(FAULT_USAGE, 0), EX_USAGE);
    assert_int_equal(status_of(FAULT_CONFIG, 0), EX_CONFIG);
    assert_int_equal(status_of(FAULT_PICTURE, 0), EX_DATAERR);
    assert_int_equal(status_of(FAULT_SYSTEM, 28), EX_OSERR);
    assert_int_equal(status_of(FAULT_LINK, 0), EX_UNAVAILABLE);
    assert_int_equal(status_of(FAULT_LINK, 3), EX_UNAVAILABLE);
    assert_int_equal(status_of(FAULT_LINK, 0x88), EX_UNAVAILABLE);
    static const int no[] = {4, 5, 0x86, 0x87, 0x8A, 0x8C};
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        assert_int_equal(status_of(FAULT_LINK, no[i]), EX_NOPERM);
    }
}

static void the_tools_own_keep_theirs(void **state)
{
    (void)state;
    struct fault fault;
    assert_false(outcome_set(&fault, EX_NOUSER, "no camera is named %s", "x"));
    assert_int_equal(outcome_status(&fault), EX_NOUSER);
    assert_string_equal(fault.text, "no camera is named x");
    fault_prefix(&fault, "porch");
    assert_int_equal(outcome_status(&fault), EX_NOUSER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_its_status),
        cmocka_unit_test(the_tools_own_keep_theirs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
