// Text from outside: what is UTF-8, what is cleaned away, where it is cut.
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void assert_cleaned(const char *from, const char *to)
{
    char text[64];
    snprintf(text, sizeof text, "%s", from);
    text_clean(text);
    assert_string_equal(text, to);
}

static void good_text_stays_as_it_is(void **state)
{
    (void)state;
    assert_cleaned("", "");
    assert_cleaned("Tür 17 – 摄像头 📷", "Tür 17 – 摄像头 📷");
    assert_cleaned("\xF4\x8F\xBF\xBF \xEE\x80\x80 \xED\x9F\xBF",
                   "\xF4\x8F\xBF\xBF \xEE\x80\x80 \xED\x9F\xBF");
}

static void control_characters_become_question_marks(void **state)
{
    (void)state;
    assert_cleaned("a\nb\rc\td\x1B[2Je\x7F", "a?b?c?d?[2Je?");
    // those of Latin-1 as well: a terminal takes U+009B as the beginning of a command
    assert_cleaned("a\xC2\x9B"
                   "2J\xC2\x80\xC2\x9F\xC2\xA0",
                   "a??2J????\xC2\xA0");
}

static void what_is_not_utf8_becomes_question_marks(void **state)
{
    (void)state;
    assert_cleaned("\x80", "?"); // a continuation alone
    assert_cleaned("\xC3", "?"); // the end within a character
    assert_cleaned("\xE2\x82", "??");
    assert_cleaned("\xC3(", "?(");
    assert_cleaned("\xC0\x80 \xC1\xBF", "?? ??"); // overlong
    assert_cleaned("\xE0\x9F\xBF \xF0\x8F\xBF\xBF", "??? ????");
    assert_cleaned("\xED\xA0\x80 \xED\xBF\xBF", "??? ???");                // surrogates
    assert_cleaned("\xF4\x90\x80\x80 \xF8\x88\x80\x80\x80", "???? ?????"); // beyond Unicode
    assert_cleaned("\xFE\xFF", "??");
}

static void a_cut_never_leaves_half_a_character(void **state)
{
    (void)state;
    const char whole[] = "aé€📷b";
    const size_t kept[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11};
    for (size_t len = 0; len < sizeof whole; len++) {
        char text[sizeof whole];
        snprintf(text, sizeof text, "%.*s", (int)len, whole);
        text_cut(text);
        assert_int_equal(strlen(text), kept[len]);
        assert_memory_equal(text, whole, kept[len]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_text_stays_as_it_is),
        cmocka_unit_test(control_characters_become_question_marks),
        cmocka_unit_test(what_is_not_utf8_becomes_question_marks),
        cmocka_unit_test(a_cut_never_leaves_half_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
