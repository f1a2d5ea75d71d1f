// A list of pictures, oldest first. The publisher's thread only.
#include "delivery/backlog.h"

#include "base/timing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { LIVE_WAITING_MAX = 2 }; // the newest, and the one that was next in line when it came

void backlog_init(struct backlog *backlog, uint64_t max_bytes, int64_t max_age_ns)
{
    *backlog = (struct backlog){.max_bytes = max_bytes, .max_age_ns = max_age_ns};
}

void backlog_entry_destroy(struct backlog_entry *entry)
{
    if (entry != NULL) {
        picture_fini(&entry->picture);
        free(entry);
    }
}

void backlog_fini(struct backlog *backlog)
{
    while (backlog->oldest != NULL) {
        struct backlog_entry *entry = backlog->oldest;
        backlog_take(backlog, entry);
        backlog_entry_destroy(entry);
    }
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

bool backlog_put(struct backlog *backlog, struct picture *picture, bool link_is_up, int64_t now_ns,
                 struct fault *fault)
{
    struct backlog_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        return fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory to keep the picture");
    }
    entry->picture = *picture;
    picture_init(picture);
    shrink(&entry->picture.jpeg);
    entry->accepted_ns = now_ns;
    entry->live = link_is_up;

    struct backlog_entry **end = &backlog->oldest;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = entry;
    backlog->bytes += entry->picture.jpeg.len;
    backlog->count++;
    return true;
}

static struct backlog_entry *oldest_at_rest(const struct backlog *backlog)
{
    struct backlog_entry *entry = backlog->oldest;
    while (entry != NULL && entry->in_flight) {
        entry = entry->next;
    }
    return entry;
}

struct backlog_entry *backlog_shed(struct backlog *backlog, int64_t now_ns, struct fault *why)
{
    struct backlog_entry *entry = oldest_at_rest(backlog);
    if (entry == NULL) {
        return NULL;
    }
    if (backlog->bytes > backlog->max_bytes) {
        fault_set(why, FAULT_LINK, 0, "%" PRIu64 " bytes were waiting, spool.max_bytes is %" PRIu64,
                  backlog->bytes, backlog->max_bytes);
    } else if (now_ns - entry->accepted_ns >= backlog->max_age_ns) {
        fault_set(why, FAULT_LINK, 0, "it waited longer than spool.max_age_s (%" PRId64 " s)",
                  backlog->max_age_ns / TIMING_S(1));
    } else {
        return NULL;
    }
    backlog_take(backlog, entry);
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
    for (struct backlog_entry *entry = backlog->oldest; entry != NULL; entry = entry->next) {
        entry->live = entry->next == NULL && entry->picture.seq > backlog->newest_live_seq;
    }
}

struct backlog_entry *backlog_next_live(struct backlog *backlog)
{
    uint32_t waiting = 0;
    for (struct backlog_entry *entry = backlog->oldest; entry != NULL; entry = entry->next) {
        waiting += entry->live && !entry->in_flight;
    }
    for (struct backlog_entry *entry = backlog->oldest; entry != NULL; entry = entry->next) {
        if (!entry->live || entry->in_flight) {
            continue;
        }
        if (waiting <= LIVE_WAITING_MAX) {
            return entry;
        }
        entry->live = false;
        waiting--;
    }
    return NULL;
}

struct backlog_entry *backlog_next_late(struct backlog *backlog)
{
    struct backlog_entry *entry = backlog->oldest;
    while (entry != NULL && (entry->live || entry->in_flight)) {
        entry = entry->next;
    }
    return entry;
}

void backlog_take(struct backlog *backlog, struct backlog_entry *entry)
{
    struct backlog_entry **place = &backlog->oldest;
    while (*place != entry) {
        place = &(*place)->next;
    }
    *place = entry->next;
    entry->next = NULL;
    backlog->bytes -= entry->picture.jpeg.len;
    backlog->count--;
}
