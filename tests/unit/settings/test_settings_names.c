// Lists of names: groups and verbs.
#include "settings/settings_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void names_are_taken_one_by_one(void **state)
{
    (void)state;
    const char *at = " a,bc ,, d ";
    size_t len;
    const char *name = settings_names_next(&at, &len);
    assert_memory_equal(name, "a", 1);
    assert_int_equal(len, 1);
    name = settings_names_next(&at, &len);
    assert_memory_equal(name, "bc", 2);
    assert_int_equal(len, 2);
    name = settings_names_next(&at, &len);
    assert_memory_equal(name, "d", 1);
    assert_null(settings_names_next(&at, &len));
    assert_int_equal(settings_names_count(" a,bc ,, d "), 3);
    assert_int_equal(settings_names_count(" , "), 0);
}

static void a_name_is_found_as_a_whole(void **state)
{
    (void)state;
    assert_true(settings_names_have("out, north", "north", 5));
    assert_false(settings_names_have("out, north", "nort", 4));
    assert_false(settings_names_have("out, north", "ou", 2));
    assert_false(settings_names_have("out, north", "out,", 4));
    assert_false(settings_names_have("", "", 0));
}

static bool groups(const char *text)
{
    struct fault fault;
    return settings_check_groups(text, &fault);
}

static void groups_are_checked(void **state)
{
    (void)state;
    assert_true(groups(""));
    assert_true(groups("a b c d e f g h"));
    assert_false(groups("a b c d e f g h i"));
    assert_true(groups("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde_"));
    assert_false(groups("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde_x"));
    static const char *const wrong[] = {"a/b", "@a", "a+", "#", "tür", "all", "a, all", "a, b, a"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (groups(wrong[i])) {
            fail_msg("%s", wrong[i]);
        }
    }
}

static void verbs_are_those_that_there_are(void **state)
{
    (void)state;
    struct fault fault;
    assert_true(settings_check_verbs("", &fault));
    assert_true(settings_check_verbs("snapshot, restart, identify, shutter, config", &fault));
    assert_false(settings_check_verbs("snapshot, reboot", &fault));
    assert_non_null(strstr(fault.text, "reboot is no command"));
    assert_false(settings_check_verbs("Snapshot", &fault));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_taken_one_by_one),
        cmocka_unit_test(a_name_is_found_as_a_whole),
        cmocka_unit_test(groups_are_checked),
        cmocka_unit_test(verbs_are_those_that_there_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
