// Payloads back to the JPEG: every form that picture_wrap makes, and what it never makes.
#include "picture/unwrap.h"

#include "picture/develop.h"
#include "picture/picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t head[] = {0xFF, 0xD8, 0xFF, 0xE0, 0x00, 0x10, '{', '"', 0x00, 0xFF, 0xD9};

static void every_form_comes_back(void **state)
{
    (void)state;
    static const enum picture_form forms[] = {PICTURE_FORM_BASE64, PICTURE_FORM_RAW,
                                              PICTURE_FORM_ENVELOPE};
    struct fault fault;
    struct picture picture;
    picture_init(&picture);
    assert_true(bytes_append(&picture.jpeg, head, sizeof head, &fault));
    assert_true(bytes_append_text(&picture.meta, "{\"id\":\"a-1\"}", &fault));
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct bytes payload;
        struct bytes jpeg;
        bytes_init(&payload);
        bytes_init(&jpeg);
        assert_true(bytes_append_text(&jpeg, "x", &fault));
        assert_true(picture_wrap(&picture, forms[i], &payload, &fault));
        assert_true(picture_unwrap(payload.data, payload.len, &jpeg, &fault));
        assert_int_equal(jpeg.len, 1 + sizeof head);
        assert_memory_equal(jpeg.data + 1, head, sizeof head);
        bytes_fini(&payload);
        bytes_fini(&jpeg);
    }
    picture_fini(&picture);
}

static void what_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const payloads[] = {
        "",
        "{",
        "{}",
        "{\"image\":17}",
        "{\"image\":\"\"}",
        "{\"image\":\"Zm9v\"}",
        "{\"image\":\"/9j/\",\"image\":\"/9j/\"}",
        "[\"/9j/\"]",
        "Zm9v",
        "\x89PNG",
        "\xFF\xD8",
        "data:image/jpeg;base64,/9j/",
    };
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        struct bytes jpeg;
        struct fault fault = {0};
        bytes_init(&jpeg);
        assert_false(
            picture_unwrap((const uint8_t *)payloads[i], strlen(payloads[i]), &jpeg, &fault));
        assert_int_equal(fault.kind, FAULT_PICTURE);
        assert_int_equal(jpeg.len, 0);
        bytes_fini(&jpeg);
    }
}

static void deep_json_is_refused(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    char *deep = malloc(DEPTH * 5);
    assert_non_null(deep);
    for (size_t i = 0; i < DEPTH; i++) {
        memcpy(deep + 5 * i, "{\"a\":", 5);
    }
    struct bytes jpeg;
    struct fault fault = {0};
    bytes_init(&jpeg);
    assert_false(picture_unwrap((const uint8_t *)deep, DEPTH * 5, &jpeg, &fault));
    assert_int_equal(fault.kind, FAULT_PICTURE);
    bytes_fini(&jpeg);
    free(deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_comes_back),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(deep_json_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
