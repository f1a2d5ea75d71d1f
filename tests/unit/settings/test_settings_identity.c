// The device's own name.
#include "settings/settings_identity.h"

#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_board_serial_comes_first(void **state)
{
    (void)state;
    char id[SETTINGS_ID_SIZE];
    struct fault fault;
    folder_write("serial", "10000000abcdef01", 17); // the kernel's ends with NUL
    folder_write_text("machine", "0123456789abcdef0123456789abcdef\n");
    assert_true(settings_identity("serial", "machine", id, &fault));
    assert_string_equal(id, "10000000abcdef01");
}

// The machine id is on the card, the serial number is not.
static void a_copied_card_in_another_board_is_another_device(void **state)
{
    (void)state;
    char one[SETTINGS_ID_SIZE];
    char other[SETTINGS_ID_SIZE];
    struct fault fault;
    folder_write_text("card", "0123456789abcdef0123456789abcdef\n");
    folder_write("board-1", "10000000abcdef01", 17); // with its NUL, as the device tree has it
    folder_write("board-2", "10000000abcdef02", 17);
    assert_true(settings_identity("board-1", "card", one, &fault));
    assert_true(settings_identity("board-2", "card", other, &fault));
    assert_string_equal(one, "10000000abcdef01");
    assert_string_equal(other, "10000000abcdef02");
}

// It has no machine id of its own, and sees the board of its host.
static void a_container_is_the_board_or_must_be_named(void **state)
{
    (void)state;
    char id[SETTINGS_ID_SIZE];
    struct fault fault;
    folder_write("board-1", "10000000abcdef01", 17);
    assert_true(settings_identity("board-1", "absent", id, &fault));
    assert_string_equal(id, "10000000abcdef01");
    assert_false(settings_identity("absent", "absent", id, &fault));
    assert_non_null(strstr(fault.text, "set device.id"));
}

static void the_machine_id_is_not_published(void **state)
{
    (void)state;
    static const char *const no_serials[] = {"absent", "zeros", "empty", "."};
    folder_write_text("zeros", "0000000000000000");
    folder_write_text("empty", "");
    folder_write_text("machine", "0123456789abcdef0123456789abcdef\n");
    folder_write_text("other", "0123456789abcdef0123456789abcdee\n");
    for (size_t i = 0; i < sizeof no_serials / sizeof no_serials[0]; i++) {
        char id[SETTINGS_ID_SIZE];
        char other[SETTINGS_ID_SIZE];
        struct fault fault;
        assert_true(settings_identity(no_serials[i], "machine", id, &fault));
        assert_true(settings_identity(no_serials[i], "other", other, &fault));
        assert_string_equal(id,
                            "01527c9731f0"); // the same for ever, or a device changes its topics
        assert_string_not_equal(id, other);
        assert_int_equal(strlen(id), 12);
    }
}

static void neither_is_a_fault(void **state)
{
    (void)state;
    static const char *const machines[] = {"absent", "fresh", "short", "nil", "upper"};
    folder_write_text("fresh", "uninitialized\n");
    folder_write_text("short", "0123\n");
    folder_write_text("nil", "00000000000000000000000000000000\n");
    folder_write_text("upper", "0123456789ABCDEF0123456789ABCDEF\n");
    for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++) {
        char id[SETTINGS_ID_SIZE] = "kept";
        struct fault fault;
        assert_false(settings_identity("absent", machines[i], id, &fault));
        assert_int_equal(fault.kind, FAULT_CONFIG);
        assert_non_null(strstr(fault.text, "set device.id"));
        assert_string_equal(id, "kept");
    }
}

static void a_long_serial_is_cut(void **state)
{
    (void)state;
    char serial[200];
    char id[SETTINGS_ID_SIZE];
    struct fault fault;
    memset(serial, 'a', sizeof serial);
    folder_write("serial", serial, sizeof serial);
    assert_true(settings_identity("serial", "absent", id, &fault));
    assert_int_equal(strlen(id), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_board_serial_comes_first),
        cmocka_unit_test(a_copied_card_in_another_board_is_another_device),
        cmocka_unit_test(a_container_is_the_board_or_must_be_named),
        cmocka_unit_test(the_machine_id_is_not_published),
        cmocka_unit_test(neither_is_a_fault),
        cmocka_unit_test(a_long_serial_is_cut),
    };
    return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
