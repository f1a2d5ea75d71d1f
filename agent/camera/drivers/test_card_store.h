// From R, G, B bytes to a camera's pixel format, a pair of rows at a time.
#pragma once

#include "camera/drivers/test_card.h"

// Writes `width` pixels of the rows y and y + 1 (y even; `second` is NULL when y is the last row of
// an odd height) from column x (even) on. YCbCr is BT.601 full range, as JPEG has it; chroma is the
// mean of the pixels that share it. `first` and `second` have room for one more pixel.
void test_card_store(const struct test_card_target *target, uint32_t x, uint32_t y, uint32_t width,
                     uint8_t *first, uint8_t *second);
