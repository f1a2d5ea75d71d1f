// What is sent next on a connection. The publisher's thread only; answers.c has the other half.
#include "delivery/sender.h"

#include "base/log.h"
#include "base/timing.h"
#include "delivery/letter.h"
#include "delivery/news.h"
#include "delivery/reason.h"
#include "delivery/sender_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    ANSWER_S = 10,              // for an answer to a message without length
    SLOWEST_BYTES_S = 4 * 1024, // the slowest link that a large message is given time for
    ANSWER_MAX_S = 3600,
    RETRY_FIRST_MS = 1000, // after a refusal that may pass
    RETRY_CAP_MS = 60000,
    READ_AGAIN_MS = 1000,      // a picture that could not be read this time
    PAYLOAD_KEEP = 256 * 1024, // kept allocated while nothing is to be sent
};

struct sender *sender_create(const struct settings *settings, const struct publisher_hooks *hooks,
                             struct link *link, struct backlog *backlog, struct outbox *outbox,
                             struct mailbox *news, struct fault *fault)
{
    struct sender *sender = calloc(1, sizeof *sender);
    if (sender == NULL) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for the sender");
        return NULL;
    }
    *sender = (struct sender){
        .settings = settings,
        .hooks = hooks,
        .link = link,
        .backlog = backlog,
        .outbox = outbox,
        .news = news,
        .overdue_ns = INT64_MAX,
        .wake_ns = INT64_MAX,
    };
    backoff_init(&sender->retry, RETRY_FIRST_MS, RETRY_CAP_MS, RETRY_CAP_MS, 0);
    bytes_init(&sender->payload);
    return sender;
}

void sender_destroy(struct sender *sender)
{
    if (sender == NULL) {
        return;
    }
    for (int i = 0; i < DOCUMENT_COUNT; i++) {
        free(sender->documents[i]);
    }
    free(sender->event);
    free(sender->reply);
    sender_drop_replied(sender);
    bytes_fini(&sender->payload);
    free(sender);
}

void sender_post(struct sender *sender, enum news kind, void *body)
{
    struct mail mail = {kind, body};
    if (!sender->is_leaving) {
        mailbox_post(sender->news, mail);
    } else if (!mailbox_offer(sender->news, mail)) {
        news_drop(mail);
    }
}

static void post_picture(struct sender *sender, enum news kind, const struct backlog_entry *entry,
                         bool refused, const struct fault *why)
{
    struct news_picture *body =
        entry->picture == NULL ? NULL
                               : news_picture_create(entry->picture, !entry->live, refused, why);
    if (body == NULL) {
        log_error("no memory to tell what became of a picture");
        return;
    }
    sender_post(sender, kind, body);
}

void sender_post_dropped(struct sender *sender, const struct backlog_entry *entry, bool refused,
                         const struct fault *why)
{
    post_picture(sender, NEWS_DROPPED, entry, refused, why);
}

void sender_drop_replied(struct sender *sender)
{
    if (sender->replied != NULL) {
        picture_fini(sender->replied);
        free(sender->replied);
        sender->replied = NULL;
    }
}

// The picture that was begun is over; gives its event, for after it.
static char *end_current(struct sender *sender, bool delivered)
{
    struct backlog_entry *entry = sender->current;
    char *event = entry->picture->captured_event;
    entry->picture->captured_event = NULL;
    backlog_take(sender->backlog, entry, delivered);
    if (delivered && entry->picture != NULL && entry->picture->reply_image != NULL) {
        sender->replied = entry->picture; // its payload is still in the hand
        sender->replied_live = entry->live;
        entry->picture = NULL;
    }
    backlog_entry_destroy(entry);
    sender->current = NULL;
    return event;
}

void sender_drop_current(struct sender *sender, bool refused, const struct fault *why)
{
    sender_post_dropped(sender, sender->current, refused, why);
    free(end_current(sender, false));
}

void sender_finish_current(struct sender *sender)
{
    post_picture(sender, NEWS_SENT, sender->current, false, NULL);
    sender->event = end_current(sender, true);
}

// Leaves the picture that was begun in the backlog, to be begun again.
void sender_put_current_back(struct sender *sender)
{
    if (sender->current != NULL) {
        backlog_put_back(sender->backlog, sender->current);
        sender->current = NULL;
    }
}

