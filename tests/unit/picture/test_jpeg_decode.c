// From JPEG back to planes: the samples are the ones that went in, and nothing damaged gets
// through.
#include "picture/jpeg_decode.h"

#include "base/bytes.h"
#include "sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>

enum { GUARD = 0x5A };

// Planes with rows longer than they need to be, and one row to spare.
struct planes {
    uint8_t *data[3];
    uint32_t strides[3];
    uint32_t widths[3];
    uint32_t heights[3];
};

static struct planes planes_create(uint32_t width, uint32_t height)
{
    struct planes planes = {0};
    for (int i = 0; i < 3; i++) {
        planes.widths[i] = i == 0 ? width : (width + 1) / 2;
        planes.heights[i] = i == 0 ? height : (height + 1) / 2;
        planes.strides[i] = planes.widths[i] + 5;
        size_t size = (size_t)planes.strides[i] * (planes.heights[i] + 1);
        planes.data[i] = malloc(size);
        assert_non_null(planes.data[i]);
        memset(planes.data[i], GUARD, size);
    }
    return planes;
}

static void planes_fini(struct planes *planes)
{
    for (int i = 0; i < 3; i++) {
        free(planes->data[i]);
    }
}

static void expect_guards(const struct planes *planes)
{
    for (int i = 0; i < 3; i++) {
        const uint8_t *row = planes->data[i];
        for (uint32_t y = 0; y < planes->heights[i]; y++, row += planes->strides[i]) {
            for (uint32_t x = planes->widths[i]; x < planes->strides[i]; x++) {
                assert_int_equal(row[x], GUARD);
            }
        }
        assert_int_equal(row[0], GUARD);
    }
}

