// poll() with a fixed number of watches and timers. Belongs to one thread.
#include "base/loop.h"

#include "base/timing.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct watch {
    int fd; // -1: free
    short events;
    loop_ready_fn ready;
    void *context;
    unsigned generation; // tells a watch from one that took its place during a round
};

struct timer {
    loop_timer_fn fire;
    void *context;
    int64_t at_ns; // INT64_MAX: unarmed
};

struct loop {
    struct watch watches[LOOP_WATCHES_MAX];
    struct timer timers[LOOP_TIMERS_MAX];
    int timer_count;
    unsigned generation;
    bool stopped;
};

struct loop *loop_create(struct fault *fault)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for the event loop");
        return NULL;
    }
    for (int i = 0; i < LOOP_WATCHES_MAX; i++) {
        loop->watches[i].fd = -1;
    }
    return loop;
}

void loop_destroy(struct loop *loop)
{
    free(loop);
}

void loop_watch(struct loop *loop, int fd, short events, loop_ready_fn ready, void *context)
{
    for (int i = 0; i < LOOP_WATCHES_MAX; i++) {
        assert(loop->watches[i].fd != fd);
    }
    for (int i = 0; i < LOOP_WATCHES_MAX; i++) {
        if (loop->watches[i].fd < 0) {
            loop->watches[i] = (struct watch){fd, events, ready, context, ++loop->generation};
            return;
        }
    }
    assert(false && "more watches than LOOP_WATCHES_MAX");
}

void loop_unwatch(struct loop *loop, int fd)
{
    for (int i = 0; i < LOOP_WATCHES_MAX; i++) {
        if (loop->watches[i].fd == fd) {
            loop->watches[i].fd = -1;
        }
    }
}

int loop_timer_add(struct loop *loop, loop_timer_fn fire, void *context)
{
    assert(loop->timer_count < LOOP_TIMERS_MAX);
    loop->timers[loop->timer_count] = (struct timer){fire, context, INT64_MAX};
    return loop->timer_count++;
}

void loop_timer_set(struct loop *loop, int timer, int64_t at_ns)
{
    loop->timers[timer].at_ns = at_ns;
}

void loop_timer_clear(struct loop *loop, int timer)
{
    loop->timers[timer].at_ns = INT64_MAX;
}

bool loop_timer_is_set(const struct loop *loop, int timer)
{
    return loop->timers[timer].at_ns != INT64_MAX;
}

static bool wait_ready(struct loop *loop, struct pollfd *polled, int64_t until_ns,
                       struct fault *fault)
{
    for (int i = 0; i < LOOP_WATCHES_MAX; i++) {
        polled[i] = (struct pollfd){loop->watches[i].fd, loop->watches[i].events, 0};
    }
    for (int i = 0; i < loop->timer_count; i++) {
        until_ns = loop->timers[i].at_ns < until_ns ? loop->timers[i].at_ns : until_ns;
    }
    struct timespec left = {0};
    int64_t wait_ns = until_ns == INT64_MAX ? 0 : until_ns - timing_now_ns();
    if (wait_ns > 0) {
        left = (struct timespec){wait_ns / 1000000000, wait_ns % 1000000000};
    }
    if (ppoll(polled, LOOP_WATCHES_MAX, until_ns == INT64_MAX ? NULL : &left, NULL) < 0) {
        if (errno != EINTR) {
            return fault_set(fault, FAULT_SYSTEM, errno, "poll: %s", strerror(errno));
        }
        for (int i = 0; i < LOOP_WATCHES_MAX; i++) {
            polled[i].revents = 0;
        }
    }
    return true;
}

// The earliest timer that is due at `now_ns` and not in `fired`; -1: none.
static int next_due(const struct loop *loop, int64_t now_ns, unsigned fired)
{
    int next = -1;
    int64_t at_ns = now_ns;
    for (int i = loop->timer_count - 1; i >= 0; i--) {
        if (loop->timers[i].at_ns <= at_ns && (fired & 1U << i) == 0) {
            at_ns = loop->timers[i].at_ns;
            next = i;
        }
    }
    return next;
}

static void fire_timers(struct loop *loop)
{
    int64_t now_ns = timing_now_ns();
    unsigned fired = 0; // once a round: one that is always due must not hold up the others
    int next;
    while (!loop->stopped && (next = next_due(loop, now_ns, fired)) >= 0) {
        struct timer *timer = &loop->timers[next];
        fired |= 1U << next;
        timer->at_ns = INT64_MAX;
        timer->fire(timer->context);
    }
}

bool loop_turn(struct loop *loop, int64_t until_ns, struct fault *fault)
{
    struct pollfd polled[LOOP_WATCHES_MAX];
    unsigned newest = loop->generation;
    if (!wait_ready(loop, polled, until_ns, fault)) {
        return false;
    }
    for (int i = 0; i < LOOP_WATCHES_MAX && !loop->stopped; i++) {
        // a callback may have unwatched this descriptor, or put another in its place
        struct watch watch = loop->watches[i];
        if (polled[i].revents != 0 && watch.fd == polled[i].fd && watch.generation <= newest) {
            watch.ready(watch.context, polled[i].revents);
        }
    }
    fire_timers(loop);
    return true;
}

bool loop_run(struct loop *loop, struct fault *fault)
{
    while (!loop->stopped) {
        if (!loop_turn(loop, INT64_MAX, fault)) {
            return false;
        }
    }
    return true;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}
