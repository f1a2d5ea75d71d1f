// Sizes of payloads by arithmetic. Pure.
#include "picture/budget.h"

static uint64_t base64_bytes(uint64_t len)
{
    return (len / 3 + (len % 3 != 0)) * 4;
}

uint64_t picture_wire_bytes(const struct picture *picture, enum picture_form form)
{
    switch (form) {
    case PICTURE_FORM_RAW:
        return picture->jpeg.len;
    case PICTURE_FORM_ENVELOPE:
        return picture->meta.len + PICTURE_ENVELOPE_EXTRA + base64_bytes(picture->jpeg.len);
    case PICTURE_FORM_BASE64:
        break;
    }
    return base64_bytes(picture->jpeg.len);
}

uint64_t picture_jpeg_budget(enum picture_form form, uint64_t payload_max)
{
    const uint64_t extra = PICTURE_META_MAX + PICTURE_ENVELOPE_EXTRA;
    switch (form) {
    case PICTURE_FORM_RAW:
        return payload_max;
    case PICTURE_FORM_ENVELOPE:
        return payload_max > extra ? (payload_max - extra) / 4 * 3 : 0;
    case PICTURE_FORM_BASE64:
        break;
    }
    return payload_max / 4 * 3;
}
