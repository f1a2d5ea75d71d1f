// A list of pictures, oldest first: bounds, and which picture goes to which topic. The publisher's
// thread only; backlog_disk.c has what concerns the spool.
#include "delivery/backlog.h"

#include "base/timing.h"
#include "delivery/backlog_disk.h"
#include "delivery/spool_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { LIVE_WAITING_MAX = 2 }; // the newest, and the one that was next in line when it came

void backlog_init(struct backlog *backlog, uint64_t max_bytes, int64_t max_age_ns)
{
    *backlog = (struct backlog){.max_bytes = max_bytes, .max_age_ns = max_age_ns};
    TAILQ_INIT(&backlog->entries);
}

void backlog_entry_destroy(struct backlog_entry *entry)
{
    if (entry != NULL) {
        backlog_disk_forget(entry);
        free(entry);
    }
}

struct backlog_entry *backlog_newest(const struct backlog *backlog)
{
    return TAILQ_LAST(&backlog->entries, backlog_entries);
}

void backlog_fini(struct backlog *backlog)
{
    for (struct backlog_entry *entry; (entry = TAILQ_FIRST(&backlog->entries)) != NULL;) {
        TAILQ_REMOVE(&backlog->entries, entry, place);
        backlog_entry_destroy(entry);
    }
    spool_destroy(backlog->spool);
}

// The bound is on what is held, so nothing may be held beyond the picture itself.
static void shrink(struct bytes *bytes)
{
    if (bytes->len > 0 && bytes->len < bytes->room) {
        uint8_t *data = realloc(bytes->data, bytes->len);
        if (data != NULL) {
            bytes->data = data;
            bytes->room = bytes->len;
        }
    }
}

static uint64_t size_of(const struct backlog *backlog, const struct picture *picture)
{
    return backlog->spool != NULL ? spool_file_size(picture) : picture->jpeg.len;
}

static struct backlog_entry *make_entry(struct picture *picture)
{
    struct backlog_entry *entry = calloc(1, sizeof *entry);
    struct picture *own = malloc(sizeof *own);
    if (entry == NULL || own == NULL) {
        free(entry);
        free(own);
        return NULL;
    }
    *own = *picture;
    picture_init(picture);
    shrink(&own->jpeg);
    entry->picture = own;
    return entry;
}

bool backlog_put(struct backlog *backlog, struct picture *picture, bool link_is_up, int64_t now_ns,
                 struct fault *fault)
{
    uint64_t size = size_of(backlog, picture);
    if (backlog->bytes + size > backlog->max_bytes) {
        return fault_set(fault, FAULT_LINK, 0,
                         "no room for %" PRIu64 " bytes: spool.max_bytes is %" PRIu64
                         ", and %" PRIu64 " are being sent",
                         size, backlog->max_bytes, backlog->bytes);
    }
    struct backlog_entry *entry = make_entry(picture);
    if (entry == NULL) {
        return fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory to keep the picture");
    }
    entry->bytes = size;
    entry->form = entry->picture->form;
    entry->order = ++backlog->last_order;
    entry->accepted_ns = now_ns;
    entry->live = link_is_up;

    struct backlog_entry *before = backlog_newest(backlog);
    TAILQ_INSERT_TAIL(&backlog->entries, entry, place);
    backlog->bytes += size;
    backlog->count++;
    if (backlog->spool != NULL) {
        backlog->memory_bytes += size;
        backlog_tend(backlog, now_ns);
        backlog_disk_let_go(backlog, before);
    }
    return true;
}

static struct backlog_entry *oldest_at_rest(const struct backlog *backlog)
{
    struct backlog_entry *entry = TAILQ_FIRST(&backlog->entries);
    while (entry != NULL && entry->in_flight) {
        entry = TAILQ_NEXT(entry, place);
    }
    return entry;
}

