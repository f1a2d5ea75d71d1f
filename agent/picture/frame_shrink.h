// A frame with both sides halved, once or more: each sample the mean of the two by two that it
// stands for, of format, encoding and range as before. Pure.
//
// A pass of its own, not a part of jpeg_strip: a frame is halved once, and may be encoded twice.
#pragma once

#include "base/bytes.h"
#include "camera/frame.h"

// `frame` has passed frame_check; sides are rounded up. The samples of `small` lie in `pixels`,
// which is cleared first; `halvings` is 1 or more.
__attribute__((warn_unused_result)) bool frame_shrink(const struct frame *frame, unsigned halvings,
                                                      struct bytes *pixels, struct frame *small,
                                                      struct fault *fault);
