// A folder of pictures that survive the agent: one file each, named by a number that counts up, so
// that the names carry the order. Belongs to the publisher's thread; every call may wait for the
// disk.
//
// A picture is written to NUMBER.tmp, synced, renamed to NUMBER.picture, and the folder synced:
// from then on it survives kill -9 and power cuts, and before that it was never there. It is
// removed without a sync: a power cut may bring it back, and then it is delivered once more under
// the same id; a sync would cost as much as the writing did, to save a duplicate that anybody can
// tell.
//
// What a failed fsync has left is unknown (the kernel calls the pages clean), so its file is given
// up and never synced again: the next attempt is another file.
#pragma once

#include "picture/picture.h"

#include <stddef.h>

enum {
    SPOOL_QUARANTINE_FILES_MAX = 16,
    SPOOL_QUARANTINE_BYTES_MAX = 16 * 1024 * 1024,
};

struct spool;

// Touches nothing yet. `path` is borrowed.
struct spool *spool_create(const char *path, struct fault *fault);
void spool_destroy(struct spool *spool); // NULL is fine

// Makes the folder where it is missing, locks it against a second agent, removes what was not
// finished. FAULT_CONFIG: only a person can mend it (the path, the mode, another agent).
// FAULT_SYSTEM: the disk cannot, and may later.
__attribute__((warn_unused_result)) bool spool_open(struct spool *spool, struct fault *fault);
bool spool_is_open(const struct spool *spool);

// A file as its folder describes it; nothing of it has been read.
struct spool_item {
    uint64_t number;
    uint64_t bytes; // 0 where the disk does not tell
    int64_t age_ns; // by the wall clock; 0 where that was not set when the picture was accepted
};

// What is there, oldest first; the caller frees `*items`. Files that are not the spool's are left
// alone. On failure the spool is closed, so that whoever opens it again lists it again.
__attribute__((warn_unused_result)) bool spool_list(struct spool *spool, struct spool_item **items,
                                                    size_t *count, struct fault *fault);

// Makes the picture's file; `*number` is its name, larger than all before. On failure there is no
// file. `accepted_ns` is monotonic.
__attribute__((warn_unused_result)) bool spool_write(struct spool *spool,
                                                     const struct picture *picture,
                                                     int64_t accepted_ns, uint64_t *number,
                                                     struct fault *fault);

// As spool_file_read.
__attribute__((warn_unused_result)) bool spool_read(struct spool *spool, uint64_t number,
                                                    bool with_jpeg, struct picture *picture,
                                                    struct fault *fault);

// A file that is gone already is no failure.
__attribute__((warn_unused_result)) bool spool_remove(struct spool *spool, uint64_t number,
                                                      struct fault *fault);

// Moves a damaged file to quarantine/, where somebody may look at it, and keeps that folder within
// its bounds. Where the disk does not let it, the file is removed.
void spool_quarantine(struct spool *spool, uint64_t number);
