// The tests' own folders; a test that fails leaves its folder behind.
#include "spool_folder.h"

#include "cmocka_all.h"
#include "digest.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void spool_folder_make(char path[static PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/s2m-spool-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(path));
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *place)
{
    (void)stat;
    (void)type;
    (void)place;
    return remove(path);
}

void spool_folder_remove(const char *path)
{
    assert_int_equal(nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

size_t spool_folder_count(const char *path, const char *suffix, uint64_t *bytes)
{
    size_t count = 0;
    uint64_t sum = 0;
    DIR *stream = opendir(path);
    for (struct dirent *entry; stream != NULL && (entry = readdir(stream)) != NULL;) {
        struct stat stat;
        const char *dot = strrchr(entry->d_name, '.');
        if (dot != NULL && strcmp(dot, suffix) == 0) {
            assert_int_equal(fstatat(dirfd(stream), entry->d_name, &stat, 0), 0);
            count++;
            sum += (uint64_t)stat.st_size;
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
    if (bytes != NULL) {
        *bytes = sum;
    }
    return count;
}

static void fill_jpeg(struct bytes *jpeg, uint64_t seq, size_t size)
{
    struct fault fault;
    assert_true(bytes_reserve(jpeg, size + 1, &fault));
    for (size_t i = 0; i < size; i++) {
        jpeg->data[i] = (uint8_t)(seq * 131 + i * 7 + i / 251);
    }
    jpeg->len = size;
}

void spool_folder_picture(struct picture *picture, uint64_t seq, size_t size)
{
    struct fault fault;
    char meta[40];
    picture_init(picture);
    snprintf(picture->id, sizeof picture->id, "id-%" PRIu64, seq);
    snprintf(picture->request_id, sizeof picture->request_id, "request-%" PRIu64, seq);
    snprintf(picture->captured_at, sizeof picture->captured_at, "2026-01-31T23:59:59.123Z");
    snprintf(meta, sizeof meta, "{\"seq\":%" PRIu64 "}", seq);
    picture->seq = seq;
    picture->trigger = TRIGGER_COMMAND;
    picture->captured_ns = 123456789;
    picture->width = 640;
    picture->height = 480;
    fill_jpeg(&picture->jpeg, seq, size);
    digest(&picture->jpeg, picture->sha256);
    assert_true(bytes_append_text(&picture->meta, meta, &fault));
    assert_true(asprintf(&picture->captured_event, "event:%" PRIu64, seq) > 0);
}

void spool_folder_assert_picture(const struct picture *picture, uint64_t seq, size_t size)
{
    struct picture expected;
    spool_folder_picture(&expected, seq, size);
    assert_string_equal(picture->id, expected.id);
    assert_string_equal(picture->request_id, expected.request_id);
    assert_string_equal(picture->captured_at, expected.captured_at);
    assert_string_equal(picture->sha256, expected.sha256);
    assert_int_equal(picture->seq, seq);
    assert_int_equal(picture->trigger, expected.trigger);
    assert_int_equal(picture->captured_ns, expected.captured_ns);
    assert_int_equal(picture->width, expected.width);
    assert_int_equal(picture->height, expected.height);
    assert_string_equal(picture->captured_event, expected.captured_event);
    assert_int_equal(picture->meta.len, expected.meta.len);
    assert_memory_equal(picture->meta.data, expected.meta.data, expected.meta.len);
    assert_int_equal(picture->jpeg.len, size);
    if (size > 0) {
        assert_memory_equal(picture->jpeg.data, expected.jpeg.data, size);
    }
    picture_fini(&expected);
}
