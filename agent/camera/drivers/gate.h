// When the frames of a stream that has just begun are good enough: once exposure, white balance and
// focus have settled, as far as the camera tells, or once they have had their time. Pure.
#pragma once

#include "camera/frame.h"

struct gate {
    int64_t begun_ns; // monotonic
    int64_t patience_ns;
    bool is_open;
    enum settling settling; // how it came to be open
    uint32_t settle_ms;     // and when, after the beginning
};

// The stream begins.
void gate_begin(struct gate *gate, int64_t now_ns, uint32_t patience_ms);

// A good frame with these facts has come. Whether it may be used, like all that follow.
bool gate_pass(struct gate *gate, const struct frame_facts *facts, int64_t now_ns);
