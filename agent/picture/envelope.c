// The meta object and the forms a picture takes on the wire. Publisher thread. The picture itself
// never goes through a DOM: it is streamed behind the meta object.
#include "picture/envelope.h"

#include "picture/base64.h"
#include "picture/budget.h"
#include "picture/develop.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// An object under construction; `ok` false once anything could not be added.
struct object {
    json_t *json;
    bool ok;
};

static void set(struct object *object, const char *key, json_t *value)
{
    object->ok = json_object_set_new(object->json, key, value) == 0 && object->ok;
}

// NAN is silence: the camera did not say.
static void set_rounded(struct object *object, const char *key, double value, int decimals)
{
    if (!isfinite(value)) {
        return;
    }
    double scale = pow(10, decimals);
    double rounded = round(value * scale) / scale;
    bool whole = fabs(rounded) < 9e15 && rounded == trunc(rounded);
    set(object, key,
        whole ? json_integer((json_int_t)rounded) : json_real(isfinite(rounded) ? rounded : value));
}

static void set_convergence(struct object *object, const char *key, uint32_t state)
{
    static const char *const words[CONVERGENCE_COUNT] = {
        [CONVERGENCE_SEARCHING] = "searching",
        [CONVERGENCE_SETTLED] = "settled",
        [CONVERGENCE_LOCKED] = "locked",
        [CONVERGENCE_FAILED] = "failed",
    };
    if (state < CONVERGENCE_COUNT && words[state] != NULL) {
        set(object, key, json_string(words[state]));
    }
}

static double ms_between(int64_t from_ns, int64_t to_ns)
{
    return ((double)to_ns - (double)from_ns) /
           1e6; // a camera's times may be too far apart for 64 bits
}

static void set_identity(struct object *meta, const struct picture *picture,
                         const struct envelope_facts *facts)
{
    set(meta, "id", json_string(picture->id));
    set(meta, "seq", json_integer((json_int_t)picture->seq));
    set(meta, "captured_at", json_string(picture->captured_at));
    set(meta, "monotonic_ms", json_integer(picture->captured_ns / 1000000));
    set(meta, "boot_id", json_string(facts->boot_id));
    set(meta, "clock_synced", json_boolean(facts->clock_synced));
    set(meta, "trigger", json_string(trigger_name(picture->trigger)));
    if (picture->request_id[0] != '\0') {
        set(meta, "request_id", json_string(picture->request_id));
    }
}

static void set_jpeg(struct object *meta, const struct picture *picture, int quality)
{
    set(meta, "width", json_integer(picture->width));
    set(meta, "height", json_integer(picture->height));
    set(meta, "bytes", json_integer((json_int_t)picture->jpeg.len));
    if (quality > 0) {
        set(meta, "quality", json_integer(quality));
    } else {
        set(meta, "passthrough", json_true());
    }
    set(meta, "sha256", json_string(picture->sha256));
}

static void set_bounds(struct object *meta, const struct shot *shot, const struct picture *picture,
                       const struct envelope_facts *facts)
{
    if (shot->orientation > 1) {
        set(meta, "orientation", json_integer(shot->orientation));
    }
    if (facts->encodes > 1) {
        set(meta, "encodes", json_integer(facts->encodes));
    }
    struct object reduced = {json_object(), true};
    if (facts->quality > 0 && facts->quality < facts->best_quality) {
        set(&reduced, "from_quality", json_integer(facts->best_quality));
    }
    if (facts->from_width > picture->width || facts->from_height > picture->height) {
        set(&reduced, "from_width", json_integer(facts->from_width));
        set(&reduced, "from_height", json_integer(facts->from_height));
    }
    if (facts->quality > 0 && facts->from_bytes > 0) {
        set(&reduced, "from_bytes", json_integer((json_int_t)facts->from_bytes));
    }
    if (json_object_size(reduced.json) > 0) {
        if (facts->budget > 0) {
            set(&reduced, "budget_bytes", json_integer((json_int_t)facts->budget));
        }
        set(meta, "reduced", reduced.json);
    } else {
        json_decref(reduced.json);
    }
    meta->ok = meta->ok && reduced.ok;
}

