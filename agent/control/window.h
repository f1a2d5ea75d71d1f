// From when to when, on which days: the hours of a schedule as moments. Pure but for the zone.
#pragma once

#include "control/sun.h"
#include "settings/settings_times.h"

#include <stdbool.h>

struct window {
    struct day_window hours;
    uint8_t weekdays; // on which it opens
    struct sun_place place;
};

struct window_span {
    int64_t opens_ns; // wall
    int64_t closes_ns;
};

bool window_is_always_open(const struct window *window);

// The opening that `wall_ns` is in, or the next one. Days that touch are one opening, as far as a
// week back. False: it does not open in the next week, as in a polar night.
bool window_find(const struct window *window, int64_t wall_ns, struct window_span *span);
