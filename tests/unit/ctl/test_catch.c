// Which picture is the answer, and whether it proves itself.
#include "ctl/catch.h"

#include "../picture/sample.h"
#include "picture/base64.h"
#include "picture/digest.h"
#include "picture/jpeg_encoder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct rig {
    struct bytes jpeg;
    struct bytes other;
    struct catch catch;
};

static void make_jpeg(uint32_t width, struct bytes *jpeg)
{
    struct fault fault;
    struct image image = image_scene(width, 32);
    struct sample sample =
        sample_create(&image, PIXEL_FORMAT_YUV420, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    struct jpeg_encoder *encoder = jpeg_encoder_create(&fault);
    const struct jpeg_options options = {.quality = 80};
    assert_non_null(encoder);
    assert_true(jpeg_encoder_encode(encoder, &sample.frame, &options, jpeg, &fault));
    jpeg_encoder_destroy(encoder);
    sample_fini(&sample);
    image_fini(&image);
}

static int make(void **state)
{
    static struct rig rig;
    rig = (struct rig){0};
    make_jpeg(64, &rig.jpeg);
    make_jpeg(80, &rig.other);
    catch_init(&rig.catch, "mine", false);
    *state = &rig;
    return 0;
}

static int end(void **state)
{
    struct rig *rig = *state;
    bytes_fini(&rig->jpeg);
    bytes_fini(&rig->other);
    catch_fini(&rig->catch);
    return 0;
}

static void hear(struct rig *rig, const char *suffix, const char *text)
{
    struct fault fault;
    assert_true(catch_take(&rig->catch, suffix, (const uint8_t *)text, strlen(text), &fault));
}

static void hear_meta(struct rig *rig, const char *id, const char *request_id,
                      const struct bytes *jpeg, bool is_fresh)
{
    char sha256[PICTURE_SHA256_SIZE];
    char text[512];
    struct fault fault;
    assert_true(digest_sha256(jpeg->data, jpeg->len, sha256, &fault));
    snprintf(text, sizeof text,
             "{\"id\":\"%s\",\"request_id\":\"%s\",\"sha256\":\"%s\",\"exposed_after_trigger\":%s,"
             "\"captured_at\":\"2026-03-01T06:30:00.125Z\"}",
             id, request_id, sha256, is_fresh ? "true" : "false");
    hear(rig, "meta", text);
}

static void hear_image(struct rig *rig, const struct bytes *jpeg)
{
    struct fault fault;
    assert_true(catch_take(&rig->catch, "image", jpeg->data, jpeg->len, &fault));
}

static void the_picture_that_was_asked_for(void **state)
{
    struct rig *rig = *state;
    hear_meta(rig, "a-1", "mine", &rig->jpeg, true);
    assert_int_equal(rig->catch.end, CATCH_WAITING);
    hear_image(rig, &rig->jpeg);
    assert_int_equal(rig->catch.end, CATCH_DONE);
    assert_int_equal(rig->catch.width, 64);
    assert_int_equal(rig->catch.height, 32);
    assert_int_equal(rig->catch.jpeg.len, rig->jpeg.len);
    assert_memory_equal(rig->catch.jpeg.data, rig->jpeg.data, rig->jpeg.len);
    assert_string_equal(rig->catch.meta.captured_at, "2026-03-01T06:30:00.125Z");
    // and what follows changes nothing
    hear_meta(rig, "a-2", "mine", &rig->other, true);
    hear_image(rig, &rig->other);
    hear(rig, "status", "offline");
    assert_int_equal(rig->catch.width, 64);
    assert_int_equal(rig->catch.end, CATCH_DONE);
}

static void pictures_of_others_are_let_pass(void **state)
{
    struct rig *rig = *state;
    hear_image(rig, &rig->other); // retained
    hear_meta(rig, "a-1", "theirs", &rig->other, true);
    hear_image(rig, &rig->other);
    hear(rig, "event", "{\"event_type\":\"captured\",\"id\":\"a-1\",\"request_id\":\"theirs\"}");
    hear(rig, "event", "{\"event_type\":\"failed\",\"request_id\":\"theirs\"}");
    hear(rig, "event", "{\"event_type\":\"failed\"}");
    assert_int_equal(rig->catch.end, CATCH_WAITING);
    hear_meta(rig, "a-2", "mine", &rig->jpeg, true);
    hear_image(rig, &rig->other); // in between, from a broker that mixes
    assert_int_equal(rig->catch.end, CATCH_WAITING);
    assert_non_null(strstr(rig->catch.why.text, "sha256"));
    hear_image(rig, &rig->jpeg);
    assert_int_equal(rig->catch.end, CATCH_DONE);
    assert_int_equal(rig->catch.why.kind, FAULT_NONE);
}

// One picture may answer several: then its meta has the request id of one of them only.
static void a_picture_shared_with_others(void **state)
{
    static const char *const topics[] = {"event", "reply"};
    static const char answer[] =
        "{\"event_type\":\"captured\",\"id\":\"a-7\",\"request_id\":\"mine\"}";
    struct rig *rig = *state;
    for (int order = 0; order < 4; order++) {
        const char *topic = topics[order / 2];
        catch_fini(&rig->catch);
        catch_init(&rig->catch, "mine", false);
        if (order % 2 == 0) {
            hear(rig, topic, answer);
        }
        hear_meta(rig, "a-7", "theirs", &rig->jpeg, true);
        hear_image(rig, &rig->jpeg);
        if (order % 2 == 1) {
            assert_int_equal(rig->catch.end, CATCH_WAITING);
            hear(rig, topic, answer);
        }
        assert_int_equal(rig->catch.end, CATCH_DONE);
    }
}

static void every_form_of_payload(void **state)
{
    struct rig *rig = *state;
    struct fault fault;
    struct bytes payload;
    bytes_init(&payload);
    assert_true(base64_append(&payload, rig->jpeg.data, rig->jpeg.len, &fault));
    hear_meta(rig, "a-1", "mine", &rig->jpeg, true);
    hear_image(rig, &payload);
    assert_int_equal(rig->catch.end, CATCH_DONE);

    catch_fini(&rig->catch);
    catch_init(&rig->catch, "mine", false);
    bytes_clear(&payload);
    assert_true(bytes_append_text(&payload, "{\"id\":\"a-1\",\"image\":\"", &fault));
    assert_true(base64_append(&payload, rig->jpeg.data, rig->jpeg.len, &fault));
    assert_true(bytes_append_text(&payload, "\"}", &fault));
    hear_meta(rig, "a-1", "mine", &rig->jpeg, true);
    hear_image(rig, &payload);
    assert_int_equal(rig->catch.end, CATCH_DONE);
    bytes_fini(&payload);
}

static void an_old_picture(void **state)
{
    struct rig *rig = *state;
    hear_meta(rig, "a-1", "mine", &rig->jpeg, false);
    hear_image(rig, &rig->jpeg);
    assert_int_equal(rig->catch.end, CATCH_BROKEN);
    assert_non_null(strstr(rig->catch.why.text, "--allow-old"));
    catch_fini(&rig->catch);
    catch_init(&rig->catch, "mine", true);
    hear_meta(rig, "a-1", "mine", &rig->jpeg, false);
    hear_image(rig, &rig->jpeg);
    assert_int_equal(rig->catch.end, CATCH_DONE);
}

// Its digest is right, and it does not decode: the agent was given that by its camera.
static void a_damaged_picture(void **state)
{
    struct rig *rig = *state;
    rig->jpeg.len /= 2;
    hear_meta(rig, "a-1", "mine", &rig->jpeg, true);
    hear_image(rig, &rig->jpeg);
    assert_int_equal(rig->catch.end, CATCH_BROKEN);
    assert_int_equal(rig->catch.why.kind, FAULT_PICTURE);
}

static void an_agent_that_says_no(void **state)
{
    static const char *const types[] = {"failed", "refused", "skipped"};
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char text[160];
        catch_fini(&rig->catch);
        catch_init(&rig->catch, "mine", false);
        snprintf(text, sizeof text,
                 "{\"event_type\":\"%s\",\"request_id\":\"mine\",\"reason\":\"no light\\u001b\"}",
                 types[i]);
        hear(rig, "event", text);
        assert_int_equal(rig->catch.end, CATCH_REFUSED);
        assert_string_equal(rig->catch.why.text, "no light?");
    }
}

