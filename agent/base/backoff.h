// How long to wait before trying again: doubling, capped, jittered from a given seed.
#pragma once

#include <stdint.h>

struct backoff {
    uint32_t first_ms;  // the first delay, before jitter
    uint32_t cap_ms;    // no delay is longer, jitter included
    uint32_t stable_ms; // success must last this long before the delays start anew
    uint64_t state;     // of the generator; seeded per device so that a fleet spreads
    uint32_t next_ms;
    int64_t good_since_ns; // 0 while things are bad
};

void backoff_init(struct backoff *backoff, uint32_t first_ms, uint32_t cap_ms, uint32_t stable_ms,
                  uint64_t seed);

// Something failed at `now_ns`: how long to wait, between half of the present delay and all of it.
uint32_t backoff_failed(struct backoff *backoff, int64_t now_ns);

// A part of `spread_ms`, 0 and all of it included, so that devices of different seeds come one
// after the other.
uint32_t backoff_share(struct backoff *backoff, uint32_t spread_ms);

// It works as of `now_ns`. A success that breaks again before stable_ms does not reset the delays:
// a broker that accepts and drops us at once must not be hammered.
void backoff_worked(struct backoff *backoff, int64_t now_ns);
