// An EXIF segment put into a camera's JPEG, and nothing else of it touched.
#include "picture/mjpeg.h"
#include "sample.h"
#include "webcam_jpeg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char camera_exif[] = "\xFF\xE1\x00\x10"
                                  "Exif\0\0camera's";
static const char our_exif[] = "\xFF\xE1\x00\x0C"
                               "Exif\0\0ours";

static struct bytes passed_through(const struct webcam_jpeg *webcam, const struct bytes *jpeg,
                                   bool with_exif)
{
    struct mjpeg mjpeg;
    struct bytes out;
    struct fault fault;
    // const in all but its type: what is put in is only read
    struct bytes exif = {(uint8_t *)(uintptr_t)our_exif, sizeof our_exif - 1, 0};
    struct mjpeg_extras extras = {&webcam->tables, with_exif ? &exif : NULL};
    bytes_init(&out);
    assert_true(mjpeg_check(jpeg->data, jpeg->len, &mjpeg, &fault));
    assert_true(mjpeg_append(jpeg->data, &mjpeg, &extras, &out, &fault));
    return out;
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
    struct webcam_jpeg *webcam = *state;
    struct bytes expected = jpeg_with(&webcam->jpeg, 2, our_exif, sizeof our_exif - 1);
    size_t dqt_at = jpeg_find(&webcam->jpeg, MARKER_DQT);
    size_t sos_at = jpeg_find(&webcam->jpeg, MARKER_SOS);
    size_t places[] = {2, dqt_at, dqt_at + jpeg_segment_size(&webcam->jpeg, dqt_at), sos_at};
    for (int p = -1; p < 4; p++) { // -1: there was none
        size_t size = p < 0 ? 0 : sizeof camera_exif - 1;
        struct bytes theirs = jpeg_with(&webcam->jpeg, p < 0 ? 2 : places[p], camera_exif, size);
        struct bytes out = passed_through(webcam, &theirs, true);
        assert_same_bytes(&out, &expected);
        assert_has_ours_alone(&out);
        bytes_fini(&out);
        bytes_fini(&theirs);
    }
    bytes_fini(&expected);
}

static void missing_tables_still_come(void **state)
{
    struct webcam_jpeg *webcam = *state;
    struct bytes bare = jpeg_without(&webcam->jpeg, MARKER_DHT);
    struct bytes theirs =
        jpeg_with(&bare, jpeg_find(&bare, MARKER_SOS), camera_exif, sizeof camera_exif - 1);
    struct bytes out = passed_through(webcam, &theirs, true);
    assert_int_equal(out.len, webcam->jpeg.len + sizeof our_exif - 1);
    assert_has_ours_alone(&out);
    bytes_fini(&out);
    bytes_fini(&theirs);
    bytes_fini(&bare);
}

// Without one of ours to put in, the camera's own is none of our business.
static void the_cameras_stays(void **state)
{
    struct webcam_jpeg *webcam = *state;
    struct bytes theirs = jpeg_with(&webcam->jpeg, 2, camera_exif, sizeof camera_exif - 1);
    struct bytes out = passed_through(webcam, &theirs, false);
    assert_same_bytes(&out, &theirs);
    bytes_fini(&out);
    bytes_fini(&theirs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ours_takes_the_place_of_the_cameras, webcam_jpeg_setup,
                                        webcam_jpeg_teardown),
        cmocka_unit_test_setup_teardown(missing_tables_still_come, webcam_jpeg_setup,
                                        webcam_jpeg_teardown),
        cmocka_unit_test_setup_teardown(the_cameras_stays, webcam_jpeg_setup, webcam_jpeg_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
