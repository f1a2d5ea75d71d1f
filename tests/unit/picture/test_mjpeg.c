// MJPEG as cameras deliver it, whole, short of something, and hostile.
#include "picture/mjpeg.h"

#include "sample.h"
#include "webcam_jpeg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Checks a copy that ends where memory ends.
static bool check(const uint8_t *data, size_t size, struct mjpeg *mjpeg, struct fault *fault)
{
    struct sample guard = {0};
    uint8_t *end = sample_map(&guard, 0, size + 1) + size + 1;
    if (size > 0) {
        memcpy(end - size, data, size);
    }
    bool whole = mjpeg_check(end - size, size, mjpeg, fault);
    sample_fini(&guard);
    return whole;
}

static void assert_refused(const struct bytes *jpeg, const char *says)
{
    struct mjpeg mjpeg = {.width = 7};
    struct fault fault = {0};
    assert_false(check(jpeg->data, jpeg->len, &mjpeg, &fault));
    assert_int_equal(fault.kind, FAULT_PICTURE);
    assert_int_equal(mjpeg.width, 7);
    if (strstr(fault.text, says) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fault.text, says);
    }
}

static struct mjpeg assert_whole(const struct bytes *jpeg)
{
    struct mjpeg mjpeg;
    struct fault fault;
    if (!check(jpeg->data, jpeg->len, &mjpeg, &fault)) {
        fail_msg("%s", fault.text);
    }
    assert_int_equal(mjpeg.width, 48);
    assert_int_equal(mjpeg.height, 40);
    return mjpeg;
}

static struct bytes copy_of(const struct bytes *from)
{
    struct bytes copy;
    struct fault fault;
    bytes_init(&copy);
    assert_true(bytes_append(&copy, from->data, from->len, &fault));
    return copy;
}

static struct bytes appended(const struct webcam_jpeg *webcam, const struct bytes *jpeg)
{
    struct mjpeg mjpeg = assert_whole(jpeg);
    struct bytes out;
    struct fault fault;
    bytes_init(&out);
    assert_true(mjpeg_append(jpeg->data, &mjpeg, &(struct mjpeg_extras){.tables = &webcam->tables},
                             &out, &fault));
    return out;
}

static void whole_frame_is_untouched(void **state)
{
    struct webcam_jpeg *webcam = *state;
    struct bytes out = appended(webcam, &webcam->jpeg);
    assert_same_bytes(&out, &webcam->jpeg);
    bytes_fini(&out);
}

static void what_follows_the_end_is_cut(void **state)
{
    struct webcam_jpeg *webcam = *state;
    static const uint8_t tails[][6] = {{0}, {0xFF, 0xD9}, {0xFF, 0xD8, 0xFF}, {1, 2, 3, 4, 5, 6}};
    for (size_t i = 0; i < 4; i++) {
        for (size_t len = 1; len <= 6; len++) {
            struct bytes tailed = jpeg_with(&webcam->jpeg, webcam->jpeg.len, tails[i], len);
            struct bytes out = appended(webcam, &tailed);
            assert_same_bytes(&out, &webcam->jpeg);
            bytes_fini(&out);
            bytes_fini(&tailed);
        }
    }
}

static void missing_tables_are_put_in(void **state)
{
    struct webcam_jpeg *webcam = *state;
    struct bytes bare = jpeg_without(&webcam->jpeg, MARKER_DHT);
    assert_int_equal(bare.len, webcam->jpeg.len - webcam->tables.len);

    struct bytes out = appended(webcam, &bare);
    assert_int_equal(out.len, webcam->jpeg.len);
    struct decoded mended = decode(&out);
    struct decoded original = decode(&webcam->jpeg);
    assert_memory_equal(mended.image.rgb, original.image.rgb, 3 * 48 * 40);
    assert_int_equal(assert_whole(&out).tables_at, 0);
    image_fini(&mended.image);
    image_fini(&original.image);
    bytes_fini(&out);
    bytes_fini(&bare);
}