static void depart(struct sender *sender, enum flight flight, size_t len, bool begun)
{
    sender->flight = flight;
    int64_t seconds = ANSWER_S + (int64_t)(len / SLOWEST_BYTES_S);
    seconds = seconds < ANSWER_MAX_S ? seconds : ANSWER_MAX_S;
    if (!begun) {
        // Paho takes nothing: the connection has gone and its news is on the way, or Paho is ill
        sender->may_send = false;
        seconds = SENDER_LOST_S;
    }
    sender->overdue_ns = timing_now_ns() + TIMING_S(seconds);
}

const char *sender_suffix(enum flight flight)
{
    static const char *const suffixes[FLIGHT_COUNT] = {
        [FLIGHT_STATUS] = "status",     [FLIGHT_SUBSCRIBE] = "command/+",
        [FLIGHT_CAMERA] = "camera",     [FLIGHT_STATE] = "state",
        [FLIGHT_HEALTH] = "health",     [FLIGHT_CLEAR_META] = "meta",
        [FLIGHT_CLEAR_IMAGE] = "image", [FLIGHT_META] = "meta",
        [FLIGHT_EVENT] = "event",       [FLIGHT_REPLY] = "reply",
        [FLIGHT_REPLY_IMAGE] = "reply", [FLIGHT_GOODBYE] = "status",
    };
    return suffixes[flight];
}

// Does not send what the broker would break the connection for.
static bool is_too_large(struct sender *sender, enum flight flight, const struct letter *letter)
{
    uint64_t size = link_packet_size(sender->link, &letter->message);
    uint32_t max = link_packet_max(sender->link);
    if (size <= max) {
        return false;
    }
    if (flight == FLIGHT_PICTURE) {
        struct fault why;
        fault_set(&why, FAULT_LINK, REASON_TOO_LARGE,
                  "its packet has %" PRIu64 " bytes, the broker takes %" PRIu32, size, max);
        sender_drop_current(sender, true, &why);
    } else {
        sender_on_refusal(sender, flight, REASON_TOO_LARGE, 0);
    }
    return true;
}

static void publish(struct sender *sender, enum flight flight, const struct letter *letter)
{
    if (is_too_large(sender, flight, letter)) {
        return;
    }
    struct fault unused;
    bool begun = link_publish(sender->link, &letter->message, &unused);
    depart(sender, flight, letter->message.len, begun);
}

static void publish_document(struct sender *sender, enum flight flight, const char *text)
{
    bool is_word = flight == FLIGHT_STATUS || flight == FLIGHT_CAMERA || flight == FLIGHT_GOODBYE;
    struct letter letter;
    letter_document(&letter, sender->settings, sender_suffix(flight), text, !is_word,
                    flight != FLIGHT_EVENT);
    publish(sender, flight, &letter);
}

static void subscribe(struct sender *sender)
{
    char room[LINK_FILTERS_MAX][TOPIC_SIZE];
    const char *filters[LINK_FILTERS_MAX];
    size_t count = topic_filter_count(sender->settings);
    for (size_t i = 0; i < count; i++) {
        topic_filter(sender->settings, i, room[i]);
        filters[i] = room[i];
    }
    struct fault unused;
    bool begun = link_subscribe_all(sender->link, filters, count, &unused);
    depart(sender, FLIGHT_SUBSCRIBE, 0, begun);
}

static void take_documents(struct sender *sender)
{
    bool hides = outbox_hides_pictures(sender->outbox);
    if (hides && !sender->hides_pictures) {
        sender->is_due[FLIGHT_CLEAR_META] = true;
        sender->is_due[FLIGHT_CLEAR_IMAGE] = true;
    }
    sender->hides_pictures = hides;
    for (int i = 0; i < DOCUMENT_COUNT; i++) {
        char *text = outbox_take_document(sender->outbox, (enum document)i);
        if (text != NULL) {
            free(sender->documents[i]);
            sender->documents[i] = text;
            sender->is_due[FLIGHT_CAMERA + i] = true;
        }
    }
}

