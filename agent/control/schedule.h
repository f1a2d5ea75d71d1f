// When the next timed shot is due. Pure: a function of the settings and the time it is given.
#pragma once

#include <stdint.h>

struct schedule {
    int64_t interval_ns; // 0: never
    int64_t next_ns;     // monotonic
};

// The first shot is due one interval from now; 0 s is never.
void schedule_init(struct schedule *schedule, double interval_s, int64_t now_ns);

// When the next shot is due; INT64_MAX for never.
int64_t schedule_due(const struct schedule *schedule);

// A shot was due and its time has come: moves to the next time on the grid after `now_ns` and
// returns how many dues were passed over because the machine was too slow or asleep.
uint32_t schedule_advance(struct schedule *schedule, int64_t now_ns);
