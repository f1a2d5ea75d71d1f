// The side of the backlog that turns to the spool, for backlog.c alone.
#pragma once

#include "delivery/backlog.h"

// The oldest of those that are in memory for want of a disk, when they are too much for it.
struct backlog_entry *backlog_disk_excess(const struct backlog *backlog, uint64_t more,
                                          struct fault *why);

// Reads who the picture is, if it is not in memory; what cannot be read stays empty.
void backlog_disk_describe(struct backlog *backlog, struct backlog_entry *entry);

// Frees the picture.
void backlog_disk_forget(struct backlog_entry *entry);

// The same, where its file is enough: it is neither the newest nor in flight. NULL is fine.
void backlog_disk_let_go(struct backlog *backlog, struct backlog_entry *entry);

// Of an entry that has been taken out: its file, and its share of the figures.
void backlog_disk_discard(struct backlog *backlog, struct backlog_entry *entry);
