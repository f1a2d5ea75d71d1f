// A spool on a disk that answers EIO where it once was good: what it still gives is delivered, what
// it does not is told, nothing is tried for ever, and nothing that was accepted is overwritten.
#include "cmocka_all.h"

#include "base/timing.h"
#include "delivery/backlog.h"
#include "spool_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 1000, MAX_BYTES = 1 << 20, PICTURES = 3 };

static char folder[PATH_MAX];

static const char *broken_name; // every call for it fails
static bool stat_works;
static int reads_left; // entries of folders until reading fails, once; -1: it does not

int __real_openat(int folder_fd, const char *name, int flags, ...);
int __wrap_openat(int folder_fd, const char *name, int flags, ...);
int __real_fstatat(int folder_fd, const char *name, struct stat *stat, int flags);
int __wrap_fstatat(int folder_fd, const char *name, struct stat *stat, int flags);
int __real_unlinkat(int folder_fd, const char *name, int flags);
int __wrap_unlinkat(int folder_fd, const char *name, int flags);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
struct dirent *__real_readdir(DIR *stream);
struct dirent *__wrap_readdir(DIR *stream);

static bool is_broken(const char *name)
{
    bool broken = broken_name != NULL && strcmp(name, broken_name) == 0;
    errno = broken ? EIO : errno;
    return broken;
}

int __wrap_openat(int folder_fd, const char *name, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return is_broken(name) ? -1 : __real_openat(folder_fd, name, flags, mode);
}

int __wrap_fstatat(int folder_fd, const char *name, struct stat *stat, int flags)
{
    return !stat_works && is_broken(name) ? -1 : __real_fstatat(folder_fd, name, stat, flags);
}

int __wrap_unlinkat(int folder_fd, const char *name, int flags)
{
    return is_broken(name) ? -1 : __real_unlinkat(folder_fd, name, flags);
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    return is_broken(from) || is_broken(to) ? -1 : __real_renameat(from_fd, from, to_fd, to);
}

struct dirent *__wrap_readdir(DIR *stream)
{
    if (reads_left >= 0 && reads_left-- == 0) {
        errno = EIO;
        return NULL;
    }
    return __real_readdir(stream);
}

static int begin(void **state)
{
    (void)state;
    broken_name = NULL;
    stat_works = false;
    reads_left = -1;
    spool_folder_make(folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    spool_folder_remove(folder);
    return 0;
}

static void open_backlog(struct backlog *backlog)
{
    struct fault fault;
    backlog_init(backlog, MAX_BYTES, TIMING_S(3600));
    assert_true(backlog_use_spool(backlog, folder, 0, &fault));
}

static void put(struct backlog *backlog, uint64_t seq)
{
    struct fault fault;
    struct picture picture;
    spool_folder_picture(&picture, seq, SIZE);
    assert_true(backlog_put(backlog, &picture, false, 0, &fault));
    picture_fini(&picture);
}

static void fill(void)
{
    struct backlog backlog;
    open_backlog(&backlog);
    for (uint64_t seq = 1; seq <= PICTURES; seq++) {
        put(&backlog, seq);
    }
    backlog_fini(&backlog);
}

// Sends all as the sender does; the sum of their seqs.
static uint64_t drain(struct backlog *backlog)
{
    struct fault fault;
    uint64_t seqs = 0;
    for (struct backlog_entry *entry; (entry = backlog_next_late(backlog)) != NULL;) {
        bool whole = backlog_begin(backlog, entry, &fault);
        if (whole) {
            spool_folder_assert_picture(entry->picture, entry->picture->seq, SIZE);
            seqs += entry->picture->seq;
        } else {
            assert_true(entry->damaged);
            assert_non_null(strstr(fault.text, "Input/output error"));
        }
        backlog_take(backlog, entry, whole);
        backlog_entry_destroy(entry);
    }
    assert_int_equal(backlog->count, 0);
    assert_int_equal(backlog->bytes, 0);
    return seqs;
}

static void check_a_broken_file(void)
{
    struct backlog backlog;
    fill();
    broken_name = "0000000000000002.picture";
    open_backlog(&backlog);
    assert_int_equal(drain(&backlog), 1 + 3);
    assert_int_equal(backlog.quarantined, 1);
    put(&backlog, 4); // the spool goes on
    assert_int_not_equal(backlog_newest(&backlog)->file, 0);
    backlog_fini(&backlog);

    open_backlog(&backlog); // the disk kept it, for it cannot be moved either
    assert_int_equal(drain(&backlog), 4);
    assert_int_equal(backlog.quarantined, 1);
    backlog_fini(&backlog);
}

static void test_a_file_that_cannot_be_opened(void **state)
{
    (void)state;
    stat_works = true;
    check_a_broken_file();
}

static void test_a_file_that_cannot_even_be_looked_at(void **state)
{
    (void)state;
    check_a_broken_file();
}

static void test_an_unfinished_file_that_cannot_be_removed(void **state)
{
    (void)state;
    char path[PATH_MAX];
    struct backlog backlog;
    assert_true(snprintf(path, sizeof path, "%.200s/0000000000000001.tmp", folder) > 0);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    broken_name = "0000000000000001.tmp";
    open_backlog(&backlog);
    put(&backlog, 1);
    assert_int_not_equal(backlog_newest(&backlog)->file, 0);
    assert_int_equal(drain(&backlog), 1);
    backlog_fini(&backlog);
}

// A name at which every write fails is not tried for ever.
static void test_a_name_that_cannot_be_written(void **state)
{
    (void)state;
    struct backlog backlog;
    open_backlog(&backlog);
    broken_name = "0000000000000001.tmp";
    put(&backlog, 1);
    assert_int_equal(backlog_newest(&backlog)->file, 0);
    assert_non_null(strstr(backlog.fault.text, "Input/output error"));
    backlog_tend(&backlog, backlog_tend_ns(&backlog));
    assert_int_not_equal(backlog_newest(&backlog)->file, 0);
    assert_int_equal(drain(&backlog), 1);
    backlog_fini(&backlog);
}

// Wherever reading the folder fails, at the start or a little later: what is in it comes once it
// can be read, and what is accepted meanwhile takes nobody's place.
static void test_a_folder_that_cannot_be_read_to_its_end(void **state)
{
    (void)state;
    int failures = 0;
    for (int reads = 0;; reads++) {
        struct backlog backlog;
        fill();
        reads_left = reads;
        open_backlog(&backlog);
        bool failed = backlog.fault.kind != FAULT_NONE;
        reads_left = -1;
        put(&backlog, 4);
        backlog_tend(&backlog, backlog.retry_ns);
        assert_int_equal(backlog.fault.kind, FAULT_NONE);
        assert_int_equal(spool_folder_count(folder, ".picture", NULL), PICTURES + 1);
        assert_int_equal(drain(&backlog), 1 + 2 + 3 + 4);
        backlog_fini(&backlog);
        if (!failed) {
            break;
        }
        failures++;
    }
    assert_int_equal(failures, 2 * (PICTURES + 3)); // both passes: ".", "..", and the end
}

#define BROKEN_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BROKEN_TEST(test_a_file_that_cannot_be_opened),
        BROKEN_TEST(test_a_file_that_cannot_even_be_looked_at),
        BROKEN_TEST(test_an_unfinished_file_that_cannot_be_removed),
        BROKEN_TEST(test_a_name_that_cannot_be_written),
        BROKEN_TEST(test_a_folder_that_cannot_be_read_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
