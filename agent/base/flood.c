// Rate of talk. Pure.
#include "base/flood.h"

#include "base/timing.h"

bool flood_pass(struct flood *flood, int64_t now_ns, uint32_t *kept_back)
{
    *kept_back = 0;
    if (flood->since_ns == 0 || now_ns - flood->since_ns > TIMING_MS(flood->window_ms)) {
        *kept_back = flood->seen > flood->most ? flood->seen - flood->most : 0;
        flood->since_ns = now_ns;
        flood->seen = 0;
    }
    if (flood->seen < UINT32_MAX) {
        flood->seen++;
    }
    return flood->seen <= flood->most;
}
