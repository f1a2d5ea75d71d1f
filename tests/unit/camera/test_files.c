// The files driver as the agent sees it: which file comes when, and byte for byte what is in it.
#include "base/bytes.h"
#include "base/timing.h"
#include "driver_rig.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jpeglib.h>

enum {
    WIDTH = 65,
    HEIGHT = 49,
    HALF_WIDTH = 33,
    HALF_HEIGHT = 25,
    LUMA_SIZE = WIDTH * HEIGHT,
    CHROMA_SIZE = HALF_WIDTH * HALF_HEIGHT,
    I420_SIZE = LUMA_SIZE + 2 * CHROMA_SIZE,
    MIB = 1024 * 1024,
};

static char folder[64];

static int folder_enter(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/still2mqtt-files-XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : chdir(folder);
}

static int folder_leave(void **state)
{
    (void)state;
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        unlinkat(dirfd(entries), entry->d_name, 0);
    }
    closedir(entries);
    return rmdir(folder);
}

static void write_file(const char *name, const void *data, size_t len)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, len), len);
    close(fd);
}

// A frame that `seed` tells from others: slow shades in Y, Cb and Cr, so that JPEG loses little.
static void make_i420(uint8_t i420[static I420_SIZE], int seed)
{
    uint8_t *out = i420;
    for (int y = 0; y < HEIGHT; y++) {
        for (int x = 0; x < WIDTH; x++) {
            *out++ = (uint8_t)(40 + seed * 8 + x + y);
        }
    }
    for (int y = 0; y < HALF_HEIGHT; y++) {
        for (int x = 0; x < HALF_WIDTH; x++) {
            out[0] = (uint8_t)(100 + x - seed);
            out[CHROMA_SIZE] = (uint8_t)(150 - y + seed);
            out++;
        }
    }
}

