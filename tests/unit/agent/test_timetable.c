// The timetable under clocks that the test sets: what it shoots, when, and as what.
#include "timetable.h"

#include "base/log.h"
#include "base/timing.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { SHOTS_MAX = 64 };

struct taken {
    enum trigger trigger;
    int64_t due_ns;
    struct settings_picture picture;
};

static struct scene {
    int64_t monotonic_ns;
    int64_t wall_ns;
    int set_pipe[2]; // readable: the clock has been set
    int armed;       // how often
    int arm_flags;
    struct settings settings;
    struct reporter reporter;
    struct shots shots;
    struct loop *loop;
    struct timetable timetable;
    struct taken taken[SHOTS_MAX];
    size_t count;
    uint64_t late;
} scene;

// ---- the machine and the shots, as the test plays them

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int64_t ns = clock == CLOCK_MONOTONIC ? scene.monotonic_ns : scene.wall_ns;
    *time = (struct timespec){ns / TIMING_S(1), ns % TIMING_S(1)};
    return 0;
}

time_t time(time_t *at)
{
    (void)at;
    return (time_t)(scene.wall_ns / TIMING_S(1));
}

int timerfd_create(clockid_t clock, int flags)
{
    assert_int_equal(clock, CLOCK_REALTIME);
    assert_true((flags & TFD_NONBLOCK) != 0);
    return dup(scene.set_pipe[0]);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
    (void)fd;
    assert_null(old);
    assert_true(value->it_value.tv_sec > scene.wall_ns / TIMING_S(1) + 86400);
    scene.arm_flags = flags;
    scene.armed++;
    return 0;
}

void shots_due(struct shots *shots, enum trigger trigger, int64_t due_ns,
               const struct settings_picture *picture)
{
    assert_ptr_equal(shots, &scene.shots);
    assert_true(scene.count < SHOTS_MAX);
    scene.taken[scene.count++] = (struct taken){trigger, due_ns, *picture};
}

void reporter_count(struct reporter *reporter, enum cause_of what, enum cause why, uint64_t count)
{
    assert_ptr_equal(reporter, &scene.reporter);
    assert_true(what == CAUSE_OF_SKIPPED && why == CAUSE_LATE);
    scene.late += count;
}

static int64_t utc_ns(const char *text)
{
    struct tm tm = {0};
    assert_non_null(strptime(text, "%Y-%m-%d %H:%M:%S", &tm));
    return TIMING_S(timegm(&tm));
}

static int begin(void **state)
{
    (void)state;
    struct fault fault;
    scene = (struct scene){.monotonic_ns = TIMING_S(100)};
    scene.shots.reporter = &scene.reporter;
    scene.settings.picture = (struct settings_picture){
        .quality = 90, .min_quality = 40, .subsampling = "4:2:0", .payload = "base64"};
    log_threshold(LOG_LEVEL_ERROR);
    setenv("TZ", "UTC", 1);
    scene.loop = loop_create(&fault);
    return scene.loop != NULL && pipe2(scene.set_pipe, O_NONBLOCK | O_CLOEXEC) == 0 ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    timetable_fini(&scene.timetable);
    timetable_fini(&scene.timetable);
    loop_destroy(scene.loop);
    close(scene.set_pipe[0]);
    close(scene.set_pipe[1]);
    return 0;
}

static void start_at(const char *wall)
{
    struct fault fault;
    scene.wall_ns = utc_ns(wall);
    assert_true(
        timetable_init(&scene.timetable, scene.loop, &scene.shots, &scene.settings, 1, &fault));
    assert_int_equal(scene.arm_flags, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET);
}

// Time passes, and whatever is due then happens.
static void pass(int64_t ns)
{
    struct fault fault;
    scene.monotonic_ns += ns;
    scene.wall_ns += ns;
    assert_true(loop_turn(scene.loop, 0, &fault));
}

static void set_clock(const char *wall)
{
    scene.wall_ns = utc_ns(wall);
    assert_int_equal(write(scene.set_pipe[1], "12345678", 8), 8);
    struct fault fault;
    assert_true(loop_turn(scene.loop, 0, &fault));
}

static struct settings_schedule_entry *add_entry(const char *window, double interval_s)
{
    struct settings_schedule *schedule = &scene.settings.schedule;
    struct settings_schedule_entry *entry = &schedule->entries[schedule->entry_count++];
    entry->interval_s = interval_s;
    snprintf(entry->window, sizeof entry->window, "%s", window);
    snprintf(entry->subsampling, sizeof entry->subsampling, "inherit");
    snprintf(entry->payload, sizeof entry->payload, "inherit");
    return entry;
}

// ---- what it does

static void an_interval_is_shot(void **state)
{
    (void)state;
    scene.settings.schedule.interval_s = 10;
    start_at("2026-07-15 12:00:00");
    pass(TIMING_S(10) - 1);
    assert_int_equal(scene.count, 0);
    pass(1);
    pass(TIMING_S(25));
    assert_int_equal(scene.count, 2);
    assert_int_equal(scene.taken[0].due_ns, TIMING_S(110));
    assert_int_equal(scene.taken[1].due_ns, TIMING_S(120));
    assert_int_equal(scene.taken[1].trigger, TRIGGER_TIMER);
    assert_int_equal(scene.taken[1].picture.quality, 90);
    assert_int_equal(scene.late, 1); // that of 130
}

