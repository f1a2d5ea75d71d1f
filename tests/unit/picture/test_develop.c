// A shot with its frame becomes a picture: whole, with its digest and its words.
#include "picture/develop.h"

#include "base/timing.h"
#include "sample.h"

#include <errno.h>
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
    *state = developer_create(&fault);
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
        .develop = {.quality = 90},
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
    decoded_fini(&decoded);
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
    decoded_fini(&decoded);
    decoded_fini(&original);
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

static json_int_t number(const json_t *meta, const char *key)
{
    return json_integer_value(json_object_get(meta, key));
}

// The narrower of the two bounds holds, and meta says what it cost.
static void budgets_of_settings_and_wire(void **state)
{
    static const uint64_t bounds[][3] = {
        {30000, 0, 30000}, {0, 20000, 20000}, {30000, 20000, 20000}, {9000, 20000, 9000}};
    struct image image = image_photo(640, 480, 3, 0, 4, 1);
    struct sample sample =
        sample_create(&image, PIXEL_FORMAT_NV12, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        struct shot shot = shot_of(&sample.frame);
        shot.develop = (struct develop_settings){
            .quality = 90, .min_quality = 40, .max_bytes = bounds[i][0], .exif = true};
        shot.max_jpeg_bytes = bounds[i][1];
        struct picture picture = develop(*state, &shot);
        assert_true(picture.jpeg.len <= bounds[i][2]);
        assert_digest(&picture);
        struct decoded decoded = decode(&picture.jpeg);
        assert_int_equal(decoded.image.width, picture.width);
        assert_int_equal(decoded.image.height, picture.height);
        json_t *meta = meta_of(&picture);
        json_t *reduced = json_object_get(meta, "reduced");
        assert_int_equal(number(reduced, "budget_bytes"), bounds[i][2]);
        assert_int_equal(number(meta, "bytes"), picture.jpeg.len);
        assert_int_equal(number(meta, "width"), picture.width);
        assert_in_range(number(meta, "quality"), 40, 90);
        assert_non_null(reduced);
        assert_int_equal(json_object_get(reduced, "from_width") != NULL, picture.width != 640);
        decoded_fini(&decoded);
        json_decref(meta);
        picture_fini(&picture);
    }
    sample_fini(&sample);
    image_fini(&image);
}

static void large_mjpeg_is_compressed_again(void **state)
{
    struct image image = image_photo(640, 480, 3, 0, 4, 1);
    struct bytes jpeg = jpeg_of(*state, &image);
    struct frame frame = {
        .format = PIXEL_FORMAT_MJPEG, .plane_count = 1, .planes = {{jpeg.data, jpeg.len, 0}}};
    struct shot shot = shot_of(&frame);
    shot.max_jpeg_bytes = jpeg.len;
    struct picture picture = develop(*state, &shot);
    assert_int_equal(picture.jpeg.len, jpeg.len); // just small enough
    picture_fini(&picture);

    shot = shot_of(&frame);
    shot.max_jpeg_bytes = jpeg.len - 1;
    picture = develop(*state, &shot);
    assert_true(picture.jpeg.len < jpeg.len);
    assert_int_equal(picture.width, 640);
    json_t *meta = meta_of(&picture);
    assert_null(json_object_get(meta, "passthrough"));
    assert_true(number(meta, "quality") > 0);
    assert_int_equal(number(json_object_get(meta, "reduced"), "from_bytes"), jpeg.len);
    struct decoded decoded = decode(&picture.jpeg);
    struct decoded original = decode(&jpeg);
    assert_true(image_psnr(&decoded.image, &original.image) >= 30);
    decoded_fini(&decoded);
    decoded_fini(&original);
    json_decref(meta);
    picture_fini(&picture);
    bytes_fini(&jpeg);
    image_fini(&image);
}

// A camera's JPEG with bytes thrown: a picture within its budget, or a fault.
static void damaged_mjpeg_over_budget_does_no_harm(void **state)
{
    struct image image = image_photo(160, 120, 3, 0, 4, 1);
    struct bytes jpeg = jpeg_of(*state, &image);
    uint32_t random = 1;
    unsigned faults = 0;
    for (int i = 0; i < 600; i++) {
        struct bytes damaged;
        struct fault fault;
        bytes_init(&damaged);
        assert_true(bytes_append(&damaged, jpeg.data, jpeg.len, &fault));
        for (int hits = 0; hits < 1 + i % 4; hits++) {
            random = random * 1664525 + 1013904223;
            size_t reach = i % 2 == 0 ? 700 : jpeg.len; // the headers, or anything
            damaged.data[(random >> 8) % reach] = (uint8_t)(random >> 3);
        }
        struct frame frame = {.format = PIXEL_FORMAT_MJPEG,
                              .plane_count = 1,
                              .planes = {{damaged.data, damaged.len, 0}}};
        struct shot shot = shot_of(&frame);
        shot.max_jpeg_bytes = 3000;
        struct picture picture;
        picture_init(&picture);
        if (developer_develop(*state, &shot, &picture, &fault)) {
            assert_true(picture.jpeg.len <= 3000);
            struct decoded decoded = decode(&picture.jpeg);
            decoded_fini(&decoded);
        } else {
            faults++;
            free(shot.captured_event);
        }
        picture_fini(&picture);
        bytes_fini(&damaged);
    }
    assert_in_range(faults, 50, 599);
    bytes_fini(&jpeg);
    image_fini(&image);
}

