// The publisher's thread: when to connect, when to give up waiting, what main is told. What is said
// on the connection is the sender's.
#include "delivery/publisher.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/timing.h"
#include "delivery/link.h"
#include "delivery/news.h"
#include "delivery/sender.h"
#include "delivery/topic.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    RETRY_FIRST_MS = 1000,
    RETRY_CAP_MS = 60000,
    RETRY_STABLE_MS = 60000,
    CONNECT_STUCK_S = 120, // Paho bounds all of a connect but its DNS; DNS gives up before this
    CLOSE_STUCK_S = 5,
    LEAVE_MS = 400, // of the deadline of destroy, for Paho to end its threads
};

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
    int64_t stuck_ns; // of PHASE_CONNECTING and PHASE_CLOSING
    struct backoff backoff;
    int connect_timer;
    int overdue_timer;
    int wake_timer;
    int expiry_timer;
    int end_timer;
    bool was_up;
    bool is_ending;
    char told_reason[sizeof((struct fault){0}.text)]; // "": told that it is up, or nothing yet

    atomic_uint_fast32_t backlog_count;
    atomic_uint_fast64_t backlog_bytes;
    atomic_uint_fast32_t reconnects;
    atomic_uint_fast32_t commands_dropped;

    pthread_t thread;
    pthread_mutex_t end_lock;
    pthread_cond_t end_told;
    bool has_ended;
};

// On a thread of Paho's.
static void on_message(void *context, const char *topic, size_t topic_len, const void *payload,
                       size_t len, bool retained)
{
    struct publisher *publisher = context;
    if (!news_offer_command(publisher->news, publisher->settings, topic, topic_len, payload, len,
                            retained)) {
        atomic_fetch_add(&publisher->commands_dropped, 1);
    }
}

static void post_link(struct publisher *publisher, enum news kind, const struct fault *why,
                      uint32_t retry_ms)
{
    struct news_link *body =
        news_link_create(publisher->settings->mqtt.url, link_version(publisher->link),
                         publisher->backlog.count, why, retry_ms);
    if (body == NULL) {
        log_error("no memory to tell the state of the link");
        return;
    }
    sender_post(publisher->sender, kind, body);
}

// Once for each change and each new reason: a broker that is away for a week makes one line.
static void tell_down(struct publisher *publisher, const struct fault *why, uint32_t retry_ms)
{
    if (strcmp(publisher->told_reason, why->text) == 0) {
        return;
    }
    snprintf(publisher->told_reason, sizeof publisher->told_reason, "%s", why->text);
    post_link(publisher, NEWS_LINK_DOWN, why, retry_ms);
}

static void on_up(struct publisher *publisher)
{
    publisher->phase = PHASE_UP;
    publisher->told_reason[0] = '\0';
    backoff_worked(&publisher->backoff, timing_now_ns());
    if (publisher->was_up) {
        atomic_fetch_add(&publisher->reconnects, 1);
    }
    publisher->was_up = true;
    post_link(publisher, NEWS_LINK_UP, NULL, 0);
    sender_link_up(publisher->sender);
}

static void go_down(struct publisher *publisher, const struct link_report *report)
{
    publisher->phase = PHASE_DOWN;
    sender_link_down(publisher->sender, report);
    int64_t now_ns = timing_now_ns();
    uint32_t retry_ms = 0;
    if (!report->retry_now) {
        retry_ms = backoff_failed(&publisher->backoff, now_ns);
        tell_down(publisher, &report->why, retry_ms);
    }
    loop_timer_set(publisher->loop, publisher->connect_timer, now_ns + TIMING_MS(retry_ms));
    if (publisher->is_ending) {
        loop_stop(publisher->loop);
    }
}

static void close_link(struct publisher *publisher, const struct fault *why)
{
    publisher->phase = PHASE_CLOSING;
    publisher->stuck_ns = timing_now_ns() + TIMING_S(CLOSE_STUCK_S);
    link_close(publisher->link, why);
}

static void drop_overdue_pictures(struct publisher *publisher)
{
    struct fault why;
    struct backlog_entry *entry;
    while ((entry = backlog_shed(&publisher->backlog, timing_now_ns(), &why)) != NULL) {
        sender_post_dropped(publisher->sender, entry, false, &why);
        backlog_entry_destroy(entry);
    }
}

