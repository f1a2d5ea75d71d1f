// spool_file.h: what was written comes back whole, or not at all.
#include "cmocka_all.h"

#include "delivery/spool_file.h"
#include "spool_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SIZE = 700 };

static int written(uint64_t seq, size_t size)
{
    struct fault fault;
    struct picture picture;
    int fd = memfd_create("picture", MFD_CLOEXEC);
    assert_true(fd >= 0);
    spool_folder_picture(&picture, seq, size);
    assert_true(spool_file_write(fd, &picture, &fault));
    assert_int_equal(lseek(fd, 0, SEEK_CUR), spool_file_size(&picture));
    picture_fini(&picture);
    return fd;
}

static void assert_refused(int fd, const char *words)
{
    struct picture picture;
    picture_init(&picture);
    struct picture before = picture;
    for (int with_jpeg = 1; with_jpeg >= 0; with_jpeg--) {
        struct fault fault = {.kind = FAULT_NONE};
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        if (spool_file_read(fd, with_jpeg, &picture, &fault)) {
            assert_false(with_jpeg); // the head is not where the damage is
            picture_fini(&picture);
        } else {
            assert_int_equal(fault.kind, FAULT_PICTURE);
            assert_true(words == NULL || strstr(fault.text, words) != NULL);
        }
        assert_memory_equal(&picture, &before, sizeof picture);
    }
}

static void test_what_was_written_comes_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, SIZE, 3000000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct fault fault;
        struct picture picture;
        picture_init(&picture);
        int fd = written(i + 1, sizes[i]);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        assert_true(spool_file_read(fd, true, &picture, &fault));
        spool_folder_assert_picture(&picture, i + 1, sizes[i]);
        picture_fini(&picture);
        close(fd);
    }
}

static void test_who_it_is_without_the_jpeg(void **state)
{
    (void)state;
    struct fault fault;
    struct picture picture;
    picture_init(&picture);
    int fd = written(7, SIZE);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_true(spool_file_read(fd, false, &picture, &fault));
    assert_string_equal(picture.id, "id-7");
    assert_string_equal(picture.captured_event, "event:7");
    assert_int_equal(picture.jpeg.len, 0);
    picture_fini(&picture);
    close(fd);
}

static void test_no_event_is_no_event(void **state)
{
    (void)state;
    struct fault fault;
    struct picture picture;
    int fd = memfd_create("picture", MFD_CLOEXEC);
    spool_folder_picture(&picture, 1, SIZE);
    free(picture.captured_event);
    picture.captured_event = NULL;
    assert_true(spool_file_write(fd, &picture, &fault));
    picture_fini(&picture);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_true(spool_file_read(fd, true, &picture, &fault));
    assert_null(picture.captured_event);
    picture_fini(&picture);
    close(fd);
}

static void test_every_flipped_bit_is_found(void **state)
{
    (void)state;
    int fd = written(1, SIZE);
    off_t size = lseek(fd, 0, SEEK_END);
    for (off_t at = 0; at < size; at++) {
        uint8_t byte;
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        uint8_t flipped = (uint8_t)(byte ^ 1U << at % 8);
        assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
        assert_refused(fd, NULL);
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    close(fd);
}

static void test_every_other_length_is_found(void **state)
{
    (void)state;
    int fd = written(1, SIZE);
    off_t size = lseek(fd, 0, SEEK_END);
    assert_int_equal(ftruncate(fd, size + 1), 0);
    assert_refused(fd, "lengths");
    for (off_t len = size - 1; len >= 0; len--) {
        assert_int_equal(ftruncate(fd, len), 0);
        assert_refused(fd, NULL);
    }
    close(fd);
}

static void test_what_is_no_file_is_not_waited_for(void **state)
{
    (void)state;
    struct fault fault;
    struct picture picture;
    picture_init(&picture);
    int pipes[2];
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    assert_false(spool_file_read(pipes[0], true, &picture, &fault));
    assert_int_equal(fault.kind, FAULT_PICTURE);
    close(pipes[0]);
    close(pipes[1]);
}

static void test_a_full_disk_is_said_in_words(void **state)
{
    (void)state;
    struct fault fault;
    struct picture picture;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    spool_folder_picture(&picture, 1, SIZE);
    assert_false(spool_file_write(full, &picture, &fault));
    assert_int_equal(fault.kind, FAULT_SYSTEM);
    assert_int_equal(fault.code, ENOSPC);
    assert_non_null(strstr(fault.text, "No space left"));
    picture_fini(&picture);
    close(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_written_comes_back),
        cmocka_unit_test(test_who_it_is_without_the_jpeg),
        cmocka_unit_test(test_no_event_is_no_event),
        cmocka_unit_test(test_every_flipped_bit_is_found),
        cmocka_unit_test(test_every_other_length_is_found),
        cmocka_unit_test(test_what_is_no_file_is_not_waited_for),
        cmocka_unit_test(test_a_full_disk_is_said_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
