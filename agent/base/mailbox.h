// The way news crosses threads: a bounded queue of tagged mail and one descriptor that wakes a
// loop.
#pragma once

#include "base/fault.h"

#include <stddef.h>

struct mail {
    unsigned kind; // an enum of the two who talk
    void *body;    // owned by the mail: the taker frees it
};

struct mailbox;

// `drop` frees the body of mail that nobody will take any more; on the thread that posts or closes.
struct mailbox *mailbox_create(size_t capacity, void (*drop)(struct mail mail),
                               struct fault *fault);
void mailbox_destroy(struct mailbox *mailbox); // NULL is fine; no other thread may hold it

// Posts, waiting while the box is full; for threads that may wait. After mailbox_close the mail is
// dropped.
void mailbox_post(struct mailbox *mailbox, struct mail mail);

// Posts if there is room; never waits, so a foreign library's callback may call it. False: the mail
// is still the caller's. A quarter of the box is kept free of offers, for mailbox_post.
bool mailbox_offer(struct mailbox *mailbox, struct mail mail);

// Takes the oldest mail; false when there is none. Never waits.
bool mailbox_take(struct mailbox *mailbox, struct mail *mail);

// Readable while there is mail; for loop_watch. Owned by the mailbox.
int mailbox_fd(const struct mailbox *mailbox);

// Nobody will take any more: wakes every waiting poster, drops what is in the box.
void mailbox_close(struct mailbox *mailbox);
