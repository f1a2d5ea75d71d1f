// Files that nobody wrote by hand. Each must end in findings, never in a crash.
#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LOAD(literal) load(literal, sizeof(literal) - 1)

static const char *load(const char *data, size_t len)
{
    struct settings settings;
    folder_write("h.conf", data, len);
    return folder_load("h.conf", &settings);
}

static void assert_says(const char *findings, const char *says)
{
    if (strstr(findings, says) == NULL) {
        fail_msg("%.300s", findings);
    }
}

static void a_line_of_10_mb(void **state)
{
    (void)state;
    size_t len = 10000000;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, 'x', len);
    memcpy(text, "device: { id = \"", 16);
    assert_says(load(text, len), "h.conf:1: more than 1048576 bytes");
    free(text);
}

static void the_longest_text_and_name_that_fit(void **state)
{
    (void)state;
    size_t len = 1000000;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, 'x', len);
    memcpy(text, "device: { name = \"", 18);
    memcpy(text + len - 4, "\"; }", 4);
    assert_says(load(text, len), "h.conf:1: device.name: longer than 255 bytes\n");
    memset(text, 'x', len);
    memcpy(text + len - 4, " = 1", 4);
    assert_says(load(text, len), "xxx: unknown key\n");
    memset(text, '9', len);
    memcpy(text, "x = ", 4);
    assert_says(load(text, len), "a number of 999996 digits");
    free(text);
}

static void nest(const char *open, const char *close, size_t levels)
{
    size_t wide = strlen(open) + strlen(close);
    char *text = malloc(levels * wide);
    assert_non_null(text);
    for (size_t i = 0; i < levels; i++) {
        memcpy(text + i * strlen(open), open, strlen(open));
        memcpy(text + levels * strlen(open) + i * strlen(close), close, strlen(close));
    }
    assert_says(load(text, levels * wide), "h.conf:1: ");
    free(text);
}

static void deep_nesting(void **state)
{
    (void)state;
    static const size_t levels[] = {100, 1000, 1500, 2500, 10000, 100000};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        nest("a={", "};", levels[i]);
        nest("a=(", ");", levels[i]);
        nest("{", "}", levels[i]);
        nest("a=[", "];", levels[i]);
    }
    char *lists = malloc(200004);
    assert_non_null(lists);
    memset(lists, '(', 100004);
    memcpy(lists, "a = ", 4);
    memset(lists + 100004, ')', 100000);
    assert_says(load(lists, 200004), "h.conf:1: ");
    free(lists);
}

static void bytes_that_are_no_text(void **state)
{
    (void)state;
    assert_says(LOAD("device: {\n id = \"a\0b\"; };"), "h.conf:2: a NUL byte");
    assert_says(LOAD("\0"), "h.conf:1: a NUL byte");
    assert_says(LOAD("\xFF\xFE{"), "h.conf:1: syntax error");
    assert_says(LOAD("device: { id = \"a\"; name = \"\xFF\"; };"), "device.name: must be UTF-8");
    assert_says(LOAD("\x7F\x45LF"), "h.conf:1: syntax error");
}

// The same garbage every time: a failure can be looked at.
static void garbage(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "device", ": {", "}",         ";",    "=",  "\"", "\\",          "/*", "*/",    "#",
        "//",     "\n",  "@include ", "1",    "0x", "L",  "99999999999", ".",  "e9",    "[",
        "]",      "(",   ")",         "true", ",",  "id", "\xC3\xBC",    "\r", "width", "camera",
    };
    uint64_t dice = 42;
    for (int round = 0; round < 3000; round++) {
        char text[512];
        size_t len = 0;
        while (len < 400) {
            dice = dice * 6364136223846793005U + 1442695040888963407U;
            const char *piece = pieces[(dice >> 33) % (sizeof pieces / sizeof pieces[0])];
            memcpy(text + len, piece, strlen(piece));
            len += strlen(piece);
            if ((dice >> 20) % 40 == 0) {
                break;
            }
        }
        struct settings settings;
        folder_write("h.conf", text, len);
        folder_load("h.conf", &settings);
    }
    char noise[4096];
    for (size_t i = 0; i < sizeof noise; i++) {
        dice = dice * 6364136223846793005U + 1442695040888963407U;
        noise[i] = (char)((dice >> 33) % 255 + 1);
    }
    assert_says(load(noise, sizeof noise), "h.conf:");
}

static void a_thousand_mistakes(void **state)
{
    (void)state;
    char *text = calloc(1, 30000);
    assert_non_null(text);
    size_t len = 0;
    for (int i = 0; i < 1000; i++) {
        len += (size_t)snprintf(text + len, 30000 - len, "nonsense%d = 1;\n", i);
    }
    const char *findings = load(text, len);
    size_t lines = 0;
    for (const char *at = findings; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines, 101);
    assert_says(findings, "h.conf:100: nonsense99: unknown key\n");
    assert_says(findings, "and 900 more\n");
    free(text);
}

static void includes_that_multiply(void **state)
{
    (void)state;
    struct settings settings;
    char text[4096] = "";
    for (size_t i = 0; i < 100; i++) {
        memcpy(text + strlen(text), "@include \"leaf.conf\"\n", 22);
    }
    folder_write_text("leaf.conf", "");
    folder_write_text("many.conf", text);
    assert_says(folder_load("many.conf", &settings), "more than 64 files");
}

static void includes_that_add_up(void **state)
{
    (void)state;
    struct settings settings;
    char *text = malloc(600000);
    assert_non_null(text);
    memset(text, ' ', 600000);
    folder_write("half.conf", text, 600000);
    free(text);
    folder_write_text("twice.conf", "@include \"half.conf\"\n@include \"half.conf\"\n");
    assert_says(folder_load("twice.conf", &settings), "more than 1048576 bytes in all");
}

static void empty_files(void **state)
{
    (void)state;
    struct settings settings;
    folder_write_text("id.conf", "device: { id = \"a\"; };");
    folder_write_text("empty.conf", "");
    folder_write_text("mark.conf", "\xEF\xBB\xBF");
    folder_write_text("top.conf", "@include \"empty.conf\"\n@include \"mark.conf\"\n"
                                  "@include \"id.conf\"");
    assert_string_equal(folder_load("top.conf", &settings), "");
    assert_string_equal(settings.device.id, "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_10_mb),
        cmocka_unit_test(the_longest_text_and_name_that_fit),
        cmocka_unit_test(deep_nesting),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(garbage),
        cmocka_unit_test(a_thousand_mistakes),
        cmocka_unit_test(includes_that_multiply),
        cmocka_unit_test(includes_that_add_up),
        cmocka_unit_test(empty_files),
    };
    return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