static bool send_greeting(struct sender *sender)
{
    for (enum flight flight = FLIGHT_STATUS; flight <= FLIGHT_HEALTH; flight++) {
        if (!sender->is_due[flight]) {
            continue;
        }
        sender->is_due[flight] = false;
        if (flight == FLIGHT_STATUS) {
            publish_document(sender, flight, "online");
        } else if (flight == FLIGHT_SUBSCRIBE) {
            subscribe(sender);
        } else {
            publish_document(sender, flight, sender->documents[flight - FLIGHT_CAMERA]);
        }
        return true;
    }
    return false;
}

static void send_meta(struct sender *sender)
{
    struct letter letter;
    letter_meta(&letter, sender->settings, sender->current->picture);
    publish(sender, FLIGHT_META, &letter);
}

// A picture in the backlog is only good until spool.max_age_s: so it is at the broker.
static uint32_t late_expiry_s(const struct sender *sender)
{
    int64_t age_ns = timing_now_ns() - sender->current->accepted_ns;
    int64_t left_s = (sender->backlog->max_age_ns - age_ns) / TIMING_S(1);
    return left_s < 1 ? 1 : left_s > UINT32_MAX ? 0 : (uint32_t)left_s;
}

static void send_picture(struct sender *sender)
{
    const struct picture *picture = sender->current->picture;
    bool live = sender->current->live;
    struct fault fault;
    bytes_clear(&sender->payload);
    if (!sender->hooks->wrap(picture, letter_form(picture->form, live), &sender->payload, &fault)) {
        sender_drop_current(sender, false, &fault);
        return;
    }
    struct letter letter;
    letter_picture(&letter, sender->settings, picture, live, late_expiry_s(sender),
                   &sender->payload);
    publish(sender, FLIGHT_PICTURE, &letter);
}

static bool send_current(struct sender *sender)
{
    if (sender->current == NULL) {
        return false;
    }
    if (sender->current->live && !sender->meta_is_sent) {
        send_meta(sender);
    } else {
        send_picture(sender);
    }
    return true;
}

// A picture whose file cannot be read: damaged, or not just now.
static bool skip_picture(struct sender *sender, struct backlog_entry *entry,
                         const struct fault *why)
{
    if (!entry->damaged) {
        sender->wake_ns = timing_now_ns() + TIMING_MS(READ_AGAIN_MS);
        return false;
    }
    sender_post_dropped(sender, entry, false, why);
    backlog_take(sender->backlog, entry, false);
    backlog_entry_destroy(entry);
    return true;
}

static bool begin_picture(struct sender *sender, struct backlog_entry *entry)
{
    struct fault why;
    if (entry == NULL) {
        return false;
    }
    if (!backlog_begin(sender->backlog, entry, &why)) {
        return skip_picture(sender, entry, &why);
    }
    sender->current = entry;
    sender->meta_is_sent = false;
    return send_current(sender);
}

static bool begin_late(struct sender *sender)
{
    struct backlog_entry *entry = backlog_next_late(sender->backlog);
    int64_t now_ns = timing_now_ns();
    if (entry == NULL || now_ns < sender->late_ns) {
        return false;
    }
    double per_s = sender->settings->spool.late_per_s;
    sender->late_ns = per_s > 0 ? now_ns + (int64_t)(1e9 / per_s) : 0;
    return begin_picture(sender, entry);
}

static bool send_event(struct sender *sender)
{
    if (sender->event == NULL) {
        return false;
    }
    publish_document(sender, FLIGHT_EVENT, sender->event);
    return true;
}

static bool send_waiting_event(struct sender *sender)
{
    sender->event = outbox_take_event(sender->outbox);
    return send_event(sender);
}

static void publish_reply(struct sender *sender, enum flight flight, struct letter *letter,
                          const struct reply_address *to)
{
    letter_reply(letter, to);
    publish(sender, flight, letter);
}

static bool send_reply(struct sender *sender)
{
    if (sender->reply == NULL) {
        sender->reply = outbox_take_reply(sender->outbox);
    }
    if (sender->reply == NULL) {
        return false;
    }
    struct letter letter;
    letter_document(&letter, sender->settings, sender_suffix(FLIGHT_REPLY), sender->reply->text,
                    true, false);
    publish_reply(sender, FLIGHT_REPLY, &letter, &sender->reply->to);
    return true;
}