// The same frame as a 4:2:0 JPEG.
static struct bytes make_jpeg(int seed)
{
    uint8_t i420[I420_SIZE];
    make_i420(i420, seed);
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    unsigned char *data = NULL;
    unsigned long len = 0;
    jpeg_mem_dest(&jpeg, &data, &len);
    jpeg.image_width = WIDTH;
    jpeg.image_height = HEIGHT;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_YCbCr;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 95, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < HEIGHT; y++) {
        uint8_t row[3 * WIDTH];
        for (int x = 0; x < WIDTH; x++) {
            const uint8_t *chroma = i420 + LUMA_SIZE + y / 2 * HALF_WIDTH + x / 2;
            row[3 * x] = i420[y * WIDTH + x];
            row[3 * x + 1] = chroma[0];
            row[3 * x + 2] = chroma[CHROMA_SIZE];
        }
        JSAMPROW rows[] = {row};
        jpeg_write_scanlines(&jpeg, rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    struct bytes bytes;
    bytes_init(&bytes);
    struct fault fault;
    assert_true(bytes_append(&bytes, data, len, &fault));
    free(data);
    return bytes;
}

static void write_jpeg(const char *name, int seed)
{
    struct bytes jpeg = make_jpeg(seed);
    write_file(name, jpeg.data, jpeg.len);
    bytes_fini(&jpeg);
}

static void write_i420(const char *name, int seed)
{
    uint8_t i420[I420_SIZE];
    make_i420(i420, seed);
    write_file(name, i420, sizeof i420);
}

static struct driver_configure wish_of(const char *format)
{
    struct driver_configure wish = {.width = WIDTH, .height = HEIGHT, .fps = 120};
    snprintf(wish.format, sizeof wish.format, "%s", format);
    snprintf(wish.path, sizeof wish.path, "%s", folder);
    return wish;
}

static void stream(struct driver_rig *rig, const char *format)
{
    rig_open(rig, "files");
    struct driver_configure wish = wish_of(format);
    rig_stream(rig, &wish);
}

static struct driver_frame shoot(struct driver_rig *rig)
{
    int64_t asked = timing_now_ns();
    rig_shoot(rig, asked);
    struct driver_frame frame = rig_frame(rig);
    assert_true(frame.captured_ns >= asked);
    return frame;
}

// The next frame is the JPEG of this seed, byte for byte.
static void expect_jpeg(struct driver_rig *rig, int seed)
{
    struct driver_frame frame = shoot(rig);
    struct bytes jpeg = make_jpeg(seed);
    assert_int_equal(frame.used[0], jpeg.len);
    assert_memory_equal(rig_plane(rig, frame.buffer, 0), jpeg.data, jpeg.len);
    bytes_fini(&jpeg);
    rig_give_back(rig, frame.buffer);
}

static void expect_pixels(struct driver_rig *rig, int seed, int tolerance)
{
    struct driver_frame frame = shoot(rig);
    uint8_t wanted[I420_SIZE];
    make_i420(wanted, seed);
    const uint8_t *is = rig_plane(rig, frame.buffer, 0);
    for (size_t i = 0; i < I420_SIZE; i++) {
        if (abs(is[i] - wanted[i]) > tolerance) {
            fail_msg("byte %zu of frame %d is %d, not %d", i, seed, is[i], wanted[i]);
        }
    }
    assert_int_equal(frame.used[0], 0);
    rig_give_back(rig, frame.buffer);
}

static void test_jpegs_pass_through_in_order(void **state)
{
    (void)state;
    write_jpeg("shot10.jpeg", 10);
    write_jpeg("shot9.JPG", 9);
    write_jpeg("shot1.jpg", 1);
    write_file("notes.txt", "no picture", 10);
    struct driver_rig rig;
    stream(&rig, "auto");
    assert_int_equal(rig.configured.format, PIXEL_FORMAT_MJPEG);
    for (int round = 0; round < 2; round++) {
        expect_jpeg(&rig, 1);
        expect_jpeg(&rig, 9);
        expect_jpeg(&rig, 10);
    }
    rig_close(&rig);
}

static void test_a_jpeg_tells_its_size(void **state)
{
    (void)state;
    write_jpeg("a.jpg", 1);
    struct driver_rig rig;
    rig_open(&rig, "files");
    struct driver_configure wish = wish_of("auto");
    wish.width = 1920;
    wish.height = 1080;
    rig_stream(&rig, &wish);
    assert_int_equal(rig.configured.width, WIDTH);
    assert_int_equal(rig.configured.height, HEIGHT);
    rig_close(&rig);
}

static void test_new_files_come_with_the_next_round(void **state)
{
    (void)state;
    write_jpeg("b.jpg", 2);
    struct driver_rig rig;
    stream(&rig, "MJPEG");
    expect_jpeg(&rig, 2);
    write_jpeg("a.jpg", 1);
    expect_jpeg(&rig, 1);
    expect_jpeg(&rig, 2);
    unlink("b.jpg");
    expect_jpeg(&rig, 1);
    rig_close(&rig);
}

static void test_a_file_that_grew_too_large_is_left_out(void **state)
{
    (void)state;
    write_jpeg("a.jpg", 1);
    write_jpeg("b.jpg", 2);
    struct driver_rig rig;
    stream(&rig, "auto");
    assert_int_equal(rig.buffers[0].planes[0].length, 2 * MIB);
    assert_int_equal(truncate("a.jpg", 2 * MIB + 1), 0);
    expect_jpeg(&rig, 2);
    assert_non_null(strstr(rig.log.text, "a.jpg has 2097153 bytes"));
    assert_int_equal(truncate("a.jpg", 0), 0);
    expect_jpeg(&rig, 2);
    assert_non_null(strstr(rig.log.text, "a.jpg has 0 bytes"));
    rig_close(&rig);
}

static void test_other_kinds_are_left_out(void **state)
{
    (void)state;
    write_jpeg("a.jpg", 1);
    write_i420("b.i420", 2);
    write_jpeg("c.jpg", 3);
    struct driver_rig rig;
    stream(&rig, "auto");
    assert_int_equal(rig.log_count, 1);
    assert_non_null(strstr(rig.log.text, "1 files"));
    expect_jpeg(&rig, 1);
    expect_jpeg(&rig, 3);
    expect_jpeg(&rig, 1);
    assert_int_equal(rig.log_count, 1);
    rig_close(&rig);
}

static void test_raw_frames_come_as_they_are(void **state)
{
    (void)state;
    write_i420("1.yuv", 1);
    write_i420("2.I420", 2);
    struct driver_rig rig;
    stream(&rig, "auto");
    assert_int_equal(rig.configured.format, PIXEL_FORMAT_YUV420);
    assert_int_equal(rig.configured.plane_count, 3);
    expect_pixels(&rig, 1, 0);
    expect_pixels(&rig, 2, 0);
    expect_pixels(&rig, 1, 0);
    rig_close(&rig);
}

static void test_raw_frames_of_another_size_are_named(void **state)
{
    (void)state;
    uint8_t longer[I420_SIZE + 1] = {0};
    write_file("1.yuv", longer, I420_SIZE + 1);
    write_file("2.yuv", longer, I420_SIZE - 1);
    write_i420("3.yuv", 3);
    struct driver_rig rig;
    stream(&rig, "YUV420");
    rig_shoot(&rig, 0);
    rig_give_back(&rig, rig_frame(&rig).buffer);
    assert_int_equal(rig.log_count, 2);
    assert_non_null(
        strstr(rig.log.text, "2.yuv has 4834 bytes, but 65x49 pixels of I420 are 4835"));
    unlink("3.yuv");
    rig_shoot(&rig, 0);
    rig_expect(&rig, DRIVER_FAILED);
    assert_int_equal(rig.message.failed.shot, rig.shot);
    assert_non_null(strstr(rig.message.failed.text, "can be shown"));
    rig_close(&rig);
}

static void test_a_bad_file_does_not_flood_the_log(void **state)
{
    (void)state;
    write_file("1.yuv", "short", 5);
    write_i420("2.yuv", 2);
    struct driver_rig rig;
    stream(&rig, "auto");
    for (int i = 0; i < 40; i++) {
        expect_pixels(&rig, 2, 0);
    }
    assert_int_equal(rig.log_count, 8);
    rig_close(&rig);
}

static void test_jpegs_are_decoded_on_request(void **state)
{
    (void)state;
    write_jpeg("1.jpg", 1);
    write_jpeg("2.jpg", 2);
    struct driver_rig rig;
    stream(&rig, "YUV420");
    assert_int_equal(rig.configured.encoding, COLOR_ENCODING_REC601);
    assert_int_equal(rig.configured.range, COLOR_RANGE_FULL);
    expect_pixels(&rig, 1, 3);
    expect_pixels(&rig, 2, 3);
    rig_close(&rig);
}

static void test_damaged_jpegs_are_not_shown(void **state)
{
    (void)state;
    struct bytes jpeg = make_jpeg(1);
    write_file("1.jpg", jpeg.data, jpeg.len / 2);
    write_file("2.jpg", "not a JPEG", 10);
    bytes_fini(&jpeg);
    write_jpeg("3.jpg", 3);
    struct driver_rig rig;
    stream(&rig, "YUV420");
    expect_pixels(&rig, 3, 3);
    assert_int_equal(rig.log_count, 2);
    assert_non_null(strstr(rig.log.text, "2.jpg: the JPEG is damaged"));
    rig_close(&rig);
}

static void test_what_is_no_file_does_not_stop_it(void **state)
{
    (void)state;
    assert_int_equal(mkfifo("1.jpg", 0600), 0);
    assert_int_equal(symlink("nowhere", "2.jpg"), 0);
    write_jpeg("3.jpg", 3);
    struct driver_rig rig;
    stream(&rig, "auto");
    expect_jpeg(&rig, 3);
    rig_close(&rig);
}

static void test_an_emptied_folder_fails_the_shot(void **state)
{
    (void)state;
    write_jpeg("a.jpg", 1);
    struct driver_rig rig;
    stream(&rig, "auto");
    expect_jpeg(&rig, 1);
    unlink("a.jpg");
    for (int i = 0; i < 2; i++) {
        rig_shoot(&rig, 0);
        rig_expect(&rig, DRIVER_FAILED);
        assert_non_null(strstr(rig.message.failed.text, folder));
    }
    write_jpeg("b.jpg", 2);
    expect_jpeg(&rig, 2);
    rig_close(&rig);
}

static void test_waits_while_every_buffer_is_on_loan(void **state)
{
    (void)state;
    write_jpeg("a.jpg", 1);
    struct driver_rig rig;
    stream(&rig, "auto");
    for (uint32_t i = 0; i < rig.configured.buffer_count; i++) {
        shoot(&rig);
    }
    rig_shoot(&rig, 0);
    rig_expect_silence(&rig);
    rig_give_back(&rig, 1);
    assert_int_equal(rig_frame(&rig).buffer, 1);
    rig_close(&rig);
}

static void test_refusals_name_the_folder_and_the_cure(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, "files");
    struct driver_configure wish = wish_of("auto");
    rig_expect_refusal(&rig, &wish, folder);
    rig_expect_refusal(&rig, &wish, "*.jpg");
    snprintf(wish.path, sizeof wish.path, "/no/such/folder");
    rig_expect_refusal(&rig, &wish, "\"/no/such/folder\": No such file or directory");
    rig_expect_refusal(&rig, &wish, "camera.path");
    wish.path[0] = '\0';
    rig_expect_refusal(&rig, &wish, "camera.path");
    write_i420("a.i420", 1);
    wish = wish_of("MJPEG");
    rig_expect_refusal(&rig, &wish, "camera.format");
    wish = wish_of("NV12");
    rig_expect_refusal(&rig, &wish, "camera.format");
    wish = wish_of("auto");
    wish.width = UINT32_MAX;
    rig_expect_refusal(&rig, &wish, "camera.width");
    wish = wish_of("auto");
    rig_stream(&rig, &wish);
    rig_close(&rig);
}

