// The grid of timed shots. Pure.
#include "control/schedule.h"

void schedule_init(struct schedule *schedule, double interval_s, int64_t now_ns)
{
    schedule->interval_ns = (int64_t)(interval_s * 1e9 + 0.5);
    schedule->next_ns = now_ns + schedule->interval_ns;
}

int64_t schedule_due(const struct schedule *schedule)
{
    return schedule->interval_ns == 0 ? INT64_MAX : schedule->next_ns;
}

uint32_t schedule_advance(struct schedule *schedule, int64_t now_ns)
{
    if (schedule->interval_ns == 0 || now_ns < schedule->next_ns) {
        return 0;
    }
    int64_t passed = (now_ns - schedule->next_ns) / schedule->interval_ns;
    schedule->next_ns += (passed + 1) * schedule->interval_ns;
    return passed > UINT32_MAX ? UINT32_MAX : (uint32_t)passed;
}
