// Secrets: the line itself, and the files that are refused.
#include "settings/settings_load.h"

#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void expect_secret(const char *content, size_t len, const char *secret)
{
    struct bytes got;
    struct fault fault;
    bytes_init(&got);
    folder_write("secret", content, len);
    assert_true(settings_secret("secret", &got, &fault));
    assert_int_equal(got.len, strlen(secret));
    assert_string_equal((const char *)got.data, secret); // terminated
    bytes_fini(&got);
}

static void expect_refusal(const char *path, const char *says)
{
    struct bytes got;
    struct fault fault;
    bytes_init(&got);
    assert_false(settings_secret(path, &got, &fault));
    assert_int_equal(fault.kind, FAULT_CONFIG);
    assert_int_equal(got.len, 0);
    if (strstr(fault.text, says) == NULL) {
        fail_msg("%s", fault.text);
    }
    bytes_fini(&got);
}

static void the_first_line_is_it(void **state)
{
    (void)state;
    expect_secret("hunter2", 7, "hunter2");
    expect_secret("hunter2\n", 8, "hunter2");
    expect_secret("hunter2\r\nmore\n", 14, "hunter2");
    expect_secret(" spaces stay \n", 14, " spaces stay ");
}

static void lines_that_are_none(void **state)
{
    (void)state;
    folder_write_text("empty", "");
    expect_refusal("empty", "empty");
    folder_write_text("feed", "\nsecond\n");
    expect_refusal("feed", "empty");
    folder_write("nul", "a\0b\n", 4);
    expect_refusal("nul", "NUL");
}

static void the_longest_line(void **state)
{
    (void)state;
    char *line = calloc(1, 65537);
    assert_non_null(line);
    memset(line, 'x', 65536);
    folder_write_text("long", line);
    expect_refusal("long", "longer than 65535");
    expect_secret(line + 1, 65535, line + 1);
    free(line);
}

static void others_must_not_get_at_it(void **state)
{
    (void)state;
    static const mode_t modes[] = {0640, 0620, 0604, 0602, 0610, 0644, 0777};
    folder_write_text("open", "hunter2\n");
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod("open", modes[i]), 0);
        expect_refusal("open", "chmod 600");
    }
    assert_int_equal(chmod("open", 0400), 0);
    struct bytes got;
    struct fault fault;
    bytes_init(&got);
    assert_true(settings_secret("open", &got, &fault));
    bytes_fini(&got);
}

static void only_files_of_ours(void **state)
{
    (void)state;
    expect_refusal("absent", "No such file");
    expect_refusal(".", "regular file");
    assert_int_equal(mkfifo("pipe", 0600), 0);
    expect_refusal("pipe", "regular file");
    if (geteuid() != 0) {
        return; // only root can make a file of somebody else's
    }
    folder_write_text("theirs", "hunter2\n");
    assert_int_equal(chown("theirs", 65534, 65534), 0);
    expect_refusal("theirs", "belongs to user 65534");
}

static void credentials_of_systemd(void **state)
{
    (void)state;
    unsetenv("CREDENTIALS_DIRECTORY");
    expect_refusal("credential:mqtt", "LoadCredential=mqtt:/PATH");
    char folder[4096];
    assert_non_null(getcwd(folder, sizeof folder));
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    folder_write_text("mqtt", "hunter2\n");
    struct bytes got;
    struct fault fault;
    bytes_init(&got);
    assert_true(settings_secret("credential:mqtt", &got, &fault));
    assert_string_equal((const char *)got.data, "hunter2");
    bytes_fini(&got);
    char path[4096];
    assert_true(settings_secret_path("credential:mqtt", path, sizeof path, &fault));
    assert_int_equal(access(path, R_OK), 0);
    assert_false(settings_secret_path("credential:mqtt", path, 5, &fault));
    assert_true(settings_secret_path("/a/plain/path", path, sizeof path, &fault));
    assert_string_equal(path, "/a/plain/path");
    expect_refusal("credential:../mqtt", "without '/'");
    expect_refusal("credential:", "without '/'");
    expect_refusal("credential:none", "No such file");
    chmod("mqtt", 0604);
    expect_refusal("credential:mqtt", "chmod 600");
    if (geteuid() == 0) {
        // what an access list of systemd's looks like
        chmod("mqtt", 0440);
        assert_true(settings_secret_check("credential:mqtt", &fault));
        assert_false(settings_secret_check("mqtt", &fault));
    }
    unsetenv("CREDENTIALS_DIRECTORY");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_is_it), cmocka_unit_test(lines_that_are_none),
        cmocka_unit_test(the_longest_line),     cmocka_unit_test(others_must_not_get_at_it),
        cmocka_unit_test(only_files_of_ours),   cmocka_unit_test(credentials_of_systemd),
    };
    return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
