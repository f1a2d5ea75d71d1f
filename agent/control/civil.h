// Local time, with all that its zones do to it. Pure but for the zone, which is the process's
// (tzset). "Civil" is what the wall clocks of the place show, counted as if it were UTC: it jumps
// and repeats, and so a moment of it may be missing or come twice.
#pragma once

#include <stdint.h>

int64_t civil_of(int64_t wall_ns);

// The first moment at which the clocks show it; where they leap over it, that of the leap.
int64_t civil_moment(int64_t civil_ns);

// The first moment from `wall_ns` on at which the clocks show a whole number of intervals, and
// `phase_ns`, since a Monday's midnight. One that the clocks leap over is due at the leap. One that
// they show twice counts twice only where the interval is no longer than what they repeat: of
// quarters of an hour none is missing then, and a daily moment is not doubled.
int64_t civil_grid(int64_t wall_ns, int64_t interval_ns, int64_t phase_ns);
