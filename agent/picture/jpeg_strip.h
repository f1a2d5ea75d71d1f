// A strip: the rows of one iMCU row of a YCbCr frame, as jpeg_write_raw_data takes them.
//
// Rows that already are what a JPEG wants (planar, BT.601 full range, whole blocks wide) are
// pointers into the frame: no copy. All others are made in a few rows of scratch that stay in the
// cache: NV12's chroma is taken apart, YUYV unpacked, the right edge of a width that is no multiple
// of a block repeated (so that neither padding nor what lies behind it is ever read or seen), and
// limited range or another matrix converted. The lower edge is repeated by pointer.
//
// Conversion is of matrix and range only; primaries and transfer stay as they are (those of Rec709
// are JPEG's within what an eye can tell, Rec2020's wider gamut is shown a little pale).
#pragma once

#include "base/bytes.h"
#include "camera/frame.h"

enum { JPEG_STRIP_ROWS_MAX = 16 };

// Output = gain * (input - zero), where luma also gains from the chroma beside it; 16 bits of
// fraction.
struct jpeg_strip_matrix {
    int32_t luma_zero;
    int32_t luma;
    int32_t luma_cb;
    int32_t luma_cr;
    int32_t cb_cb;
    int32_t cb_cr;
    int32_t cr_cb;
    int32_t cr_cr;
};

struct jpeg_strip {
    const struct frame *frame; // borrowed from begin to the last make
    uint32_t luma_rows;        // of a whole strip: 16 with chroma halved down, else 8
    uint32_t chroma_width;
    uint32_t scratch_width; // of a luma row; chroma rows have half
    bool converts;
    struct jpeg_strip_matrix matrix;
    struct bytes scratch;
    uint8_t *rows[3][JPEG_STRIP_ROWS_MAX]; // Y, Cb, Cr: what make leaves; read only
};

void jpeg_strip_init(struct jpeg_strip *strip);
void jpeg_strip_fini(struct jpeg_strip *strip);

// The frame is YUV420, NV12 or YUYV and has passed frame_check. `halve_down` asks for 4:2:0 from
// YUYV, by the mean of two rows; the other two are 4:2:0 anyhow.
__attribute__((warn_unused_result)) bool jpeg_strip_begin(struct jpeg_strip *strip,
                                                          const struct frame *frame,
                                                          bool halve_down, struct fault *fault);

// Fills `rows` for the luma rows from `first_row`, a multiple of `luma_rows`.
void jpeg_strip_make(struct jpeg_strip *strip, uint32_t first_row);
