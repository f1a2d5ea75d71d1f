// Which of many devices is this one? Its LED blinks, and `state` says so. Main thread.
#pragma once

#include "base/loop.h"
#include "control/led.h"
#include "reporter.h"

struct identify {
    struct loop *loop;
    struct reporter *reporter;
    const char *leds; // the folder
    struct led led;
    int timer;
    int64_t until_ns;
    bool is_lit;
};

void identify_init(struct identify *identify, struct loop *loop, struct reporter *reporter,
                   const char *leds);
void identify_fini(struct identify *identify);

// From now on for a while.
void identify_begin(struct identify *identify);
