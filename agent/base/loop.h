// One poll() over a few descriptors and a few timers: the only place where a thread of ours rests.
#pragma once

#include "base/fault.h"

#include <stdint.h>

struct loop;

enum {
    LOOP_WATCHES_MAX = 16,
    LOOP_TIMERS_MAX = 16,
};

typedef void (*loop_ready_fn)(void *context, short revents);
typedef void (*loop_timer_fn)(void *context);

struct loop *loop_create(struct fault *fault);
void loop_destroy(struct loop *loop); // NULL is fine

// Calls `ready` while `fd` has one of `events` (POLLIN, …), or an error or hang-up. The descriptor
// stays the caller's; unwatch it before closing it. More than LOOP_WATCHES_MAX is our own mistake.
void loop_watch(struct loop *loop, int fd, short events, loop_ready_fn ready, void *context);
void loop_unwatch(struct loop *loop, int fd); // also from within a callback

// A timer for life, unarmed; returns its number.
int loop_timer_add(struct loop *loop, loop_timer_fn fire, void *context);
void loop_timer_set(struct loop *loop, int timer, int64_t at_ns); // monotonic; fires once
void loop_timer_clear(struct loop *loop, int timer);
bool loop_timer_is_set(const struct loop *loop, int timer);

// Runs callbacks until loop_stop. Fails only when poll() does (FAULT_SYSTEM).
__attribute__((warn_unused_result)) bool loop_run(struct loop *loop, struct fault *fault);

// Waits for, then runs, one round of callbacks, for at most `until_ns`: the watches first, then the
// timers, the earliest first.
__attribute__((warn_unused_result)) bool loop_turn(struct loop *loop, int64_t until_ns,
                                                   struct fault *fault);
void loop_stop(struct loop *loop); // from within a callback
