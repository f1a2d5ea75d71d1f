// JSON that came from outside.
#include "ctl/document.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static double age_of(const char *text, double now_s)
{
    json_t *object = json_pack("{s:s}", "captured_at", text);
    double age = document_age_s(object, "captured_at", now_s);
    json_decref(object);
    return age;
}

static void ages(void **state)
{
    (void)state;
    assert_true(fabs(age_of("1970-01-01T00:00:10Z", 12.5) - 2.5) < 1e-9);
    assert_true(fabs(age_of("2026-03-01T06:30:00.125Z", 1772346601) - 0.875) < 1e-6);
    assert_true(age_of("2026-03-01T06:30:00Z", 1772346599) < 0);
    static const char *const none[] = {
        "",
        "yesterday",
        "2026-03-01",
        "2026-03-01T06:30:00",
        "2026-03-01T06:30:00+01:00",
        "2026-03-01T06:30:00.1Zx",
        "2026-13-01T06:30:00Z",
    };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_true(isnan(age_of(none[i], 0)));
    }
    assert_true(isnan(document_age_s(NULL, "captured_at", 0)));
}

static void texts_are_cleaned_and_cut(void **state)
{
    (void)state;
    static const char payload[] =
        "{\"a\":\"\\u001b]0;x\\u0007\",\"b\":\"\xC3\xA4\xC3\xA4\",\"c\":1}";
    json_t *object = document_read((const uint8_t *)payload, sizeof payload - 1);
    char text[16];
    document_text(object, "a", text, sizeof text);
    assert_string_equal(text, "?]0;x?");
    document_text(object, "b", text, 4); // in the middle of a character
    assert_string_equal(text, "\xC3\xA4");
    document_text(object, "c", text, sizeof text);
    assert_string_equal(text, "");
    document_text(object, "d", text, sizeof text);
    assert_string_equal(text, "");
    assert_true(document_says(object, "b", "\xC3\xA4\xC3\xA4"));
    assert_false(document_says(object, "c", "1"));
    assert_false(document_says(NULL, "c", "1"));
    json_decref(object);
    assert_null(document_read((const uint8_t *)"{} {}", 5));
    assert_null(document_read((const uint8_t *)"", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ages),
        cmocka_unit_test(texts_are_cleaned_and_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