// `pixels` without padding, `components` bytes each. `across` and `down`: how many luma samples
// share one of chroma.
static struct bytes make_jpeg(J_COLOR_SPACE in, J_COLOR_SPACE out, int components,
                              const struct image *pixels, int across, int down)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    unsigned char *data = NULL;
    unsigned long len = 0;
    jpeg_mem_dest(&jpeg, &data, &len);
    jpeg.image_width = pixels->width;
    jpeg.image_height = pixels->height;
    jpeg.input_components = components;
    jpeg.in_color_space = in;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, out);
    jpeg_set_quality(&jpeg, 95, TRUE);
    jpeg.comp_info[0].h_samp_factor = across;
    jpeg.comp_info[0].v_samp_factor = down;
    jpeg_start_compress(&jpeg, TRUE);
    for (uint32_t y = 0; y < pixels->height; y++) {
        JSAMPROW rows[] = {pixels->rgb + (size_t)y * pixels->width * (size_t)components};
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

static bool decode_into(const struct bytes *jpeg, struct planes *planes, struct fault *fault)
{
    return jpeg_decode_yuv420(jpeg->data, jpeg->len, planes->widths[0], planes->heights[0],
                              planes->data, planes->strides, fault);
}

static double plane_psnr(const struct planes *planes, int i, const struct frame_plane *wanted)
{
    double sum = 0;
    for (uint32_t y = 0; y < planes->heights[i]; y++) {
        for (uint32_t x = 0; x < planes->widths[i]; x++) {
            double error = planes->data[i][(size_t)planes->strides[i] * y + x] -
                           (double)wanted->data[(size_t)wanted->stride * y + x];
            sum += error * error;
        }
    }
    double mean = sum / ((double)planes->widths[i] * planes->heights[i]);
    return mean == 0 ? 99 : 10 * log10(255 * 255 / mean);
}

static void expect_round_trip(uint32_t width, uint32_t height, int across, int down)
{
    struct image scene = image_scene(width, height);
    struct sample wanted =
        sample_create(&scene, PIXEL_FORMAT_YUV420, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    struct bytes jpeg = make_jpeg(JCS_RGB, JCS_YCbCr, 3, &scene, across, down);
    struct planes planes = planes_create(width, height);
    struct fault fault;
    uint32_t read_width;
    uint32_t read_height;
    assert_true(jpeg_decode_size(jpeg.data, jpeg.len, &read_width, &read_height, &fault));
    assert_int_equal(read_width, width);
    assert_int_equal(read_height, height);
    assert_true(decode_into(&jpeg, &planes, &fault));
    for (int i = 0; i < 3; i++) {
        double psnr = plane_psnr(&planes, i, &wanted.frame.planes[i]);
        if (psnr < 40) {
            fail_msg("plane %d of %ux%u: %.1f dB", i, width, height, psnr);
        }
    }
    expect_guards(&planes);
    planes_fini(&planes);
    bytes_fini(&jpeg);
    sample_fini(&wanted);
    image_fini(&scene);
}

static void test_samples_come_back(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{1, 1}, {2, 2}, {17, 9}, {64, 48}, {161, 121}, {640, 481}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        expect_round_trip(sizes[i][0], sizes[i][1], 2, 2);
        expect_round_trip(sizes[i][0], sizes[i][1], 2, 1);
        expect_round_trip(sizes[i][0], sizes[i][1], 1, 1);
    }
}

// One shade, in components that are stored as they are.
static struct bytes flat_jpeg(J_COLOR_SPACE space, int components, uint8_t value)
{
    uint8_t shade[33 * 17 * 4];
    memset(shade, value, sizeof shade);
    struct image image = {33, 17, shade};
    return make_jpeg(space, space, components, &image, 1, 1);
}

static void test_grey_has_neutral_chroma(void **state)
{
    (void)state;
    struct bytes jpeg = flat_jpeg(JCS_GRAYSCALE, 1, 200);
    struct planes planes = planes_create(33, 17);
    struct fault fault;
    assert_true(decode_into(&jpeg, &planes, &fault));
    assert_in_range(planes.data[0][0], 199, 201);
    assert_int_equal(planes.data[1][0], 128);
    assert_int_equal(planes.data[2][planes.strides[2] * 8 + 16], 128);
    expect_guards(&planes);
    planes_fini(&planes);
    bytes_fini(&jpeg);
}

static void expect_refusal(const struct bytes *jpeg, uint32_t width, uint32_t height,
                           const char *words)
{
    struct planes planes = planes_create(width, height);
    struct fault fault = {0};
    assert_false(decode_into(jpeg, &planes, &fault));
    assert_int_equal(fault.kind, FAULT_PICTURE);
    if (strstr(fault.text, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, fault.text);
    }
    expect_guards(&planes);
    planes_fini(&planes);
}

static void test_other_colour_spaces_are_refused(void **state)
{
    (void)state;
    struct bytes cmyk = flat_jpeg(JCS_CMYK, 4, 90);
    expect_refusal(&cmyk, 33, 17, "neither YCbCr nor grey");
    bytes_fini(&cmyk);
    struct bytes rgb = flat_jpeg(JCS_RGB, 3, 90);
    expect_refusal(&rgb, 33, 17, "neither YCbCr nor grey");
    bytes_fini(&rgb);
}

static struct bytes scene_jpeg(uint32_t width, uint32_t height)
{
    struct image scene = image_scene(width, height);
    struct bytes jpeg = make_jpeg(JCS_RGB, JCS_YCbCr, 3, &scene, 2, 2);
    image_fini(&scene);
    return jpeg;
}

static void test_another_size_is_refused(void **state)
{
    (void)state;
    struct bytes jpeg = scene_jpeg(64, 48);
    expect_refusal(&jpeg, 32, 48, "64x48 pixels, not 32x48");
    expect_refusal(&jpeg, 64, 49, "64x48 pixels, not 64x49");
    bytes_fini(&jpeg);
}

static void test_every_cut_is_noticed(void **state)
{
    (void)state;
    struct bytes jpeg = scene_jpeg(40, 24);
    size_t len = jpeg.len;
    for (jpeg.len = 0; jpeg.len < len - 2; jpeg.len++) {
        expect_refusal(&jpeg, 40, 24, "damaged");
    }
    jpeg.len = len;
    bytes_fini(&jpeg);
}

static void test_a_hole_in_the_scan_is_noticed(void **state)
{
    (void)state;
    struct bytes jpeg = scene_jpeg(160, 120);
    struct fault fault;
    assert_true(jpeg_decode_check(jpeg.data, jpeg.len, &fault));
    size_t hole = jpeg.len / 10;
    size_t at = jpeg.len / 2;
    memmove(jpeg.data + at, jpeg.data + at + hole, jpeg.len - at - hole);
    assert_false(jpeg_decode_check(jpeg.data, jpeg.len - hole, &fault));
    assert_non_null(strstr(fault.text, "damaged"));
    bytes_fini(&jpeg);
}

static void test_bytes_behind_the_scan_are_no_damage(void **state)
{
    (void)state;
    struct bytes jpeg = scene_jpeg(160, 120);
    struct fault fault;
    uint8_t end[2];
    assert_true(bytes_reserve(&jpeg, 2, &fault));
    memcpy(end, jpeg.data + jpeg.len - 2, 2);
    memset(jpeg.data + jpeg.len - 2, 0x55, 2);
    memcpy(jpeg.data + jpeg.len, end, 2);
    jpeg.len += 2;
    assert_true(jpeg_decode_check(jpeg.data, jpeg.len, &fault));
    bytes_fini(&jpeg);
}

// Whatever is wrong, the planes end where they end; the guards and the sanitizers watch.
static void test_no_damage_writes_beyond_the_planes(void **state)
{
    (void)state;
    struct bytes jpeg = scene_jpeg(40, 24);
    struct planes planes = planes_create(40, 24);
    uint32_t random = 1;
    for (int i = 0; i < 20000; i++) {
        random = random * 1664525 + 1013904223;
        size_t at = (random >> 8) % jpeg.len;
        uint8_t was = jpeg.data[at];
        jpeg.data[at] = (uint8_t)(was ^ (1 << (random & 7)));
        struct fault fault;
        bool ok = decode_into(&jpeg, &planes, &fault);
        (void)ok; // a changed shade is a good JPEG
        jpeg.data[at] = was;
    }
    expect_guards(&planes);
    planes_fini(&planes);
    bytes_fini(&jpeg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples_come_back),
        cmocka_unit_test(test_grey_has_neutral_chroma),
        cmocka_unit_test(test_other_colour_spaces_are_refused),
        cmocka_unit_test(test_another_size_is_refused),
        cmocka_unit_test(test_every_cut_is_noticed),
        cmocka_unit_test(test_a_hole_in_the_scan_is_noticed),
        cmocka_unit_test(test_bytes_behind_the_scan_are_no_damage),
        cmocka_unit_test(test_no_damage_writes_beyond_the_planes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
