// The meta object and the forms of a picture, read back by jansson and libcrypto.
#include "picture/envelope.h"

#include "picture/budget.h"
#include "picture/develop.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>

struct material {
    struct frame frame;
    struct shot shot;
    struct picture picture;
    struct envelope_facts facts;
};

static struct material everything_said(void)
{
    struct material m = {
        .frame =
            {
                .captured_ns = 5000000000,
                .settling = SETTLING_CONVERGED,
                .settle_ms = 320,
                .facts =
                    {
                        .exposure_us = 33333.4,
                        .analogue_gain = 1.1,
                        .digital_gain = 1,
                        .color_temperature_k = 4512.6,
                        .lux = 0.128,
                        .sensor_temperature_c = 41.26,
                        .lens_position = 0.12345,
                        .ae = CONVERGENCE_SETTLED,
                        .awb = CONVERGENCE_SEARCHING,
                        .af = CONVERGENCE_FAILED,
                    },
            },
        .shot = {.triggered_ns = 4987654321, .arrived_ns = 5070000000},
        .picture =
            {
                .id = "0123456789abcdef-7",
                .seq = 7,
                .trigger = TRIGGER_COMMAND,
                .request_id = "front \"door\"",
                .captured_at = "2026-01-31T23:59:59.123Z",
                .captured_ns = 5000000000,
                .sha256 = "abcd",
                .width = 640,
                .height = 480,
                .jpeg = {.len = 12345},
            },
        .facts =
            {
                .quality = 85,
                .clock_synced = true,
                .boot_id = "00ff",
                .encode_ns = 6543210,
                .finished_ns = 5080000000,
            },
    };
    return m;
}

static struct bytes meta_of(struct material *m)
{
    struct bytes meta;
    struct fault fault;
    bytes_init(&meta);
    m->shot.frame = &m->frame;
    if (!envelope_meta(&m->shot, &m->picture, &m->facts, &meta, &fault)) {
        fail_msg("%s", fault.text);
    }
    return meta;
}

static void assert_meta(struct material *m, const char *expected)
{
    struct bytes meta = meta_of(m);
    char text[1200] = "";
    assert_true(meta.len < sizeof text);
    memcpy(text, meta.data, meta.len);
    assert_string_equal(text, expected);
    bytes_fini(&meta);
}

