// Files whole or not at all.
#include "base/file.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct folder {
    char path[64];
    char file[96];
};

static int make_folder(void **state)
{
    static struct folder folder;
    snprintf(folder.path, sizeof folder.path, "/tmp/test_file.XXXXXX");
    if (mkdtemp(folder.path) == NULL) {
        return -1;
    }
    snprintf(folder.file, sizeof folder.file, "%s/a.jpg", folder.path);
    *state = &folder;
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    unlink(folder->file);
    return rmdir(folder->path); // fails where a partial file was left behind
}

static struct bytes of(const char *text)
{
    struct bytes bytes;
    struct fault fault;
    bytes_init(&bytes);
    assert_true(bytes_append_text(&bytes, text, &fault));
    return bytes;
}

static void replaces_what_was_there(void **state)
{
    struct folder *folder = *state;
    struct fault fault;
    static const char *const texts[] = {"longer than the other", "short", ""};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct bytes bytes = of(texts[i]);
        assert_true(file_replace(folder->file, &bytes, &fault));
        bytes_fini(&bytes);
        char got[64] = "";
        FILE *file = fopen(folder->file, "re");
        assert_non_null(file);
        size_t len = fread(got, 1, sizeof got - 1, file);
        fclose(file);
        assert_int_equal(len, strlen(texts[i]));
        assert_string_equal(got, texts[i]);
    }
}

static void a_device_is_written_to(void **state)
{
    (void)state;
    struct fault fault;
    struct bytes bytes = of("x");
    assert_true(file_replace("/dev/null", &bytes, &fault));
    struct stat stat_of;
    assert_int_equal(stat("/dev/null", &stat_of), 0);
    assert_true(S_ISCHR(stat_of.st_mode));
    assert_false(file_replace("/dev/full", &bytes, &fault));
    assert_int_equal(fault.code, ENOSPC);
    bytes_fini(&bytes);
}

static void a_folder_that_is_not_there(void **state)
{
    struct folder *folder = *state;
    struct fault fault;
    struct bytes bytes = of("x");
    char path[128];
    snprintf(path, sizeof path, "%s/none/a.jpg", folder->path);
    assert_false(file_replace(path, &bytes, &fault));
    assert_int_equal(fault.kind, FAULT_SYSTEM);
    assert_int_equal(fault.code, ENOENT);
    assert_non_null(strstr(fault.text, path));
    assert_false(file_replace(folder->path, &bytes, &fault)); // a folder itself
    assert_int_equal(fault.code, EISDIR);
    bytes_fini(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replaces_what_was_there, make_folder, remove_folder),
        cmocka_unit_test(a_device_is_written_to),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
