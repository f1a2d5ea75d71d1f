// A link with a queue before it and a mailbox behind it. Main thread, but for on_arrived.
#include "ctl/session.h"

#include "base/mailbox.h"
#include "base/timing.h"
#include "ctl/outcome.h"
#include "ctl/unique.h"
#include "delivery/link.h"
#include "delivery/reason.h"
#include "settings/settings_check.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sysexits.h>

enum {
    MESSAGES_MAX = 1 << 16,
    BYTES_MAX = 512 << 20, // of messages that wait for us
    GOODBYE_MS = 1000,
    // P/ID/suffix, with what P and ID may have at the most
    TOPIC_MAX = SETTINGS_TOPIC_SIZE + SETTINGS_ID_SIZE + 160,
};

struct operation {
    STAILQ_ENTRY(operation) place;
    bool is_publish;
    bool wants_retained;
    char topic[TOPIC_MAX];
    char payload[]; // of a publish
};

STAILQ_HEAD(operations, operation);

struct session {
    struct settings_mqtt mqtt; // with a client id of our own
    struct link *link;
    struct mailbox *mailbox;      // of struct session_message
    atomic_size_t waiting;        // bytes in it
    atomic_bool has_overflowed;   // something did not fit into it
    struct operations operations; // the first is under way, once the link is up
    bool is_up;
    bool is_sent;     // SESSION_SENT is due
    struct fault end; // FAULT_NONE: it lives
};

void session_message_free(struct session_message *message)
{
    free(message);
}

static void drop(struct mail mail)
{
    session_message_free(mail.body);
}

// The parts of P/ID/suffix; a topic that no agent of ours has is none.
static bool split(const char *prefix, const char *topic, size_t len, char id[SETTINGS_ID_SIZE],
                  size_t *suffix_at)
{
    size_t begin = strlen(prefix) + 1;
    if (len <= begin || memcmp(topic, prefix, begin - 1) != 0 || topic[begin - 1] != '/' ||
        memchr(topic, '\0', len) != NULL) {
        return false;
    }
    const char *slash = memchr(topic + begin, '/', len - begin);
    size_t id_len = slash != NULL ? (size_t)(slash - topic) - begin : 0;
    if (id_len == 0 || id_len >= SETTINGS_ID_SIZE) {
        return false;
    }
    memcpy(id, topic + begin, id_len);
    id[id_len] = '\0';
    *suffix_at = begin + id_len + 1;
    struct fault ignored;
    return settings_check_device_id(id, &ignored);
}

// On a thread of Paho's, which must never wait.
static void on_arrived(void *context, const struct link_arrival *arrival)
{
    struct session *session = context;
    const char *topic = arrival->topic;
    size_t topic_len = arrival->topic_len;
    size_t len = arrival->len;
    char id[SETTINGS_ID_SIZE];
    size_t suffix_at;
    if (!split(session->mqtt.prefix, topic, topic_len, id, &suffix_at)) {
        return;
    }
    size_t suffix_len = topic_len - suffix_at;
    bool fits = atomic_load(&session->waiting) + len <= BYTES_MAX;
    struct session_message *message =
        fits ? malloc(sizeof *message + len + 1 + suffix_len + 1) : NULL;
    if (message == NULL) {
        atomic_store(&session->has_overflowed, true);
        return;
    }
    message->payload = (uint8_t *)(message + 1);
    message->len = len;
    if (len > 0) {
        memcpy(message->payload, arrival->payload, len);
    }
    message->payload[len] = '\0';
    char *suffix = (char *)message->payload + len + 1;
    memcpy(suffix, topic + suffix_at, suffix_len);
    suffix[suffix_len] = '\0';
    message->suffix = suffix;
    message->retained = arrival->retained;
    memcpy(message->id, id, sizeof id);
    atomic_fetch_add(&session->waiting, len);
    if (!mailbox_offer(session->mailbox, (struct mail){0, message})) {
        atomic_fetch_sub(&session->waiting, len);
        atomic_store(&session->has_overflowed, true);
        session_message_free(message);
    }
}