static json_t *parsed(struct material *m)
{
    struct bytes meta = meta_of(m);
    json_t *json = json_loadb((const char *)meta.data, meta.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    bytes_fini(&meta);
    return json;
}

static void all_there_is_to_say(void **state)
{
    (void)state;
    struct material m = everything_said();
    assert_meta(&m, "{\"id\":\"0123456789abcdef-7\",\"seq\":7,"
                    "\"captured_at\":\"2026-01-31T23:59:59.123Z\",\"monotonic_ms\":5000,"
                    "\"boot_id\":\"00ff\",\"clock_synced\":true,\"trigger\":\"command\","
                    "\"request_id\":\"front \\\"door\\\"\",\"width\":640,\"height\":480,"
                    "\"bytes\":12345,\"quality\":85,\"sha256\":\"abcd\",\"exposure_us\":33333,"
                    "\"gain\":1.1,\"digital_gain\":1,\"color_temperature_k\":4513,\"lux\":0.13,"
                    "\"sensor_temperature_c\":41.3,\"lens_position\":0.123,"
                    "\"ae_state\":\"settled\",\"awb_state\":\"searching\","
                    "\"af_state\":\"failed\",\"settling\":\"converged\",\"settle_ms\":320,"
                    "\"exposed_after_trigger\":true,"
                    "\"latency_ms\":{\"exposure\":12.3,\"frame\":70,\"encode\":6.5,"
                    "\"total\":92.3}}");
}

static void silence_is_left_out(void **state)
{
    (void)state;
    struct material m = everything_said();
    m.frame.facts = (struct frame_facts){NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0, 0, 0, 0};
    m.frame.captured_is_estimate = true;
    m.frame.settling = SETTLING_NOT_REPORTED;
    m.frame.settle_ms = 0;
    m.shot.triggered_ns = 5100000000; // the frame began before the trigger
    m.picture.request_id[0] = '\0';
    m.picture.trigger = TRIGGER_TIMER;
    m.facts.quality = 0;
    m.facts.clock_synced = false;
    assert_meta(
        &m,
        "{\"id\":\"0123456789abcdef-7\",\"seq\":7,"
        "\"captured_at\":\"2026-01-31T23:59:59.123Z\",\"monotonic_ms\":5000,"
        "\"boot_id\":\"00ff\",\"clock_synced\":false,\"trigger\":\"timer\","
        "\"width\":640,\"height\":480,\"bytes\":12345,\"passthrough\":true,"
        "\"sha256\":\"abcd\",\"settling\":\"not_reported\",\"settle_ms\":0,\"exposed_after_trigger\":false,"
        "\"captured_is_estimate\":true,\"latency_ms\":{\"exposure\":-100,"
        "\"frame\":70,\"encode\":6.5,\"total\":-20}}");
}

// The camera is not believed: what cannot be JSON is left out, nothing overflows.
static void what_a_budget_cost_is_said(void **state)
{
    (void)state;
    struct material m = everything_said();
    m.facts.best_quality = 90;
    m.facts.budget = 20000;
    m.facts.from_width = 1279;
    m.facts.from_height = 960;
    m.facts.from_bytes = 400000;
    m.facts.encodes = 2;
    m.shot.orientation = 6;
    json_t *json = parsed(&m);
    json_t *expected =
        json_pack("{s:i, s:i, s:i, s:i, s:i}", "from_quality", 90, "from_width", 1279,
                  "from_height", 960, "from_bytes", 400000, "budget_bytes", 20000);
    assert_true(json_equal(json_object_get(json, "reduced"), expected));
    assert_int_equal(json_integer_value(json_object_get(json, "encodes")), 2);
    assert_int_equal(json_integer_value(json_object_get(json, "orientation")), 6);
    json_decref(expected);
    json_decref(json);
}

// Within its budget, at its best, upright: nothing to say.
static void what_cost_nothing_is_not_said(void **state)
{
    (void)state;
    struct material m = everything_said();
    m.facts.best_quality = 85;
    m.facts.budget = 20000;
    m.facts.from_width = 640;
    m.facts.from_height = 480;
    m.facts.encodes = 1;
    m.shot.orientation = 1;
    json_t *json = parsed(&m);
    assert_null(json_object_get(json, "budget_bytes"));
    assert_null(json_object_get(json, "reduced"));
    assert_null(json_object_get(json, "encodes"));
    assert_null(json_object_get(json, "orientation"));
    json_decref(json);
    m.facts.quality = 0; // a camera's JPEG that fits
    m.facts.from_bytes = 12345;
    json = parsed(&m);
    assert_null(json_object_get(json, "reduced"));
    json_decref(json);
}

// Every member there is, at its longest: budgets count with no more than this.
static void the_longest_meta_is_within_its_bound(void **state)
{
    (void)state;
    struct material m = everything_said();
    const double longest = -1.234567891e-300;
    m.frame.facts = (struct frame_facts){longest,
                                         longest,
                                         longest,
                                         longest,
                                         longest,
                                         longest,
                                         longest,
                                         CONVERGENCE_SEARCHING,
                                         CONVERGENCE_SEARCHING,
                                         CONVERGENCE_SEARCHING,
                                         0};
    m.frame.facts.lux = 1.797693134e308;
    m.frame.facts.exposure_us = -1.797693134e308;
    m.frame.captured_ns = INT64_MIN;
    m.frame.captured_is_estimate = true;
    m.frame.settling = SETTLING_NOT_REPORTED;
    m.frame.settle_ms = UINT32_MAX;
    memset(m.picture.id, '"', sizeof m.picture.id - 1);
    memset(m.picture.request_id, '"', sizeof m.picture.request_id - 1);
    memset(m.picture.captured_at, '9', sizeof m.picture.captured_at - 1);
    memset(m.picture.sha256, 'f', sizeof m.picture.sha256 - 1);
    m.picture.seq = INT64_MAX;
    m.picture.captured_ns = INT64_MIN;
    m.picture.width = m.picture.height = 1000000000;
    m.picture.jpeg.len = INT64_MAX;
    m.shot.orientation = 8;
    m.shot.triggered_ns = m.shot.arrived_ns = INT64_MAX;
    m.facts = (struct envelope_facts){.quality = 99,
                                      .best_quality = 100,
                                      .budget = INT64_MAX,
                                      .from_width = UINT32_MAX,
                                      .from_height = UINT32_MAX,
                                      .from_bytes = INT64_MAX,
                                      .encodes = UINT32_MAX,
                                      .boot_id = "0123456789abcdef0123456789abcdef",
                                      .encode_ns = INT64_MIN,
                                      .finished_ns = INT64_MIN};
    struct bytes meta = meta_of(&m);
    assert_true(meta.len <= PICTURE_META_MAX);
    assert_true(meta.len > PICTURE_META_MAX / 2); // the bound is not there for nothing
    bytes_fini(&meta);

    char endless[PICTURE_META_MAX];
    memset(endless, 'e', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    m.facts.boot_id = endless;
    m.shot.frame = &m.frame;
    struct fault fault = {0};
    assert_false(envelope_meta(&m.shot, &m.picture, &m.facts, &meta, &fault));
    assert_int_equal(fault.kind, FAULT_PICTURE);
    assert_int_equal(meta.len, 0);
}

static void hostile_facts_do_no_harm(void **state)
{
    (void)state;
    struct material m = everything_said();
    m.frame.facts =
        (struct frame_facts){INFINITY, -INFINITY,         1e300,      -1e300, 1e18, -0.0, 1.7e308,
                             99,       CONVERGENCE_COUNT, UINT32_MAX, 0};
    m.frame.captured_ns = INT64_MIN;
    m.shot.arrived_ns = INT64_MAX;
    json_t *json = parsed(&m);
    assert_null(json_object_get(json, "exposure_us"));
    assert_null(json_object_get(json, "gain"));
    assert_true(json_real_value(json_object_get(json, "digital_gain")) > 9e299);
    assert_true(json_number_value(json_object_get(json, "lux")) > 9e17);
    assert_true(json_number_value(json_object_get(json, "sensor_temperature_c")) == 0);
    assert_null(json_object_get(json, "ae_state"));
    assert_null(json_object_get(json, "awb_state"));
    assert_null(json_object_get(json, "af_state"));
    assert_true(json_is_false(json_object_get(json, "exposed_after_trigger")));
    json_decref(json);
}

static void exposure_at_the_trigger_is_after_it(void **state)
{
    (void)state;
    struct material m = everything_said();
    m.shot.triggered_ns = m.frame.captured_ns;
    json_t *json = parsed(&m);
    assert_true(json_is_true(json_object_get(json, "exposed_after_trigger")));
    json_decref(json);
    m.shot.triggered_ns++;
    json = parsed(&m);
    assert_true(json_is_false(json_object_get(json, "exposed_after_trigger")));
    json_decref(json);
}

static void text_that_is_no_utf8_is_a_fault(void **state)
{
    (void)state;
    struct material m = everything_said();
    struct bytes meta;
    struct fault fault = {0};
    bytes_init(&meta);
    m.shot.frame = &m.frame;
    memcpy(m.picture.request_id, "\xC3(", 3);
    assert_false(envelope_meta(&m.shot, &m.picture, &m.facts, &meta, &fault));
    assert_int_equal(fault.kind, FAULT_SYSTEM);
    assert_int_equal(meta.len, 0);
    bytes_fini(&meta);
}

static struct picture picture_of(size_t len)
{
    struct material m = everything_said();
    struct fault fault;
    struct picture picture = m.picture;
    bytes_init(&picture.jpeg);
    assert_true(bytes_append(&picture.jpeg, "\xFF\xD8\xFF", 3, &fault));
    for (size_t i = 3; i < len; i++) {
        assert_true(bytes_append(&picture.jpeg, &(uint8_t){(uint8_t)(i * 89)}, 1, &fault));
    }
    m.picture.jpeg.len = len;
    picture.meta = meta_of(&m);
    return picture;
}

static void assert_is_base64_of(const char *text, size_t len, const struct bytes *jpeg)
{
    uint8_t *back = malloc(len + 1);
    assert_non_null(back);
    assert_int_equal(len, (jpeg->len + 2) / 3 * 4);
    assert_memory_equal(text, "/9j/", 4);
    assert_int_equal(EVP_DecodeBlock(back, (const uint8_t *)text, (int)len), len / 4 * 3);
    assert_memory_equal(back, jpeg->data, jpeg->len);
    free(back);
}

static void forms_hold_the_picture(void **state)
{
    (void)state;
    for (size_t len = 100; len < 103; len++) {
        struct picture picture = picture_of(len);
        struct bytes payload;
        struct fault fault;
        bytes_init(&payload);
        assert_true(picture_wrap(&picture, PICTURE_FORM_RAW, &payload, &fault));
        assert_int_equal(payload.len, len);
        assert_memory_equal(payload.data, picture.jpeg.data, len);

        bytes_clear(&payload);
        assert_true(picture_wrap(&picture, PICTURE_FORM_BASE64, &payload, &fault));
        assert_is_base64_of((const char *)payload.data, payload.len, &picture.jpeg);

        // behind what is there
        assert_true(picture_wrap(&picture, PICTURE_FORM_RAW, &payload, &fault));
        assert_memory_equal(payload.data + payload.len - len, picture.jpeg.data, len);
        bytes_fini(&payload);
        picture_fini(&picture);
    }
}

static void envelope_is_meta_and_image(void **state)
{
    (void)state;
    struct picture picture = picture_of(1000);
    struct bytes payload;
    struct fault fault;
    bytes_init(&payload);
    assert_true(picture_wrap(&picture, PICTURE_FORM_ENVELOPE, &payload, &fault));

    json_t *envelope =
        json_loadb((const char *)payload.data, payload.len, JSON_REJECT_DUPLICATES, NULL);
    json_t *meta =
        json_loadb((const char *)picture.meta.data, picture.meta.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(envelope);
    assert_non_null(meta);
    json_t *image = json_object_get(envelope, "image");
    assert_is_base64_of(json_string_value(image), json_string_length(image), &picture.jpeg);
    json_object_del(envelope, "image");
    assert_true(json_equal(envelope, meta));
    json_decref(envelope);
    json_decref(meta);
    bytes_fini(&payload);
    picture_fini(&picture);
}

static void triggers_have_the_names_of_the_wire(void **state)
{
    (void)state;
    assert_string_equal(trigger_name(TRIGGER_TIMER), "timer");
    assert_string_equal(trigger_name(TRIGGER_COMMAND), "command");
    assert_string_equal(trigger_name(TRIGGER_START), "start");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_there_is_to_say),
        cmocka_unit_test(silence_is_left_out),
        cmocka_unit_test(what_a_budget_cost_is_said),
        cmocka_unit_test(what_cost_nothing_is_not_said),
        cmocka_unit_test(the_longest_meta_is_within_its_bound),
        cmocka_unit_test(hostile_facts_do_no_harm),
        cmocka_unit_test(exposure_at_the_trigger_is_after_it),
        cmocka_unit_test(text_that_is_no_utf8_is_a_fault),
        cmocka_unit_test(forms_hold_the_picture),
        cmocka_unit_test(envelope_is_meta_and_image),
        cmocka_unit_test(triggers_have_the_names_of_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
