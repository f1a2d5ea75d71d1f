// Pictures that were accepted and that the broker does not have yet, bounded in bytes, number and
// age: in memory, or with a spool behind it on the disk. Belongs to the publisher's thread.
//
// Which topic a picture goes to: the newest goes to `image` as soon as it can be sent, so that a
// live view never goes back in time; what a newer one has overtaken goes to `late`, and so does all
// that an earlier run has left. On a link that is up a picture is not overtaken by the one behind
// it, only by two: a burst arrives in order, and a camera faster than its link does not make the
// view lag.
//
// With a spool, backlog_put returns when the picture is on the disk, and only the newest picture
// and the one in flight are kept in memory as well. When the disk takes nothing, pictures wait in
// memory, up to BACKLOG_MEMORY_MAX, and go to the disk in their order once it takes some again.
#pragma once

#include "base/backoff.h"
#include "delivery/spool.h"

#include <sys/queue.h>

enum {
    BACKLOG_PICTURES_MAX = 100000,        // so that what is known of each stays small
    BACKLOG_MEMORY_MAX = 32 * 1024 * 1024 // for what should be on the disk
};

struct backlog_entry {
    TAILQ_ENTRY(backlog_entry) place;
    struct picture *picture; // owned; NULL: not in memory, see backlog_load
    uint64_t file;           // its number in the spool; 0: it has none
    uint64_t bytes;          // of its file; without a spool, of its JPEG
    uint64_t order;          // counts what was put; 0: an earlier run has left it
    int64_t accepted_ns;     // monotonic
    enum picture_form form;  // on `image`; its file does not say
    bool live;               // still meant for `image`
    bool in_flight;          // being sent: neither shed nor overtaken
    bool damaged;            // its file is
    uint8_t losses;          // times the broker broke the connection while this was being sent
    uint8_t refusals;        // times the broker refused it with a reason that may pass
};

TAILQ_HEAD(backlog_entries, backlog_entry);

struct backlog {
    struct backlog_entries entries; // oldest first
    struct spool *spool;            // owned; NULL: memory only
    uint64_t max_bytes;
    int64_t max_age_ns;
    uint64_t bytes;
    uint64_t memory_bytes; // of those without a file, where there is a spool
    uint32_t count;
    uint32_t quarantined;
    uint64_t last_order;
    uint64_t newest_live; // the order of the newest that reached `image`
    struct backoff retry; // of the disk
    int64_t retry_ns;     // the disk is left alone until then
    struct fault fault;   // of the disk; FAULT_NONE: it works
};

void backlog_init(struct backlog *backlog, uint64_t max_bytes, int64_t max_age_ns);
void backlog_fini(struct backlog *backlog); // what has a file keeps it

// Puts a spool behind an empty backlog, and takes in what an earlier run has left there. False: a
// person must mend something (FAULT_CONFIG). A disk that fails is no failure: it is tried again.
__attribute__((warn_unused_result)) bool
backlog_use_spool(struct backlog *backlog, const char *path, int64_t now_ns, struct fault *fault);

// Takes out the oldest picture while there is no room for `picture`, or a bound is broken without
// it (NULL), and says why; NULL when all is well. What is in flight stays. The caller ends it with
// backlog_entry_destroy; of its picture there is all but the JPEG.
struct backlog_entry *backlog_shed(struct backlog *backlog, const struct picture *picture,
                                   int64_t now_ns, struct fault *why);

// Takes the contents of `picture`, as the newest. Fails where there is no room for it.
__attribute__((warn_unused_result)) bool backlog_put(struct backlog *backlog,
                                                     struct picture *picture, bool link_is_up,
                                                     int64_t now_ns, struct fault *fault);

// NULL: there is none.
struct backlog_entry *backlog_newest(const struct backlog *backlog);

// When the next picture gets too old; INT64_MAX when none will.
int64_t backlog_expiry_ns(const struct backlog *backlog);

// Tries to bring one picture that has no file to the disk, if it is time to; and when to call it
// next, INT64_MAX: not before something happened.
void backlog_tend(struct backlog *backlog, int64_t now_ns);
int64_t backlog_tend_ns(const struct backlog *backlog);

// A new connection: only the newest picture is for `image` from here on.
void backlog_link_up(struct backlog *backlog);

// None of those that wait is for `image` any more.
void backlog_hide(struct backlog *backlog);

// What is to be sent next to `image`, and to `late`; NULL: nothing.
struct backlog_entry *backlog_next_live(struct backlog *backlog);
struct backlog_entry *backlog_next_late(struct backlog *backlog);

// Marks the entry as in flight, with its picture in memory. False: FAULT_PICTURE: its file is
// damaged; take it out, which sets the file aside. FAULT_SYSTEM: not now.
__attribute__((warn_unused_result)) bool
backlog_begin(struct backlog *backlog, struct backlog_entry *entry, struct fault *fault);
// It is no longer in flight, and stays.
void backlog_put_back(struct backlog *backlog, struct backlog_entry *entry);

// Takes the entry out, and its file away: the broker has it (`delivered`), or never will.
void backlog_take(struct backlog *backlog, struct backlog_entry *entry, bool delivered);
void backlog_entry_destroy(struct backlog_entry *entry); // NULL is fine
