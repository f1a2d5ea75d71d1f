// The grid of timed shots. Any thread, no state but its struct.
#include "control/schedule.h"

#include "base/seed.h"
#include "base/timing.h"
#include "control/civil.h"

enum { OPENINGS_MAX = 16 }; // looked through for a time on the grid: two weeks of days

static const int64_t step_ns = TIMING_MS(50); // less is no step of the clock
static const int64_t grace_ns = TIMING_S(1);  // for a shot that was due as the window closed
static const int64_t day_slack_ns = TIMING_S(2 * 3600); // by which a day may be short

static int64_t ns_of(double seconds)
{
    return (int64_t)(seconds * 1e9 + 0.5);
}

struct schedule_times schedule_times(const struct settings_schedule *settings, uint32_t index,
                                     uint64_t seed)
{
    const struct settings_schedule_entry *entry = &settings->entries[index];
    bool is_plain = settings->entry_count == 0;
    double jitter_s = is_plain ? settings->jitter_s : entry->jitter_s;
    struct schedule_times times = {
        .interval_ns = ns_of(is_plain ? settings->interval_s : entry->interval_s),
        .is_aligned = is_plain ? settings->align : entry->align,
    };
    times.phase_ns =
        times.interval_ns == 0 ? 0 : ns_of(jitter_s * seed_share(seed)) % times.interval_ns;
    // the settings have been checked, so these read what is there
    (void)settings_window(is_plain ? settings->window : entry->window, &times.window.hours);
    (void)settings_weekdays(is_plain ? settings->weekdays : entry->weekdays,
                            &times.window.weekdays);
    (void)settings_place(settings->place, &times.window.place.latitude,
                         &times.window.place.longitude);
    return times;
}

static bool same_edge(const struct day_edge *a, const struct day_edge *b)
{
    return a->kind == b->kind && a->seconds == b->seconds;
}

bool schedule_same_times(const struct schedule_times *a, const struct schedule_times *b)
{
    return a->interval_ns == b->interval_ns && a->phase_ns == b->phase_ns &&
           a->is_aligned == b->is_aligned && a->window.weekdays == b->window.weekdays &&
           same_edge(&a->window.hours.begin, &b->window.hours.begin) &&
           same_edge(&a->window.hours.end, &b->window.hours.end) &&
           a->window.place.latitude == b->window.place.latitude &&
           a->window.place.longitude == b->window.place.longitude;
}

bool schedule_needs_wall(const struct schedule_times *times)
{
    return times->interval_ns > 0 && (times->is_aligned || !window_is_always_open(&times->window));
}

bool schedule_is_open(const struct schedule_times *times, int64_t wall_ns)
{
    struct window_span span;
    return window_is_always_open(&times->window) ||
           (window_find(&times->window, wall_ns, &span) && span.opens_ns <= wall_ns);
}

struct due {
    int64_t wall_ns; // INT64_MAX: never
    int64_t closes_ns;
};

static const struct due never = {INT64_MAX, INT64_MAX};

// The first time on the grid from `from_ns` on at which the window is open.
static struct due due_on_grid(const struct schedule_times *times, int64_t from_ns)
{
    if (window_is_always_open(&times->window)) {
        return (struct due){civil_grid(from_ns, times->interval_ns, times->phase_ns), INT64_MAX};
    }
    struct window_span span;
    for (int i = 0; i < OPENINGS_MAX && window_find(&times->window, from_ns, &span); i++) {
        from_ns = from_ns < span.opens_ns ? span.opens_ns : from_ns;
        int64_t due_ns = civil_grid(from_ns, times->interval_ns, times->phase_ns);
        if (due_ns < span.closes_ns) {
            return (struct due){due_ns, span.closes_ns};
        }
        from_ns = span.closes_ns;
    }
    return never;
}

// Without a grid: from the last to the next.
static int64_t interval_of(const struct schedule *schedule)
{
    const struct schedule_times *times = &schedule->times;
    return times->interval_ns + (schedule->has_begun ? 0 : times->phase_ns);
}

