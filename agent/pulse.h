// The agent and the machine it runs on: the service manager is told that the loop turns, and the
// board is looked at between two health documents. Main thread.
#pragma once

#include "base/loop.h"
#include "reporter.h"

struct pulse {
    struct loop *loop;
    struct reporter *reporter;
    int watchdog_timer;
    int power_timer;
    int64_t watchdog_ns; // 0: nobody waits
    char link[400];      // for people
};

void pulse_init(struct pulse *pulse, struct loop *loop, struct reporter *reporter);

// The loop turns from here on.
void pulse_begin(struct pulse *pulse);
void pulse_end(struct pulse *pulse);

// The camera has changed; the link is up, or down and why.
void pulse_status(struct pulse *pulse);
void pulse_link(struct pulse *pulse, const char *url, const struct fault *why);
