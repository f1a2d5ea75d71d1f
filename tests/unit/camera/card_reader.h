// The test card seen from outside: the code rows as test_card.h describes them, and the colours of
// every pixel format, with arithmetic that shares nothing with the code that draws.
#pragma once

#include "camera/driver_protocol.h"
#include "camera/drivers/test_card.h"

#include <stdbool.h>

// What one buffer holds.
struct card_view {
    enum pixel_format format;
    uint32_t width;
    uint32_t height;
    const uint8_t *planes[FRAME_PLANES_MAX];
    uint32_t strides[FRAME_PLANES_MAX];
};

// Reads the three values; false where sync or check are wrong.
bool card_read(const struct card_view *view, struct test_card_state *state);

// Fails the test at the first sample that is more than 1 from what the card of `state` has there.
void card_expect(const struct card_view *view, const struct test_card_state *state);
