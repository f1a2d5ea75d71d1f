// What the publisher's thread does: when to connect, when to give up waiting, what main is told.
// What is said on the connection is the sender's.
#include "delivery/publisher_inside.h"

#include "base/log.h"
#include "base/timing.h"
#include "delivery/letter.h"
#include "delivery/news.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_STUCK_S = 120, // Paho bounds all of a connect but its DNS; DNS gives up before this
    CLOSE_STUCK_S = 5,
    LEAVE_MS = 400, // of the deadline of destroy, for Paho to end its threads
};

static void post_link(struct publisher *publisher, enum news kind, const struct fault *why,
                      uint32_t retry_ms)
{
    struct news_link *body =
        news_link_create(link_url(publisher->link), link_version(publisher->link),
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
        retry_ms = retry_ms < report->rest_ms ? report->rest_ms : retry_ms;
        uint32_t spread_ms = (uint32_t)(publisher->settings->mqtt.reconnect_spread_s * 1000);
        uint32_t share_ms = backoff_share(&publisher->backoff, report->broker_left ? spread_ms : 0);
        retry_ms = retry_ms < share_ms ? share_ms : retry_ms;
    }
    if (!report->is_silent) {
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

// Drops what is too old, or in the way of the picture that comes (NULL: none does).
static void make_room(struct publisher *publisher, const struct picture *picture)
{
    struct fault why;
    struct backlog_entry *entry;
    while ((entry = backlog_shed(&publisher->backlog, picture, timing_now_ns(), &why)) != NULL) {
        sender_post_dropped(publisher->sender, entry, false, &why);
        backlog_entry_destroy(entry);
    }
}

static void show_backlog(struct publisher *publisher)
{
    atomic_store(&publisher->backlog_count, publisher->backlog.count);
    atomic_store(&publisher->backlog_bytes, publisher->backlog.bytes);
    atomic_store(&publisher->quarantined, publisher->backlog.quarantined);
}

// Once for each change and each new reason, as of the link.
static void tell_disk(struct publisher *publisher)
{
    const struct fault *fault = &publisher->backlog.fault;
    const char *text = fault->kind == FAULT_NONE ? "" : fault->text;
    if (strcmp(publisher->told_disk, text) == 0) {
        return;
    }
    struct news_spool *body = news_spool_create(fault);
    if (body == NULL) {
        log_error("no memory to tell the state of the spool");
        return;
    }
    snprintf(publisher->told_disk, sizeof publisher->told_disk, "%s", text);
    sender_post(publisher->sender, NEWS_SPOOL, body);
}

// After anything that happened: sends what can be sent, and sets the clocks for what may not
// happen.
static void settle(struct publisher *publisher)
{
    make_room(publisher, NULL);
    backlog_tend(&publisher->backlog, timing_now_ns());
    sender_go(publisher->sender);
    tell_disk(publisher);
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
    loop_timer_set(publisher->loop, publisher->disk_timer, backlog_tend_ns(&publisher->backlog));
    show_backlog(publisher);
}

static void on_connect_timer(void *context)
{
    struct publisher *publisher = context;
    publisher->phase = PHASE_CONNECTING;
    publisher->stuck_ns = timing_now_ns() + TIMING_S(CONNECT_STUCK_S);
    link_connect(publisher->link);
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
        case LINK_HOPE:
            if (publisher->phase == PHASE_DOWN) {
                loop_timer_set(publisher->loop, publisher->connect_timer, timing_now_ns());
            }
            break;
        }
    }
    settle(publisher);
}

// What the broker takes, as `image` now or as `late` should the link break before.
static uint64_t jpeg_bytes_max(const struct publisher *publisher, const struct shot *shot)
{
    const struct settings *settings = publisher->settings;
    enum picture_form live_form = shot->develop.form;
    uint64_t packet = link_packet_max(publisher->link);
    if (shot->reply_image != NULL) { // its topic and properties may be longer than those of `image`
        uint64_t more = sizeof *shot->reply_image;
        packet = packet > more ? packet - more : 0;
    }
    uint64_t least = UINT64_MAX;
    for (int live = 0; live <= 1; live++) {
        uint64_t payload = letter_payload_max(settings, live_form, live, packet);
        uint64_t jpeg = publisher->hooks.jpeg_budget(letter_form(live_form, live), payload);
        least = jpeg < least ? jpeg : least;
    }
    return least > 0 ? least : 1; // 0 would be no bound
}

static bool develop(struct publisher *publisher, struct shot *shot, struct news_shot *done)
{
    if (publisher->is_ending) {
        return fault_set(&done->fault, FAULT_PICTURE, 0, "the agent is stopping");
    }
    struct picture picture;
    picture_init(&picture);
    int64_t begun_ns = timing_now_ns();
    shot->max_jpeg_bytes = jpeg_bytes_max(publisher, shot);
    bool ok = publisher->hooks.develop(publisher->hooks.context, shot, &picture, &done->fault);
    done->develop_ns = timing_now_ns() - begun_ns;
    if (ok) {
        done->bytes = picture.jpeg.len;
        make_room(publisher, &picture);
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
    // who gets the news finds the picture counted, and knows whether it is on the disk
    show_backlog(publisher);
    tell_disk(publisher);
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

void *publisher_run(void *context)
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

void publisher_set_up_loop(struct publisher *publisher)
{
    struct loop *loop = publisher->loop;
    loop_watch(loop, outbox_fd(publisher->outbox), POLLIN, on_outbox, publisher);
    loop_watch(loop, link_fd(publisher->link), POLLIN, on_link, publisher);
    publisher->connect_timer = loop_timer_add(loop, on_connect_timer, publisher);
    publisher->overdue_timer = loop_timer_add(loop, on_overdue, publisher);
    publisher->wake_timer = loop_timer_add(loop, on_time, publisher);
    publisher->expiry_timer = loop_timer_add(loop, on_time, publisher);
    publisher->disk_timer = loop_timer_add(loop, on_time, publisher);
    publisher->end_timer = loop_timer_add(loop, on_end_timer, publisher);
}