static void test_lists_itself(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, "files");
    rig_send_word(&rig, DRIVER_LIST);
    rig_expect(&rig, DRIVER_CAMERA);
    assert_string_equal(rig.message.camera.id, "files");
    rig_expect(&rig, DRIVER_LIST_END);
    rig_close(&rig);
}

#define FOLDER_TEST(f) cmocka_unit_test_setup_teardown(f, folder_enter, folder_leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(test_jpegs_pass_through_in_order),
        FOLDER_TEST(test_a_jpeg_tells_its_size),
        FOLDER_TEST(test_new_files_come_with_the_next_round),
        FOLDER_TEST(test_a_file_that_grew_too_large_is_left_out),
        FOLDER_TEST(test_other_kinds_are_left_out),
        FOLDER_TEST(test_raw_frames_come_as_they_are),
        FOLDER_TEST(test_raw_frames_of_another_size_are_named),
        FOLDER_TEST(test_a_bad_file_does_not_flood_the_log),
        FOLDER_TEST(test_jpegs_are_decoded_on_request),
        FOLDER_TEST(test_damaged_jpegs_are_not_shown),
        FOLDER_TEST(test_what_is_no_file_does_not_stop_it),
        FOLDER_TEST(test_an_emptied_folder_fails_the_shot),
        FOLDER_TEST(test_waits_while_every_buffer_is_on_loan),
        FOLDER_TEST(test_refusals_name_the_folder_and_the_cure),
        FOLDER_TEST(test_lists_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
