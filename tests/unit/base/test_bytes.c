// The growable buffer: what it holds, how it grows, what it refuses.
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void it_holds_what_was_put_in_while_it_grows(void **state)
{
    (void)state;
    struct bytes bytes;
    struct fault fault;
    bytes_init(&bytes);
    for (unsigned i = 0; i < 5000; i++) {
        uint8_t byte = (uint8_t)i;
        assert_true(bytes_append(&bytes, &byte, 1, &fault));
    }
    assert_int_equal(bytes.len, 5000);
    for (unsigned i = 0; i < 5000; i++) {
        assert_int_equal(bytes.data[i], (uint8_t)i);
    }
    bytes_fini(&bytes);
    assert_null(bytes.data);
}

static void nothing_appended_to_nothing_is_nothing(void **state)
{
    (void)state;
    struct bytes bytes;
    struct fault fault;
    bytes_init(&bytes);
    assert_true(bytes_append(&bytes, NULL, 0, &fault));
    assert_true(bytes_append_text(&bytes, "", &fault));
    assert_int_equal(bytes.len, 0);
    bytes_fini(&bytes);
}

static void a_cleared_buffer_keeps_its_room_and_a_trimmed_one_does_not(void **state)
{
    (void)state;
    struct bytes bytes;
    struct fault fault;
    bytes_init(&bytes);
    assert_true(bytes_reserve(&bytes, 1000, &fault));
    size_t room = bytes.room;
    assert_true(room >= 1000);
    assert_true(bytes_append_text(&bytes, "picture", &fault));
    bytes_clear(&bytes);
    assert_int_equal(bytes.len, 0);
    assert_int_equal(bytes.room, room);

    bytes_trim(&bytes, room);
    assert_int_equal(bytes.room, room);
    bytes_trim(&bytes, room - 1);
    assert_int_equal(bytes.room, 0);
    assert_true(bytes_append_text(&bytes, "next", &fault));
    assert_memory_equal(bytes.data, "next", 4);
    bytes_fini(&bytes);
}

static void what_cannot_be_is_refused_and_harms_nothing(void **state)
{
    (void)state;
    struct bytes bytes;
    struct fault fault = {.kind = FAULT_NONE};
    bytes_init(&bytes);
    assert_true(bytes_append_text(&bytes, "kept", &fault));
    const size_t impossible[] = {SIZE_MAX, SIZE_MAX - 4, SIZE_MAX - 3, SIZE_MAX / 2 + 2};
    for (size_t i = 0; i < sizeof impossible / sizeof impossible[0]; i++) {
        assert_false(bytes_reserve(&bytes, impossible[i], &fault));
        assert_int_equal(fault.kind, FAULT_SYSTEM);
    }
    assert_int_equal(bytes.len, 4);
    assert_memory_equal(bytes.data, "kept", 4);
    bytes_fini(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_what_was_put_in_while_it_grows),
        cmocka_unit_test(nothing_appended_to_nothing_is_nothing),
        cmocka_unit_test(a_cleared_buffer_keeps_its_room_and_a_trimmed_one_does_not),
        cmocka_unit_test(what_cannot_be_is_refused_and_harms_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
