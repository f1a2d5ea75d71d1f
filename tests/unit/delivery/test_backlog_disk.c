// backlog.h with a spool behind it: what is on the disk, what in memory, and a disk that fails.
#include "cmocka_all.h"

#include "base/timing.h"
#include "delivery/backlog.h"
#include "spool_folder.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SIZE = 1000, MAX_BYTES = 1 << 20 };

static char folder[PATH_MAX];

static int begin(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
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

static void put_sized(struct backlog *backlog, uint64_t seq, size_t size, int64_t now_ns)
{
    struct fault fault;
    struct picture picture;
    spool_folder_picture(&picture, seq, size);
    assert_true(backlog_put(backlog, &picture, true, now_ns, &fault));
    picture_fini(&picture);
}

static void put(struct backlog *backlog, uint64_t seq)
{
    put_sized(backlog, seq, SIZE, 0);
}

static size_t files(void)
{
    return spool_folder_count(folder, ".picture", NULL);
}

// As a disk that takes no more than that of any file.
static void limit_files(rlim_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void take(struct backlog *backlog, struct backlog_entry *entry, uint64_t seq)
{
    struct fault fault;
    assert_non_null(entry);
    assert_true(backlog_begin(backlog, entry, &fault));
    spool_folder_assert_picture(entry->picture, seq, SIZE);
    backlog_take(backlog, entry, true);
    backlog_entry_destroy(entry);
}

static void test_put_is_on_the_disk_and_taken_is_gone(void **state)
{
    (void)state;
    struct backlog backlog;
    open_backlog(&backlog);
    put(&backlog, 1);
    uint64_t bytes;
    assert_int_equal(spool_folder_count(folder, ".picture", &bytes), 1);
    assert_int_equal(backlog.bytes, bytes);
    take(&backlog, backlog_next_live(&backlog), 1);
    assert_int_equal(files(), 0);
    assert_int_equal(backlog.bytes, 0);
    backlog_fini(&backlog);
}

static void test_only_the_newest_and_what_flies_is_in_memory(void **state)
{
    (void)state;
    struct fault fault;
    struct backlog backlog;
    open_backlog(&backlog);
    put(&backlog, 1);
    struct backlog_entry *first = backlog_newest(&backlog);
    put(&backlog, 2);
    assert_null(first->picture);
    assert_non_null(backlog_newest(&backlog)->picture);
    assert_true(backlog_begin(&backlog, first, &fault));
    put(&backlog, 3);
    assert_non_null(first->picture);
    backlog_put_back(&backlog, first);
    assert_null(first->picture);
    assert_int_equal(backlog.memory_bytes, 0);
    backlog_fini(&backlog);
}

static void test_what_a_run_leaves_goes_late_in_order(void **state)
{
    (void)state;
    struct backlog backlog;
    open_backlog(&backlog);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        put(&backlog, seq);
    }
    backlog_fini(&backlog);

    open_backlog(&backlog);
    assert_int_equal(backlog.count, 3);
    backlog_link_up(&backlog);
    assert_null(backlog_next_live(&backlog));
    put(&backlog, 4);
    take(&backlog, backlog_next_live(&backlog), 4);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        take(&backlog, backlog_next_late(&backlog), seq);
    }
    assert_int_equal(backlog.count, 0);
    assert_int_equal(files(), 0);
    backlog_fini(&backlog);
}

static void test_a_dropped_picture_says_who_it_was(void **state)
{
    (void)state;
    struct fault why;
    struct backlog backlog;
    open_backlog(&backlog);
    put(&backlog, 1);
    backlog_fini(&backlog);
    open_backlog(&backlog);
    struct backlog_entry *gone = backlog_shed(&backlog, NULL, TIMING_S(3700), &why);
    assert_string_equal(gone->picture->id, "id-1");
    assert_string_equal(gone->picture->request_id, "request-1");
    assert_int_equal(gone->picture->jpeg.len, 0);
    backlog_entry_destroy(gone);
    assert_int_equal(files(), 0);
    backlog_fini(&backlog);
}

static void test_a_disk_that_takes_none_and_then_does(void **state)
{
    (void)state;
    struct backlog backlog;
    open_backlog(&backlog);
    put(&backlog, 1);
    limit_files(SIZE / 2);
    put(&backlog, 2);
    assert_int_equal(backlog.fault.kind, FAULT_SYSTEM);
    assert_non_null(strstr(backlog.fault.text, "File too large"));
    assert_non_null(strstr(backlog.fault.text, folder));
    put(&backlog, 3);
    assert_int_equal(backlog.count, 3);
    assert_int_equal(files(), 1);
    assert_int_equal(spool_folder_count(folder, ".tmp", NULL), 0);
    limit_files(RLIM_INFINITY);
    assert_in_range(backlog_tend_ns(&backlog), TIMING_MS(500), TIMING_MS(1000));
    backlog_tend(&backlog, TIMING_MS(400)); // not before it is time
    assert_int_equal(files(), 1);
    backlog_tend(&backlog, backlog_tend_ns(&backlog));
    assert_int_equal(backlog.fault.kind, FAULT_SYSTEM); // one of the two is still in memory
    backlog_tend(&backlog, backlog_tend_ns(&backlog));
    assert_int_equal(backlog.fault.kind, FAULT_NONE);
    assert_int_equal(backlog_tend_ns(&backlog), INT64_MAX);
    assert_int_equal(backlog.memory_bytes, 0);
    backlog_fini(&backlog);

    open_backlog(&backlog); // in their order
    for (uint64_t seq = 1; seq <= 3; seq++) {
        take(&backlog, backlog_next_late(&backlog), seq);
    }
    backlog_fini(&backlog);
}

