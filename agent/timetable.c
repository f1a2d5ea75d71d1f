// Clocks and timers around control/schedule.c. Main thread; never waits.
#include "timetable.h"

#include "base/log.h"
#include "base/timing.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

// Where the wall clock matters, the zone is looked at so often at the least.
static const int64_t look_ns = TIMING_S(60);

// Both clocks at one moment, as far as a busy machine lets us read them so.
static struct schedule_clocks clocks_now(void)
{
    struct schedule_clocks now = {0};
    int64_t apart_ns = INT64_MAX;
    for (int i = 0; i < 3 && apart_ns > TIMING_MS(1); i++) {
        int64_t before_ns = timing_now_ns();
        int64_t wall_ns = timing_wall_ns();
        int64_t after_ns = timing_now_ns();
        if (after_ns - before_ns < apart_ns) {
            apart_ns = after_ns - before_ns;
            now = (struct schedule_clocks){after_ns, wall_ns};
        }
    }
    return now;
}

static struct settings_picture picture_of(const struct settings *settings, uint32_t index)
{
    struct settings_picture picture = settings->picture;
    if (settings->schedule.entry_count == 0) {
        return picture;
    }
    const struct settings_schedule_entry *entry = &settings->schedule.entries[index];
    picture.quality = entry->quality != 0 ? entry->quality : picture.quality;
    picture.min_quality = entry->min_quality != 0 ? entry->min_quality : picture.min_quality;
    picture.max_bytes = entry->max_bytes != 0 ? entry->max_bytes : picture.max_bytes;
    if (strcmp(entry->subsampling, "inherit") != 0) {
        memcpy(picture.subsampling, entry->subsampling, sizeof picture.subsampling);
    }
    if (strcmp(entry->payload, "inherit") != 0) {
        memcpy(picture.payload, entry->payload, sizeof picture.payload);
    }
    return picture;
}

static void set_timer(struct timetable *timetable)
{
    int64_t at_ns = timetable->look_at_ns;
    for (uint32_t i = 0; i < timetable->count; i++) {
        int64_t next_ns = timetable->schedules[i].next_ns;
        at_ns = next_ns < at_ns ? next_ns : at_ns;
    }
    loop_timer_set(timetable->loop, timetable->timer, at_ns);
}

static void plan(struct timetable *timetable)
{
    tzset(); // another zone may have been set; localtime_r alone never looks again
    struct schedule_clocks now = clocks_now();
    timetable->look_at_ns = INT64_MAX;
    for (uint32_t i = 0; i < timetable->count; i++) {
        schedule_plan(&timetable->schedules[i], &now);
        if (schedule_needs_wall(&timetable->schedules[i].times)) {
            timetable->look_at_ns = now.monotonic_ns + look_ns;
        }
    }
    set_timer(timetable);
}

static void on_timer(void *context)
{
    struct timetable *timetable = context;
    struct schedule_clocks now = clocks_now();
    for (uint32_t i = 0; i < timetable->count; i++) {
        struct schedule_due due = schedule_advance(&timetable->schedules[i], &now);
        reporter_count(timetable->shots->reporter, CAUSE_OF_SKIPPED, CAUSE_LATE, due.missed);
        if (due.is_due) {
            struct settings_picture picture = picture_of(timetable->settings, i);
            shots_due(timetable->shots, TRIGGER_TIMER, due.due_ns, &picture);
        }
    }
    if (now.monotonic_ns < timetable->look_at_ns) {
        set_timer(timetable);
    } else {
        plan(timetable);
    }
}

// A timer that is not meant to fire, but to be cancelled when the clock is set.
static bool watch_clock(struct timetable *timetable)
{
    const time_t year_s = 365 * 86400;
    struct itimerspec in_a_year = {.it_value.tv_sec = time(NULL) + year_s};
    return timerfd_settime(timetable->clock_set, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
                           &in_a_year, NULL) == 0;
}

static void on_clock_set(void *context, short revents)
{
    (void)revents;
    struct timetable *timetable = context;
    uint64_t fired;
    if (read(timetable->clock_set, &fired, sizeof fired) < 0 && errno == ECANCELED) {
        char at[TIMING_RFC3339_SIZE];
        timing_rfc3339(timing_wall_ns(), at);
        log_info("the clock has been set: it is %s", at);
    }
    if (!watch_clock(timetable)) { // then a step is noticed later
        log_error("timerfd_settime: %s", strerror(errno));
        loop_unwatch(timetable->loop, timetable->clock_set);
    }
    plan(timetable);
}

void timetable_apply(struct timetable *timetable, const struct settings *settings)
{
    struct schedule_clocks now = clocks_now();
    timetable->settings = settings;
    uint32_t entries = settings->schedule.entry_count;
    uint32_t count = entries == 0 ? 1 : entries;
    for (uint32_t i = 0; i < count; i++) {
        struct schedule_times times = schedule_times(&settings->schedule, i, timetable->seed);
        struct schedule *schedule = &timetable->schedules[i];
        if (i >= timetable->count || !schedule_same_times(&times, &schedule->times)) {
            schedule_init(schedule, &times, &now);
        }
    }
    timetable->count = count;
    plan(timetable);
}

void timetable_start(struct timetable *timetable)
{
    struct schedule_clocks now = clocks_now();
    for (uint32_t i = 0; i < timetable->count && timetable->settings->schedule.on_start; i++) {
        if (schedule_is_open(&timetable->schedules[i].times, now.wall_ns)) {
            struct settings_picture picture = picture_of(timetable->settings, i);
            shots_due(timetable->shots, TRIGGER_START, now.monotonic_ns, &picture);
            return;
        }
    }
}

bool timetable_init(struct timetable *timetable, struct loop *loop, struct shots *shots,
                    const struct settings *settings, uint64_t seed, struct fault *fault)
{
    *timetable = (struct timetable){.loop = loop, .shots = shots, .seed = seed};
    timetable->clock_set = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timetable->clock_set < 0 || !watch_clock(timetable)) {
        return fault_set(fault, FAULT_SYSTEM, errno, "timerfd: %s", strerror(errno));
    }
    loop_watch(loop, timetable->clock_set, POLLIN, on_clock_set, timetable);
    timetable->timer = loop_timer_add(loop, on_timer, timetable);
    timetable_apply(timetable, settings);
    return true;
}

void timetable_fini(struct timetable *timetable)
{
    if (timetable->clock_set >= 0) {
        close(timetable->clock_set);
        timetable->clock_set = -1;
    }
}
