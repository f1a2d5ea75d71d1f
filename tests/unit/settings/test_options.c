// argv.
#include "settings/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PARSE(options, fault, ...) \
    parse((char *[]){(char[]){"still2mqtt"}, __VA_ARGS__, NULL}, options, fault)
#define W(word) ((char[]){word})

static bool parse(char **argv, struct options *options, struct fault *fault)
{
    int argc = 0;
    while (argv[argc] != NULL) {
        argc++;
    }
    return options_parse(argc, argv, options, fault);
}

static void without_words_it_runs(void **state)
{
    (void)state;
    struct options options;
    struct fault fault;
    char *argv[] = {W("still2mqtt"), NULL};
    assert_true(options_parse(1, argv, &options, &fault));
    assert_int_equal(options.action, OPTIONS_RUN);
    assert_null(options.config_path);
    assert_null(options.snapshot_path);
    assert_null(options.drivers_path);
    assert_false(options.verbose);
}

static void every_action_has_its_word(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum options_action action;
    } cases[] = {
        {"--check", OPTIONS_CHECK},     {"--print-config", OPTIONS_PRINT_CONFIG},
        {"--version", OPTIONS_VERSION}, {"--list-cameras", OPTIONS_LIST_CAMERAS},
        {"--help", OPTIONS_HELP},       {"-h", OPTIONS_HELP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct options options;
        struct fault fault;
        char word[32] = "";
        memcpy(word, cases[i].word, strlen(cases[i].word));
        assert_true(PARSE(&options, &fault, word));
        assert_int_equal(options.action, cases[i].action);
    }
}

static void values_are_taken(void **state)
{
    (void)state;
    struct options options;
    struct fault fault;
    assert_true(
        PARSE(&options, &fault, W("--config"), W("a.conf"), W("--drivers=d"), W("--verbose")));
    assert_string_equal(options.config_path, "a.conf");
    assert_string_equal(options.drivers_path, "d");
    assert_true(options.verbose);

    assert_true(PARSE(&options, &fault, W("-vca.conf"), W("--snapshot"), W("-")));
    assert_string_equal(options.config_path, "a.conf");
    assert_int_equal(options.action, OPTIONS_SNAPSHOT);
    assert_string_equal(options.snapshot_path, "-");
    assert_true(options.verbose);

    assert_true(PARSE(&options, &fault, W("--adopt"), W("boot.conf"), W("-ca.conf")));
    assert_int_equal(options.action, OPTIONS_ADOPT);
    assert_string_equal(options.adopt_path, "boot.conf");
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    struct options options = {.action = OPTIONS_VERSION};
    struct fault fault;
    assert_false(PARSE(&options, &fault, W("--verbose"), W("--frobnicate")));
    assert_non_null(strstr(fault.text, "unknown option --frobnicate"));
    assert_false(PARSE(&options, &fault, W("--verbose"), W("-xv")));
    assert_non_null(strstr(fault.text, "unknown option -x"));
    assert_false(PARSE(&options, &fault, W("--config")));
    assert_non_null(strstr(fault.text, "after --config"));
    assert_false(PARSE(&options, &fault, W("--verbose"), W("-c")));
    assert_non_null(strstr(fault.text, "after -c"));
    assert_false(PARSE(&options, &fault, W("--check=yes")));
    assert_non_null(strstr(fault.text, "--check=yes"));
    assert_false(PARSE(&options, &fault, W("--config=")));
    assert_non_null(strstr(fault.text, "--config"));
    assert_false(PARSE(&options, &fault, W("--check"), W("extra")));
    assert_non_null(strstr(fault.text, "extra"));
    assert_false(PARSE(&options, &fault, W("--adopt"), W("boot.conf")));
    assert_non_null(strstr(fault.text, "--adopt wants --config"));
    assert_int_equal(fault.kind, FAULT_USAGE);
    assert_int_equal(options.action, OPTIONS_VERSION); // untouched
}

static void actions_do_not_mix(void **state)
{
    (void)state;
    struct options options;
    struct fault fault;
    assert_false(PARSE(&options, &fault, W("--check"), W("--snapshot"), W("a.jpg")));
    assert_non_null(strstr(fault.text, "--check and --snapshot"));
    assert_true(PARSE(&options, &fault, W("--check"), W("--check")));
}

static void help_names_every_option(void **state)
{
    (void)state;
    static const char *const words[] = {
        "--config",       "--check",   "--print-config", "--snapshot", "--drivers",
        "--list-cameras", "--verbose", "--version",      "--help",     "--adopt"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_non_null(strstr(options_help(), words[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_words_it_runs), cmocka_unit_test(every_action_has_its_word),
        cmocka_unit_test(values_are_taken),      cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(actions_do_not_mix),    cmocka_unit_test(help_names_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
