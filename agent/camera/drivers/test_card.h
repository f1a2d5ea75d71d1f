// The test card: what the pattern driver's camera looks at, drawn into any pixel format.
//
// From the top: the eight colour bars, whose colour fades to the grey of the same luma; a grey
// ramp; stripes of 1, 2, 4 and 8 pixels, upright and lying; a black box with the frame counter and
// UTC (the counter alone where there is no room); a block that moves with the counter; and the code
// rows. Colours change slowly from pixel to pixel, so that halved chroma loses next to nothing and
// a decoded JPEG can be held against test_card_rgb.
//
// The code (only where width >= 128 and height >= 96) says the same to a program. It is three rows
// of `r` pixels along the bottom edge, where r is the smaller of width / 64 and height / 48, made
// even by rounding down; row i (0 to 2) begins at y = height - (3 - i) * r. A row is a word of 64
// bits, the highest bit at the left, white for 1; the middle of bit b (0 at the left) is at
// x = (2 * b + 1) * width / 128. The word is, from the left: 8 bits TEST_CARD_SYNC; 48 bits of
// value; 8 bits of check, the sum of the value's six bytes and i. The values: row 0 the frame
// counter, row 1 monotonic milliseconds, row 2 UTC milliseconds since 1970, both of the exposure.
#pragma once

#include "camera/frame.h"

#include <stdint.h>

enum {
    TEST_CARD_WIDTH_MIN = 64,
    TEST_CARD_HEIGHT_MIN = 48,
    TEST_CARD_WIDTH_MAX = 9152,
    TEST_CARD_HEIGHT_MAX = 6944,
    TEST_CARD_SYNC = 0x9A,
};

struct test_card_area { // x0 <= x < x1, y0 <= y < y1
    uint32_t x0, y0, x1, y1;
};

struct test_card_text {
    uint32_t x, y;
    uint32_t scale; // pixels a dot; 0: left out
};

// The layout of one size; every part below the other is in the order of the head of this file.
struct test_card {
    uint32_t width;
    uint32_t height;
    uint32_t bars_end;
    uint32_t ramp_end;
    uint32_t stripes_end;
    struct test_card_area box;
    struct test_card_text counter;
    struct test_card_text time;
    struct test_card_area motion;
    struct test_card_area code;
    uint32_t code_row;
};

// What changes from frame to frame. Times reach as far as nanoseconds in 64 bits do: the year 2262.
struct test_card_state {
    uint64_t counter;
    int64_t monotonic_ms;
    int64_t wall_ms;
};

struct test_card_target {
    enum pixel_format format; // any but MJPEG
    uint8_t *planes[FRAME_PLANES_MAX];
    uint32_t strides[FRAME_PLANES_MAX];
};

// The size is within the bounds above.
void test_card_init(struct test_card *card, uint32_t width, uint32_t height);

// Draws all of it.
void test_card_draw(const struct test_card *card, const struct test_card_state *state,
                    const struct test_card_target *target);

// Draws what changes, into a target that holds the card of any other state: a small part of the
// pixels.
void test_card_update(const struct test_card *card, const struct test_card_state *state,
                      const struct test_card_target *target);

// The pixels x0 <= x < x1 of row y as R, G, B bytes: what every format is made of, and what a test
// compares a decoded picture with.
void test_card_rgb(const struct test_card *card, const struct test_card_state *state, uint32_t y,
                   uint32_t x0, uint32_t x1, uint8_t *rgb);