static void impossible_budgets_fail_in_figures(void **state)
{
    struct image image = image_photo(640, 480, 3, 0, 4, 1);
    struct sample sample =
        sample_create(&image, PIXEL_FORMAT_YUYV, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    struct shot shot = shot_of(&sample.frame);
    shot.max_jpeg_bytes = 500;
    struct picture picture;
    struct fault fault = {0};
    picture_init(&picture);
    assert_false(developer_develop(*state, &shot, &picture, &fault));
    assert_int_equal(fault.kind, FAULT_PICTURE);
    assert_int_equal(fault.code, EMSGSIZE);
    assert_non_null(strstr(fault.text, "500"));
    assert_null(picture.jpeg.data);
    assert_non_null(shot.captured_event);
    free(shot.captured_event);
    sample_fini(&sample);
    image_fini(&image);
}

// Where the first marker segment says EXIF, its tags do too (test_exif reads them).
static bool begins_with_exif(const struct picture *picture)
{
    return memcmp(picture->jpeg.data, "\xFF\xD8\xFF\xE1", 4) == 0 &&
           memcmp(picture->jpeg.data + 6, "Exif\0\0II", 8) == 0;
}

static void exif_is_there_where_it_is_wanted(void **state)
{
    struct image image = image_scene(64, 48);
    struct sample sample =
        sample_create(&image, PIXEL_FORMAT_NV12, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    for (int wanted = 0; wanted < 2; wanted++) {
        struct shot shot = shot_of(&sample.frame);
        shot.develop.exif = wanted;
        shot.camera_model = "imx708";
        struct picture picture = develop(*state, &shot);
        assert_int_equal(begins_with_exif(&picture), wanted);
        struct decoded decoded = decode(&picture.jpeg);
        assert_int_equal(decoded.exif.len > 0, wanted);
        assert_int_equal(decoded.has_jfif, !wanted);
        assert_int_equal(wanted, decoded.exif.len > 0 && memmem(decoded.exif.data, decoded.exif.len,
                                                                "imx708", 7) != NULL);
        assert_true(image_psnr(&decoded.image, &image) >= 38); // read as YCbCr in any case
        decoded_fini(&decoded);
        picture_fini(&picture);
    }
    sample_fini(&sample);
    image_fini(&image);
}

static void mjpeg_gets_exif_only_to_be_turned(void **state)
{
    struct image image = image_scene(64, 48);
    struct bytes jpeg = jpeg_of(*state, &image);
    struct frame frame = {
        .format = PIXEL_FORMAT_MJPEG, .plane_count = 1, .planes = {{jpeg.data, jpeg.len, 0}}};
    for (unsigned orientation = 0; orientation <= 8; orientation++) {
        struct shot shot = shot_of(&frame);
        shot.develop.exif = true;
        shot.orientation = orientation;
        struct picture picture = develop(*state, &shot);
        assert_int_equal(begins_with_exif(&picture), orientation > 1);
        assert_true(orientation > 1 || picture.jpeg.len == jpeg.len);
        size_t added = picture.jpeg.len - jpeg.len;
        assert_memory_equal(picture.jpeg.data + 2 + added, jpeg.data + 2, jpeg.len - 2);
        json_t *meta = meta_of(&picture);
        assert_int_equal(number(meta, "orientation"), orientation > 1 ? orientation : 0);
        assert_true(json_is_true(json_object_get(meta, "passthrough")));
        json_decref(meta);
        picture_fini(&picture);
    }
    bytes_fini(&jpeg);
    image_fini(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(raw_frame_becomes_a_picture, setup, teardown),
        cmocka_unit_test_setup_teardown(mjpeg_is_passed_through, setup, teardown),
        cmocka_unit_test_setup_teardown(mjpeg_without_tables_decodes, setup, teardown),
        cmocka_unit_test_setup_teardown(failure_leaves_the_shot_as_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(budgets_of_settings_and_wire, setup, teardown),
        cmocka_unit_test_setup_teardown(large_mjpeg_is_compressed_again, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_mjpeg_over_budget_does_no_harm, setup, teardown),
        cmocka_unit_test_setup_teardown(impossible_budgets_fail_in_figures, setup, teardown),
        cmocka_unit_test_setup_teardown(exif_is_there_where_it_is_wanted, setup, teardown),
        cmocka_unit_test_setup_teardown(mjpeg_gets_exif_only_to_be_turned, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
