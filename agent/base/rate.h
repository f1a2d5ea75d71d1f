// So many in a second, and so many at once: a token bucket. Pure.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rate {
    double per_s;
    double burst;  // at once, after a rest; 1 at the least
    double tokens; // left at `at_ns`
    int64_t at_ns;
};

struct rate rate_of(double per_s, double burst, int64_t now_ns);

// Whether one more may be at `now_ns`, which never goes back.
bool rate_pass(struct rate *rate, int64_t now_ns);
