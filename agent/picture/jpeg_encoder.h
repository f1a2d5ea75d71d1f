// Raw frames to JPEG through libjpeg, from the planes as they lie. Keeps its libjpeg object and its
// scratch rows from one picture to the next.
#pragma once

#include "base/bytes.h"
#include "camera/frame.h"
#include "picture/develop.h"

struct jpeg_options {
    int quality; // 1 to 100
    enum subsampling subsampling;
    const struct bytes *exif; // an APP1 segment of exif_append; NULL: none
    size_t expected_bytes;    // what to make room for at once; a guess, 0 too
};

struct jpeg_encoder;

struct jpeg_encoder *jpeg_encoder_create(struct fault *fault);
void jpeg_encoder_destroy(struct jpeg_encoder *encoder); // NULL is fine

// Appends a baseline JPEG to `jpeg`; on failure it has what it had. Any frame but MJPEG. YUV420 and
// NV12 stay 4:2:0 and YUYV is never more than 4:2:2, whatever `options` ask: samples that are not
// there cannot be won back. One thread at a time.
//
// EXIF and JFIF both want to be the first segment. A JPEG with EXIF has no JFIF header, as those of
// every digital camera: its EXIF is where the standard puts it, and decoders know YCbCr by the
// component numbers 1, 2 and 3.
__attribute__((warn_unused_result)) bool
jpeg_encoder_encode(struct jpeg_encoder *encoder, const struct frame *frame,
                    const struct jpeg_options *options, struct bytes *jpeg, struct fault *fault);

// Appends the four standard Huffman tables (ITU-T T.81, annex K.3) as whole DHT segments: what an
// MJPEG frame may leave out.
__attribute__((warn_unused_result)) bool jpeg_encoder_huffman_tables(struct jpeg_encoder *encoder,
                                                                     struct bytes *tables,
                                                                     struct fault *fault);
