// Whether the planes of a raw frame hold what its size and format say. The one place that decides
// what may be read of a frame; the encoder relies on it and checks nothing again.
#pragma once

#include "base/fault.h"
#include "camera/frame.h"

enum { FRAME_SIDE_MAX = 65500 }; // JPEG_MAX_DIMENSION of libjpeg

// FAULT_PICTURE names the plane and both figures. The last row of a plane need not have its padding
// (stride times rows), only its samples. At an odd width the last chroma sample is still there:
// (width + 1) / 2 of them a row.
__attribute__((warn_unused_result)) bool frame_check(const struct frame *frame,
                                                     struct fault *fault);
