// Did you mean: what is near, what is not.
#include "base/nearness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void counts_the_steps(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t steps;
    } pairs[] = {
        {"", "", 0},           {"porch", "porch", 0},    {"porch", "Porch", 0},
        {"porch", "proch", 1}, {"porch", "prch", 1},     {"porch", "", 5},
        {"a", "b", 1},         {"kitten", "sitting", 3},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        assert_int_equal(nearness_steps(pairs[i].a, pairs[i].b), pairs[i].steps);
        assert_int_equal(nearness_steps(pairs[i].b, pairs[i].a), pairs[i].steps);
    }
}

static void long_names_are_near_to_none(void **state)
{
    (void)state;
    char most[NEARNESS_NAME_MAX + 1] = "";
    memset(most, 'x', NEARNESS_NAME_MAX);
    char more[NEARNESS_NAME_MAX + 2] = "";
    memset(more, 'x', NEARNESS_NAME_MAX + 1);
    assert_int_equal(nearness_steps(most, most), 0);
    assert_int_equal(nearness_steps(more, most), NEARNESS_NAME_MAX);
    assert_false(nearness_is_near(NEARNESS_NAME_MAX, more));
}

static void near_is_a_third(void **state)
{
    (void)state;
    assert_true(nearness_is_near(1, "ab"));
    assert_false(nearness_is_near(2, "porch"));
    assert_true(nearness_is_near(2, "garage"));
    assert_false(nearness_is_near(3, "garage"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_the_steps),
        cmocka_unit_test(long_names_are_near_to_none),
        cmocka_unit_test(near_is_a_third),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