// Right behind the picture, as long as its payload is at hand.
static bool send_reply_image(struct sender *sender)
{
    const struct picture *picture = sender->replied;
    if (picture == NULL) {
        return false;
    }
    struct letter letter;
    letter_picture(&letter, sender->settings, picture, sender->replied_live, 0, &sender->payload);
    topic_make(letter.topic, sender->settings->mqtt.prefix, sender->settings->device.id,
               sender_suffix(FLIGHT_REPLY_IMAGE));
    letter.message.retain = false;
    letter.message.qos = 1;
    publish_reply(sender, FLIGHT_REPLY_IMAGE, &letter, picture->reply_image);
    return true;
}

// An empty message takes away what is retained.
static bool send_clearing(struct sender *sender)
{
    if (!sender->hides_pictures) {
        return false;
    }
    backlog_hide(sender->backlog);
    for (enum flight flight = FLIGHT_CLEAR_META; flight <= FLIGHT_CLEAR_IMAGE; flight++) {
        if (sender->is_due[flight]) {
            sender->is_due[flight] = false;
            publish_document(sender, flight, "");
            return true;
        }
    }
    return false;
}

static bool send_goodbye(struct sender *sender)
{
    if (!sender->has_left) {
        publish_document(sender, FLIGHT_GOODBYE, "offline");
    }
    return !sender->has_left;
}

// One message, or one picture set aside; false when nothing is to be sent.
static bool step(struct sender *sender)
{
    take_documents(sender);
    if (send_greeting(sender) || send_event(sender) || send_reply_image(sender) ||
        send_current(sender) || send_clearing(sender)) {
        return true;
    }
    if (sender->is_leaving) {
        return send_reply(sender) || send_goodbye(sender);
    }
    return begin_picture(sender, backlog_next_live(sender->backlog)) || send_reply(sender) ||
           send_waiting_event(sender) || begin_late(sender);
}

void sender_go(struct sender *sender)
{
    if (sender->wake_ns != INT64_MAX && timing_now_ns() >= sender->wake_ns) {
        sender->wake_ns = INT64_MAX;
    }
    bool is_held = sender->wake_ns != INT64_MAX && !sender->is_leaving;
    while (sender->may_send && sender->flight == FLIGHT_NONE && !is_held) {
        if (!step(sender)) {
            bytes_trim(&sender->payload, PAYLOAD_KEEP);
            return;
        }
    }
}

void sender_link_up(struct sender *sender)
{
    sender->may_send = true;
    sender->wake_ns = INT64_MAX;
    for (int i = 0; i < FLIGHT_COUNT; i++) {
        sender->was_refused[i] = false;
    }
    sender->is_due[FLIGHT_STATUS] = true;
    sender->is_due[FLIGHT_SUBSCRIBE] = true;
    for (int i = 0; i < DOCUMENT_COUNT; i++) {
        sender->is_due[FLIGHT_CAMERA + i] = sender->documents[i] != NULL;
    }
    sender->is_due[FLIGHT_CLEAR_META] = true;
    sender->is_due[FLIGHT_CLEAR_IMAGE] = true;
    backlog_link_up(sender->backlog);
}

void sender_say_goodbye(struct sender *sender)
{
    sender->is_leaving = true;
}

bool sender_has_said_goodbye(const struct sender *sender)
{
    return sender->has_left;
}

int64_t sender_wake_ns(const struct sender *sender)
{
    if (!sender->may_send || sender->flight != FLIGHT_NONE || sender->is_leaving) {
        return INT64_MAX; // something else will happen first
    }
    bool late_waits = sender->wake_ns == INT64_MAX && backlog_next_late(sender->backlog) != NULL;
    return late_waits ? sender->late_ns : sender->wake_ns;
}

int64_t sender_overdue_ns(const struct sender *sender)
{
    return sender->overdue_ns;
}

void sender_explain_overdue(const struct sender *sender, struct fault *why)
{
    if (sender->may_send) {
        fault_set(why, FAULT_LINK, 0, "no acknowledgement from the broker in time");
    } else {
        fault_set(why, FAULT_LINK, 0, "a message could not be sent");
    }
}
