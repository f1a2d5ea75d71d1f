// The inside of the publisher, for publisher.c (how it is made, and what other threads may call)
// and publisher_run.c (what its thread does).
#pragma once

#include "base/backoff.h"
#include "base/loop.h"
#include "base/rate.h"
#include "delivery/publisher.h"
#include "delivery/sender.h"
#include "delivery/topic.h"

#include <pthread.h>
#include <stdatomic.h>

enum phase { PHASE_DOWN, PHASE_CONNECTING, PHASE_UP, PHASE_CLOSING };

struct publisher {
    const struct settings *settings;
    struct publisher_hooks hooks;
    struct mailbox *news;
    char *password;
    char will_topic[TOPIC_SIZE];
    struct outbox *outbox;
    struct link *link;
    struct backlog backlog;
    struct sender *sender;
    struct loop *loop;

    enum phase phase;
    struct rate commands; // of Paho's receive thread
    int64_t stuck_ns;     // of PHASE_CONNECTING and PHASE_CLOSING
    struct backoff backoff;
    int connect_timer;
    int overdue_timer;
    int wake_timer;
    int expiry_timer;
    int disk_timer;
    int end_timer;
    bool was_up;
    bool is_ending;
    char told_reason[sizeof((struct fault){0}.text)]; // "": told that it is up, or nothing yet
    char told_disk[sizeof((struct fault){0}.text)];   // "": told that the spool works, or nothing

    atomic_uint_fast32_t backlog_count;
    atomic_uint_fast64_t backlog_bytes;
    atomic_uint_fast32_t quarantined;
    atomic_uint_fast32_t reconnects;
    atomic_uint_fast32_t commands_dropped;

    pthread_t thread;
    pthread_mutex_t end_lock;
    pthread_cond_t end_told;
    bool has_ended;
};

// The loop's callbacks, timers and watches.
void publisher_set_up_loop(struct publisher *publisher);

// The thread; its argument is the publisher.
void *publisher_run(void *context);
