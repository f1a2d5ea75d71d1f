// What a frame must hold before a byte of it is read.
#include "picture/frame_check.h"

#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const enum pixel_format raw_formats[] = {
    PIXEL_FORMAT_YUV420, PIXEL_FORMAT_NV12,     PIXEL_FORMAT_YUYV,     PIXEL_FORMAT_RGB888,
    PIXEL_FORMAT_BGR888, PIXEL_FORMAT_XRGB8888, PIXEL_FORMAT_XBGR8888,
};

enum { FORMATS = sizeof raw_formats / sizeof raw_formats[0] };

static struct sample sample_of(enum pixel_format format, uint32_t padding)
{
    struct image image = image_scene(65, 49);
    struct sample sample =
        sample_create(&image, format, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, padding);
    image_fini(&image);
    return sample;
}

static void assert_refused(const struct frame *frame, const char *says)
{
    struct fault fault = {0};
    assert_false(frame_check(frame, &fault));
    assert_int_equal(fault.kind, FAULT_PICTURE);
    if (strstr(fault.text, says) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fault.text, says);
    }
}

static void last_byte_of_every_plane_counts(void **state)
{
    (void)state;
    for (int f = 0; f < FORMATS; f++) {
        for (uint32_t padding = 0; padding < 20; padding += 19) {
            struct sample sample = sample_of(raw_formats[f], padding);
            struct fault fault;
            assert_true(frame_check(&sample.frame, &fault));
            for (uint32_t i = 0; i < sample.frame.plane_count; i++) {
                sample.frame.planes[i].size--;
                assert_refused(&sample.frame, "needs");
                sample.frame.planes[i].size++;
            }
            sample_fini(&sample);
        }
    }
}

static void figures_are_named(void **state)
{
    (void)state;
    struct sample sample = sample_of(PIXEL_FORMAT_NV12, 3);
    sample.frame.planes[1].size = 100;
    // 33 chroma samples are 66 bytes, 69 with the padding; 25 rows: 24 * 69 + 66
    assert_refused(&sample.frame, "plane 1 has 100 bytes, 65x49 with a stride of 69 needs 1722");
    sample.frame.planes[1].stride = 65;
    assert_refused(&sample.frame, "plane 1 has a stride of 65 bytes, its rows have 66");
    sample_fini(&sample);
}

static void missing_planes_are_refused(void **state)
{
    (void)state;
    for (int f = 0; f < FORMATS; f++) {
        struct sample sample = sample_of(raw_formats[f], 0);
        sample.frame.plane_count--;
        assert_refused(&sample.frame, "planes");
        sample.frame.plane_count = FRAME_PLANES_MAX + 1;
        assert_refused(&sample.frame, "planes");
        sample_fini(&sample);
    }
    struct sample sample = sample_of(PIXEL_FORMAT_YUV420, 0);
    sample.frame.planes[2].data = NULL;
    assert_refused(&sample.frame, "plane 2 has 0 bytes");
    sample_fini(&sample);
}

// libcamera 0.4.0's virtual camera has three planes of NV12, the last of no length.
static void spare_plane_is_fine(void **state)
{
    (void)state;
    struct sample sample = sample_of(PIXEL_FORMAT_NV12, 0);
    struct fault fault;
    sample.frame.plane_count = 3;
    assert_true(frame_check(&sample.frame, &fault));
    sample_fini(&sample);
}

static void huge_figures_do_not_wrap(void **state)
{
    (void)state;
    struct sample sample = sample_of(PIXEL_FORMAT_YUYV, 0);
    sample.frame.height = FRAME_SIDE_MAX;
    sample.frame.planes[0].stride = UINT32_MAX;
    assert_refused(&sample.frame, "needs 281316062855337");
    sample.frame.width = UINT32_MAX;
    assert_refused(&sample.frame, "4294967295x65500");
    sample_fini(&sample);
}

static void impossible_sizes_and_formats_are_refused(void **state)
{
    (void)state;
    struct sample sample = sample_of(PIXEL_FORMAT_RGB888, 0);
    sample.frame.width = 0;
    assert_refused(&sample.frame, "0x49");
    sample.frame.width = FRAME_SIDE_MAX + 1;
    assert_refused(&sample.frame, "65501x49");
    sample.frame.width = 65;
    sample.frame.height = 0;
    assert_refused(&sample.frame, "65x0");
    sample.frame.height = 49;
    static const enum pixel_format none[] = {PIXEL_FORMAT_NONE, PIXEL_FORMAT_MJPEG,
                                             PIXEL_FORMAT_COUNT};
    for (int i = 0; i < 3; i++) {
        sample.frame.format = none[i];
        assert_refused(&sample.frame, "pixel format");
    }
    sample_fini(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_byte_of_every_plane_counts),
        cmocka_unit_test(figures_are_named),
        cmocka_unit_test(missing_planes_are_refused),
        cmocka_unit_test(spare_plane_is_fine),
        cmocka_unit_test(huge_figures_do_not_wrap),
        cmocka_unit_test(impossible_sizes_and_formats_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
