// Folders and pictures for tests of the spool.
#pragma once

#include "delivery/spool.h"

#include <limits.h>

// An empty folder of the test's own, in memory where the machine has /dev/shm.
void spool_folder_make(char path[static PATH_MAX]);
void spool_folder_remove(const char *path); // with all that is in it

// How many files with this suffix lie in the folder itself, and their bytes.
size_t spool_folder_count(const char *path, const char *suffix, uint64_t *bytes);

// The picture "id-SEQ" whose JPEG has `size` bytes that differ with every seq; its meta is
// {"seq":SEQ}, its event "event:SEQ".
void spool_folder_picture(struct picture *picture, uint64_t seq, size_t size);

// Whether it is that picture, JPEG and all.
void spool_folder_assert_picture(const struct picture *picture, uint64_t seq, size_t size);
