// Payloads of P/ID/image and P/ID/late, believing nothing. Any thread, no state. The picture goes
// through a DOM here: this is for whoever looks at a few, not for the agent.
#include "picture/unwrap.h"

#include "picture/base64.h"

#include <jansson.h>

static bool is_jpeg(const uint8_t *data, size_t len)
{
    return len > 2 && data[0] == 0xFF && data[1] == 0xD8 && data[2] == 0xFF;
}

static bool unwrap_base64(const uint8_t *text, size_t len, struct bytes *jpeg, struct fault *fault)
{
    size_t begin = jpeg->len;
    if (!base64_decode(jpeg, text, len, fault)) {
        return false;
    }
    if (!is_jpeg(jpeg->data + begin, jpeg->len - begin)) {
        jpeg->len = begin;
        return fault_set(fault, FAULT_PICTURE, 0, "the payload is base64, but not of a JPEG");
    }
    return true;
}

static bool unwrap_envelope(const uint8_t *text, size_t len, struct bytes *jpeg,
                            struct fault *fault)
{
    json_error_t error;
    json_t *envelope = json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, &error);
    if (envelope == NULL) {
        return fault_set(fault, FAULT_PICTURE, 0, "the payload is not JSON: %s (byte %d)",
                         error.text, error.position);
    }
    const json_t *image = json_object_get(envelope, "image");
    bool good = json_is_string(image)
                    ? unwrap_base64((const uint8_t *)json_string_value(image),
                                    json_string_length(image), jpeg, fault)
                    : fault_set(fault, FAULT_PICTURE, 0, "the JSON has no text \"image\"");
    json_decref(envelope);
    return good;
}

bool picture_unwrap(const uint8_t *payload, size_t len, struct bytes *jpeg, struct fault *fault)
{
    if (is_jpeg(payload, len)) {
        return bytes_append(jpeg, payload, len, fault);
    }
    if (len > 0 && payload[0] == '{') {
        return unwrap_envelope(payload, len, jpeg, fault);
    }
    return unwrap_base64(payload, len, jpeg, fault);
}