struct session *session_open(const struct settings_mqtt *mqtt, const char *password,
                             struct fault *fault)
{
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for a session");
        return NULL;
    }
    STAILQ_INIT(&session->operations);
    session->mqtt = *mqtt;
    const struct link_config config = {
        .mqtt = &session->mqtt,
        .password = password,
        .takes_pictures = true,
        .arrived = on_arrived,
        .context = session,
    };
    // so that two of us, or we and an agent whose settings we use, never take each other's
    // connection
    if (!unique_name("s2mctl", session->mqtt.client_id, sizeof session->mqtt.client_id, fault) ||
        (session->mailbox = mailbox_create(MESSAGES_MAX, drop, fault)) == NULL ||
        (session->link = link_create(&config, fault)) == NULL) {
        session_close(session);
        return NULL;
    }
    link_connect(session->link);
    return session;
}

static void say_goodbye(struct session *session)
{
    link_close(session->link, &(struct fault){0});
    int64_t until_ns = timing_now_ns() + TIMING_MS(GOODBYE_MS);
    struct pollfd fd = {.fd = link_fd(session->link), .events = POLLIN};
    for (int64_t left_ns; (left_ns = until_ns - timing_now_ns()) > 0;) {
        poll(&fd, 1, (int)(left_ns / TIMING_MS(1)) + 1);
        struct link_report report;
        while (link_next(session->link, &report)) {
            if (report.news == LINK_DOWN) {
                return;
            }
        }
    }
}

void session_close(struct session *session)
{
    if (session == NULL) {
        return;
    }
    if (session->is_up) {
        say_goodbye(session);
    }
    link_destroy(session->link);
    mailbox_destroy(session->mailbox);
    while (!STAILQ_EMPTY(&session->operations)) {
        struct operation *first = STAILQ_FIRST(&session->operations);
        STAILQ_REMOVE_HEAD(&session->operations, place);
        free(first);
    }
    free(session);
}

static void end(struct session *session, const struct fault *why)
{
    if (session->end.kind == FAULT_NONE) {
        session->end = *why;
    }
}

// Gives the first operation to the link.
static void begin(struct session *session)
{
    struct operation *operation = STAILQ_FIRST(&session->operations);
    struct fault fault;
    bool begun;
    if (operation == NULL || !session->is_up) {
        return;
    }
    if (operation->is_publish) {
        const struct link_message message = {
            .topic = operation->topic,
            .payload = operation->payload,
            .len = strlen(operation->payload),
            .qos = 1,
            .is_text = true,
        };
        begun = link_publish(session->link, &message, &fault);
    } else if (operation->wants_retained) {
        begun = link_subscribe_retained(session->link, operation->topic, &fault);
    } else {
        begun = link_subscribe(session->link, operation->topic, &fault);
    }
    if (!begun) {
        end(session, &fault);
    }
}

static bool queue(struct session *session, const struct operation *given, const char *payload,
                  const char *id, const char *suffix, struct fault *fault)
{
    struct operation *operation = malloc(sizeof *operation + strlen(payload) + 1);
    if (operation == NULL) {
        return fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for a message");
    }
    *operation = *given;
    memcpy(operation->payload, payload, strlen(payload) + 1);
    int len = snprintf(operation->topic, sizeof operation->topic, "%s/%s/%s", session->mqtt.prefix,
                       id, suffix);
    if (len < 0 || (size_t)len >= sizeof operation->topic) {
        free(operation);
        return fault_set(fault, FAULT_USAGE, 0, "%.40s… is too long for a topic", suffix);
    }
    bool is_idle = STAILQ_EMPTY(&session->operations);
    STAILQ_INSERT_TAIL(&session->operations, operation, place);
    if (is_idle) {
        begin(session);
    }
    return true;
}

bool session_subscribe(struct session *session, const char *id, const char *suffix,
                       bool wants_retained, struct fault *fault)
{
    return queue(session, &(struct operation){.wants_retained = wants_retained}, "", id, suffix,
                 fault);
}

