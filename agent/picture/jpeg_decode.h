// From a JPEG back to pixels: for the files driver, for a camera's JPEG that is too large, for
// tests.
#pragma once

#include "base/bytes.h"
#include "camera/frame.h"

#include <stddef.h>
#include <stdint.h>

// Reads the size from the headers. FAULT_PICTURE if they are none.
__attribute__((warn_unused_result)) bool jpeg_decode_size(const uint8_t *jpeg, size_t len,
                                                          uint32_t *width, uint32_t *height,
                                                          struct fault *fault);

// Decodes into planes of Y, Cb and Cr, BT.601 full range, chroma halved both ways: exactly what a
// 4:2:0 JPEG holds, the mean of what the others hold. Refuses (FAULT_PICTURE) another size than
// width x height, a damaged JPEG (the planes are part-written then), and CMYK.
__attribute__((warn_unused_result)) bool
jpeg_decode_yuv420(const uint8_t *jpeg, size_t len, uint32_t width, uint32_t height,
                   uint8_t *const planes[3], const uint32_t strides[3], struct fault *fault);

enum {
    JPEG_DECODE_HALVINGS_MAX = 3,
    JPEG_DECODE_PIXELS_MAX = 1 << 27, // twice any sensor's: a header is easily made to lie
};

// Reads every code of the JPEG and makes next to no pixels of them: bytes that were lost or changed
// on the way from the camera show here, where the structure is still right (FAULT_PICTURE).
__attribute__((warn_unused_result)) bool jpeg_decode_check(const uint8_t *jpeg, size_t len,
                                                           struct fault *fault);

// Decodes likewise, with both sides halved up to three times (and rounded up) on the way, which
// costs less than decoding the whole. `frame` describes the planes, which lie in `pixels`. Refuses
// more than JPEG_DECODE_PIXELS_MAX too.
__attribute__((warn_unused_result)) bool jpeg_decode_frame(const uint8_t *jpeg, size_t len,
                                                           unsigned halvings, struct bytes *pixels,
                                                           struct frame *frame,
                                                           struct fault *fault);