static void set_camera(struct object *meta, const struct frame_facts *facts)
{
    set_rounded(meta, "exposure_us", facts->exposure_us, 0);
    set_rounded(meta, "gain", facts->analogue_gain, 3);
    set_rounded(meta, "digital_gain", facts->digital_gain, 3);
    set_rounded(meta, "color_temperature_k", facts->color_temperature_k, 0);
    set_rounded(meta, "lux", facts->lux, 2);
    set_rounded(meta, "sensor_temperature_c", facts->sensor_temperature_c, 1);
    set_rounded(meta, "lens_position", facts->lens_position, 3);
    set_convergence(meta, "ae_state", facts->ae);
    set_convergence(meta, "awb_state", facts->awb);
    set_convergence(meta, "af_state", facts->af);
}

static void set_settling(struct object *meta, const struct frame *frame)
{
    static const char *const words[SETTLING_COUNT] = {
        [SETTLING_NOT_REPORTED] = "not_reported",
        [SETTLING_CONVERGED] = "converged",
        [SETTLING_TIMED_OUT] = "timed_out",
    };
    if (frame->settling < SETTLING_COUNT) {
        set(meta, "settling", json_string(words[frame->settling]));
        set(meta, "settle_ms", json_integer(frame->settle_ms));
    }
}

static void set_times(struct object *meta, const struct shot *shot,
                      const struct envelope_facts *facts)
{
    const struct frame *frame = shot->frame;
    set(meta, "exposed_after_trigger", json_boolean(frame->captured_ns >= shot->triggered_ns));
    if (frame->captured_is_estimate) {
        set(meta, "captured_is_estimate", json_true());
    }
    struct object latency = {json_object(), true};
    set_rounded(&latency, "exposure", ms_between(shot->triggered_ns, frame->captured_ns), 1);
    set_rounded(&latency, "frame", ms_between(frame->captured_ns, shot->arrived_ns), 1);
    set_rounded(&latency, "encode", ms_between(0, facts->encode_ns), 1);
    set_rounded(&latency, "total", ms_between(shot->triggered_ns, facts->finished_ns), 1);
    set(meta, "latency_ms", latency.json);
    meta->ok = meta->ok && latency.ok;
}

bool envelope_meta(const struct shot *shot, const struct picture *picture,
                   const struct envelope_facts *facts, struct bytes *meta, struct fault *fault)
{
    struct object object = {json_object(), true};
    set_identity(&object, picture, facts);
    set_jpeg(&object, picture, facts->quality);
    set_bounds(&object, shot, picture, facts);
    set_camera(&object, &shot->frame->facts);
    set_settling(&object, shot->frame);
    set_times(&object, shot, facts);

    // ten digits: what rounding left, without the tail that binary fractions have
    char *text = object.ok ? json_dumps(object.json, JSON_COMPACT | JSON_REAL_PRECISION(10)) : NULL;
    json_decref(object.json);
    if (text == NULL) {
        return fault_set(fault, FAULT_SYSTEM, 0, "cannot write the meta data of picture %s",
                         picture->id);
    }
    size_t len = strlen(text);
    bool done = len <= PICTURE_META_MAX
                    ? bytes_append(meta, text, len, fault)
                    : fault_set(fault, FAULT_PICTURE, 0, "the meta data has %zu bytes", len);
    free(text);
    return done;
}

static bool append_envelope(const struct picture *picture, struct bytes *payload,
                            struct fault *fault)
{
    static const char link[] = ",\"image\":\"";
    static const char tail[] = "\"}";
    const struct bytes *meta = &picture->meta;
    assert(meta->len > 2 && meta->data[meta->len - 1] == '}');

    size_t image = base64_size(picture->jpeg.len);
    size_t frame = meta->len + sizeof link + sizeof tail;
    if (image > SIZE_MAX - frame) {
        return fault_set(fault, FAULT_SYSTEM, 0, "no memory for %zu bytes in base64",
                         picture->jpeg.len);
    }
    return bytes_reserve(payload, frame + image, fault) &&
           bytes_append(payload, meta->data, meta->len - 1, fault) &&
           bytes_append_text(payload, link, fault) &&
           base64_append(payload, picture->jpeg.data, picture->jpeg.len, fault) &&
           bytes_append_text(payload, tail, fault);
}

bool picture_wrap(const struct picture *picture, enum picture_form form, struct bytes *payload,
                  struct fault *fault)
{
    switch (form) {
    case PICTURE_FORM_BASE64:
        return base64_append(payload, picture->jpeg.data, picture->jpeg.len, fault);
    case PICTURE_FORM_RAW:
        return bytes_append(payload, picture->jpeg.data, picture->jpeg.len, fault);
    case PICTURE_FORM_ENVELOPE:
        return append_envelope(picture, payload, fault);
    }
    assert(false && "a form that is none");
    return false;
}