static void show_backlog(struct publisher *publisher)
{
    atomic_store(&publisher->backlog_count, publisher->backlog.count);
    atomic_store(&publisher->backlog_bytes, publisher->backlog.bytes);
}

// After anything that happened: sends what can be sent, and sets the clocks for what may not
// happen.
static void settle(struct publisher *publisher)
{
    drop_overdue_pictures(publisher);
    sender_go(publisher->sender);
    if (publisher->is_ending && publisher->phase == PHASE_UP &&
        sender_has_said_goodbye(publisher->sender)) {
        struct fault why;
        fault_set(&why, FAULT_LINK, 0, "the agent is stopping");
        close_link(publisher, &why);
    }
    int64_t overdue_ns = INT64_MAX;
    if (publisher->phase == PHASE_UP) {
        overdue_ns = sender_overdue_ns(publisher->sender);
    } else if (publisher->phase != PHASE_DOWN) {
        overdue_ns = publisher->stuck_ns;
    }
    loop_timer_set(publisher->loop, publisher->overdue_timer, overdue_ns);
    loop_timer_set(publisher->loop, publisher->wake_timer, sender_wake_ns(publisher->sender));
    loop_timer_set(publisher->loop, publisher->expiry_timer,
                   backlog_expiry_ns(&publisher->backlog));
    show_backlog(publisher);
}

static void on_connect_timer(void *context)
{
    struct publisher *publisher = context;
    publisher->phase = PHASE_CONNECTING;
    publisher->stuck_ns = timing_now_ns() + TIMING_S(CONNECT_STUCK_S);
    struct link_report report = {.news = LINK_DOWN};
    if (!link_connect(publisher->link, &report.why)) {
        go_down(publisher, &report);
    }
    settle(publisher);
}

static void on_overdue(void *context)
{
    struct publisher *publisher = context;
    struct link_report report = {.news = LINK_DOWN};
    if (publisher->phase == PHASE_UP) {
        sender_explain_overdue(publisher->sender, &report.why);
        close_link(publisher, &report.why);
    } else {
        fault_set(&report.why, FAULT_LINK, 0, "no answer from the network within %d s",
                  publisher->phase == PHASE_CONNECTING ? CONNECT_STUCK_S : CLOSE_STUCK_S);
        link_reset(publisher->link);
        go_down(publisher, &report);
    }
    settle(publisher);
}

static void on_time(void *context)
{
    settle(context);
}

static void on_end_timer(void *context)
{
    struct publisher *publisher = context;
    loop_stop(publisher->loop);
}

static void on_link(void *context, short revents)
{
    (void)revents;
    struct publisher *publisher = context;
    struct link_report report;
    while (link_next(publisher->link, &report)) {
        switch (report.news) {
        case LINK_UP:
            on_up(publisher);
            break;
        case LINK_DOWN:
            go_down(publisher, &report);
            break;
        case LINK_DONE:
            sender_answer(publisher->sender, &report);
            break;
        }
    }
    settle(publisher);
}

static bool develop(struct publisher *publisher, struct shot *shot, struct news_shot *done)
{
    if (publisher->is_ending) {
        return fault_set(&done->fault, FAULT_PICTURE, 0, "the agent is stopping");
    }
    struct picture picture;
    picture_init(&picture);
    int64_t begun_ns = timing_now_ns();
    bool ok = publisher->hooks.develop(publisher->hooks.context, shot, &picture, &done->fault);
    done->develop_ns = timing_now_ns() - begun_ns;
    if (ok) {
        done->bytes = picture.jpeg.len;
        ok = backlog_put(&publisher->backlog, &picture, publisher->phase == PHASE_UP,
                         timing_now_ns(), &done->fault);
    }
    picture_fini(&picture);
    return ok;
}

static void take_shot(struct publisher *publisher)
{
    struct shot *shot = outbox_take_shot(publisher->outbox);
    if (shot == NULL) {
        return;
    }
    struct news_shot *done = calloc(1, sizeof *done);
    if (done == NULL) {
        // without this news no shot would come any more: rather a restart than a silent camera
        log_error("no memory to hand a shot back");
        abort();
    }
    done->shot = shot;
    done->accepted = develop(publisher, shot, done);
    show_backlog(publisher); // who gets the news finds the picture counted
    sender_post(publisher->sender, NEWS_SHOT_DONE, done);
}

