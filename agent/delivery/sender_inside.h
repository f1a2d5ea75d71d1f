// The inside of the sender, for sender.c (what is sent) and answers.c (what comes back).
#pragma once

#include "base/backoff.h"
#include "delivery/sender.h"

enum { SENDER_LOST_S = 5 }; // for the news of a lost connection after the news of a failure

enum flight {
    FLIGHT_NONE,
    FLIGHT_STATUS,
    FLIGHT_SUBSCRIBE,
    FLIGHT_CAMERA, // in the order of enum document
    FLIGHT_STATE,
    FLIGHT_HEALTH,
    FLIGHT_CLEAR_META, // of hidden pictures
    FLIGHT_CLEAR_IMAGE,
    FLIGHT_META,
    FLIGHT_PICTURE,
    FLIGHT_EVENT,
    FLIGHT_REPLY,
    FLIGHT_REPLY_IMAGE,
    FLIGHT_GOODBYE,
    FLIGHT_COUNT,
};

struct sender {
    const struct settings *settings;
    const struct publisher_hooks *hooks;
    struct link *link;
    struct backlog *backlog;
    struct outbox *outbox;
    struct mailbox *news;

    bool may_send; // the link is up, and nothing has failed on it
    enum flight flight;
    int64_t overdue_ns;
    int64_t wake_ns; // nothing is sent before; INT64_MAX: no hold
    int64_t late_ns; // no late picture is begun before
    struct backoff retry;

    bool is_due[FLIGHT_COUNT];      // of status, subscription, documents and clearing
    bool was_refused[FLIGHT_COUNT]; // and said so in the log, for this connection
    char *documents[DOCUMENT_COUNT];
    struct backlog_entry *current; // the picture that was begun
    bool meta_is_sent;
    char *event;             // in flight, or next; NULL: none
    struct reply *reply;     // likewise
    struct picture *replied; // likewise: the picture in `payload`, which is for its reply_image too
    bool replied_live;
    bool hides_pictures;
    struct bytes payload;
    bool is_leaving;
    bool has_left;
};

// The picture that was begun will never be sent; is with the broker; is to be begun again.
void sender_drop_current(struct sender *sender, bool refused, const struct fault *why);
void sender_finish_current(struct sender *sender);
void sender_put_current_back(struct sender *sender);

// What was for `reply_image` and could not be brought there.
void sender_drop_replied(struct sender *sender);

// The topic of a flight below P/ID/, but of pictures and replies.
const char *sender_suffix(enum flight flight);

// The broker refuses the message, or would; of a subscription the one with the number `filter`.
void sender_on_refusal(struct sender *sender, enum flight flight, int reason, size_t filter);