static void entries_have_their_own_pictures(void **state)
{
    (void)state;
    struct settings_schedule_entry *day = add_entry("08:00-18:00", 60);
    day->quality = 75;
    day->max_bytes = 100000;
    struct settings_schedule_entry *night = add_entry("18:00-08:00", 3600);
    night->min_quality = 20;
    snprintf(night->subsampling, sizeof night->subsampling, "4:4:4");
    snprintf(night->payload, sizeof night->payload, "raw");
    start_at("2026-07-15 17:58:30");
    pass(TIMING_S(60)); // 17:59:30, the day's
    pass(TIMING_S(30)); // 18:00:00, the night's
    assert_int_equal(scene.count, 2);
    const struct settings_picture *picture = &scene.taken[0].picture;
    assert_true(picture->quality == 75 && picture->max_bytes == 100000);
    assert_true(picture->min_quality == 40);
    assert_string_equal(picture->subsampling, "4:2:0");
    assert_string_equal(picture->payload, "base64");
    picture = &scene.taken[1].picture;
    assert_true(picture->quality == 90 && picture->max_bytes == 0 && picture->min_quality == 20);
    assert_string_equal(picture->subsampling, "4:4:4");
    assert_string_equal(picture->payload, "raw");
}

static void the_start_is_shot_as_the_entry_that_is_open(void **state)
{
    (void)state;
    scene.settings.schedule.on_start = true;
    add_entry("08:00-18:00", 60);
    add_entry("19:00-08:00", 60)->quality = 20;
    start_at("2026-07-15 20:00:00");
    timetable_start(&scene.timetable);
    assert_int_equal(scene.count, 1);
    assert_int_equal(scene.taken[0].trigger, TRIGGER_START);
    assert_int_equal(scene.taken[0].picture.quality, 20);
    set_clock("2026-07-15 18:30:00");
    timetable_start(&scene.timetable);
    assert_int_equal(scene.count, 1);
    scene.settings.schedule.on_start = false;
    set_clock("2026-07-15 20:00:00");
    timetable_start(&scene.timetable);
    assert_int_equal(scene.count, 1);
}

static void a_clock_that_is_set_counts_at_once(void **state)
{
    (void)state;
    add_entry("08:00-18:00", 3600);
    start_at("1970-01-01 00:00:20");
    pass(TIMING_S(20));
    int armed = scene.armed;
    set_clock("2026-07-15 07:59:59");
    assert_int_equal(scene.armed, armed + 1); // for the next time
    pass(TIMING_S(1) - 1);
    assert_int_equal(scene.count, 0);
    pass(1);
    assert_int_equal(scene.count, 1);
    assert_int_equal(scene.taken[0].due_ns, TIMING_S(121));
}

static void a_zone_that_is_set_counts_within_a_minute(void **state)
{
    (void)state;
    add_entry("08:00-18:00", 3600);
    start_at("2026-07-15 05:59:00");
    setenv("TZ", "CET-2", 1); // 07:59:00
    pass(TIMING_S(59));
    assert_int_equal(scene.count, 0);
    pass(TIMING_S(1));
    pass(0);
    assert_int_equal(scene.count, 1);
}

static void what_stays_the_same_goes_on(void **state)
{
    (void)state;
    add_entry("", 10);
    add_entry("", 60);
    start_at("2026-07-15 12:00:00");
    pass(TIMING_S(5));
    struct settings changed = scene.settings;
    changed.schedule.entries[0].quality = 11;
    changed.schedule.entries[1].interval_s = 7;
    timetable_apply(&scene.timetable, &changed);
    pass(TIMING_S(5));
    assert_int_equal(scene.count, 1);
    assert_int_equal(scene.taken[0].due_ns, TIMING_S(110));
    assert_int_equal(scene.taken[0].picture.quality, 11);
    pass(TIMING_S(2));
    assert_int_equal(scene.count, 2);
    assert_int_equal(scene.taken[1].due_ns, TIMING_S(112)); // counted from the change

    changed.schedule.entry_count = 0; // and its own interval is 0
    timetable_apply(&scene.timetable, &changed);
    pass(TIMING_S(1000));
    assert_int_equal(scene.count, 2);
    changed.schedule.entry_count = 1;
    timetable_apply(&scene.timetable, &changed);
    pass(TIMING_S(10));
    assert_int_equal(scene.count, 3);
}

static void a_year_passes_without_news(void **state)
{
    (void)state;
    scene.settings.schedule.interval_s = 0;
    start_at("2026-07-15 12:00:00");
    assert_false(loop_timer_is_set(scene.loop, scene.timetable.timer)); // asleep for good
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_interval_is_shot, begin, end),
        cmocka_unit_test_setup_teardown(entries_have_their_own_pictures, begin, end),
        cmocka_unit_test_setup_teardown(the_start_is_shot_as_the_entry_that_is_open, begin, end),
        cmocka_unit_test_setup_teardown(a_clock_that_is_set_counts_at_once, begin, end),
        cmocka_unit_test_setup_teardown(a_zone_that_is_set_counts_within_a_minute, begin, end),
        cmocka_unit_test_setup_teardown(what_stays_the_same_goes_on, begin, end),
        cmocka_unit_test_setup_teardown(a_year_passes_without_news, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