static void begin_end(struct publisher *publisher, int64_t deadline_ns)
{
    publisher->is_ending = true;
    sender_say_goodbye(publisher->sender);
    loop_timer_set(publisher->loop, publisher->end_timer, deadline_ns - TIMING_MS(LEAVE_MS));
    if (publisher->phase != PHASE_UP) {
        loop_stop(publisher->loop);
    }
}

static void on_outbox(void *context, short revents)
{
    (void)revents;
    struct publisher *publisher = context;
    outbox_clear(publisher->outbox);
    int64_t deadline_ns;
    if (!publisher->is_ending && outbox_has_ended(publisher->outbox, &deadline_ns)) {
        begin_end(publisher, deadline_ns);
    }
    take_shot(publisher);
    settle(publisher);
}

static void *run(void *context)
{
    struct publisher *publisher = context;
    pthread_setname_np(pthread_self(), "publisher");
    loop_timer_set(publisher->loop, publisher->connect_timer, timing_now_ns());
    struct fault fault;
    if (!loop_run(publisher->loop, &fault)) {
        log_error("publisher: %s", fault.text);
    }
    take_shot(publisher);
    link_destroy(publisher->link); // the one place that may outlast any deadline
    publisher->link = NULL;

    pthread_mutex_lock(&publisher->end_lock);
    publisher->has_ended = true;
    pthread_cond_signal(&publisher->end_told);
    pthread_mutex_unlock(&publisher->end_lock);
    return NULL;
}

// FNV-1a: neighbours in a fleet must not retry in step
static uint64_t backoff_seed(const char *id)
{
    uint64_t hash = 0xCBF29CE484222325U ^ (uint64_t)getpid();
    for (const char *c = id; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 0x100000001B3U;
    }
    return hash;
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
        .url = settings->mqtt.url,
        .client_id = settings->mqtt.client_id,
        .username = settings->mqtt.username,
        .password = publisher->password,
        .version = settings->mqtt.version,
        .keepalive_s = settings->mqtt.keepalive_s,
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

static void set_up_loop(struct publisher *publisher)
{
    struct loop *loop = publisher->loop;
    loop_watch(loop, outbox_fd(publisher->outbox), POLLIN, on_outbox, publisher);
    loop_watch(loop, link_fd(publisher->link), POLLIN, on_link, publisher);
    publisher->connect_timer = loop_timer_add(loop, on_connect_timer, publisher);
    publisher->overdue_timer = loop_timer_add(loop, on_overdue, publisher);
    publisher->wake_timer = loop_timer_add(loop, on_time, publisher);
    publisher->expiry_timer = loop_timer_add(loop, on_time, publisher);
    publisher->end_timer = loop_timer_add(loop, on_end_timer, publisher);
}

static bool start_thread(struct publisher *publisher, struct fault *fault)
{
    // signals are main's; Paho's threads inherit this mask
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&publisher->thread, NULL, run, publisher);
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
    pthread_mutex_init(&publisher->end_lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&publisher->end_told, &monotonic);
    pthread_condattr_destroy(&monotonic);
    backlog_init(&publisher->backlog, settings->spool.max_bytes,
                 (int64_t)(settings->spool.max_age_s * 1e9));
    backoff_init(&publisher->backoff, RETRY_FIRST_MS, RETRY_CAP_MS, RETRY_STABLE_MS,
                 backoff_seed(settings->device.id));
    if (!make_parts(publisher, password, fault)) {
        free_parts(publisher);
        return NULL;
    }
    set_up_loop(publisher);
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

struct publisher_counters publisher_counters(const struct publisher *publisher)
{
    return (struct publisher_counters){
        .backlog = (uint32_t)atomic_load(&publisher->backlog_count),
        .backlog_bytes = atomic_load(&publisher->backlog_bytes),
        .reconnects = (uint32_t)atomic_load(&publisher->reconnects),
        .events_dropped = outbox_events_dropped(publisher->outbox),
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