static void empty_tables_segment_counts_for_nothing(void **state)
{
    struct webcam_jpeg *webcam = *state;
    struct bytes bare = jpeg_without(&webcam->jpeg, MARKER_DHT);
    struct bytes hollow = jpeg_with(&bare, 2, "\xFF\xC4\x00\x02", 4);
    assert_true(assert_whole(&hollow).tables_at > 0);
    bytes_fini(&hollow);
    bytes_fini(&bare);
}

static void what_may_lie_between_is_kept(void **state)
{
    struct webcam_jpeg *webcam = *state;
    static const struct {
        const char *bytes;
        size_t len;
    } parts[] = {
        {"\xFF\xFE\x00\x02", 4},                 // a comment without text
        {"\xFF\xEF\x00\x06\xFF\xD9\xFF\xD8", 8}, // markers inside an APP15
        {"\xFF\xFF\xFF\xFF\xFE\x00\x03x", 8},    // fill bytes
        {"\xFF\xDD\x00\x04\x00\x00", 6},         // no restarts
        {"\xFF\xE0\x00\x0A"
         "AVI1\0\0\0\0",
         12}, // what UVC cameras write
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct bytes more = jpeg_with(&webcam->jpeg, 2, parts[i].bytes, parts[i].len);
        struct bytes out = appended(webcam, &more);
        assert_same_bytes(&out, &more);
        bytes_fini(&out);
        bytes_fini(&more);
    }
}

static void largest_segment_is_skipped(void **state)
{
    struct webcam_jpeg *webcam = *state;
    uint8_t *segment = calloc(1, 65537);
    assert_non_null(segment);
    memcpy(segment, "\xFF\xE1\xFF\xFF", 4);
    struct bytes more = jpeg_with(&webcam->jpeg, 2, segment, 65537);
    struct bytes out = appended(webcam, &more);
    assert_same_bytes(&out, &more);
    bytes_fini(&out);
    more.len = 65538; // the last byte of the segment is not there
    assert_refused(&more, "reaches beyond the end");
    bytes_fini(&more);
    free(segment);
}

static void restarts_and_stuffing_are_data(void **state)
{
    struct webcam_jpeg *webcam = *state;
    size_t at = jpeg_behind(&webcam->jpeg, MARKER_SOS);
    struct bytes more = jpeg_with(&webcam->jpeg, at, "\xFF\x00\xFF\xD0\xFF\xD7\xFF\xFF\x00", 9);
    assert_int_equal(assert_whole(&more).len, more.len);
    bytes_fini(&more);
}

static void progressive_needs_its_own_tables(void **state)
{
    struct webcam_jpeg *webcam = *state;
    struct bytes jpeg = copy_of(&webcam->jpeg);
    jpeg.data[jpeg_find(&jpeg, MARKER_SOF0) + 1] = 0xC2;
    assert_int_equal(assert_whole(&jpeg).tables_at, 0);
    struct bytes bare = jpeg_without(&jpeg, MARKER_DHT);
    assert_refused(&bare, "progressive scan without a Huffman table");
    bytes_fini(&bare);
    bytes_fini(&jpeg);
}

static void empty_and_garbage_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *says;
    } cases[] = {
        {"", 0, "empty"},
        {"\xFF", 1, "no start of image"},
        {"\xFF\xD8", 2, "breaks off"},
        {"\xFF\xD8\xFF\xD9", 4, "without a scan"},
        {"\xFF\xD8\xFF\xD8\xFF\xD9", 6, "a second start of image"},
        {"\xFF\xD8\xFF\xFF\xFF", 5, "breaks off"},
        {"\xFF\xD8\xFF\x00", 4, "no place here"},
        {"\xFF\xD8\xFF\xD0", 4, "no place here"},
        {"\xFF\xD8\xFF\x01", 4, "no place here"},
        {"\xFF\xD8\xFF\xC9\x00\x02", 6, "no place here"},
        {"\xFF\xD8\xFF\xE0\x00", 5, "breaks off"},
        {"\xFF\xD8\xFF\xE0\x00\x00", 6, "impossible segment length"},
        {"\xFF\xD8\xFF\xE0\x00\x01", 6, "impossible segment length"},
        {"\xFF\xD8\xFF\xE0\x00\x03", 6, "reaches beyond the end"},
        {"\xFF\xD8\x00\xFF\xD9", 5, "no marker where one is due"},
        {"\xFF\xD8\xFF\xDA\x00\x08", 6, "before the frame header"},
        {"\xFF\xD8\xFF\xC0\x00\x02", 6, "frame header of the wrong length"},
        {"GIF89a", 6, "no start of image"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes jpeg;
        struct fault fault;
        bytes_init(&jpeg);
        assert_true(bytes_append(&jpeg, cases[i].bytes, cases[i].len, &fault));
        assert_refused(&jpeg, cases[i].says);
        bytes_fini(&jpeg);
    }
}

