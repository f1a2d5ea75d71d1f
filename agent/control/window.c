// Hours of a day. Any thread, no state.
#include "control/window.h"

#include "base/timing.h"
#include "control/civil.h"

enum {
    DAYS_BACK = 8, // the longest interval, and a night
    DAYS_AHEAD = 8,
    HOUR_S = 3600,
};

bool window_is_always_open(const struct window *window)
{
    return window->weekdays == WEEKDAYS_ALL && window->hours.begin.kind == DAY_EDGE_CLOCK &&
           window->hours.end.kind == DAY_EDGE_CLOCK && window->hours.begin.seconds == 0 &&
           window->hours.end.seconds == 86400;
}

// Seconds since midnight that tell whether what ends then has begun the day before. The sun sets
// between 15:00 and 23:00, and rises between 3:00 and 10:00, where people set their clocks by it.
static int32_t usual_s(const struct day_edge *edge, bool is_end)
{
    switch (edge->kind) {
    case DAY_EDGE_SUNRISE:
        return (is_end ? 10 : 3) * HOUR_S;
    case DAY_EDGE_SUNSET:
        return (is_end ? 23 : 15) * HOUR_S;
    case DAY_EDGE_CLOCK:
        break;
    }
    return edge->seconds;
}

static bool ends_the_next_day(const struct day_window *hours)
{
    return hours->begin.kind == hours->end.kind
               ? hours->end.seconds <= hours->begin.seconds
               : usual_s(&hours->end, true) <= usual_s(&hours->begin, false);
}

static int64_t edge_ns(const struct window *window, const struct day_edge *edge, int64_t day)
{
    if (edge->kind == DAY_EDGE_CLOCK) {
        return civil_moment(TIMING_S(day * 86400 + edge->seconds));
    }
    struct sun_day sun = sun_day(&window->place, civil_moment(TIMING_S(day * 86400 + 12 * HOUR_S)));
    return (edge->kind == DAY_EDGE_SUNRISE ? sun.rise_ns : sun.set_ns) + TIMING_S(edge->seconds);
}

static bool opens_on(const struct window *window, int64_t day)
{
    int64_t weekday = ((day + 3) % 7 + 7) % 7; // 1 January 1970 was a Thursday
    return (window->weekdays >> weekday & 1) != 0;
}

bool window_find(const struct window *window, int64_t wall_ns, struct window_span *span)
{
    int64_t today = civil_of(wall_ns) / TIMING_S(86400);
    int64_t later = ends_the_next_day(&window->hours) ? 1 : 0;
    *span = (struct window_span){INT64_MIN, INT64_MIN};
    for (int64_t day = today - DAYS_BACK; day <= today + DAYS_AHEAD; day++) {
        int64_t opens_ns = edge_ns(window, &window->hours.begin, day);
        int64_t closes_ns = edge_ns(window, &window->hours.end, day + later);
        if (!opens_on(window, day) || closes_ns <= opens_ns) {
            continue; // the second: a summer's night that is over before it is dark
        }
        if (opens_ns > span->closes_ns) {
            if (span->closes_ns > wall_ns) {
                break;
            }
            span->opens_ns = opens_ns;
        }
        span->closes_ns = closes_ns > span->closes_ns ? closes_ns : span->closes_ns;
    }
    return span->closes_ns > wall_ns;
}
