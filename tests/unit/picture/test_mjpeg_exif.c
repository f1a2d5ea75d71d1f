// An EXIF segment put into a camera's JPEG, and nothing else of it touched.
#include "picture/jpeg_encoder.h"
#include "picture/mjpeg.h"
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DHT = 0xC4, SOS = 0xDA, DQT = 0xDB };

static const char camera_exif[] = "\xFF\xE1\x00\x10"
                                  "Exif\0\0camera's";
static const char our_exif[] = "\xFF\xE1\x00\x0C"
                               "Exif\0\0ours";

struct material {
    struct bytes jpeg;
    struct bytes tables;
    struct bytes exif; // ours
};

static int setup(void **state)
{
    static struct material material;
    struct fault fault;
    struct jpeg_encoder *encoder = jpeg_encoder_create(&fault);
    struct image image = image_scene(48, 40);
    struct sample sample =
        sample_create(&image, PIXEL_FORMAT_NV12, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    struct jpeg_options options = {75, SUBSAMPLING_420, NULL, 0};
    material = (struct material){0};
    bool made = jpeg_encoder_encode(encoder, &sample.frame, &options, &material.jpeg, &fault) &&
                jpeg_encoder_huffman_tables(encoder, &material.tables, &fault) &&
                bytes_append(&material.exif, our_exif, sizeof our_exif - 1, &fault);
    sample_fini(&sample);
    image_fini(&image);
    jpeg_encoder_destroy(encoder);
    *state = &material;
    return !made;
}

static int teardown(void **state)
{
    struct material *material = *state;
    bytes_fini(&material->jpeg);
    bytes_fini(&material->tables);
    bytes_fini(&material->exif);
    return 0;
}

static size_t size_at(const struct bytes *jpeg, size_t at)
{
    return 2 + ((size_t)jpeg->data[at + 2] << 8 | jpeg->data[at + 3]);
}

static size_t find(const struct bytes *jpeg, uint8_t marker)
{
    size_t at = 2;
    while (jpeg->data[at + 1] != marker) {
        at += size_at(jpeg, at);
        assert_true(at < jpeg->len);
    }
    return at;
}

static struct bytes without_tables(const struct bytes *jpeg)
{
    struct bytes bare;
    struct fault fault;
    bytes_init(&bare);
    assert_true(bytes_append(&bare, jpeg->data, 2, &fault));
    size_t at = 2;
    for (; jpeg->data[at + 1] != SOS; at += size_at(jpeg, at)) {
        if (jpeg->data[at + 1] != DHT) {
            assert_true(bytes_append(&bare, jpeg->data + at, size_at(jpeg, at), &fault));
        }
    }
    assert_true(bytes_append(&bare, jpeg->data + at, jpeg->len - at, &fault));
    return bare;
}

static struct bytes with(const struct bytes *jpeg, size_t at, const void *what, size_t size)
{
    struct bytes copy;
    struct fault fault;
    bytes_init(&copy);
    assert_true(bytes_append(&copy, jpeg->data, at, &fault));
    assert_true(bytes_append(&copy, what, size, &fault));
    assert_true(bytes_append(&copy, jpeg->data + at, jpeg->len - at, &fault));
    return copy;
}

static struct bytes passed_through(const struct material *material, const struct bytes *jpeg,
                                   bool with_exif)
{
    struct mjpeg mjpeg;
    struct bytes out;
    struct fault fault;
    struct mjpeg_extras extras = {&material->tables, with_exif ? &material->exif : NULL};
    bytes_init(&out);
    assert_true(mjpeg_check(jpeg->data, jpeg->len, &mjpeg, &fault));
    assert_true(mjpeg_append(jpeg->data, &mjpeg, &extras, &out, &fault));
    return out;
}

static void assert_same(const struct bytes *a, const struct bytes *b)
{
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->data, b->data, a->len);
}

static void assert_has_ours_alone(const struct bytes *jpeg)
{
    assert_memory_equal(jpeg->data + 2, our_exif, sizeof our_exif - 1);
    struct decoded decoded = decode(jpeg); // fails where there are two
    assert_int_equal(decoded.exif.len, sizeof our_exif - 1 - 4);
    decoded_fini(&decoded);
}

// Behind SOI, before JFIF; the camera's own goes, wherever it stood before the picture.
static void ours_takes_the_place_of_the_cameras(void **state)
{
    struct material *material = *state;
    struct bytes expected = with(&material->jpeg, 2, our_exif, sizeof our_exif - 1);
    size_t dqt_at = find(&material->jpeg, DQT);
    size_t sos_at = find(&material->jpeg, SOS);
    size_t places[] = {2, dqt_at, dqt_at + size_at(&material->jpeg, dqt_at), sos_at};
    for (int p = -1; p < 4; p++) { // -1: there was none
        size_t size = p < 0 ? 0 : sizeof camera_exif - 1;
        struct bytes theirs = with(&material->jpeg, p < 0 ? 2 : places[p], camera_exif, size);
        struct bytes out = passed_through(material, &theirs, true);
        assert_same(&out, &expected);
        assert_has_ours_alone(&out);
        bytes_fini(&out);
        bytes_fini(&theirs);
    }
    bytes_fini(&expected);
}

static void missing_tables_still_come(void **state)
{
    struct material *material = *state;
    struct bytes bare = without_tables(&material->jpeg);
    struct bytes theirs = with(&bare, find(&bare, SOS), camera_exif, sizeof camera_exif - 1);
    struct bytes out = passed_through(material, &theirs, true);
    assert_int_equal(out.len, material->jpeg.len + sizeof our_exif - 1);
    assert_has_ours_alone(&out);
    bytes_fini(&out);
    bytes_fini(&theirs);
    bytes_fini(&bare);
}

// Without one of ours to put in, the camera's own is none of our business.
static void the_cameras_stays(void **state)
{
    struct material *material = *state;
    struct bytes theirs = with(&material->jpeg, 2, camera_exif, sizeof camera_exif - 1);
    struct bytes out = passed_through(material, &theirs, false);
    assert_same(&out, &theirs);
    bytes_fini(&out);
    bytes_fini(&theirs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ours_takes_the_place_of_the_cameras, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_tables_still_come, setup, teardown),
        cmocka_unit_test_setup_teardown(the_cameras_stays, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
