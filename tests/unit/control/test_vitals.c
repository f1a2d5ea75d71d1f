// Readings of the machine: there, and of the right size.
#include "control/vitals.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

static void memory_that_is_used_shows(void **state)
{
    (void)state;
    uint64_t before = vitals_rss_bytes();
    assert_in_range(before, 1 << 16, UINT64_C(1) << 40);
    const size_t size = 64 << 20;
    void *block =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    assert_ptr_not_equal(block, MAP_FAILED);
    uint64_t during = vitals_rss_bytes();
    munmap(block, size);
    assert_true(during > before + size / 2);
}

static void a_temperature_is_one_or_nothing(void **state)
{
    (void)state;
    double celsius = vitals_cpu_temperature_c();
    assert_true(isnan(celsius) || (celsius > -60 && celsius < 150));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_that_is_used_shows),
        cmocka_unit_test(a_temperature_is_one_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
