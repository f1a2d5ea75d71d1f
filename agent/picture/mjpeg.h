// MJPEG frames as cameras deliver them: is it a whole JPEG, where does it end, what does it lack?
// Pure; nothing but the bytes it is given is read or written.
//
// The structure is proven, from SOI to EOI: every segment inside the data, one SOF0, SOF1 or SOF2
// of 8 bits with 1, 3 or 4 components and a size, a quantisation table, at least one scan, and in
// the scans nothing but entropy-coded bytes, stuffing and restarts. What it does not prove is that
// the entropy-coded bytes decode, or that they are enough for the whole picture: a frame that lost
// bytes in the middle of a scan passes. Only decoding would tell.
#pragma once

#include "base/bytes.h"

struct mjpeg {
    uint32_t width;
    uint32_t height;
    size_t len;       // through EOI; what follows (UVC cameras pad with zeros) is no part of it
    size_t tables_at; // where the standard Huffman tables are missing; 0: nothing is missing
    size_t exif_at;   // the camera's own EXIF segment; 0: none
    size_t exif_size;
};

// FAULT_PICTURE says what is wrong and at which byte.
__attribute__((warn_unused_result)) bool mjpeg_check(const uint8_t *data, size_t size,
                                                     struct mjpeg *mjpeg, struct fault *fault);

// What mjpeg_append puts in beside the frame; either may be NULL.
struct mjpeg_extras {
    const struct bytes *tables; // the DHT segments, where they are missing
    const struct bytes *exif;   // an APP1 segment, behind SOI, in place of the camera's own
};

// Appends the frame that mjpeg_check described to `jpeg`, byte for byte but for the extras.
__attribute__((warn_unused_result)) bool mjpeg_append(const uint8_t *data,
                                                      const struct mjpeg *mjpeg,
                                                      const struct mjpeg_extras *extras,
                                                      struct bytes *jpeg, struct fault *fault);
