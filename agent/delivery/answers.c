// What the sender makes of the broker's answers, and of none. The publisher's thread only.
#include "delivery/sender_inside.h"

#include "base/log.h"
#include "base/timing.h"
#include "delivery/reason.h"
#include "delivery/topic.h"

#include <stdlib.h>
#include <string.h>

enum {
    REFUSALS_MAX = 3, // of one picture, with a reason that says little
    LOSSES_MAX = 2,   // of the connection while one picture is sent, on 3.1.1
};

static void name_topic(const struct sender *sender, enum flight flight, size_t filter,
                       char topic[static TOPIC_SIZE])
{
    if (flight == FLIGHT_SUBSCRIBE) {
        topic_filter(sender->settings, filter, topic);
    } else {
        topic_make(topic, sender->settings->mqtt.prefix, sender->settings->device.id,
                   sender_suffix(flight));
    }
}

static void log_refusal(struct sender *sender, enum flight flight, int reason, size_t filter)
{
    if (!sender->was_refused[flight]) {
        sender->was_refused[flight] = true;
        char topic[TOPIC_SIZE];
        name_topic(sender, flight, filter, topic);
        log_warning("the broker refuses %s: %s (%d)", topic, reason_words(reason), reason);
    }
}

static void on_success(struct sender *sender, enum flight flight)
{
    switch (flight) {
    case FLIGHT_META:
        sender->meta_is_sent = true;
        break;
    case FLIGHT_PICTURE:
        sender_finish_current(sender);
        break;
    case FLIGHT_EVENT:
        free(sender->event);
        sender->event = NULL;
        break;
    case FLIGHT_REPLY:
        free(sender->reply);
        sender->reply = NULL;
        break;
    case FLIGHT_REPLY_IMAGE:
        sender_drop_replied(sender);
        break;
    case FLIGHT_GOODBYE:
        sender->has_left = true;
        break;
    default:
        break;
    }
}

static void on_picture_refused(struct sender *sender, int reason, bool final)
{
    struct fault why;
    reason_explain(reason, &why);
    if (final || (!reason_is_passing(reason) && ++sender->current->refusals >= REFUSALS_MAX)) {
        sender_drop_current(sender, true, &why);
    } else {
        sender_put_current_back(sender);
    }
}

void sender_on_refusal(struct sender *sender, enum flight flight, int reason, size_t filter)
{
    // what is not a picture is not worth asking twice, but for a broker that is busy
    bool final =
        reason_is_final(reason) || (flight != FLIGHT_PICTURE && !reason_is_passing(reason));
    if (flight == FLIGHT_PICTURE) {
        on_picture_refused(sender, reason, final);
    } else {
        log_refusal(sender, flight, reason, filter);
        if (final || flight == FLIGHT_GOODBYE || flight == FLIGHT_REPLY_IMAGE) {
            on_success(sender, flight); // nothing more can be done for it
        } else if (flight <= FLIGHT_CLEAR_IMAGE) {
            sender->is_due[flight] = true;
        }
    }
    if (!final) {
        int64_t now_ns = timing_now_ns();
        sender->wake_ns = now_ns + TIMING_MS(backoff_failed(&sender->retry, now_ns));
    }
}

void sender_answer(struct sender *sender, const struct link_report *report)
{
    enum flight flight = sender->flight;
    if (report->reason < 0) {
        // failed with its connection: settled when the news of that comes, with its reason
        sender->may_send = false;
        sender->overdue_ns = timing_now_ns() + TIMING_S(SENDER_LOST_S);
        return;
    }
    sender->flight = FLIGHT_NONE;
    sender->overdue_ns = INT64_MAX;
    if (report->reason == 0) {
        backoff_worked(&sender->retry, timing_now_ns());
        on_success(sender, flight);
    } else {
        sender_on_refusal(sender, flight, report->reason, report->refused);
    }
}

// A picture may be what the broker broke the connection for.
static bool settle_lost_picture(struct sender *sender, const struct link_report *report)
{
    struct fault why;
    if (report->reason == REASON_TOO_LARGE || report->reason == REASON_TOPIC_INVALID ||
        report->reason == REASON_PAYLOAD_INVALID) {
        reason_explain(report->reason, &why);
        sender_drop_current(sender, true, &why);
        return true;
    }
    bool is_silent = report->reason == 0 && strcmp(link_version(sender->link), "5") != 0;
    if (report->broken && is_silent && ++sender->current->losses >= LOSSES_MAX) {
        fault_set(&why, FAULT_LINK, 0,
                  "the broker broke the connection %d times while it was being sent (%zu bytes): "
                  "too large for it, most likely",
                  LOSSES_MAX, sender->payload.len);
        sender_drop_current(sender, true, &why);
        return true;
    }
    return false;
}

void sender_link_down(struct sender *sender, const struct link_report *report)
{
    if (sender->flight != FLIGHT_PICTURE || !settle_lost_picture(sender, report)) {
        sender_put_current_back(sender);
    }
    if (sender->event != NULL) {
        outbox_return_event(sender->outbox, sender->event);
        sender->event = NULL;
    }
    if (sender->reply != NULL) {
        outbox_return_reply(sender->outbox, sender->reply);
        sender->reply = NULL;
    }
    sender_drop_replied(sender); // one try: it is on `image` or `late`
    sender->may_send = false;
    sender->flight = FLIGHT_NONE;
    sender->overdue_ns = INT64_MAX;
    sender->wake_ns = INT64_MAX;
}
