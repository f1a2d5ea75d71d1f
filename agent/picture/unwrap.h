// A picture's payload as it came over the wire, back to the JPEG: the other way of picture_wrap.
// Pure.
#pragma once

#include "base/bytes.h"

// Appends the JPEG to `jpeg`. Which form it is shows in the payload itself: a JPEG begins with FF
// D8, an envelope with '{', and neither is base64. FAULT_PICTURE says what it is instead; that it
// begins like a JPEG is all that is known of the result.
__attribute__((warn_unused_result)) bool picture_unwrap(const uint8_t *payload, size_t len,
                                                        struct bytes *jpeg, struct fault *fault);
