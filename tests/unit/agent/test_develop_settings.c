// The picture settings as a shot takes them along.
#include "develop_settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void assert_subsampling(const char *word, enum subsampling expected)
{
    struct settings_picture settings = {
        .quality = 77, .min_quality = 33, .max_bytes = 123456, .exif = true};
    snprintf(settings.subsampling, sizeof settings.subsampling, "%s", word);
    struct develop_settings develop = develop_settings_of(&settings);
    assert_int_equal(develop.quality, 77);
    assert_int_equal(develop.min_quality, 33);
    assert_int_equal(develop.max_bytes, 123456);
    assert_true(develop.exif);
    assert_int_equal(develop.subsampling, expected);
}

static void every_word_has_its_meaning(void **state)
{
    (void)state;
    assert_subsampling("4:2:0", SUBSAMPLING_420);
    assert_subsampling("4:2:2", SUBSAMPLING_422);
    assert_subsampling("4:4:4", SUBSAMPLING_444);
}

static void every_payload_has_its_form(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum picture_form form;
    } payloads[] = {{"base64", PICTURE_FORM_BASE64},
                    {"raw", PICTURE_FORM_RAW},
                    {"json", PICTURE_FORM_ENVELOPE}};
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        struct settings_picture settings = {.quality = 1};
        snprintf(settings.payload, sizeof settings.payload, "%s", payloads[i].word);
        assert_int_equal(develop_settings_of(&settings).form, payloads[i].form);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_has_its_meaning),
        cmocka_unit_test(every_payload_has_its_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
