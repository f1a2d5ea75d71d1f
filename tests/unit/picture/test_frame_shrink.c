// Halved frames against halved pictures, of every format at odd and even sizes.
#include "picture/frame_shrink.h"

#include "picture/frame_check.h"
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const enum pixel_format formats[] = {
    PIXEL_FORMAT_YUV420, PIXEL_FORMAT_NV12,     PIXEL_FORMAT_YUYV,     PIXEL_FORMAT_RGB888,
    PIXEL_FORMAT_BGR888, PIXEL_FORMAT_XRGB8888, PIXEL_FORMAT_XBGR8888,
};

enum { FORMATS = sizeof formats / sizeof formats[0] };

static const uint32_t sizes[][2] = {{1, 1},   {2, 2},   {3, 3},   {4, 4},   {5, 6},
                                    {6, 5},   {7, 9},   {16, 16}, {17, 15}, {34, 33},
                                    {65, 49}, {66, 50}, {67, 51}, {68, 52}, {1, 40}};

enum { SIZES = sizeof sizes / sizeof sizes[0] };

static uint8_t sample_at(const struct frame *frame, uint32_t plane, uint32_t row, uint32_t byte)
{
    return frame->planes[plane].data[(size_t)frame->planes[plane].stride * row + byte];
}

// The fourth byte of an RGB pixel, and the luma beyond an odd width of YUYV, mean nothing.
static bool is_padding(const struct frame *frame, uint32_t byte)
{
    return ((frame->format == PIXEL_FORMAT_XRGB8888 || frame->format == PIXEL_FORMAT_XBGR8888) &&
            byte % 4 == 3) ||
           (frame->format == PIXEL_FORMAT_YUYV && byte == 2 * frame->width);
}

static uint32_t row_bytes(const struct frame *frame, uint32_t plane)
{
    uint32_t pairs = (frame->width + 1) / 2;
    switch (frame->format) {
    case PIXEL_FORMAT_YUV420:
        return plane == 0 ? frame->width : pairs;
    case PIXEL_FORMAT_NV12:
        return plane == 0 ? frame->width : 2 * pairs;
    case PIXEL_FORMAT_YUYV:
        return 4 * pairs;
    case PIXEL_FORMAT_RGB888:
    case PIXEL_FORMAT_BGR888:
        return 3 * frame->width;
    default:
        return 4 * frame->width;
    }
}

static void assert_alike(const struct frame *a, const struct frame *b, int most)
{
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->plane_count, b->plane_count);
    for (uint32_t p = 0; p < a->plane_count; p++) {
        bool is_halved = p > 0 && a->format != PIXEL_FORMAT_YUYV;
        for (uint32_t y = 0; y < (is_halved ? (a->height + 1) / 2 : a->height); y++) {
            for (uint32_t x = 0; x < row_bytes(a, p); x++) {
                int off = abs(sample_at(a, p, y, x) - sample_at(b, p, y, x));
                if (off > most && !is_padding(a, x)) {
                    fail_msg("format %d, %ux%u, plane %u, row %u, byte %u: off by %d", a->format,
                             a->width, a->height, p, y, x, off);
                }
            }
        }
    }
}

static void assert_halved(uint32_t width, uint32_t height, enum pixel_format format,
                          uint32_t padding)
{
    // no noise at all where chroma is halved too: the mean of means is that of all then
    struct image image = image_scene(width, height);
    struct image half = image_halved(&image);
    struct sample whole =
        sample_create(&image, format, COLOR_ENCODING_REC709, COLOR_RANGE_LIMITED, padding);
    struct sample expected =
        sample_create(&half, format, COLOR_ENCODING_REC709, COLOR_RANGE_LIMITED, 0);
    struct bytes pixels;
    struct frame small;
    struct fault fault;
    bytes_init(&pixels);
    assert_true(frame_shrink(&whole.frame, 1, &pixels, &small, &fault));
    assert_true(frame_check(&small, &fault));
    assert_int_equal(small.format, format);
    assert_int_equal(small.encoding, COLOR_ENCODING_REC709);
    assert_int_equal(small.range, COLOR_RANGE_LIMITED);
    assert_alike(&small, &expected.frame, format >= PIXEL_FORMAT_RGB888 ? 1 : 4);
    bytes_fini(&pixels);
    sample_fini(&whole);
    sample_fini(&expected);
    image_fini(&half);
    image_fini(&image);
}

// The planes end at a page that cannot be read.
static void every_format_at_every_size(void **state)
{
    (void)state;
    for (int f = 0; f < FORMATS; f++) {
        for (int s = 0; s < SIZES; s++) {
            assert_halved(sizes[s][0], sizes[s][1], formats[f], 0);
            assert_halved(sizes[s][0], sizes[s][1], formats[f], 21);
        }
    }
}

static void twice_is_one_after_the_other(void **state)
{
    (void)state;
    for (int f = 0; f < FORMATS; f++) {
        struct image image = image_scene(67, 51);
        struct sample sample =
            sample_create(&image, formats[f], COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 3);
        struct bytes at_once;
        struct bytes first;
        struct bytes second;
        struct frame quarter;
        struct frame half;
        struct frame half_again;
        struct fault fault;
        bytes_init(&at_once);
        bytes_init(&first);
        bytes_init(&second);
        assert_true(frame_shrink(&sample.frame, 2, &at_once, &quarter, &fault));
        assert_true(frame_shrink(&sample.frame, 1, &first, &half, &fault));
        assert_true(frame_shrink(&half, 1, &second, &half_again, &fault));
        assert_int_equal(quarter.width, 17);
        assert_int_equal(quarter.height, 13);
        assert_alike(&quarter, &half_again, 0);
        bytes_fini(&at_once);
        bytes_fini(&first);
        bytes_fini(&second);
        sample_fini(&sample);
        image_fini(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_format_at_every_size),
        cmocka_unit_test(twice_is_one_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
