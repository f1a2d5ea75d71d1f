// When the sun rises and sets. Pure; by the equations of NOAA's solar calculator (Meeus,
// "Astronomical Algorithms"): within a minute, as far as the air is as the almanacs take it.
#pragma once

#include <stdint.h>

struct sun_place {
    double latitude;  // degrees, north positive
    double longitude; // degrees, east positive
};

// Of one day. Where the sun does not rise that day, both are its highest moment; where it does not
// set, they are the midnights (by the sun) before and after: so the time between them is as long
// as the daylight in all cases, and without a gap where that does not end.
struct sun_day {
    int64_t rise_ns; // wall
    int64_t set_ns;
};

// The day whose noon (by the sun, at this place) is the nearest to `wall_ns`.
struct sun_day sun_day(const struct sun_place *place, int64_t wall_ns);
