// Local time by localtime_r alone: mktime's choice between two moments is nobody's. Any thread.
#include "control/civil.h"

#include "base/timing.h"

#include <time.h>

static const int64_t monday_ns = TIMING_S(4 * 86400);  // 5 January 1970
static const int64_t repeats_ns = TIMING_S(3 * 3600);  // no zone turns its clocks back further
static const int64_t between_ns = TIMING_S(36 * 3600); // further than any zone is from UTC

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

// Civil minus UTC.
static int64_t offset_at(int64_t wall_ns)
{
    time_t seconds = (time_t)floor_div(wall_ns, TIMING_S(1));
    struct tm local;
    localtime_r(&seconds, &local);
    return TIMING_S(local.tm_gmtoff);
}

// The first moment after `from_ns` that has another offset; `to_ns` has one.
static int64_t change_between(int64_t from_ns, int64_t to_ns)
{
    int64_t offset_ns = offset_at(from_ns);
    while (to_ns - from_ns > 1) {
        int64_t middle_ns = from_ns + (to_ns - from_ns) / 2;
        if (offset_at(middle_ns) == offset_ns) {
            from_ns = middle_ns;
        } else {
            to_ns = middle_ns;
        }
    }
    return to_ns;
}

int64_t civil_of(int64_t wall_ns)
{
    return wall_ns + offset_at(wall_ns);
}

int64_t civil_moment(int64_t civil_ns)
{
    int64_t before_ns = civil_ns - offset_at(civil_ns - between_ns);
    int64_t after_ns = civil_ns - offset_at(civil_ns + between_ns);
    if (civil_of(before_ns) == civil_ns) {
        return before_ns;
    }
    return civil_of(after_ns) == civil_ns ? after_ns : change_between(after_ns, before_ns);
}

// The first civil time on the grid from `civil_ns` on.
static int64_t grid_from(int64_t civil_ns, int64_t interval_ns, int64_t phase_ns)
{
    int64_t since_ns = civil_ns - monday_ns - phase_ns;
    return civil_ns - since_ns - floor_div(-since_ns, interval_ns) * interval_ns;
}

static bool is_repeated(int64_t wall_ns, int64_t interval_ns)
{
    int64_t again_ns = offset_at(wall_ns - repeats_ns) - offset_at(wall_ns);
    return again_ns > 0 && interval_ns > again_ns &&
           civil_of(wall_ns - again_ns) == civil_of(wall_ns);
}

int64_t civil_grid(int64_t wall_ns, int64_t interval_ns, int64_t phase_ns)
{
    for (;;) {
        int64_t offset_ns = offset_at(wall_ns);
        int64_t due_ns = grid_from(wall_ns + offset_ns, interval_ns, phase_ns) - offset_ns;
        if (offset_at(due_ns) == offset_ns) {
            if (!is_repeated(due_ns, interval_ns)) {
                return due_ns;
            }
            wall_ns = due_ns + 1;
            continue;
        }
        int64_t change_ns = change_between(wall_ns, due_ns);
        int64_t leapt_over_ns = grid_from(change_ns + offset_ns, interval_ns, phase_ns);
        if (leapt_over_ns < civil_of(change_ns)) {
            return change_ns;
        }
        wall_ns = change_ns;
    }
}
