// The grid of a made-up camera, on a timer of the driver's loop.
#include "camera/drivers/frame_clock.h"

#include "base/timing.h"

static void on_due(void *context);

void frame_clock_init(struct frame_clock *clock, struct driver *driver, frame_clock_fn expose,
                      void *context)
{
    *clock = (struct frame_clock){.driver = driver, .expose = expose, .context = context};
    clock->timer = loop_timer_add(driver_loop(driver), on_due, clock);
}

int64_t frame_clock_tick_ns(const struct frame_clock *clock, uint64_t tick)
{
    return clock->start_ns + (int64_t)((double)tick * clock->interval_ns);
}

uint64_t frame_clock_tick_at(const struct frame_clock *clock, int64_t not_before_ns)
{
    if (not_before_ns <= clock->start_ns) {
        return 0;
    }
    uint64_t tick = (uint64_t)((double)(not_before_ns - clock->start_ns) / clock->interval_ns);
    while (frame_clock_tick_ns(clock, tick) < not_before_ns) {
        tick++;
    }
    return tick;
}

static void schedule(struct frame_clock *clock)
{
    int64_t now_ns = timing_now_ns();
    int64_t first_ns = clock->shoot.not_before_ns > now_ns ? clock->shoot.not_before_ns : now_ns;
    clock->tick = frame_clock_tick_at(clock, first_ns);
    bool is_past_allowed = clock->keeps_latest && !clock->is_waiting && clock->tick > 0;
    if (is_past_allowed &&
        frame_clock_tick_ns(clock, clock->tick - 1) >= clock->shoot.not_before_ns) {
        clock->tick--;
    }
    loop_timer_set(driver_loop(clock->driver), clock->timer,
                   frame_clock_tick_ns(clock, clock->tick));
}

static void on_due(void *context)
{
    struct frame_clock *clock = context;
    uint32_t buffer = 0;
    while (buffer < clock->buffer_count && driver_is_on_loan(clock->driver, buffer)) {
        buffer++;
    }
    clock->is_waiting = buffer == clock->buffer_count;
    if (!clock->is_waiting) {
        clock->expose(clock->context, &clock->shoot, clock->tick,
                      frame_clock_tick_ns(clock, clock->tick), buffer);
    }
}

void frame_clock_start(struct frame_clock *clock, double fps, uint32_t buffer_count)
{
    clock->interval_ns = 1e9 / fps;
    clock->buffer_count = buffer_count;
    clock->start_ns = timing_now_ns();
}

void frame_clock_shoot(struct frame_clock *clock, const struct driver_shoot *shoot)
{
    clock->shoot = *shoot;
    clock->is_waiting = false;
    schedule(clock);
}

void frame_clock_give_back(struct frame_clock *clock)
{
    if (clock->is_waiting) {
        clock->is_waiting = false;
        schedule(clock);
    }
}

void frame_clock_stop(struct frame_clock *clock)
{
    clock->is_waiting = false;
    loop_timer_clear(driver_loop(clock->driver), clock->timer);
}
