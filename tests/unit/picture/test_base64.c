// Base64 against RFC 4648's vectors and libcrypto's decoder.
#include "picture/base64.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

static void rfc_4648_vectors(void **state)
{
    (void)state;
    static const char *const vectors[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct bytes text;
        struct fault fault;
        bytes_init(&text);
        size_t len = strlen(vectors[i][0]);
        assert_true(base64_append(&text, (const uint8_t *)vectors[i][0], len, &fault));
        assert_int_equal(text.len, strlen(vectors[i][1]));
        assert_int_equal(text.len, base64_size(len));
        assert_true(text.len == 0 || memcmp(text.data, vectors[i][1], text.len) == 0);
        bytes_fini(&text);
    }
}

static void appends_behind_what_is_there(void **state)
{
    (void)state;
    struct bytes text;
    struct fault fault;
    bytes_init(&text);
    assert_true(bytes_append_text(&text, "image=", &fault));
    assert_true(base64_append(&text, (const uint8_t *)"\xFF\xD8\xFF", 3, &fault));
    assert_int_equal(text.len, 10);
    assert_memory_equal(text.data, "image=/9j/", 10);
    bytes_fini(&text);
}

// libcrypto writes a NUL behind the text: at a size that fills the buffer to the byte, too.
static void terminator_has_room(void **state)
{
    (void)state;
    static const uint8_t data[192 * 4];
    for (size_t len = 192; len <= sizeof data; len *= 2) { // 256, 512, 1024 characters
        struct bytes text;
        struct fault fault;
        bytes_init(&text);
        assert_true(base64_append(&text, data, len, &fault));
        assert_true(text.room > text.len);
        bytes_fini(&text);
    }
}

// Beyond the block of one call (3 MiB), on either side of its edge, with every kind of padding.
static void long_input_is_seamless(void **state)
{
    (void)state;
    size_t most = (3U << 20) * 2 + 2;
    uint8_t *data = malloc(most);
    uint8_t *back = malloc(most + 3);
    assert_non_null(data);
    assert_non_null(back);
    for (size_t i = 0; i < most; i++) {
        data[i] = (uint8_t)(i * 2654435761U >> 13);
    }
    for (size_t len = most - 4; len <= most; len++) {
        struct bytes text;
        struct fault fault;
        bytes_init(&text);
        assert_true(base64_append(&text, data, len, &fault));
        assert_int_equal(text.len, (len + 2) / 3 * 4);
        assert_null(memchr(text.data, '\n', text.len));
        size_t padding = (3 - len % 3) % 3;
        assert_null(memchr(text.data, '=', text.len - padding));
        int got = EVP_DecodeBlock(back, text.data, (int)text.len);
        assert_int_equal(got, len + padding); // it counts the padding
        assert_memory_equal(back, data, len);
        bytes_fini(&text);
    }
    free(data);
    free(back);
}

static void impossible_length_is_refused(void **state)
{
    (void)state;
    struct bytes text;
    struct fault fault = {0};
    bytes_init(&text);
    assert_int_equal(base64_size(SIZE_MAX), SIZE_MAX);
    assert_false(base64_append(&text, (const uint8_t *)"x", SIZE_MAX, &fault));
    assert_int_equal(fault.kind, FAULT_SYSTEM);
    assert_int_equal(text.len, 0);
    bytes_fini(&text);
}

static bool decodes(const char *text, const char *data)
{
    struct bytes back;
    struct fault fault = {0};
    bytes_init(&back);
    assert_true(bytes_append_text(&back, "x", &fault));
    bool good = base64_decode(&back, (const uint8_t *)text, strlen(text), &fault);
    if (good) {
        assert_int_equal(back.len, 1 + strlen(data));
        assert_true(memcmp(back.data + 1, data, strlen(data)) == 0);
    } else {
        assert_int_equal(fault.kind, FAULT_PICTURE);
        assert_int_equal(back.len, 1); // as it was
    }
    bytes_fini(&back);
    return good;
}

static void decodes_what_was_encoded(void **state)
{
    (void)state;
    assert_true(decodes("Zg==", "f"));
    assert_true(decodes("Zm8=", "fo"));
    assert_true(decodes("Zm9v", "foo"));
    assert_true(decodes("Zm9vYmFy", "foobar"));
}

static void refuses_what_is_no_base64(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",         "Zg",
        "Zg=",      "Z===",
        "====",     "Zg==Zg==",
        "Z=g=",     "Zm9v\n",
        " Zm9v",    "Zm9v    ",
        "Zm9\x01",  "Zm9-",
        "Zm9_",     "data:image/jpeg;base64,Zm9v",
        "Zm 9v===", "\xC3\xA4\xC3\xA4",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(decodes(texts[i], ""));
    }
}

// Beyond the block of one call (4 Mi characters), and with the damage in the last one.
static void decodes_long_input(void **state)
{
    (void)state;
    struct bytes text;
    struct bytes back;
    struct fault fault;
    bytes_init(&text);
    bytes_init(&back);
    size_t len = (3U << 20) + 1;
    uint8_t *data = malloc(len);
    assert_non_null(data);
    for (size_t i = 0; i < len; i++) {
        data[i] = (uint8_t)(i * 2654435761U >> 13);
    }
    assert_true(base64_append(&text, data, len, &fault));
    assert_true(base64_decode(&back, text.data, text.len, &fault));
    assert_int_equal(back.len, len);
    assert_memory_equal(back.data, data, len);
    text.data[text.len - 4] = '!';
    bytes_clear(&back);
    assert_false(base64_decode(&back, text.data, text.len, &fault));
    assert_int_equal(back.len, 0);
    free(data);
    bytes_fini(&text);
    bytes_fini(&back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_4648_vectors),
        cmocka_unit_test(appends_behind_what_is_there),
        cmocka_unit_test(terminator_has_room),
        cmocka_unit_test(long_input_is_seamless),
        cmocka_unit_test(impossible_length_is_refused),
        cmocka_unit_test(decodes_what_was_encoded),
        cmocka_unit_test(refuses_what_is_no_base64),
        cmocka_unit_test(decodes_long_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
