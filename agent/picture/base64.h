// Base64 as RFC 4648 section 4 has it: standard alphabet, padded, no line breaks.
#pragma once

#include "base/bytes.h"

// How many characters `len` bytes become; SIZE_MAX where that is more than can be counted.
size_t base64_size(size_t len);

// Writes the characters to the end of `text`, without a terminator. `data` lies elsewhere.
__attribute__((warn_unused_result)) bool base64_append(struct bytes *text, const uint8_t *data,
                                                       size_t len, struct fault *fault);

// Appends the bytes that `text` stands for; `data` is untouched where it is not such base64
// (FAULT_PICTURE).
__attribute__((warn_unused_result)) bool base64_decode(struct bytes *data, const uint8_t *text,
                                                       size_t len, struct fault *fault);
