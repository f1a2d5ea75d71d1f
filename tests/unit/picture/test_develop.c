// A shot with its frame becomes a picture: whole, with its digest and its words.
#include "picture/develop.h"

#include "base/timing.h"
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>

static int setup(void **state)
{
    struct fault fault;
    *state = developer_create(&(struct develop_settings){90, SUBSAMPLING_420}, &fault);
    return *state == NULL;
}

static int teardown(void **state)
{
    developer_destroy(*state);
    return 0;
}

static struct shot shot_of(struct frame *frame)
{
    frame->captured_ns = timing_now_ns() - TIMING_MS(40);
    struct shot shot = {
        .id = "00ff-3",
        .seq = 3,
        .trigger = TRIGGER_COMMAND,
        .request_id = "door",
        .triggered_ns = frame->captured_ns - TIMING_MS(10),
        .arrived_ns = frame->captured_ns + TIMING_MS(30),
        .frame = frame,
        .captured_event = strdup("{\"event_type\":\"captured\"}"),
    };
    assert_non_null(shot.captured_event);
    return shot;
}

static struct picture develop(struct developer *developer, struct shot *shot)
{
    struct picture picture;
    struct fault fault;
    picture_init(&picture);
    if (!developer_develop(developer, shot, &picture, &fault)) {
        fail_msg("%s", fault.text);
    }
    return picture;
}

static json_t *meta_of(const struct picture *picture)
{
    json_t *meta = json_loadb((const char *)picture->meta.data, picture->meta.len, 0, NULL);
    assert_non_null(meta);
    return meta;
}

static void assert_digest(const struct picture *picture)
{
    uint8_t sum[EVP_MAX_MD_SIZE];
    char text[PICTURE_SHA256_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestInit_ex(context, EVP_sha256(), NULL), 1);
    assert_int_equal(EVP_DigestUpdate(context, picture->jpeg.data, picture->jpeg.len), 1);
    assert_int_equal(EVP_DigestFinal_ex(context, sum, NULL), 1);
    EVP_MD_CTX_free(context);
    for (size_t i = 0; i < 32; i++) {
        snprintf(text + 2 * i, 3, "%02x", sum[i]);
    }
    assert_string_equal(picture->sha256, text);
}

static void raw_frame_becomes_a_picture(void **state)
{
    struct image image = image_scene(160, 120);
    struct sample sample =
        sample_create(&image, PIXEL_FORMAT_NV12, COLOR_ENCODING_REC709, COLOR_RANGE_LIMITED, 32);
    struct shot shot = shot_of(&sample.frame);
    struct frame before = sample.frame;
    const char *event = shot.captured_event;
    char earliest[TIMING_RFC3339_SIZE];
    char latest[TIMING_RFC3339_SIZE];
    timing_rfc3339(timing_wall_at(sample.frame.captured_ns) - TIMING_MS(5), earliest);
    struct picture picture = develop(*state, &shot);
    timing_rfc3339(timing_wall_at(sample.frame.captured_ns) + TIMING_MS(5), latest);

    assert_string_equal(picture.id, "00ff-3");
    assert_int_equal(picture.seq, 3);
    assert_int_equal(picture.trigger, TRIGGER_COMMAND);
    assert_string_equal(picture.request_id, "door");
    assert_int_equal(picture.captured_ns, sample.frame.captured_ns);
    assert_true(strcmp(earliest, picture.captured_at) <= 0);
    assert_true(strcmp(picture.captured_at, latest) <= 0);
    assert_int_equal(picture.width, 160);
    assert_int_equal(picture.height, 120);
    assert_ptr_equal(picture.captured_event, event);
    assert_null(shot.captured_event);
    assert_digest(&picture);
    assert_memory_equal(&before, &sample.frame, sizeof before); // the loan is untouched

    struct decoded decoded = decode(&picture.jpeg);
    assert_true(image_psnr(&decoded.image, &image) >= 38);

    json_t *meta = meta_of(&picture);
    assert_string_equal(json_string_value(json_object_get(meta, "sha256")), picture.sha256);
    assert_int_equal(json_integer_value(json_object_get(meta, "bytes")), picture.jpeg.len);
    assert_int_equal(json_integer_value(json_object_get(meta, "quality")), 90);
    assert_null(json_object_get(meta, "passthrough"));
    char boot_id[TIMING_BOOT_ID_SIZE];
    timing_boot_id(boot_id);
    assert_string_equal(json_string_value(json_object_get(meta, "boot_id")), boot_id);
    json_t *latency = json_object_get(meta, "latency_ms");
    assert_true(json_number_value(json_object_get(latency, "exposure")) == 10);
    assert_true(json_number_value(json_object_get(latency, "frame")) == 30);
    assert_true(json_number_value(json_object_get(latency, "total")) >= 50);

    json_decref(meta);
    image_fini(&decoded.image);
    picture_fini(&picture);
    sample_fini(&sample);
    image_fini(&image);
}