// An interval after the last, which was at `last_ns` by the wall clock, or as a window opens, if
// that does not come too close to the last.
static struct due due_in_window(const struct schedule *schedule, int64_t last_ns)
{
    const struct schedule_times *times = &schedule->times;
    int64_t half_ns = times->interval_ns / 2;
    int64_t slack_ns = half_ns < day_slack_ns ? half_ns : day_slack_ns;
    int64_t guard_ns = schedule->has_begun ? times->interval_ns - slack_ns : 0;
    int64_t next_ns = last_ns + interval_of(schedule);
    int64_t from_ns = last_ns;
    struct window_span span;
    for (int i = 0; i < OPENINGS_MAX && window_find(&times->window, from_ns, &span); i++) {
        int64_t first_ns = span.opens_ns + times->phase_ns;
        bool goes_on = span.opens_ns <= last_ns || first_ns < last_ns + guard_ns;
        int64_t due_ns = goes_on ? next_ns : first_ns;
        if (due_ns < span.closes_ns) {
            return (struct due){due_ns, span.closes_ns};
        }
        from_ns = span.closes_ns;
    }
    return never;
}

static struct due due_by_wall(const struct schedule *schedule)
{
    const struct schedule_times *times = &schedule->times;
    int64_t last_ns = schedule->last_ns + schedule->wall_ahead_ns;
    if (times->is_aligned) {
        return due_on_grid(times, last_ns + (schedule->has_begun ? times->interval_ns / 2 : 1));
    }
    return due_in_window(schedule, last_ns);
}

static int64_t monotonic_of(const struct schedule *schedule, int64_t wall_ns)
{
    return wall_ns == INT64_MAX ? INT64_MAX : wall_ns - schedule->wall_ahead_ns;
}

void schedule_plan(struct schedule *schedule, const struct schedule_clocks *now)
{
    const struct schedule_times *times = &schedule->times;
    schedule->wall_ahead_ns = now->wall_ns - now->monotonic_ns;
    schedule->closes_ns = INT64_MAX;
    if (times->interval_ns == 0) {
        schedule->next_ns = INT64_MAX;
        return;
    }
    if (!schedule_needs_wall(times)) {
        schedule->next_ns = schedule->last_ns + interval_of(schedule);
        return;
    }
    struct due due = due_by_wall(schedule);
    schedule->next_ns = monotonic_of(schedule, due.wall_ns);
    schedule->closes_ns = monotonic_of(schedule, due.closes_ns);
    if (schedule->next_ns < now->monotonic_ns) { // by a clock that said otherwise until now
        int64_t late_ns = now->monotonic_ns - schedule->next_ns;
        schedule->next_ns += late_ns / times->interval_ns * times->interval_ns;
    }
}

void schedule_init(struct schedule *schedule, const struct schedule_times *times,
                   const struct schedule_clocks *now)
{
    *schedule = (struct schedule){.times = *times, .last_ns = now->monotonic_ns};
    schedule_plan(schedule, now);
}

static bool is_step(const struct schedule *schedule, const struct schedule_clocks *now)
{
    int64_t moved_ns = now->wall_ns - now->monotonic_ns - schedule->wall_ahead_ns;
    return moved_ns > step_ns || moved_ns < -step_ns;
}

struct schedule_due schedule_advance(struct schedule *schedule, const struct schedule_clocks *now)
{
    if (is_step(schedule, now)) {
        schedule_plan(schedule, now);
    }
    if (now->monotonic_ns < schedule->next_ns) {
        return (struct schedule_due){0};
    }
    struct schedule_due due = {.is_due = true, .due_ns = schedule->next_ns};
    int64_t until_ns = now->monotonic_ns;
    if (until_ns >= schedule->closes_ns) {
        due.is_due = until_ns < schedule->closes_ns + grace_ns;
        until_ns = schedule->closes_ns - 1;
    }
    int64_t missed = (until_ns - schedule->next_ns) / schedule->times.interval_ns;
    schedule->last_ns = schedule->next_ns + missed * schedule->times.interval_ns;
    schedule->has_begun = true;
    missed += due.is_due ? 0 : 1;
    due.missed = missed > UINT32_MAX ? UINT32_MAX : (uint32_t)missed;
    schedule_plan(schedule, now);
    return due;
}
