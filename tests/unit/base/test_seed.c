// seed.h: the published values of its hash, and a fleet that is spread.
#include "base/seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void hash_has_its_published_values(void **state)
{
    (void)state;
    assert_true(seed_of("") == UINT64_C(0xCBF29CE484222325));
    assert_true(seed_of("a") == UINT64_C(0xAF63DC4C8601EC8C));
    assert_true(seed_of("foobar") == UINT64_C(0x85944171F73967E8));
}

static void neighbours_are_spread(void **state)
{
    (void)state;
    enum { DEVICES = 1000, PARTS = 10 };
    unsigned parts[PARTS] = {0};
    for (int i = 0; i < DEVICES; i++) {
        char id[16];
        snprintf(id, sizeof id, "cam-%d", i);
        double share = seed_share(seed_of(id));
        assert_true(share >= 0 && share < 1);
        assert_true(share == seed_share(seed_of(id)));
        parts[(int)(share * PARTS)]++;
    }
    for (int i = 0; i < PARTS; i++) {
        assert_in_range(parts[i], 60, 140); // four standard deviations around 100
    }
}

static void a_share_is_never_the_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 100000; seed++) {
        assert_true(seed_share(seed * UINT64_C(0x9E3779B97F4A7C15)) < 1);
    }
    assert_true(seed_share(UINT64_MAX) < 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_has_its_published_values),
        cmocka_unit_test(neighbours_are_spread),
        cmocka_unit_test(a_share_is_never_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
