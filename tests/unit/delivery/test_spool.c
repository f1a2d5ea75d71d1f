// spool.h: the folder, its names, its bounds and its refusals.
#include "cmocka_all.h"

#include "base/timing.h"
#include "spool_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SIZE = 500 };

static char folder[PATH_MAX];

static int begin(void **state)
{
    (void)state;
    spool_folder_make(folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    spool_folder_remove(folder);
    return 0;
}

static struct spool *opened(void)
{
    struct fault fault;
    struct spool *spool = spool_create(folder, &fault);
    assert_non_null(spool);
    assert_true(spool_open(spool, &fault));
    return spool;
}

static uint64_t put(struct spool *spool, uint64_t seq, size_t size)
{
    struct fault fault;
    struct picture picture;
    uint64_t number = 0;
    spool_folder_picture(&picture, seq, size);
    assert_true(spool_write(spool, &picture, timing_now_ns(), &number, &fault));
    picture_fini(&picture);
    return number;
}

static void assert_holds(struct spool *spool, uint64_t number, uint64_t seq, size_t size)
{
    struct fault fault;
    struct picture picture;
    picture_init(&picture);
    assert_true(spool_read(spool, number, true, &picture, &fault));
    spool_folder_assert_picture(&picture, seq, size);
    picture_fini(&picture);
}

static size_t listed(struct spool *spool, struct spool_item items[static 8])
{
    struct fault fault;
    struct spool_item *found;
    size_t count;
    assert_true(spool_list(spool, &found, &count, &fault));
    assert_true(count <= 8);
    if (count > 0) {
        memcpy(items, found, count * sizeof *found);
    }
    free(found);
    return count;
}

static void path_in_folder(char path[static PATH_MAX], const char *name)
{
    assert_true(snprintf(path, PATH_MAX, "%.200s/%.200s", folder, name) > 0);
}

static void touch(const char *name)
{
    char path[PATH_MAX];
    path_in_folder(path, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static bool has(const char *name)
{
    char path[PATH_MAX];
    path_in_folder(path, name);
    return access(path, F_OK) == 0;
}

static void test_pictures_outlive_the_spool(void **state)
{
    (void)state;
    struct spool_item items[8];
    struct spool *spool = opened();
    assert_int_equal(listed(spool, items), 0);
    put(spool, 1, SIZE);
    put(spool, 2, 2 * SIZE);
    put(spool, 3, SIZE);
    spool_destroy(spool);

    spool = opened();
    assert_int_equal(listed(spool, items), 3);
    assert_holds(spool, items[0].number, 1, SIZE);
    assert_holds(spool, items[1].number, 2, 2 * SIZE);
    assert_true(items[1].bytes > items[0].bytes + SIZE - 1);
    assert_true(put(spool, 4, SIZE) > items[2].number);
    spool_destroy(spool);
}

static void test_removed_is_gone(void **state)
{
    (void)state;
    struct fault fault;
    struct spool_item items[8];
    struct spool *spool = opened();
    uint64_t number = put(spool, 1, SIZE);
    assert_true(spool_remove(spool, number, &fault));
    assert_true(spool_remove(spool, number, &fault));
    assert_int_equal(listed(spool, items), 0);
    struct picture picture;
    picture_init(&picture);
    assert_false(spool_read(spool, number, true, &picture, &fault));
    assert_int_equal(fault.kind, FAULT_PICTURE);
    spool_destroy(spool);
}

// A number that was used is not used again, even when its file has gone to quarantine.
static void test_numbers_are_not_used_twice(void **state)
{
    (void)state;
    struct spool *spool = opened();
    uint64_t number = put(spool, 1, SIZE);
    spool_quarantine(spool, number);
    spool_destroy(spool);
    spool = opened();
    assert_true(put(spool, 2, SIZE) > number);
    spool_destroy(spool);
}

static void test_the_folder_is_made_for_its_owner_alone(void **state)
{
    (void)state;
    struct fault fault;
    char deep[PATH_MAX];
    path_in_folder(deep, "a/b/spool");
    struct spool *spool = spool_create(deep, &fault);
    assert_true(spool_open(spool, &fault));
    struct stat stat_of;
    assert_int_equal(stat(deep, &stat_of), 0);
    assert_int_equal(stat_of.st_mode & 07777, 0700);
    spool_destroy(spool);
}

static void assert_not_opened(const char *path, const char *words)
{
    struct fault fault;
    struct spool *spool = spool_create(path, &fault);
    assert_false(spool_open(spool, &fault));
    assert_false(spool_is_open(spool));
    assert_int_equal(fault.kind, FAULT_CONFIG);
    if (strstr(fault.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fault.text, words);
    }
    spool_destroy(spool);
}

static void test_refuses_what_others_can_write(void **state)
{
    (void)state;
    assert_int_equal(chmod(folder, 0770), 0);
    assert_not_opened(folder, "chmod 700");
    assert_int_equal(chmod(folder, 0702), 0);
    assert_not_opened(folder, "chmod 700");
    assert_int_equal(chmod(folder, 0755), 0);
    spool_destroy(opened());
}

static void test_refuses_what_belongs_to_another(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(chown(folder, 12345, 12345), 0);
    assert_not_opened(folder, "another user");
}

static void test_refuses_what_is_no_folder(void **state)
{
    (void)state;
    char path[PATH_MAX];
    touch("file");
    path_in_folder(path, "file");
    assert_not_opened(path, "Not a directory");
}

static void test_refuses_a_second_agent(void **state)
{
    (void)state;
    struct spool *spool = opened();
    assert_not_opened(folder, "another agent");
    spool_destroy(spool);
    spool_destroy(opened());
}

static void test_what_was_not_finished_is_removed(void **state)
{
    (void)state;
    struct spool_item items[8];
    touch("0000000000000007.tmp");
    struct spool *spool = opened();
    assert_false(has("0000000000000007.tmp"));
    assert_int_equal(listed(spool, items), 0);
    spool_destroy(spool);
}

static void test_files_of_others_are_left_alone(void **state)
{
    (void)state;
    static const char *const names[] = {"README",
                                        "7.picture",
                                        "000000000000000A.picture",
                                        "ffffffffffffffff.picture",
                                        "0000000000000000.picture",
                                        "0000000000000007.picture.bak",
                                        "0000000000000007.tmp2"};
    struct spool_item items[8];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        touch(names[i]);
    }
    char path[PATH_MAX];
    path_in_folder(path, "00000000000000ff.picture");
    assert_int_equal(mkdir(path, 0700), 0);
    struct spool *spool = opened();
    assert_int_equal(listed(spool, items), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(has(names[i]));
    }
    uint64_t number = put(spool, 1, SIZE);
    assert_holds(spool, number, 1, SIZE);
    spool_destroy(spool);
}

static void test_quarantine_is_bounded_in_files(void **state)
{
    (void)state;
    char aside[PATH_MAX];
    path_in_folder(aside, "quarantine");
    struct spool *spool = opened();
    uint64_t last = 0;
    for (int i = 0; i < SPOOL_QUARANTINE_FILES_MAX + 3; i++) {
        last = put(spool, 1, SIZE);
        spool_quarantine(spool, last);
    }
    assert_int_equal(spool_folder_count(folder, ".picture", NULL), 0);
    assert_int_equal(spool_folder_count(aside, ".picture", NULL), SPOOL_QUARANTINE_FILES_MAX);
    char name[64];
    snprintf(name, sizeof name, "quarantine/%016jx.picture", (uintmax_t)last);
    assert_true(has(name)); // the oldest have gone
    spool_destroy(spool);
}

static void test_quarantine_is_bounded_in_bytes(void **state)
{
    (void)state;
    char aside[PATH_MAX];
    path_in_folder(aside, "quarantine");
    struct spool *spool = opened();
    for (int i = 0; i < 4; i++) {
        spool_quarantine(spool, put(spool, 1, 5000000));
    }
    uint64_t bytes;
    assert_int_equal(spool_folder_count(aside, ".picture", &bytes), 3);
    assert_true(bytes <= SPOOL_QUARANTINE_BYTES_MAX);
    spool_destroy(spool);
}

static void set_time(uint64_t number, time_t seconds)
{
    char path[PATH_MAX];
    char name[64];
    snprintf(name, sizeof name, "%016jx.picture", (uintmax_t)number);
    path_in_folder(path, name);
    const struct timespec times[] = {{seconds, 0}, {seconds, 0}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void test_ages(void **state)
{
    (void)state;
    struct spool_item items[8];
    time_t now = (time_t)(timing_wall_ns() / TIMING_S(1));
    struct spool *spool = opened();
    set_time(put(spool, 1, SIZE), now - 3600);
    set_time(put(spool, 2, SIZE), 0);           // the clock was not set
    set_time(put(spool, 3, SIZE), now + 86400); // the clock is not set now
    set_time(put(spool, 4, SIZE), 15032385535); // as late as ext4 can say
    assert_int_equal(listed(spool, items), 4);
    assert_in_range(items[0].age_ns, TIMING_S(3600), TIMING_S(3600 + 60));
    for (int i = 1; i < 4; i++) {
        assert_int_equal(items[i].age_ns, 0);
    }
    spool_destroy(spool);
}

#define SPOOL_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPOOL_TEST(test_pictures_outlive_the_spool),
        SPOOL_TEST(test_removed_is_gone),
        SPOOL_TEST(test_numbers_are_not_used_twice),
        SPOOL_TEST(test_the_folder_is_made_for_its_owner_alone),
        SPOOL_TEST(test_refuses_what_others_can_write),
        SPOOL_TEST(test_refuses_what_belongs_to_another),
        SPOOL_TEST(test_refuses_what_is_no_folder),
        SPOOL_TEST(test_refuses_a_second_agent),
        SPOOL_TEST(test_what_was_not_finished_is_removed),
        SPOOL_TEST(test_files_of_others_are_left_alone),
        SPOOL_TEST(test_quarantine_is_bounded_in_files),
        SPOOL_TEST(test_quarantine_is_bounded_in_bytes),
        SPOOL_TEST(test_ages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