bool session_publish(struct session *session, const char *id, const char *suffix,
                     const char *payload, struct fault *fault)
{
    return queue(session, &(struct operation){.is_publish = true}, payload, id, suffix, fault);
}

static void on_done(struct session *session, int reason)
{
    struct operation *operation = STAILQ_FIRST(&session->operations);
    if (reason < 0) {
        return; // the end of the connection follows, with its reason
    }
    if (reason >= REASON_FAILURE) {
        struct fault why;
        fault_set(&why, FAULT_LINK, reason,
                  "the broker does not let us %s %s: %s (%d); its access list must allow that",
                  operation->is_publish ? "publish to" : "subscribe to", operation->topic,
                  reason_words(reason), reason);
        end(session, &why);
        return;
    }
    STAILQ_REMOVE_HEAD(&session->operations, place);
    free(operation);
    session->is_sent = STAILQ_EMPTY(&session->operations);
    begin(session);
}

// Which broker, why, and what to do about it.
static void explain(const struct session *session, const struct fault *given, struct fault *why)
{
    const char *cure = "";
    if (outcome_status(given) == EX_NOPERM) {
        cure = session->mqtt.username[0] == '\0' ? "; give --username and --password-file"
                                                 : "; check --username and --password-file";
    }
    bool is_named = strchr(session->mqtt.url, ' ') != NULL; // of several, the sentence names it
    fault_set(why, given->kind, given->code, "%s%s%s%s", is_named ? "" : link_url(session->link),
              is_named ? "" : ": ", given->text, cure);
}

static void on_down(struct session *session, const struct link_report *report)
{
    if (report->retry_now && !session->is_up) {
        link_connect(session->link);
        return;
    }
    session->is_up = false;
    struct fault why;
    explain(session, &report->why, &why);
    end(session, &why);
}

static void take_reports(struct session *session)
{
    struct link_report report;
    while (session->end.kind == FAULT_NONE && link_next(session->link, &report)) {
        switch (report.news) {
        case LINK_UP:
            session->is_up = true;
            begin(session);
            break;
        case LINK_DONE:
            on_done(session, report.reason);
            break;
        case LINK_DOWN:
            on_down(session, &report);
            break;
        case LINK_HOPE:
            break;
        }
    }
}

static struct session_message *take_message(struct session *session)
{
    struct mail mail;
    if (!mailbox_take(session->mailbox, &mail)) {
        return NULL;
    }
    struct session_message *message = mail.body;
    atomic_fetch_sub(&session->waiting, message->len);
    return message;
}

// What came before a connection broke still counts.
static bool next(struct session *session, enum session_news *news, struct session_message **message,
                 struct fault *fault)
{
    take_reports(session);
    if ((*message = take_message(session)) != NULL) {
        *news = SESSION_MESSAGE;
        return true;
    }
    if (atomic_load(&session->has_overflowed) && session->end.kind == FAULT_NONE) {
        fault_set(&session->end, FAULT_SYSTEM, ENOMEM,
                  "more messages came than could be taken: name fewer cameras");
    }
    if (session->end.kind != FAULT_NONE) {
        *fault = session->end;
        *news = SESSION_FAILED;
        return true;
    }
    if (session->is_sent) {
        session->is_sent = false;
        *news = SESSION_SENT;
        return true;
    }
    return false;
}

static void rest(struct session *session, int64_t left_ns)
{
    struct pollfd fds[] = {
        {.fd = link_fd(session->link), .events = POLLIN},
        {.fd = mailbox_fd(session->mailbox), .events = POLLIN},
    };
    int64_t left_ms = left_ns / TIMING_MS(1) + 1;
    poll(fds, 2, left_ms < INT32_MAX ? (int)left_ms : INT32_MAX);
}

enum session_news session_next(struct session *session, int64_t until_ns,
                               struct session_message **message, struct fault *fault)
{
    enum session_news news;
    while (!next(session, &news, message, fault)) {
        int64_t left_ns = until_ns - timing_now_ns();
        if (left_ns <= 0) {
            return SESSION_TIMEOUT;
        }
        rest(session, left_ns);
    }
    return news;
}
