// When the next timed shot is due. Pure: a function of the settings and the clocks it is given, but
// for the time zone, which is the process's.
//
// Between two pictures the monotonic clock counts; the wall clock says when a window opens, and
// where the grid of `align` lies. What is remembered is monotonic, so a clock that is set leads to
// the next due time by its new reading, at least half an interval after the last one.
#pragma once

#include "control/window.h"
#include "settings/settings.h"

#include <stdint.h>

struct schedule_clocks {
    int64_t monotonic_ns;
    int64_t wall_ns;
};

struct schedule_times {
    int64_t interval_ns; // 0: never
    int64_t phase_ns;    // this device's own, less than the interval
    bool is_aligned;
    struct window window;
};

struct schedule {
    struct schedule_times times;
    bool has_begun;        // `last_ns` was due, and is not just the beginning
    int64_t last_ns;       // monotonic
    int64_t next_ns;       // monotonic; INT64_MAX: not within a week
    int64_t closes_ns;     // monotonic; of the window that `next_ns` is in; INT64_MAX: never
    int64_t wall_ahead_ns; // of the monotonic clock, when this was worked out
};

struct schedule_due {
    bool is_due;
    int64_t due_ns;  // monotonic
    uint32_t missed; // dues that were passed over because the machine was too slow or asleep
};

// The times of entry `index`; of the schedule's own keys where there are no entries. `seed` is the
// device's.
struct schedule_times schedule_times(const struct settings_schedule *settings, uint32_t index,
                                     uint64_t seed);

bool schedule_same_times(const struct schedule_times *a, const struct schedule_times *b);

// Whether the wall clock has a say in them.
bool schedule_needs_wall(const struct schedule_times *times);

// Whether shots are taken at this time, be it seldom.
bool schedule_is_open(const struct schedule_times *times, int64_t wall_ns);

// The first shot is due one interval from now, when the window opens, or on the grid.
void schedule_init(struct schedule *schedule, const struct schedule_times *times,
                   const struct schedule_clocks *now);

// The clock or the zone may have been set: works out anew when the next shot is due.
void schedule_plan(struct schedule *schedule, const struct schedule_clocks *now);

// Whether a shot is due now; if so, moves on to the next.
struct schedule_due schedule_advance(struct schedule *schedule, const struct schedule_clocks *now);
