// Payload sizes by arithmetic are the sizes that picture_wrap really makes.
#include "picture/budget.h"

#include "picture/develop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const enum picture_form forms[] = {PICTURE_FORM_BASE64, PICTURE_FORM_RAW,
                                          PICTURE_FORM_ENVELOPE};

static struct picture picture_of(size_t jpeg_len, size_t meta_len)
{
    struct picture picture;
    struct fault fault;
    picture_init(&picture);
    assert_true(bytes_reserve(&picture.jpeg, jpeg_len + 1, &fault));
    memset(picture.jpeg.data, 0x5A, jpeg_len);
    picture.jpeg.len = jpeg_len;
    assert_true(bytes_reserve(&picture.meta, meta_len, &fault));
    memset(picture.meta.data, ' ', meta_len);
    picture.meta.data[0] = '{';
    picture.meta.data[meta_len - 1] = '}';
    picture.meta.len = meta_len;
    return picture;
}

static void wire_bytes_are_what_wrap_makes(void **state)
{
    (void)state;
    for (size_t len = 0; len < 70; len++) {
        struct picture picture = picture_of(len, 300 + len);
        for (int f = 0; f < 3; f++) {
            struct bytes payload;
            struct fault fault;
            bytes_init(&payload);
            assert_true(picture_wrap(&picture, forms[f], &payload, &fault));
            assert_int_equal(picture_wire_bytes(&picture, forms[f]), payload.len);
            bytes_fini(&payload);
        }
        picture_fini(&picture);
    }
}

// A JPEG of the budget fits even with the longest meta; one that is four bytes larger does not.
static void budgets_are_safe_and_tight(void **state)
{
    (void)state;
    for (uint64_t payload = 0; payload < 9000; payload += payload < 200 ? 1 : 37) {
        for (int f = 0; f < 3; f++) {
            uint64_t budget = picture_jpeg_budget(forms[f], payload);
            struct picture picture = picture_of(budget, PICTURE_META_MAX);
            uint64_t meta = forms[f] == PICTURE_FORM_ENVELOPE ? PICTURE_META_MAX + 11 : 0;
            assert_true(budget == 0 || picture_wire_bytes(&picture, forms[f]) <= payload);
            picture.jpeg.len += 4;
            assert_true(payload < meta || picture_wire_bytes(&picture, forms[f]) > payload);
            picture.jpeg.len -= 4;
            picture_fini(&picture);
        }
    }
}

static void budgets_have_no_end(void **state)
{
    (void)state;
    assert_int_equal(picture_jpeg_budget(PICTURE_FORM_RAW, UINT64_MAX), UINT64_MAX);
    assert_true(picture_jpeg_budget(PICTURE_FORM_BASE64, UINT64_MAX) > UINT64_MAX / 2);
    assert_true(picture_jpeg_budget(PICTURE_FORM_ENVELOPE, UINT64_MAX) > UINT64_MAX / 2);
    assert_int_equal(picture_jpeg_budget(PICTURE_FORM_ENVELOPE, PICTURE_META_MAX), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wire_bytes_are_what_wrap_makes),
        cmocka_unit_test(budgets_are_safe_and_tight),
        cmocka_unit_test(budgets_have_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