static void bad_headers_are_refused(void **state)
{
    struct webcam_jpeg *webcam = *state;
    static const struct {
        uint8_t marker;
        size_t offset; // from the marker
        size_t len;
        const char *value;
        const char *says;
    } cases[] = {
        {MARKER_SOF0, 4, 1, "\x0C", "not of 8 bits"},
        {MARKER_SOF0, 5, 2, "\0\0", "impossible size"},
        {MARKER_SOF0, 7, 2, "\0\0", "impossible size"},
        {MARKER_SOF0, 5, 2, "\xFF\xFF", "impossible size"},
        {MARKER_SOF0, 7, 2, "\xFF\xDD", "impossible size"}, // 65501
        {MARKER_SOF0, 9, 1, "\x02", "wrong length"},
        {MARKER_SOF0, 2, 8, "\0\x0E\x08\0\x28\0\x30\x02", "number of components"},
        {MARKER_SOS, 4, 1, "\0", "does not fit"},
        {MARKER_SOS, 4, 1, "\x02", "does not fit"},
        {MARKER_SOS, 4, 1, "\x04", "does not fit"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes jpeg = copy_of(&webcam->jpeg);
        size_t at = jpeg_find(&jpeg, cases[i].marker);
        memcpy(jpeg.data + at + cases[i].offset, cases[i].value, cases[i].len);
        assert_refused(&jpeg, cases[i].says);
        bytes_fini(&jpeg);
    }
}

static void essential_parts_are_missed(void **state)
{
    struct webcam_jpeg *webcam = *state;
    struct bytes jpeg = jpeg_without(&webcam->jpeg, MARKER_DQT);
    assert_refused(&jpeg, "without a quantisation table");
    bytes_fini(&jpeg);

    size_t at = jpeg_find(&webcam->jpeg, MARKER_SOF0);
    jpeg =
        jpeg_with(&webcam->jpeg, at, webcam->jpeg.data + at, jpeg_segment_size(&webcam->jpeg, at));
    assert_refused(&jpeg, "a second frame header");
    bytes_fini(&jpeg);

    at = jpeg_behind(&webcam->jpeg, MARKER_SOS);
    jpeg = copy_of(&webcam->jpeg);
    memcpy(jpeg.data + at, "\xFF\xD9", 2);
    assert_refused(&jpeg, "a scan without data");
    bytes_fini(&jpeg);
}

static void hollow_scan_header_at_the_end(void **state)
{
    struct webcam_jpeg *webcam = *state;
    struct bytes jpeg = copy_of(&webcam->jpeg);
    jpeg.len = jpeg_find(&jpeg, MARKER_SOS) + 4;
    memcpy(jpeg.data + jpeg.len - 2, "\0\x02", 2);
    assert_refused(&jpeg, "does not fit");
    bytes_fini(&jpeg);
}

static void every_truncation_is_refused(void **state)
{
    struct webcam_jpeg *webcam = *state;
    struct bytes bare = jpeg_without(&webcam->jpeg, MARKER_DHT);
    const struct bytes *both[] = {&webcam->jpeg, &bare};
    for (int i = 0; i < 2; i++) {
        for (size_t len = 0; len < both[i]->len; len++) {
            struct mjpeg mjpeg;
            struct fault fault;
            assert_false(check(both[i]->data, len, &mjpeg, &fault));
        }
    }
    bytes_fini(&bare);
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return *state >> 33;
}

// Whatever is changed: refused, or described within what is there.
static void assert_sane(const struct webcam_jpeg *webcam, uint8_t *data, size_t size)
{
    struct mjpeg mjpeg;
    struct fault fault = {0};
    if (!mjpeg_check(data, size, &mjpeg, &fault)) {
        assert_int_equal(fault.kind, FAULT_PICTURE);
        assert_true(fault.text[0] != '\0');
        return;
    }
    assert_true(mjpeg.len <= size && mjpeg.len > 4);
    assert_true(mjpeg.tables_at < mjpeg.len);
    assert_true(mjpeg.width >= 1 && mjpeg.width <= 65500);
    assert_true(mjpeg.height >= 1 && mjpeg.height <= 65500);
    assert_memory_equal(data + mjpeg.len - 2, "\xFF\xD9", 2);

    struct bytes out;
    bytes_init(&out);
    assert_true(mjpeg_append(data, &mjpeg, &(struct mjpeg_extras){.tables = &webcam->tables}, &out,
                             &fault));
    struct mjpeg again;
    assert_true(mjpeg_check(out.data, out.len, &again, &fault));
    assert_int_equal(again.len, out.len);
    assert_int_equal(again.tables_at, 0);
    bytes_fini(&out);
}

static void mutations_never_hurt(void **state)
{
    struct webcam_jpeg *webcam = *state;
    const char *given = getenv("SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : 20260131;
    print_message("seed %llu (SEED in the environment sets it)\n", (unsigned long long)seed);

    struct bytes bare = jpeg_without(&webcam->jpeg, MARKER_DHT);
    const struct bytes *both[] = {&webcam->jpeg, &bare};
    for (int i = 0; i < 2; i++) {
        size_t size = both[i]->len;
        struct sample guard = {0};
        uint8_t *copy = sample_map(&guard, 0, size);
        for (size_t at = 0; at < size; at++) { // one byte: each, with the telling values
            const uint8_t values[] = {0x00,
                                      0x01,
                                      0xFF,
                                      0xC0,
                                      0xC4,
                                      0xD8,
                                      0xD9,
                                      0xDA,
                                      (uint8_t)next_random(&seed),
                                      (uint8_t)(both[i]->data[at] ^ 0x80)};
            for (size_t v = 0; v < sizeof values; v++) {
                memcpy(copy, both[i]->data, size);
                copy[at] = values[v];
                assert_sane(webcam, copy, size);
            }
        }
        for (int round = 0; round < 20000; round++) { // several at once
            memcpy(copy, both[i]->data, size);
            for (uint64_t n = next_random(&seed) % 6 + 1; n > 0; n--) {
                copy[next_random(&seed) % size] = (uint8_t)next_random(&seed);
            }
            assert_sane(webcam, copy, size);
        }
        sample_fini(&guard);
    }
    bytes_fini(&bare);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_frame_is_untouched),
        cmocka_unit_test(what_follows_the_end_is_cut),
        cmocka_unit_test(missing_tables_are_put_in),
        cmocka_unit_test(empty_tables_segment_counts_for_nothing),
        cmocka_unit_test(what_may_lie_between_is_kept),
        cmocka_unit_test(largest_segment_is_skipped),
        cmocka_unit_test(restarts_and_stuffing_are_data),
        cmocka_unit_test(progressive_needs_its_own_tables),
        cmocka_unit_test(empty_and_garbage_are_refused),
        cmocka_unit_test(bad_headers_are_refused),
        cmocka_unit_test(essential_parts_are_missed),
        cmocka_unit_test(hollow_scan_header_at_the_end),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(mutations_never_hurt),
    };
    return cmocka_run_group_tests(tests, webcam_jpeg_setup, webcam_jpeg_teardown);
}
