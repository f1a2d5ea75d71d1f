// What is sent, in which order, and what the answer means: one message in flight, and nothing after
// a failure until the next connection. Belongs to the publisher's thread.
//
// The order: status, the subscription, documents; then the picture that was begun (meta, image,
// event, and once more to whoever asked for that), the next live one, replies, other events, late
// pictures at spool.late_per_s. So a live picture
// waits for one late picture at the most, the one that is on the wire: MQTT cannot take back what
// it has begun, and breaking the connection would cost more. Only on a link that needs more than a
// second for a picture is that more than a second, and there a live picture takes as long itself.
#pragma once

#include "delivery/backlog.h"
#include "delivery/link.h"
#include "delivery/outbox.h"
#include "delivery/publisher.h"

#include <stdint.h>

struct sender;

struct sender *sender_create(const struct settings *settings, const struct publisher_hooks *hooks,
                             struct link *link, struct backlog *backlog, struct outbox *outbox,
                             struct mailbox *news, struct fault *fault);
void sender_destroy(struct sender *sender); // NULL is fine

// The link came up: begins with the status again.
void sender_link_up(struct sender *sender);

// The link went down: settles what was in flight.
void sender_link_down(struct sender *sender, const struct link_report *report);

// LINK_DONE came.
void sender_answer(struct sender *sender, const struct link_report *report);

// Sends the next message if one may be sent.
void sender_go(struct sender *sender);

// From here on only what was begun is finished, the documents are sent and then "offline".
void sender_say_goodbye(struct sender *sender);
bool sender_has_said_goodbye(const struct sender *sender);

// When to call sender_go though nothing happened; INT64_MAX: never.
int64_t sender_wake_ns(const struct sender *sender);

// When the answer to what is in flight is overdue, so that the link is to be closed with `why`;
// INT64_MAX: nothing is in flight.
int64_t sender_overdue_ns(const struct sender *sender);
void sender_explain_overdue(const struct sender *sender, struct fault *why);

// Posts mail of the publisher's to main: waits while the box is full, unless goodbye has begun, for
// then nobody may be taking any more.
void sender_post(struct sender *sender, enum news kind, void *body);
// NEWS_DROPPED.
void sender_post_dropped(struct sender *sender, const struct backlog_entry *entry, bool refused,
                         const struct fault *why);