static struct bytes jpeg_of(struct developer *developer, const struct image *image)
{
    struct sample sample =
        sample_create(image, PIXEL_FORMAT_YUV420, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    struct shot shot = shot_of(&sample.frame);
    struct picture picture = develop(developer, &shot);
    struct bytes jpeg = picture.jpeg;
    bytes_init(&picture.jpeg);
    picture_fini(&picture);
    sample_fini(&sample);
    return jpeg;
}

// Announced with one size, padded with zeros: the JPEG decides, to the byte.
static void mjpeg_is_passed_through(void **state)
{
    struct image image = image_scene(65, 49);
    struct bytes jpeg = jpeg_of(*state, &image);
    struct bytes padded;
    struct fault fault;
    bytes_init(&padded);
    assert_true(bytes_append(&padded, jpeg.data, jpeg.len, &fault));
    assert_true(bytes_append(&padded, "\0\0\0\0", 4, &fault));
    struct frame frame = {.width = 640,
                          .height = 480,
                          .format = PIXEL_FORMAT_MJPEG,
                          .plane_count = 1,
                          .planes = {{padded.data, padded.len, 0}}};
    struct shot shot = shot_of(&frame);
    struct picture picture = develop(*state, &shot);
    assert_int_equal(picture.width, 65);
    assert_int_equal(picture.height, 49);
    assert_int_equal(picture.jpeg.len, jpeg.len);
    assert_memory_equal(picture.jpeg.data, jpeg.data, jpeg.len);
    assert_digest(&picture);

    json_t *meta = meta_of(&picture);
    assert_true(json_is_true(json_object_get(meta, "passthrough")));
    assert_null(json_object_get(meta, "quality"));
    assert_int_equal(json_integer_value(json_object_get(meta, "width")), 65);
    json_decref(meta);
    picture_fini(&picture);
    bytes_fini(&padded);
    bytes_fini(&jpeg);
    image_fini(&image);
}

static void mjpeg_without_tables_decodes(void **state)
{
    struct image image = image_scene(64, 48);
    struct bytes jpeg = jpeg_of(*state, &image);
    struct decoded original = decode(&jpeg);
    for (size_t at = 2; jpeg.data[at + 1] != 0xDA;) { // take the DHT segments out
        size_t size = 2 + ((size_t)jpeg.data[at + 2] << 8 | jpeg.data[at + 3]);
        if (jpeg.data[at + 1] == 0xC4) {
            memmove(jpeg.data + at, jpeg.data + at + size, jpeg.len - at - size);
            jpeg.len -= size;
        } else {
            at += size;
        }
    }
    struct frame frame = {
        .format = PIXEL_FORMAT_MJPEG, .plane_count = 1, .planes = {{jpeg.data, jpeg.len, 0}}};
    struct shot shot = shot_of(&frame);
    struct picture picture = develop(*state, &shot);
    struct decoded decoded = decode(&picture.jpeg);
    assert_memory_equal(decoded.image.rgb, original.image.rgb, 3 * 64 * 48);
    image_fini(&decoded.image);
    image_fini(&original.image);
    picture_fini(&picture);
    bytes_fini(&jpeg);
    image_fini(&image);
}

static void assert_fails(struct developer *developer, struct frame *frame)
{
    struct shot shot = shot_of(frame);
    struct picture picture;
    struct fault fault = {0};
    picture_init(&picture);
    assert_false(developer_develop(developer, &shot, &picture, &fault));
    assert_int_equal(fault.kind, FAULT_PICTURE);
    assert_non_null(shot.captured_event);
    assert_null(picture.captured_event);
    assert_null(picture.jpeg.data);
    assert_null(picture.meta.data);
    assert_string_equal(picture.id, "");
    free(shot.captured_event);
}

static void failure_leaves_the_shot_as_it_was(void **state)
{
    struct image image = image_scene(64, 48);
    struct sample sample =
        sample_create(&image, PIXEL_FORMAT_NV12, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    sample.frame.planes[1].size = 0;
    assert_fails(*state, &sample.frame);

    struct frame frame = {.format = PIXEL_FORMAT_MJPEG, .plane_count = 1};
    assert_fails(*state, &frame); // no data
    struct bytes jpeg = jpeg_of(*state, &image);
    frame.planes[0] = (struct frame_plane){jpeg.data, jpeg.len - 1, 0};
    assert_fails(*state, &frame); // cut short
    frame.planes[0].size = jpeg.len;
    frame.plane_count = 0;
    assert_fails(*state, &frame); // a plane that is none
    bytes_fini(&jpeg);
    sample_fini(&sample);
    image_fini(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(raw_frame_becomes_a_picture, setup, teardown),
        cmocka_unit_test_setup_teardown(mjpeg_is_passed_through, setup, teardown),
        cmocka_unit_test_setup_teardown(mjpeg_without_tables_decodes, setup, teardown),
        cmocka_unit_test_setup_teardown(failure_leaves_the_shot_as_it_was, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
