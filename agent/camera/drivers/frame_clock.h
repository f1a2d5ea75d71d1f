// When a made-up camera exposes: on the ticks of a fixed grid, like a sensor that streams. An open
// shot is due at the first tick that is neither past nor before what it allows, and at a later one
// if every buffer is on loan then. Who keeps the newest frame takes the last tick that is past.
#pragma once

#include "camera/drivers/driver.h"

// A frame is due: tick `tick` since start, at `tick_ns` (monotonic, a moment ago), into `buffer`.
typedef void (*frame_clock_fn)(void *context, const struct driver_shoot *shoot, uint64_t tick,
                               int64_t tick_ns, uint32_t buffer);

struct frame_clock {
    struct driver *driver;
    frame_clock_fn expose;
    void *context;
    int timer;
    double interval_ns;
    int64_t start_ns;
    uint32_t buffer_count;
    bool keeps_latest; // to be set before the start
    struct driver_shoot shoot;
    uint64_t tick;   // when the open shot is due
    bool is_waiting; // it was due, but every buffer was on loan
};

void frame_clock_init(struct frame_clock *clock, struct driver *driver, frame_clock_fn expose,
                      void *context);

// Tick 0 is now.
void frame_clock_start(struct frame_clock *clock, double fps, uint32_t buffer_count);
void frame_clock_shoot(struct frame_clock *clock, const struct driver_shoot *shoot);
void frame_clock_give_back(struct frame_clock *clock);
void frame_clock_stop(struct frame_clock *clock);

// The grid itself: the moment of a tick, and the first tick that is not before a moment.
int64_t frame_clock_tick_ns(const struct frame_clock *clock, uint64_t tick);
uint64_t frame_clock_tick_at(const struct frame_clock *clock, int64_t not_before_ns);
