// Keeps a flood of the same kind of event (log lines, refusals) down to so many in a window, and
// counts the rest.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct flood {
    uint32_t most; // that pass in one window
    uint32_t window_ms;
    int64_t since_ns;
    uint32_t seen; // in this window
};

// Whether the event at `now_ns` passes. `*kept_back` is how many were kept back in the window that
// has just ended: say so, once; else 0.
bool flood_pass(struct flood *flood, int64_t now_ns, uint32_t *kept_back);
