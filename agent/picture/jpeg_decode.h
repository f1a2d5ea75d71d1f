// From a JPEG back to pixels: for the files driver, and for tests.
#pragma once

#include "base/fault.h"

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
