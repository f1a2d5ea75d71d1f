// What of the backlog is on the disk, and what to do when the disk fails. The publisher's thread
// only. Entries without a file are the newest ones: they go to the disk in their order.
#include "delivery/backlog_disk.h"

#include "base/timing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum {
    RETRY_FIRST_MS = 1000,
    RETRY_CAP_MS = 30000,
    RETRY_STABLE_MS = 10000,
};

static void disk_failed(struct backlog *backlog, const struct fault *fault, int64_t now_ns)
{
    backlog->fault = *fault;
    backlog->retry_ns = now_ns + TIMING_MS(backoff_failed(&backlog->retry, now_ns));
}

static bool restore_one(struct backlog *backlog, const struct spool_item *item, int64_t now_ns,
                        struct fault *fault)
{
    struct backlog_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        return fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for what the spool holds");
    }
    entry->file = item->number;
    entry->bytes = item->bytes;
    entry->accepted_ns = now_ns - item->age_ns;
    TAILQ_INSERT_HEAD(&backlog->entries, entry, place);
    backlog->bytes += item->bytes;
    backlog->count++;
    return true;
}

// What an earlier run has left is older than all there is.
static bool open_spool(struct backlog *backlog, int64_t now_ns, struct fault *fault)
{
    struct spool_item *items;
    size_t count;
    if (!spool_open(backlog->spool, fault) || !spool_list(backlog->spool, &items, &count, fault)) {
        return false;
    }
    bool good = true;
    while (good && count > 0) {
        good = restore_one(backlog, &items[--count], now_ns, fault);
    }
    free(items);
    return good;
}

bool backlog_use_spool(struct backlog *backlog, const char *path, int64_t now_ns,
                       struct fault *fault)
{
    backlog->spool = spool_create(path, fault);
    if (backlog->spool == NULL) {
        return false;
    }
    backoff_init(&backlog->retry, RETRY_FIRST_MS, RETRY_CAP_MS, RETRY_STABLE_MS, 0);
    if (open_spool(backlog, now_ns, fault)) {
        return true;
    }
    disk_failed(backlog, fault, now_ns);
    return fault->kind != FAULT_CONFIG;
}

static struct backlog_entry *oldest_without_file(const struct backlog *backlog)
{
    struct backlog_entry *found = NULL;
    for (struct backlog_entry *entry = backlog_newest(backlog); entry != NULL && entry->file == 0;
         entry = TAILQ_PREV(entry, backlog_entries, place)) {
        found = entry;
    }
    return found;
}

void backlog_tend(struct backlog *backlog, int64_t now_ns)
{
    struct fault fault;
    if (backlog->spool == NULL || now_ns < backlog->retry_ns) {
        return;
    }
    if (!spool_is_open(backlog->spool) && !open_spool(backlog, now_ns, &fault)) {
        disk_failed(backlog, &fault, now_ns);
        return;
    }
    struct backlog_entry *entry = oldest_without_file(backlog);
    if (entry == NULL) {
        return;
    }
    if (!spool_write(backlog->spool, entry->picture, entry->accepted_ns, &entry->file, &fault)) {
        disk_failed(backlog, &fault, now_ns);
        return;
    }
    backlog->memory_bytes -= entry->bytes;
    if (backlog->memory_bytes == 0) { // and not before all that waited is on the disk
        backlog->fault.kind = FAULT_NONE;
    }
    backoff_worked(&backlog->retry, now_ns);
    backlog_disk_let_go(backlog, entry);
}

int64_t backlog_tend_ns(const struct backlog *backlog)
{
    const struct backlog_entry *newest = backlog_newest(backlog);
    bool waits = backlog->spool != NULL &&
                 (!spool_is_open(backlog->spool) || (newest != NULL && newest->file == 0));
    return waits ? backlog->retry_ns : INT64_MAX;
}

struct backlog_entry *backlog_disk_excess(const struct backlog *backlog, uint64_t more,
                                          struct fault *why)
{
    if (backlog->memory_bytes == 0 || backlog->memory_bytes + more <= BACKLOG_MEMORY_MAX) {
        return NULL;
    }
    struct backlog_entry *entry = oldest_without_file(backlog);
    if (entry != NULL && entry->in_flight) {
        entry = TAILQ_NEXT(entry, place);
    }
    if (entry != NULL) {
        fault_set(why, FAULT_SYSTEM, backlog->fault.code,
                  "more than %d bytes were waiting in memory, for the disk takes none: %s",
                  BACKLOG_MEMORY_MAX, backlog->fault.text);
    }
    return entry;
}

// Gives the entry a picture, empty as yet.
static bool make_picture(struct backlog_entry *entry)
{
    entry->picture = malloc(sizeof *entry->picture);
    if (entry->picture != NULL) {
        picture_init(entry->picture);
    }
    return entry->picture != NULL;
}

void backlog_disk_describe(struct backlog *backlog, struct backlog_entry *entry)
{
    struct fault unused;
    if (entry->picture == NULL && make_picture(entry)) {
        bool known = spool_read(backlog->spool, entry->file, false, entry->picture, &unused);
        (void)known;
    }
}

bool backlog_begin(struct backlog *backlog, struct backlog_entry *entry, struct fault *fault)
{
    if (entry->picture == NULL) {
        if (!make_picture(entry)) {
            return fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for a picture");
        }
        if (!spool_read(backlog->spool, entry->file, true, entry->picture, fault)) {
            entry->damaged = fault->kind == FAULT_PICTURE;
            if (!entry->damaged) {
                backlog_disk_forget(entry);
            }
            return false;
        }
        entry->picture->form = entry->form;
    }
    entry->in_flight = true;
    return true;
}

void backlog_disk_forget(struct backlog_entry *entry)
{
    if (entry->picture != NULL) {
        picture_fini(entry->picture);
        free(entry->picture);
        entry->picture = NULL;
    }
}

void backlog_disk_let_go(struct backlog *backlog, struct backlog_entry *entry)
{
    if (entry != NULL && entry->file != 0 && !entry->in_flight &&
        entry != backlog_newest(backlog)) {
        backlog_disk_forget(entry);
    }
}

void backlog_disk_discard(struct backlog *backlog, struct backlog_entry *entry)
{
    struct fault fault;
    if (entry->file == 0) {
        backlog->memory_bytes -= entry->bytes;
    } else if (entry->damaged) {
        spool_quarantine(backlog->spool, entry->file);
        backlog->quarantined++;
    } else if (!spool_remove(backlog->spool, entry->file, &fault)) {
        backlog->fault = fault; // the next picture will show whether the disk takes it
    }
}
