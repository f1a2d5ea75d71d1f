// Every format, encoding, range, size and stride: encoded, decoded by libjpeg, compared by pixels.
#include "picture/jpeg_encoder.h"

#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const enum pixel_format raw_formats[] = {
    PIXEL_FORMAT_YUV420, PIXEL_FORMAT_NV12,     PIXEL_FORMAT_YUYV,     PIXEL_FORMAT_RGB888,
    PIXEL_FORMAT_BGR888, PIXEL_FORMAT_XRGB8888, PIXEL_FORMAT_XBGR8888,
};

enum { FORMATS = sizeof raw_formats / sizeof raw_formats[0], YCBCR_FORMATS = 3 };

static const uint32_t sizes[][2] = {
    {1, 1},   {2, 1},   {1, 2},   {2, 2},   {3, 17},  {7, 9},   {8, 8},   {15, 17},  {16, 16},
    {17, 15}, {24, 24}, {33, 31}, {64, 48}, {65, 49}, {66, 50}, {72, 40}, {127, 63}, {128, 66},
};

enum { SIZES = sizeof sizes / sizeof sizes[0] };

static const struct jpeg_options usual = {90, SUBSAMPLING_420, NULL, 0};

// bytes_reserve as the linker puts it in place of base's: fails once this many calls have worked.
static int reserves_left = -1; // never

bool __real_bytes_reserve(struct bytes *bytes, size_t more, struct fault *fault);
bool __wrap_bytes_reserve(struct bytes *bytes, size_t more, struct fault *fault);

bool __wrap_bytes_reserve(struct bytes *bytes, size_t more, struct fault *fault)
{
    if (reserves_left == 0) {
        return fault_set(fault, FAULT_SYSTEM, 0, "no memory, says the test");
    }
    reserves_left -= reserves_left > 0;
    return __real_bytes_reserve(bytes, more, fault);
}

static int setup(void **state)
{
    struct fault fault;
    *state = jpeg_encoder_create(&fault);
    return *state == NULL;
}

static int teardown(void **state)
{
    jpeg_encoder_destroy(*state);
    return 0;
}

static struct bytes encode(struct jpeg_encoder *encoder, const struct frame *frame,
                           const struct jpeg_options *options)
{
    struct bytes jpeg;
    struct fault fault;
    bytes_init(&jpeg);
    if (!jpeg_encoder_encode(encoder, frame, options, &jpeg, &fault)) {
        fail_msg("%s", fault.text);
    }
    return jpeg;
}

static void assert_same(const struct bytes *a, const struct bytes *b)
{
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->data, b->data, a->len);
}

static void assert_looks_like(const struct bytes *jpeg, const struct image *image)
{
    struct decoded decoded = decode(jpeg);
    assert_true(decoded.has_jfif);
    double psnr = image_psnr(&decoded.image, image);
    image_fini(&decoded.image);
    if (psnr < 38) {
        fail_msg("%ux%u: %.1f dB", image->width, image->height, psnr);
    }
}

static void assert_scene(struct jpeg_encoder *encoder, uint32_t width, uint32_t height,
                         enum pixel_format format, enum color_encoding encoding,
                         enum color_range range, uint32_t padding)
{
    static const struct jpeg_options finest = {90, SUBSAMPLING_444, NULL, 0};
    struct image image = image_scene(width, height);
    struct sample sample = sample_create(&image, format, encoding, range, padding);
    struct bytes coarse = encode(encoder, &sample.frame, &usual);
    struct bytes fine = encode(encoder, &sample.frame, &finest);
    assert_looks_like(&coarse, &image);
    assert_looks_like(&fine, &image);
    bytes_fini(&coarse);
    bytes_fini(&fine);
    sample_fini(&sample);
    image_fini(&image);
}

