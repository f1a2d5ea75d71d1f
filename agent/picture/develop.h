// Pixels in, a finished picture out: JPEG, digest, meta.
#pragma once

#include "picture/picture.h"

struct developer; // keeps the libjpeg objects, scratch and the model of sizes between pictures

struct developer *developer_create(struct fault *fault);
void developer_destroy(struct developer *developer); // NULL is fine

// Makes `picture` (initialised by the caller) of the shot and its frame, and takes over the shot's
// captured_event. On failure the picture is as picture_init left it and the shot untouched. Does
// not touch the loan. One thread at a time.
//
// Raw formats are compressed from the planes as they lie. An MJPEG frame is checked and passed
// through byte for byte, with the standard Huffman tables put in where the camera left them out,
// and EXIF only where it must be turned (and `exif` is on).
//
// The JPEG never has more bytes than the shot's settings and the wire let through: first the
// quality goes down, then the sides are halved (fit.h). A passed-through JPEG that is too large, in
// bytes or pixels, is
// decoded and compressed like a frame. One that cannot be made to fit is FAULT_PICTURE with the
// code EMSGSIZE and both figures in words.
__attribute__((warn_unused_result)) bool developer_develop(struct developer *developer,
                                                           struct shot *shot,
                                                           struct picture *picture,
                                                           struct fault *fault);

// Writes the picture in one of its forms to the end of `payload`.
__attribute__((warn_unused_result)) bool picture_wrap(const struct picture *picture,
                                                      enum picture_form form, struct bytes *payload,
                                                      struct fault *fault);
