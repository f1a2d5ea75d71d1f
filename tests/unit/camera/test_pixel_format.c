// Names of pixel formats, both ways.
#include "camera/camera.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_name_leads_back_to_its_format(void **state)
{
    (void)state;
    for (unsigned i = PIXEL_FORMAT_NONE + 1; i < PIXEL_FORMAT_COUNT; i++) {
        const char *name = pixel_format_name((enum pixel_format)i);
        assert_non_null(name);
        assert_int_equal(pixel_format_by_name(name), i);
    }
    assert_string_equal(pixel_format_name(PIXEL_FORMAT_NV12), "NV12");
}

static void what_is_no_format_has_a_name_too_but_leads_nowhere(void **state)
{
    (void)state;
    assert_string_equal(pixel_format_name(PIXEL_FORMAT_COUNT), "none");
    assert_int_equal(pixel_format_by_name("none"), PIXEL_FORMAT_NONE);
    assert_int_equal(pixel_format_by_name("auto"), PIXEL_FORMAT_NONE);
    assert_int_equal(pixel_format_by_name("nv12"), PIXEL_FORMAT_NONE);
    assert_int_equal(pixel_format_by_name(""), PIXEL_FORMAT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_leads_back_to_its_format),
        cmocka_unit_test(what_is_no_format_has_a_name_too_but_leads_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