// Says which is to go, if any is.
static struct backlog_entry *find_excess(struct backlog *backlog, const struct picture *picture,
                                         int64_t now_ns, struct fault *why)
{
    struct backlog_entry *entry = oldest_at_rest(backlog);
    uint64_t more = picture != NULL ? size_of(backlog, picture) : 0;
    if (entry == NULL) {
        return NULL;
    }
    if (backlog->bytes + more > backlog->max_bytes) {
        fault_set(why, FAULT_LINK, ENOBUFS,
                  "%" PRIu64 " bytes were waiting, spool.max_bytes is %" PRIu64,
                  backlog->bytes + more, backlog->max_bytes);
    } else if (backlog->count + (picture != NULL) > BACKLOG_PICTURES_MAX) {
        fault_set(why, FAULT_LINK, ENOBUFS, "more than %d pictures were waiting",
                  BACKLOG_PICTURES_MAX);
    } else if (now_ns - entry->accepted_ns >= backlog->max_age_ns) {
        fault_set(why, FAULT_LINK, ETIME, "it waited longer than spool.max_age_s (%" PRId64 " s)",
                  backlog->max_age_ns / TIMING_S(1));
    } else {
        return backlog_disk_excess(backlog, more, why);
    }
    return entry;
}

struct backlog_entry *backlog_shed(struct backlog *backlog, const struct picture *picture,
                                   int64_t now_ns, struct fault *why)
{
    struct backlog_entry *entry = find_excess(backlog, picture, now_ns, why);
    if (entry != NULL) {
        backlog_disk_describe(backlog, entry);
        backlog_take(backlog, entry, false);
    }
    return entry;
}

int64_t backlog_expiry_ns(const struct backlog *backlog)
{
    const struct backlog_entry *entry = oldest_at_rest(backlog);
    if (entry == NULL || entry->accepted_ns > INT64_MAX - backlog->max_age_ns) {
        return INT64_MAX;
    }
    return entry->accepted_ns + backlog->max_age_ns;
}

void backlog_link_up(struct backlog *backlog)
{
    struct backlog_entry *entry;
    TAILQ_FOREACH(entry, &backlog->entries, place)
    {
        entry->live = entry == backlog_newest(backlog) && entry->order > backlog->newest_live;
    }
}

void backlog_hide(struct backlog *backlog)
{
    struct backlog_entry *entry = backlog_newest(backlog);
    for (; entry != NULL && entry->live; entry = TAILQ_PREV(entry, backlog_entries, place)) {
        entry->live = false;
    }
}

// Live ones stand at the end of the list: who is overtaken is older than who is not.
struct backlog_entry *backlog_next_live(struct backlog *backlog)
{
    struct backlog_entry *next = NULL;
    int waiting = 0;
    for (struct backlog_entry *entry = backlog_newest(backlog); entry != NULL && entry->live;
         entry = TAILQ_PREV(entry, backlog_entries, place)) {
        if (entry->in_flight) {
            continue;
        }
        if (waiting == LIVE_WAITING_MAX) {
            entry->live = false;
        } else {
            next = entry;
            waiting++;
        }
    }
    return next;
}

struct backlog_entry *backlog_next_late(struct backlog *backlog)
{
    struct backlog_entry *entry = oldest_at_rest(backlog);
    return entry != NULL && !entry->live ? entry : NULL;
}

void backlog_put_back(struct backlog *backlog, struct backlog_entry *entry)
{
    const struct backlog_entry *newer = TAILQ_NEXT(entry, place);
    entry->in_flight = false;
    entry->live = entry->live && (newer == NULL || newer->live);
    backlog_disk_let_go(backlog, entry);
}

void backlog_take(struct backlog *backlog, struct backlog_entry *entry, bool delivered)
{
    TAILQ_REMOVE(&backlog->entries, entry, place);
    backlog->bytes -= entry->bytes;
    backlog->count--;
    if (delivered && entry->live) {
        backlog->newest_live = entry->order;
    }
    if (backlog->spool != NULL) {
        backlog_disk_discard(backlog, entry);
    }
}
