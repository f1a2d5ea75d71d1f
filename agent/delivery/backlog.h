// Pictures that were accepted and that the broker does not have yet, in memory, bounded in bytes
// and age. Belongs to the publisher's thread.
//
// Which topic a picture goes to: the newest goes to `image` as soon as it can be sent, so that a
// live view never goes back in time; what a newer one has overtaken goes to `late`. On a link that
// is up a picture is not overtaken by the one behind it, only by two: a burst arrives in order, and
// a camera faster than its link does not make the view lag.
#pragma once

#include "picture/picture.h"

struct backlog_entry {
    struct picture picture; // owned
    int64_t accepted_ns;    // monotonic
    bool live;              // still meant for `image`
    bool in_flight;         // being sent: neither shed nor overtaken
    uint32_t losses;        // times the broker broke the connection while this was being sent
    uint32_t refusals;      // times the broker refused it with a reason that may pass
    struct backlog_entry *next;
};

struct backlog {
    struct backlog_entry *oldest;
    uint64_t max_bytes; // of JPEG
    int64_t max_age_ns;
    uint64_t bytes;
    uint32_t count;
    uint64_t newest_live_seq; // of those that reached `image`
};

void backlog_init(struct backlog *backlog, uint64_t max_bytes, int64_t max_age_ns);
void backlog_fini(struct backlog *backlog);

// Takes the contents of `picture`, as the newest. Shed afterwards: this may break the bounds.
__attribute__((warn_unused_result)) bool backlog_put(struct backlog *backlog,
                                                     struct picture *picture, bool link_is_up,
                                                     int64_t now_ns, struct fault *fault);

// Takes out the oldest picture while a bound is broken, and says why; NULL when all is well.
// The caller ends it with backlog_entry_destroy.
struct backlog_entry *backlog_shed(struct backlog *backlog, int64_t now_ns, struct fault *why);

// When the next picture gets too old; INT64_MAX when none will.
int64_t backlog_expiry_ns(const struct backlog *backlog);

// A new connection: only the newest picture is for `image` from here on.
void backlog_link_up(struct backlog *backlog);

// What is to be sent next to `image`, and to `late`; NULL: nothing.
struct backlog_entry *backlog_next_live(struct backlog *backlog);
struct backlog_entry *backlog_next_late(struct backlog *backlog);

// Takes the entry out; the broker has it, or never will.
void backlog_take(struct backlog *backlog, struct backlog_entry *entry);
void backlog_entry_destroy(struct backlog_entry *entry); // NULL is fine