static void an_agent_that_is_not_there(void **state)
{
    struct rig *rig = *state;
    hear(rig, "status", "online");
    assert_int_equal(rig->catch.end, CATCH_WAITING);
    hear(rig, "status", "offline");
    assert_int_equal(rig->catch.end, CATCH_GONE);
}

static void garbage(void **state)
{
    struct rig *rig = *state;
    static const char *const texts[] = {
        "", "{", "[]", "null", "{\"request_id\":17}", "\xFF\xD8\xFF"};
    static const char *const topics[] = {"meta", "image", "event", "reply", "status", "health"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t j = 0; j < sizeof topics / sizeof topics[0]; j++) {
            hear(rig, topics[j], texts[i]);
        }
    }
    assert_int_equal(rig->catch.end, CATCH_WAITING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_picture_that_was_asked_for, make, end),
        cmocka_unit_test_setup_teardown(pictures_of_others_are_let_pass, make, end),
        cmocka_unit_test_setup_teardown(a_picture_shared_with_others, make, end),
        cmocka_unit_test_setup_teardown(every_form_of_payload, make, end),
        cmocka_unit_test_setup_teardown(an_old_picture, make, end),
        cmocka_unit_test_setup_teardown(a_damaged_picture, make, end),
        cmocka_unit_test_setup_teardown(an_agent_that_says_no, make, end),
        cmocka_unit_test_setup_teardown(an_agent_that_is_not_there, make, end),
        cmocka_unit_test_setup_teardown(garbage, make, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
