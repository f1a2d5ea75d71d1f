// What a picture takes on the wire, and how large a JPEG may be to fit. Pure.
//
// base64 is 4 * ceil(n / 3) characters for n bytes; the envelope adds the meta object and the 11
// characters of `,"image":""`. Nothing else is in a payload; topic, properties and packet
// header are the connection's to count.
#pragma once

#include "picture/picture.h"

enum {
    PICTURE_META_MAX = 2048,     // bytes; envelope_meta refuses to write more
    PICTURE_ENVELOPE_EXTRA = 11, // of the envelope, beyond meta and base64
};

// Exactly what picture_wrap appends.
uint64_t picture_wire_bytes(const struct picture *picture, enum picture_form form);

// The largest JPEG whose payload surely has no more than `payload_max` bytes, whatever its meta;
// 0 where not even an empty one would.
uint64_t picture_jpeg_budget(enum picture_form form, uint64_t payload_max);
