// Faults: the sentence fits, is UTF-8, and says what it was given.
#include "base/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = sizeof((struct fault *)0)->text - 1 };

static void a_fault_says_what_it_was_given(void **state)
{
    (void)state;
    struct fault fault;
    assert_false(fault_set(&fault, FAULT_LINK, 111, "no link to %s: %d", "broker", 111));
    assert_int_equal(fault.kind, FAULT_LINK);
    assert_int_equal(fault.code, 111);
    assert_string_equal(fault.text, "no link to broker: 111");
}

static void a_prefix_keeps_kind_code_and_sentence(void **state)
{
    (void)state;
    struct fault fault;
    fault_set(&fault, FAULT_CAMERA, 19, "no such device");
    assert_false(fault_prefix(&fault, "%u shots failed in a row", 3U));
    assert_int_equal(fault.kind, FAULT_CAMERA);
    assert_int_equal(fault.code, 19);
    assert_string_equal(fault.text, "3 shots failed in a row: no such device");
}

static void a_sentence_that_just_fits_is_not_cut(void **state)
{
    (void)state;
    char text[ROOM + 1];
    memset(text, 'x', ROOM - 2);
    memcpy(text + ROOM - 2, "é", sizeof "é");
    struct fault fault;
    fault_set(&fault, FAULT_SYSTEM, 0, "%s", text);
    assert_string_equal(fault.text, text);
}

static void a_long_sentence_is_cut_at_a_character(void **state)
{
    (void)state;
    for (int spare = 0; spare < 4; spare++) {
        char text[ROOM + 8];
        memset(text, 'x', sizeof text);
        memcpy(text + ROOM - spare, "📷", sizeof "📷");
        struct fault fault;
        fault_set(&fault, FAULT_SYSTEM, 0, "%s", text);
        assert_int_equal(strlen(fault.text), ROOM - spare);
        assert_memory_equal(fault.text, text, ROOM - (size_t)spare);
    }
}

static void a_long_prefix_is_cut_too(void **state)
{
    (void)state;
    char text[2 * ROOM];
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct fault fault;
    fault_set(&fault, FAULT_SYSTEM, 0, "tail");
    fault_prefix(&fault, "%s", text);
    assert_int_equal(strlen(fault.text), ROOM);
    text[ROOM] = '\0';
    assert_string_equal(fault.text, text);
}

// a fault often repeats what came from outside, and travels in JSON, where only UTF-8 can go
static void foreign_bytes_cannot_spoil_a_sentence(void **state)
{
    (void)state;
    struct fault fault;
    fault_set(&fault, FAULT_COMMAND, 0, "unknown command %.3s: \xFF\n\x1B", "üü");
    assert_string_equal(fault.text, "unknown command ü?: ???");
    fault_prefix(&fault, "\xC3 no");
    assert_string_equal(fault.text, "? no: unknown command ü?: ???");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_says_what_it_was_given),
        cmocka_unit_test(a_prefix_keeps_kind_code_and_sentence),
        cmocka_unit_test(a_sentence_that_just_fits_is_not_cut),
        cmocka_unit_test(a_long_sentence_is_cut_at_a_character),
        cmocka_unit_test(a_long_prefix_is_cut_too),
        cmocka_unit_test(foreign_bytes_cannot_spoil_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
