// The tool's argv.
#include "ctl/ctl_options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { WORDS_MAX = 16 };

// Splits at blanks; what the options borrow stays until the next call.
static bool parse(const char *line, struct ctl_options *options, struct fault *fault)
{
    static char text[256];
    static char *words[WORDS_MAX];
    int count = 0;
    assert_true(strlen(line) < sizeof text);
    memcpy(text, line, strlen(line) + 1);
    for (char *rest = text, *word; (word = strsep(&rest, " ")) != NULL;) {
        assert_true(count + 1 < WORDS_MAX);
        words[count++] = word;
    }
    words[count] = NULL;
    return ctl_options_parse(count, words, options, fault);
}

static void verbs_and_their_words(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum ctl_verb verb;
        int words;
    } cases[] = {
        {"ctl list", CTL_LIST, 0},
        {"ctl snap a", CTL_SNAP, 1},
        {"ctl snap a b c", CTL_SNAP, 3},
        {"ctl snap --all", CTL_SNAP, 0},
        {"ctl --group g snap", CTL_SNAP, 0},
        {"ctl watch", CTL_WATCH, 0},
        {"ctl watch a --json", CTL_WATCH, 1},
        {"ctl set a picture.quality 80", CTL_SET, 3},
        {"ctl set -- a camera.ev -1", CTL_SET, 3},
        {"ctl unset a picture.quality", CTL_UNSET, 2},
        {"ctl state a", CTL_STATE, 1},
        {"ctl --help", CTL_HELP, 0},
        {"ctl snap -h", CTL_HELP, 0},
        {"ctl --version", CTL_VERSION, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ctl_options options;
        struct fault fault;
        assert_true(parse(cases[i].line, &options, &fault));
        assert_int_equal(options.verb, cases[i].verb);
        assert_int_equal(options.word_count, cases[i].words);
    }
}

static void options_stand_anywhere(void **state)
{
    (void)state;
    struct ctl_options options;
    struct fault fault;
    assert_true(
        parse("ctl --url mqtt://h --timeout 2.5 snap porch -o out/ -c f --allow-old --alpn x",
              &options, &fault));
    assert_string_equal(options.words[0], "porch");
    assert_string_equal(options.output, "out/");
    assert_string_equal(options.config_path, "f");
    assert_true(options.timeout_s == 2.5);
    assert_true(options.allow_old);
    assert_false(options.json);
    for (int i = 0; i < CTL_CONNECTION_COUNT; i++) {
        const char *option = ctl_connection_keys[i].option;
        const char *expected = strcmp(option, "url") == 0    ? "mqtt://h"
                               : strcmp(option, "alpn") == 0 ? "x"
                                                             : NULL;
        if (expected == NULL) {
            assert_null(options.connection[i]);
        } else {
            assert_string_equal(options.connection[i], expected);
        }
    }
    assert_true(parse("ctl snap --group @yard", &options, &fault));
    assert_string_equal(options.group, "yard");
}

// Each row's option is the one that getopt takes for it.
static void every_connection_option_is_its_row(void **state)
{
    (void)state;
    for (int i = 0; i < CTL_CONNECTION_COUNT; i++) {
        struct ctl_options options;
        struct fault fault;
        char line[80] = "ctl list --";
        strncat(line, ctl_connection_keys[i].option, 40);
        strncat(line, " value", 10);
        assert_true(parse(line, &options, &fault));
        assert_string_equal(options.connection[i], "value");
    }
}

static void wrong_words_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *line, *named;
    } cases[] = {
        {"ctl", "what is to be done"},
        {"ctl lst", "lst"},
        {"ctl list a", "it is list"},
        {"ctl snap", "snap ID"},
        {"ctl snap a --all", "snap ID"},
        {"ctl snap --all --group g", "snap ID"},
        {"ctl set a picture.quality", "set ID KEY VALUE"},
        {"ctl set a camera.ev -1", "goes behind --"},
        {"ctl unset a", "unset ID KEY"},
        {"ctl state", "state ID"},
        {"ctl watch a b", "watch [ID]"},
        {"ctl list --all", "belong to snap"},
        {"ctl list -o x", "belong to snap"},
        {"ctl list --frob", "--frob"},
        {"ctl list -x", "-x"},
        {"ctl list --url", "--url"},
        {"ctl list --timeout x", "--timeout"},
        {"ctl list --timeout 0", "--timeout"},
        {"ctl list --timeout nan", "--timeout"},
        {"ctl list --timeout 1e9", "--timeout"},
        {"ctl snap --group @", "--group"},
        {"ctl snap a -o - --json", "--json"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ctl_options options;
        struct fault fault = {0};
        assert_false(parse(cases[i].line, &options, &fault));
        assert_int_equal(fault.kind, FAULT_USAGE);
        assert_non_null(strstr(fault.text, cases[i].named));
    }
}

// Whatever may be given is in --help.
static void help_is_complete(void **state)
{
    (void)state;
    for (int i = 0; i < CTL_CONNECTION_COUNT; i++) {
        char option[48] = "--";
        strncat(option, ctl_connection_keys[i].option, 40);
        assert_non_null(strstr(ctl_options_help(), option));
    }
    static const char *const words[] = {
        "list",    "snap",   "watch",     "set ",     "unset",       "state",     "--all",
        "--group", "--json", "--timeout", "--output", "--allow-old", "--version", "--config"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_non_null(strstr(ctl_options_help(), words[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verbs_and_their_words),
        cmocka_unit_test(options_stand_anywhere),
        cmocka_unit_test(every_connection_option_is_its_row),
        cmocka_unit_test(wrong_words_are_named),
        cmocka_unit_test(help_is_complete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
