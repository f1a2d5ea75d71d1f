// Two timers and a status line. Main thread; never waits.
#include "pulse.h"

#include "base/log.h"
#include "base/service.h"
#include "base/timing.h"

#include <stdio.h>

enum { POWER_INTERVAL_S = 10 };

static void on_watchdog(void *context)
{
    struct pulse *pulse = context;
    // twice in the time that we have
    loop_timer_set(pulse->loop, pulse->watchdog_timer, timing_now_ns() + pulse->watchdog_ns / 2);
    service_alive();
}

static void on_power(void *context)
{
    struct pulse *pulse = context;
    loop_timer_set(pulse->loop, pulse->power_timer, timing_now_ns() + TIMING_S(POWER_INTERVAL_S));
    unsigned before = pulse->reporter->power.now;
    if (!reporter_look_at_power(pulse->reporter)) {
        return;
    }
    for (unsigned i = 0; i < VITALS_THROTTLING_COUNT; i++) {
        bool was = (before & 1U << i) != 0;
        bool is = (pulse->reporter->power.now & 1U << i) != 0;
        if (is && !was) {
            log_warning("the board says %s", vitals_throttling_names[i]);
        } else if (was && !is) {
            log_info("the board says no longer %s", vitals_throttling_names[i]);
        }
    }
    reporter_health(pulse->reporter);
}

void pulse_init(struct pulse *pulse, struct loop *loop, struct reporter *reporter)
{
    *pulse = (struct pulse){
        .loop = loop,
        .reporter = reporter,
        .watchdog_timer = loop_timer_add(loop, on_watchdog, pulse),
        .power_timer = loop_timer_add(loop, on_power, pulse),
        .link = "not connected yet",
    };
}

void pulse_begin(struct pulse *pulse)
{
    pulse->watchdog_ns = service_watchdog_ns();
    if (pulse->watchdog_ns > 0) {
        on_watchdog(pulse);
    }
    on_power(pulse);
    // a board without this word does not get one later
    if (!pulse->reporter->power.is_known) {
        loop_timer_clear(pulse->loop, pulse->power_timer);
    }
    service_ready();
    pulse_status(pulse);
}

void pulse_end(struct pulse *pulse)
{
    (void)pulse;
    service_stopping();
}

void pulse_link(struct pulse *pulse, const char *url, const struct fault *why)
{
    if (why == NULL) {
        snprintf(pulse->link, sizeof pulse->link, "connected to %s", url);
    } else {
        snprintf(pulse->link, sizeof pulse->link, "no link to %s: %s", url, why->text);
    }
    pulse_status(pulse);
}

void pulse_status(struct pulse *pulse)
{
    service_status("camera %s, %s", pulse->reporter->camera != NULL ? "online" : "offline",
                   pulse->link);
}
