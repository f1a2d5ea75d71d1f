// What main hands to the publisher, without ever waiting: one shot, the newest of each document,
// and the events and replies in bounded queues. Two threads; a mutex held for a few instructions.
#pragma once

#include "delivery/publisher.h"

struct outbox;

struct reply {
    struct reply_address to;
    char text[]; // terminated
};

enum { OUTBOX_EVENTS_MAX = 256, OUTBOX_REPLIES_MAX = 64 };

struct outbox *outbox_create(struct fault *fault);
void outbox_destroy(struct outbox *outbox); // frees what nobody took; NULL is fine

// Readable after any put, until outbox_clear. Owned by the outbox.
int outbox_fd(const struct outbox *outbox);
void outbox_clear(struct outbox *outbox);

void outbox_put_shot(struct outbox *outbox, struct shot *shot);
void outbox_put_document(struct outbox *outbox, enum document document, char *text);
void outbox_put_event(struct outbox *outbox, char *text);
void outbox_put_reply(struct outbox *outbox, struct reply *reply);
void outbox_hide_pictures(struct outbox *outbox, bool hidden);
void outbox_put_end(struct outbox *outbox, int64_t deadline_ns);

// Each gives what waits to the caller, or NULL.
struct shot *outbox_take_shot(struct outbox *outbox);
char *outbox_take_document(struct outbox *outbox, enum document document);
char *outbox_take_event(struct outbox *outbox);
struct reply *outbox_take_reply(struct outbox *outbox);
bool outbox_hides_pictures(struct outbox *outbox);

// Puts what could not be sent back in front of the others.
void outbox_return_event(struct outbox *outbox, char *text);
void outbox_return_reply(struct outbox *outbox, struct reply *reply);

// True once outbox_put_end was called; the deadline is its.
bool outbox_has_ended(struct outbox *outbox, int64_t *deadline_ns);
uint32_t outbox_events_dropped(struct outbox *outbox);
uint32_t outbox_replies_dropped(struct outbox *outbox);
