// A token bucket. Pure.
#include "base/rate.h"

struct rate rate_of(double per_s, double burst, int64_t now_ns)
{
    return (struct rate){.per_s = per_s, .burst = burst, .tokens = burst, .at_ns = now_ns};
}

bool rate_pass(struct rate *rate, int64_t now_ns)
{
    rate->tokens += (double)(now_ns - rate->at_ns) / 1e9 * rate->per_s;
    rate->tokens = rate->tokens < rate->burst ? rate->tokens : rate->burst;
    rate->at_ns = now_ns;
    if (rate->tokens < 1) {
        return false;
    }
    rate->tokens -= 1;
    return true;
}