// The planes end at a page that cannot be read, so this also proves that nothing behind them is.
static void every_format_at_every_size(void **state)
{
    for (int f = 0; f < FORMATS; f++) {
        for (int s = 0; s < SIZES; s++) {
            for (uint32_t padding = 0; padding <= 64; padding += padding == 0 ? 13 : 51) {
                assert_scene(*state, sizes[s][0], sizes[s][1], raw_formats[f],
                             COLOR_ENCODING_REC601, COLOR_RANGE_FULL, padding);
            }
        }
        assert_scene(*state, 160, 120, raw_formats[f], COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
        assert_scene(*state, 1920, 1080, raw_formats[f], COLOR_ENCODING_REC601, COLOR_RANGE_FULL,
                     0);
    }
}

static void full_sensor(void **state)
{
    assert_scene(*state, 4056, 3040, PIXEL_FORMAT_NV12, COLOR_ENCODING_REC601, COLOR_RANGE_FULL,
                 40);
}

static void longest_sides(void **state)
{
    assert_scene(*state, 65500, 2, PIXEL_FORMAT_YUYV, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    assert_scene(*state, 3, 65500, PIXEL_FORMAT_NV12, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
}

static void every_encoding_and_range(void **state)
{
    static const uint32_t some[][2] = {{64, 48}, {65, 49}, {15, 17}};
    for (int f = 0; f < YCBCR_FORMATS; f++) {
        for (int e = 0; e < COLOR_ENCODING_COUNT; e++) {
            for (int r = 0; r < COLOR_RANGE_COUNT; r++) {
                for (int s = 0; s < 3; s++) {
                    assert_scene(*state, some[s][0], some[s][1], raw_formats[f],
                                 (enum color_encoding)e, (enum color_range)r, 5);
                }
            }
        }
    }
}

static void assert_flat(struct jpeg_encoder *encoder, const uint8_t rgb[static 3],
                        enum pixel_format format, enum color_encoding encoding,
                        enum color_range range)
{
    struct image image = image_flat(34, 18, rgb);
    struct sample sample = sample_create(&image, format, encoding, range, 0);
    struct bytes jpeg = encode(encoder, &sample.frame, &usual);
    struct decoded decoded = decode(&jpeg);
    for (size_t i = 0; i < (size_t)3 * 34 * 18; i++) {
        if (abs(decoded.image.rgb[i] - rgb[i % 3]) > 3) {
            fail_msg("format %d encoding %d range %d: %u,%u,%u came back as %u,%u,%u", format,
                     encoding, range, rgb[0], rgb[1], rgb[2], decoded.image.rgb[i / 3 * 3],
                     decoded.image.rgb[i / 3 * 3 + 1], decoded.image.rgb[i / 3 * 3 + 2]);
        }
    }
    image_fini(&decoded.image);
    bytes_fini(&jpeg);
    sample_fini(&sample);
    image_fini(&image);
}

static void known_colours_come_back(void **state)
{
    static const uint8_t colours[][3] = {
        {0, 0, 0},     {255, 255, 255}, {128, 128, 128}, {255, 0, 0},    {0, 255, 0},
        {0, 0, 255},   {255, 255, 0},   {0, 255, 255},   {255, 0, 255},  {192, 64, 32},
        {32, 160, 80}, {40, 60, 200},   {230, 190, 160}, {16, 235, 128}, {5, 5, 5},
    };
    for (size_t c = 0; c < sizeof colours / sizeof colours[0]; c++) {
        for (int f = 0; f < FORMATS; f++) {
            for (int e = 0; e < (f < YCBCR_FORMATS ? COLOR_ENCODING_COUNT : 1); e++) {
                for (int r = 0; r < (f < YCBCR_FORMATS ? COLOR_RANGE_COUNT : 1); r++) {
                    assert_flat(*state, colours[c], raw_formats[f], (enum color_encoding)e,
                                (enum color_range)r);
                }
            }
        }
    }
}

static void nv12_is_yuv420(void **state)
{
    for (int s = 0; s < SIZES; s++) {
        for (int r = 0; r < COLOR_RANGE_COUNT; r++) {
            struct image image = image_scene(sizes[s][0], sizes[s][1]);
            struct sample planar =
                sample_create(&image, PIXEL_FORMAT_YUV420, COLOR_ENCODING_REC709 * (unsigned)r,
                              (enum color_range)r, 0);
            struct sample paired =
                sample_create(&image, PIXEL_FORMAT_NV12, COLOR_ENCODING_REC709 * (unsigned)r,
                              (enum color_range)r, 7);
            struct bytes a = encode(*state, &planar.frame, &usual);
            struct bytes b = encode(*state, &paired.frame, &usual);
            assert_same(&a, &b);
            bytes_fini(&a);
            bytes_fini(&b);
            sample_fini(&planar);
            sample_fini(&paired);
            image_fini(&image);
        }
    }
}

// Where the matrix is converted, luma takes the chroma of its own row, not of one nearby.
static void luma_takes_the_chroma_beside_it(void **state)
{
    static const uint8_t colours[2][3] = {{200, 40, 60}, {30, 60, 190}};
    struct image image = image_flat(16, 16, colours[0]);
    for (size_t i = 3 * 16; i < (size_t)16 * 16; i++) { // from the fourth row on
        memcpy(image.rgb + 3 * i, colours[1], 3);
    }
    struct sample sample =
        sample_create(&image, PIXEL_FORMAT_YUYV, COLOR_ENCODING_REC709, COLOR_RANGE_FULL, 0);
    struct jpeg_options exact = {100, SUBSAMPLING_422, NULL, 0};
    struct bytes jpeg = encode(*state, &sample.frame, &exact);
    struct decoded decoded = decode(&jpeg);
    for (size_t i = 0; i < (size_t)3 * 16 * 16; i++) {
        assert_true(abs(decoded.image.rgb[i] - image.rgb[i]) <= 4);
    }
    image_fini(&decoded.image);
    bytes_fini(&jpeg);
    sample_fini(&sample);
    image_fini(&image);
}

// What lies between the rows is the camera's rubbish, and must not be in the picture.
static void padding_is_never_seen(void **state)
{
    for (int f = 0; f < FORMATS; f++) {
        for (int s = 0; s < SIZES; s++) {
            struct image image = image_scene(sizes[s][0], sizes[s][1]);
            struct sample tight =
                sample_create(&image, raw_formats[f], COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
            struct sample wide =
                sample_create(&image, raw_formats[f], COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 33);
            struct bytes a = encode(*state, &tight.frame, &usual);
            struct bytes b = encode(*state, &wide.frame, &usual);
            assert_same(&a, &b);
            bytes_fini(&a);
            bytes_fini(&b);
            sample_fini(&tight);
            sample_fini(&wide);
            image_fini(&image);
        }
    }
}

static void subsampling_as_promised(void **state)
{
    static const struct {
        enum pixel_format format;
        enum subsampling wish;
        int horizontal;
        int vertical;
    } cases[] = {
        {PIXEL_FORMAT_RGB888, SUBSAMPLING_420, 2, 2},
        {PIXEL_FORMAT_RGB888, SUBSAMPLING_422, 2, 1},
        {PIXEL_FORMAT_XBGR8888, SUBSAMPLING_444, 1, 1},
        {PIXEL_FORMAT_NV12, SUBSAMPLING_444, 2, 2},
        {PIXEL_FORMAT_YUV420, SUBSAMPLING_422, 2, 2},
        {PIXEL_FORMAT_YUYV, SUBSAMPLING_420, 2, 2},
        {PIXEL_FORMAT_YUYV, SUBSAMPLING_422, 2, 1},
        {PIXEL_FORMAT_YUYV, SUBSAMPLING_444, 2, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int s = 0; s < SIZES; s++) {
            struct image image = image_scene(sizes[s][0], sizes[s][1]);
            struct sample sample =
                sample_create(&image, cases[i].format, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
            struct jpeg_options options = {90, cases[i].wish, NULL, 0};
            struct bytes jpeg = encode(*state, &sample.frame, &options);
            struct decoded decoded = decode(&jpeg);
            assert_int_equal(decoded.horizontal, cases[i].horizontal);
            assert_int_equal(decoded.vertical, cases[i].vertical);
            image_fini(&decoded.image);
            assert_looks_like(&jpeg, &image);
            bytes_fini(&jpeg);
            sample_fini(&sample);
            image_fini(&image);
        }
    }
}

// YUYV at 4:2:0 is exactly the planar frame whose chroma rows are the means of two.
static void yuyv_chroma_is_the_mean_of_two_rows(void **state)
{
    struct image image = image_scene(38, 21);
    struct sample packed =
        sample_create(&image, PIXEL_FORMAT_YUYV, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    const uint8_t *from = packed.frame.planes[0].data;
    uint8_t luma[38 * 21];
    uint8_t cb[19 * 11];
    uint8_t cr[19 * 11];
    for (int i = 0; i < 38 * 21; i++) {
        luma[i] = from[2 * i];
    }
    for (int y = 0; y < 11; y++) {
        const uint8_t *above = from + (size_t)76 * 2 * (size_t)y;
        const uint8_t *below = y == 10 ? above : above + 76;
        for (int x = 0; x < 19; x++) {
            cb[19 * y + x] = (uint8_t)((above[4 * x + 1] + below[4 * x + 1] + 1) / 2);
            cr[19 * y + x] = (uint8_t)((above[4 * x + 3] + below[4 * x + 3] + 1) / 2);
        }
    }
    struct frame planar = {
        .width = 38,
        .height = 21,
        .format = PIXEL_FORMAT_YUV420,
        .plane_count = 3,
        .planes = {{luma, sizeof luma, 38}, {cb, sizeof cb, 19}, {cr, sizeof cr, 19}},
    };
    struct bytes a = encode(*state, &packed.frame, &usual);
    struct bytes b = encode(*state, &planar, &usual);
    assert_same(&a, &b);
    bytes_fini(&a);
    bytes_fini(&b);
    sample_fini(&packed);
    image_fini(&image);
}

static void quality_is_obeyed(void **state)
{
    struct image image = image_scene(160, 120);
    struct sample sample =
        sample_create(&image, PIXEL_FORMAT_YUV420, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    size_t before = 0;
    for (int quality = 10; quality <= 100; quality += 30) {
        struct jpeg_options options = {quality, SUBSAMPLING_420, NULL, 0};
        struct bytes jpeg = encode(*state, &sample.frame, &options);
        assert_true(jpeg.len > before);
        before = jpeg.len;
        bytes_fini(&jpeg);
    }
    sample_fini(&sample);
    image_fini(&image);
}

// One encoder, all formats in turn, failures in between: nothing of one picture is in the next.
static void pictures_do_not_touch_each_other(void **state)
{
    struct jpeg_encoder *used = *state;
    for (int f = 0; f < 2 * FORMATS; f++) {
        struct image image = image_scene(100 - (uint32_t)f * 3, 40 + (uint32_t)f);
        struct sample sample = sample_create(&image, raw_formats[f % FORMATS],
                                             COLOR_ENCODING_REC709, COLOR_RANGE_LIMITED, 0);
        struct frame broken = sample.frame;
        broken.planes[0].size = 1;
        struct bytes none;
        struct fault fault;
        bytes_init(&none);
        assert_false(jpeg_encoder_encode(used, &broken, &usual, &none, &fault));
        assert_int_equal(none.len, 0);

        void *fresh;
        setup(&fresh);
        struct bytes a = encode(used, &sample.frame, &usual);
        struct bytes b = encode(fresh, &sample.frame, &usual);
        assert_same(&a, &b);
        teardown(&fresh);
        bytes_fini(&a);
        bytes_fini(&b);
        sample_fini(&sample);
        image_fini(&image);
    }
}

// Out of memory at the start or in the midst of a picture: a fault, and the encoder works on.
static void no_room_is_a_fault(void **state)
{
    static const struct jpeg_options large = {100, SUBSAMPLING_444, NULL, 0};
    struct image image = image_scene(800, 600);
    for (int f = 0; f < FORMATS; f++) {
        struct sample sample =
            sample_create(&image, raw_formats[f], COLOR_ENCODING_REC709, COLOR_RANGE_FULL, 0);
        int failures = 0;
        for (;; failures++) {
            void *fresh; // expects 64 KiB, and has to grow
            assert_int_equal(setup(&fresh), 0);
            struct bytes jpeg;
            struct fault fault = {0};
            bytes_init(&jpeg);
            assert_true(bytes_append_text(&jpeg, "head", &fault));
            reserves_left = failures;
            bool made = jpeg_encoder_encode(fresh, &sample.frame, &large, &jpeg, &fault);
            reserves_left = -1;
            if (!made) {
                assert_int_equal(fault.kind, FAULT_SYSTEM);
                assert_int_equal(jpeg.len, 4);
                struct bytes after = encode(fresh, &sample.frame, &usual);
                assert_looks_like(&after, &image);
                bytes_fini(&after);
            }
            bytes_fini(&jpeg);
            teardown(&fresh);
            if (made) {
                break;
            }
        }
        assert_true(failures >= 2);
        sample_fini(&sample);
    }
    image_fini(&image);
    (void)state;
}

// A width or height within the same blocks gives the same blocks, if the edge is repeated.
static void edges_are_repeated(void **state)
{
    for (int f = 0; f < YCBCR_FORMATS; f++) {
        struct image small = image_scene(35, 37);
        struct image large = image_scene(40, 40);
        for (uint32_t i = 0; i < 40 * 40; i++) {
            uint32_t x = i % 40 < 35 ? i % 40 : 34;
            uint32_t y = i / 40 < 37 ? i / 40 : 36;
            memcpy(large.rgb + (size_t)3 * i, small.rgb + (size_t)3 * (35 * y + x), 3);
        }
        struct sample a =
            sample_create(&small, raw_formats[f], COLOR_ENCODING_REC709, COLOR_RANGE_LIMITED, 9);
        struct sample b =
            sample_create(&large, raw_formats[f], COLOR_ENCODING_REC709, COLOR_RANGE_LIMITED, 9);
        struct bytes cut = encode(*state, &a.frame, &usual);
        struct bytes whole = encode(*state, &b.frame, &usual);
        assert_int_equal(cut.len, whole.len);
        int differences = 0;
        for (size_t i = 0; i < cut.len; i++) {
            differences += cut.data[i] != whole.data[i];
        }
        assert_int_equal(differences, 2); // the width and the height
        bytes_fini(&cut);
        bytes_fini(&whole);
        sample_fini(&a);
        sample_fini(&b);
        image_fini(&small);
        image_fini(&large);
    }
}

static void appends_behind_what_is_there(void **state)
{
    struct image image = image_scene(64, 48);
    struct sample sample =
        sample_create(&image, PIXEL_FORMAT_YUYV, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    struct bytes alone = encode(*state, &sample.frame, &usual);
    struct bytes behind;
    struct fault fault;
    bytes_init(&behind);
    assert_true(bytes_append_text(&behind, "head", &fault));
    assert_true(jpeg_encoder_encode(*state, &sample.frame, &usual, &behind, &fault));
    assert_int_equal(behind.len, alone.len + 4);
    assert_memory_equal(behind.data, "head", 4);
    assert_memory_equal(behind.data + 4, alone.data, alone.len);
    bytes_fini(&alone);
    bytes_fini(&behind);
    sample_fini(&sample);
    image_fini(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_format_at_every_size, setup, teardown),
        cmocka_unit_test_setup_teardown(full_sensor, setup, teardown),
        cmocka_unit_test_setup_teardown(longest_sides, setup, teardown),
        cmocka_unit_test_setup_teardown(every_encoding_and_range, setup, teardown),
        cmocka_unit_test_setup_teardown(known_colours_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(nv12_is_yuv420, setup, teardown),
        cmocka_unit_test_setup_teardown(luma_takes_the_chroma_beside_it, setup, teardown),
        cmocka_unit_test_setup_teardown(padding_is_never_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(subsampling_as_promised, setup, teardown),
        cmocka_unit_test_setup_teardown(yuyv_chroma_is_the_mean_of_two_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(quality_is_obeyed, setup, teardown),
        cmocka_unit_test_setup_teardown(pictures_do_not_touch_each_other, setup, teardown),
        cmocka_unit_test_setup_teardown(no_room_is_a_fault, setup, teardown),
        cmocka_unit_test_setup_teardown(edges_are_repeated, setup, teardown),
        cmocka_unit_test_setup_teardown(appends_behind_what_is_there, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
