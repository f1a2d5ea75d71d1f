// How the publisher is made and ended, and what other threads may call. Its thread is in
// publisher_run.c.
#include "delivery/publisher.h"

#include "base/log.h"
#include "base/seed.h"
#include "base/timing.h"
#include "delivery/news.h"
#include "delivery/publisher_inside.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    RETRY_FIRST_MS = 1000,
    RETRY_CAP_MS = 45000,
    RETRY_STABLE_MS = 60000,
    // of messages that are looked at: more than any fleet sends a device, and little work
    COMMANDS_PER_S = 200,
    COMMANDS_AT_ONCE = 200,
};

// On a thread of Paho's.
static void on_message(void *context, const struct link_arrival *arrival)
{
    struct publisher *publisher = context;
    if (!rate_pass(&publisher->commands, timing_now_ns()) ||
        !news_offer_command(publisher->news, publisher->settings, arrival)) {
        atomic_fetch_add(&publisher->commands_dropped, 1);
    }
}

static void free_parts(struct publisher *publisher)
{
    loop_destroy(publisher->loop);
    sender_destroy(publisher->sender);
    link_destroy(publisher->link);
    outbox_destroy(publisher->outbox);
    backlog_fini(&publisher->backlog);
    pthread_cond_destroy(&publisher->end_told);
    pthread_mutex_destroy(&publisher->end_lock);
    if (publisher->password != NULL) {
        explicit_bzero(publisher->password, strlen(publisher->password));
    }
    free(publisher->password);
    free(publisher);
}

static bool make_link(struct publisher *publisher, struct fault *fault)
{
    const struct settings *settings = publisher->settings;
    topic_make(publisher->will_topic, settings->mqtt.prefix, settings->device.id, "status");
    const struct link_config config = {
        .mqtt = &settings->mqtt,
        .password = publisher->password,
        .will_topic = publisher->will_topic,
        .will_payload = "offline",
        .arrived = on_message,
        .context = publisher,
    };
    publisher->link = link_create(&config, fault);
    return publisher->link != NULL;
}

static bool make_parts(struct publisher *publisher, const char *password, struct fault *fault)
{
    if (password != NULL && (publisher->password = strdup(password)) == NULL) {
        return fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for the publisher");
    }
    if (!make_link(publisher, fault)) {
        return false;
    }
    publisher->outbox = outbox_create(fault);
    publisher->loop = loop_create(fault);
    if (publisher->outbox == NULL || publisher->loop == NULL) {
        return false;
    }
    publisher->sender =
        sender_create(publisher->settings, &publisher->hooks, publisher->link, &publisher->backlog,
                      publisher->outbox, publisher->news, fault);
    return publisher->sender != NULL;
}

static bool open_spool(struct publisher *publisher, struct fault *fault)
{
    const struct settings_spool *spool = &publisher->settings->spool;
    return strcmp(spool->mode, "disk") != 0 ||
           backlog_use_spool(&publisher->backlog, spool->path, timing_now_ns(), fault);
}

static bool start_thread(struct publisher *publisher, struct fault *fault)
{
    // signals are main's; Paho's threads inherit this mask
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&publisher->thread, NULL, publisher_run, publisher);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        return fault_set(fault, FAULT_SYSTEM, error, "cannot start the publisher: %s",
                         strerror(error));
    }
    return true;
}

struct publisher *publisher_create(const struct settings *settings, const char *password,
                                   const struct publisher_hooks *hooks, struct mailbox *news,
                                   struct fault *fault)
{
    struct publisher *publisher = calloc(1, sizeof *publisher);
    if (publisher == NULL) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for the publisher");
        return NULL;
    }
    publisher->settings = settings;
    publisher->hooks = *hooks;
    publisher->news = news;
    publisher->commands = rate_of(COMMANDS_PER_S, COMMANDS_AT_ONCE, timing_now_ns());
    pthread_mutex_init(&publisher->end_lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&publisher->end_told, &monotonic);
    pthread_condattr_destroy(&monotonic);
    backlog_init(&publisher->backlog, settings->spool.max_bytes,
                 (int64_t)(settings->spool.max_age_s * 1e9));
    backoff_init(&publisher->backoff, RETRY_FIRST_MS, RETRY_CAP_MS, RETRY_STABLE_MS,
                 seed_of(settings->device.id) ^ (uint64_t)getpid());
    if (!open_spool(publisher, fault) || !make_parts(publisher, password, fault)) {
        free_parts(publisher);
        return NULL;
    }
    publisher_set_up_loop(publisher);
    if (!start_thread(publisher, fault)) {
        free_parts(publisher);
        return NULL;
    }
    return publisher;
}

void publisher_put_shot(struct publisher *publisher, struct shot *shot)
{
    outbox_put_shot(publisher->outbox, shot);
}

void publisher_put_document(struct publisher *publisher, enum document document, char *text)
{
    outbox_put_document(publisher->outbox, document, text);
}

void publisher_put_event(struct publisher *publisher, char *text)
{
    outbox_put_event(publisher->outbox, text);
}

void publisher_put_reply(struct publisher *publisher, const struct reply_address *to,
                         const char *text)
{
    size_t size = strlen(text) + 1;
    struct reply *reply = malloc(sizeof *reply + size);
    if (reply == NULL) {
        log_error("no memory for a reply");
        return;
    }
    reply->to = *to;
    memcpy(reply->text, text, size);
    outbox_put_reply(publisher->outbox, reply);
}

void publisher_hide_pictures(struct publisher *publisher, bool hidden)
{
    outbox_hide_pictures(publisher->outbox, hidden);
}

struct publisher_counters publisher_counters(const struct publisher *publisher)
{
    return (struct publisher_counters){
        .backlog = (uint32_t)atomic_load(&publisher->backlog_count),
        .backlog_bytes = atomic_load(&publisher->backlog_bytes),
        .quarantined = (uint32_t)atomic_load(&publisher->quarantined),
        .reconnects = (uint32_t)atomic_load(&publisher->reconnects),
        .events_dropped = outbox_events_dropped(publisher->outbox),
        .replies_dropped = outbox_replies_dropped(publisher->outbox),
        .commands_dropped = (uint32_t)atomic_load(&publisher->commands_dropped),
    };
}

static bool wait_for_end(struct publisher *publisher, int64_t deadline_ns)
{
    struct timespec until = {deadline_ns / 1000000000, deadline_ns % 1000000000};
    int error = 0;
    pthread_mutex_lock(&publisher->end_lock);
    while (!publisher->has_ended && error == 0) {
        error = pthread_cond_timedwait(&publisher->end_told, &publisher->end_lock, &until);
    }
    bool has_ended = publisher->has_ended;
    pthread_mutex_unlock(&publisher->end_lock);
    return has_ended;
}

bool publisher_destroy(struct publisher *publisher, int64_t deadline_ns)
{
    if (publisher == NULL) {
        return true;
    }
    outbox_put_end(publisher->outbox, deadline_ns);
    if (!wait_for_end(publisher, deadline_ns)) {
        return false;
    }
    pthread_join(publisher->thread, NULL);
    free_parts(publisher);
    return true;
}
