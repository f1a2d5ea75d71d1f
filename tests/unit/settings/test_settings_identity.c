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
        cmocka_unit_test(the_machine_id_is_not_published),
        cmocka_unit_test(neither_is_a_fault),
        cmocka_unit_test(a_long_serial_is_cut),
    };
    return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
