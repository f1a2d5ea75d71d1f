// Settings as text: it reads back to the same, and conf/still2mqtt.conf is the reference.
#include "folder.h"
#include "settings/settings_load.h"
#include "settings/settings_value.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void print_to(const char *name, const struct settings *settings)
{
    struct bytes text;
    struct fault fault;
    bytes_init(&text);
    assert_true(settings_print(settings, NULL, &text, &fault));
    folder_write(name, text.data, text.len);
    bytes_fini(&text);
}

static void expect_round_trip(const struct settings *settings)
{
    struct settings back;
    print_to("printed.conf", settings);
    assert_string_equal(folder_load("printed.conf", &back), "");
    assert_memory_equal(&back, settings, sizeof back);
}

static void defaults_round_trip(void **state)
{
    (void)state;
    struct settings settings;
    assert_string_equal(folder_load_text("device: { id = \"a\"; };", &settings), "");
    expect_round_trip(&settings);
}

static void difficult_values_round_trip(void **state)
{
    (void)state;
    struct settings settings;
    assert_string_equal(
        folder_load_text("device: { id = \"a\"; name = \"\\\"q\\\" \\\\ # /* ü @include "
                         "9999999999\"; };\n"
                         "spool: { max_bytes = 4294967296L; };\n"
                         "mqtt: { retain = false; version = \"3.1.1\"; };",
                         &settings),
        "");
    static const double doubles[] = {0.1, 1.0 / 3, 0.30000000000000004, 100.1, 119.99999999999999};
    for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) {
        settings.camera.fps = doubles[i];
        expect_round_trip(&settings);
    }
}

static bool printed_has(const char *line)
{
    char text[16384] = "";
    int fd = open("printed.conf", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_true(read(fd, text, sizeof text - 1) > 0);
    close(fd);
    return strstr(text, line) != NULL;
}

static void numbers_keep_their_kind(void **state)
{
    (void)state;
    struct settings settings;
    settings_default(&settings);
    settings.spool.max_bytes = 2147483648;
    settings.camera.timeout_s = 0.1;
    print_to("printed.conf", &settings);
    assert_true(printed_has("    fps = 15.0;\n"));
    assert_true(printed_has("    timeout_s = 0.1;\n"));
    assert_true(printed_has("    max_age_s = 86400.0;\n"));
    assert_true(printed_has("    max_bytes = 2147483648L;\n"));
    assert_true(printed_has("    width = 1920;\n"));
    assert_true(printed_has("    on_start = true;\n"));
    assert_true(printed_has("};\ncamera: {\n"));
}

static void reference(struct bytes *text)
{
    struct fault fault;
    bytes_init(text);
    assert_true(settings_reference(text, &fault));
    assert_true(bytes_append(text, "", 1, &fault));
}

static void the_file_is_the_reference(void **state)
{
    (void)state;
    struct bytes expected;
    reference(&expected);
    struct bytes found;
    struct fault fault;
    bytes_init(&found);
    assert_true(bytes_reserve(&found, 1 << 16, &fault));
    int fd = open(REFERENCE_PATH, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, found.data, (1 << 16) - 1);
    if (fd >= 0) {
        close(fd);
    }
    found.data[got > 0 ? got : 0] = '\0';
    if (strcmp((const char *)found.data, (const char *)expected.data) != 0) {
        folder_write(EXPECTED_PATH, expected.data, expected.len - 1);
        fail_msg("the table has changed; look at the difference, then\n  cp %s %s", EXPECTED_PATH,
                 REFERENCE_PATH);
    }
    bytes_fini(&found);
    bytes_fini(&expected);
}

// The reference with every "# key = value;" made a setting (`take`), or as it is.
static const char *load_reference(bool take, struct settings *settings)
{
    struct bytes text;
    reference(&text);
    char *at = (char *)text.data;
    while (take && (at = strstr(at, "    # ")) != NULL) {
        size_t len = strcspn(at, "\n");
        size_t key = strspn(at + 6, "abcdefghijklmnopqrstuvwxyz_");
        if (strncmp(at + 6 + key, " = ", 3) == 0 && at[len - 1] == ';') {
            at[4] = ' ';
        }
        at += len;
    }
    folder_write("reference.conf", text.data, text.len - 1);
    bytes_fini(&text);
    return folder_load("reference.conf", settings);
}

static void the_reference_holds_every_default(void **state)
{
    (void)state;
    struct settings settings;
    struct settings expected;
    assert_string_equal(load_reference(true, &settings), "");
    settings_default(&expected);
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *row = &settings_table[i];
        const char *field = (const char *)&settings + row->offset;
        if (row->example != NULL) {
            assert_string_equal(field, row->example);
        } else {
            assert_memory_equal(field, (const char *)&expected + row->offset, row->size);
        }
    }
}

static void the_reference_as_it_is_changes_nothing(void **state)
{
    (void)state;
    struct settings alone;
    struct settings settings;
    char findings[4096];
    snprintf(findings, sizeof findings, "%s", folder_load(NULL, &alone));
    const char *reference_findings = load_reference(false, &settings);
    if (findings[0] == '\0') {
        assert_string_equal(reference_findings, "");
        assert_memory_equal(&settings, &alone, sizeof alone);
    } else { // a machine without any identity
        assert_non_null(strstr(reference_findings, "reference.conf: device.id: "));
    }
}

static void the_reference_is_pleasant_to_read(void **state)
{
    (void)state;
    struct bytes text;
    reference(&text);
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != '\n') {
            continue;
        }
        assert_true(i - from <= 100);
        assert_true(i == from || text.data[i - 1] != ' ');
        from = i + 1;
    }
    bytes_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_round_trip),
        cmocka_unit_test(difficult_values_round_trip),
        cmocka_unit_test(numbers_keep_their_kind),
        cmocka_unit_test(the_file_is_the_reference),
        cmocka_unit_test(the_reference_holds_every_default),
        cmocka_unit_test(the_reference_as_it_is_changes_nothing),
        cmocka_unit_test(the_reference_is_pleasant_to_read),
    };
    return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
