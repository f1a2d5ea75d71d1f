// Retry delays. Pure: a function of its own state and the time it is given.
#include "base/backoff.h"

#include "base/seed.h"
#include "base/timing.h"

void backoff_init(struct backoff *backoff, uint32_t first_ms, uint32_t cap_ms, uint32_t stable_ms,
                  uint64_t seed)
{
    *backoff = (struct backoff){
        .first_ms = first_ms,
        .cap_ms = cap_ms,
        .stable_ms = stable_ms,
        .state = seed,
        .next_ms = first_ms,
    };
}

// splitmix64: enough to spread a fleet, nothing here is secret
static uint64_t next_random(uint64_t *state)
{
    *state += 0x9E3779B97F4A7C15U;
    return seed_mix(*state);
}

uint32_t backoff_failed(struct backoff *backoff, int64_t now_ns)
{
    if (backoff->good_since_ns != 0 &&
        now_ns - backoff->good_since_ns >= TIMING_MS(backoff->stable_ms)) {
        backoff->next_ms = backoff->first_ms;
    }
    backoff->good_since_ns = 0;

    uint32_t whole = backoff->next_ms;
    backoff->next_ms = whole > backoff->cap_ms / 2 ? backoff->cap_ms : whole * 2;
    uint32_t half = whole / 2;
    return half + (uint32_t)(next_random(&backoff->state) % (whole - half + 1));
}

uint32_t backoff_share(struct backoff *backoff, uint32_t spread_ms)
{
    return (uint32_t)(next_random(&backoff->state) % ((uint64_t)spread_ms + 1));
}

void backoff_worked(struct backoff *backoff, int64_t now_ns)
{
    if (backoff->good_since_ns == 0) {
        backoff->good_since_ns = now_ns;
    }
}