static void test_delivered_from_memory_while_the_disk_fails(void **state)
{
    (void)state;
    struct backlog backlog;
    open_backlog(&backlog);
    limit_files(SIZE / 2);
    put(&backlog, 1);
    take(&backlog, backlog_next_live(&backlog), 1);
    limit_files(RLIM_INFINITY);
    assert_int_equal(backlog.memory_bytes, 0);
    assert_int_equal(backlog_tend_ns(&backlog), INT64_MAX);
    put_sized(&backlog, 2, SIZE, TIMING_S(2));
    assert_int_equal(files(), 1);
    assert_int_equal(backlog.fault.kind, FAULT_NONE);
    backlog_fini(&backlog);
}

static void test_memory_is_bounded_while_the_disk_fails(void **state)
{
    (void)state;
    struct fault why;
    struct backlog backlog;
    open_backlog(&backlog);
    backlog.max_bytes = UINT64_C(1) << 32;
    put(&backlog, 1);
    limit_files(SIZE / 2);
    for (uint64_t seq = 2; seq <= 5; seq++) {
        put_sized(&backlog, seq, BACKLOG_MEMORY_MAX / 4, 0);
    }
    limit_files(RLIM_INFINITY);
    struct backlog_entry *gone = backlog_shed(&backlog, NULL, 0, &why);
    assert_string_equal(gone->picture->id, "id-2"); // what is on the disk needs no memory
    assert_non_null(strstr(why.text, "File too large"));
    backlog_entry_destroy(gone);
    assert_null(backlog_shed(&backlog, NULL, 0, &why));
    backlog_fini(&backlog);
}

static void test_a_damaged_file_is_set_aside(void **state)
{
    (void)state;
    struct fault fault;
    char path[PATH_MAX];
    struct backlog backlog;
    open_backlog(&backlog);
    put(&backlog, 1);
    put(&backlog, 2);
    backlog_fini(&backlog);
    assert_true(snprintf(path, sizeof path, "%.200s/%016x.picture", folder, 1) > 0);
    assert_int_equal(truncate(path, SIZE / 2), 0);

    open_backlog(&backlog);
    struct backlog_entry *entry = backlog_next_late(&backlog);
    assert_false(backlog_begin(&backlog, entry, &fault));
    assert_int_equal(fault.kind, FAULT_PICTURE);
    assert_non_null(strstr(fault.text, "0000000000000001.picture"));
    backlog_take(&backlog, entry, false);
    backlog_entry_destroy(entry);
    assert_int_equal(backlog.quarantined, 1);
    assert_int_equal(access(path, F_OK), -1);
    assert_true(snprintf(path, sizeof path, "%.200s/quarantine", folder) > 0);
    assert_int_equal(spool_folder_count(path, ".picture", NULL), 1);
    take(&backlog, backlog_next_late(&backlog), 2);
    backlog_fini(&backlog);
}

static void test_no_descriptor_is_no_damage(void **state)
{
    (void)state;
    struct fault fault;
    struct backlog backlog;
    open_backlog(&backlog);
    put(&backlog, 1);
    put(&backlog, 2);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = {0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct backlog_entry *entry = TAILQ_FIRST(&backlog.entries);
    assert_false(backlog_begin(&backlog, entry, &fault));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(fault.kind, FAULT_SYSTEM);
    assert_false(entry->damaged);
    assert_false(entry->in_flight);
    take(&backlog, entry, 1);
    backlog_fini(&backlog);
}

static void test_a_spool_that_cannot_be_used_is_for_people(void **state)
{
    (void)state;
    struct fault fault;
    struct backlog first;
    struct backlog second;
    open_backlog(&first);
    backlog_init(&second, MAX_BYTES, TIMING_S(3600));
    assert_false(backlog_use_spool(&second, folder, 0, &fault));
    assert_int_equal(fault.kind, FAULT_CONFIG);
    backlog_fini(&second);
    backlog_fini(&first);
}

#define DISK_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DISK_TEST(test_put_is_on_the_disk_and_taken_is_gone),
        DISK_TEST(test_only_the_newest_and_what_flies_is_in_memory),
        DISK_TEST(test_what_a_run_leaves_goes_late_in_order),
        DISK_TEST(test_a_dropped_picture_says_who_it_was),
        DISK_TEST(test_a_disk_that_takes_none_and_then_does),
        DISK_TEST(test_delivered_from_memory_while_the_disk_fails),
        DISK_TEST(test_memory_is_bounded_while_the_disk_fails),
        DISK_TEST(test_a_damaged_file_is_set_aside),
        DISK_TEST(test_no_descriptor_is_no_damage),
        DISK_TEST(test_a_spool_that_cannot_be_used_is_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
