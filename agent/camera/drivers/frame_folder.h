// A folder of frames, one a file, in the order in which people number files ("9.jpg" before
// "10.jpg"), round and round. New files are seen when a round ends.
#pragma once

#include "base/fault.h"

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>

enum frame_file {    // by the name's ending, in either case
    FRAME_FILE_JPEG, // .jpg, .jpeg
    FRAME_FILE_RAW,  // .i420, .yuv: planes Y, U, V without padding
};

struct frame_folder {
    char path[1024];
    struct dirent **entries; // owned
    int count;
    int next;
};

// Fails when there is no such folder, or no frame in it.
__attribute__((warn_unused_result)) bool frame_folder_open(struct frame_folder *folder,
                                                           const char *path, struct fault *fault);
void frame_folder_close(struct frame_folder *folder); // all zero is fine

enum frame_file frame_folder_kind(const char *name);

// The name of the next file; the folder's, until the next call. NULL with a fault when the folder
// has become empty.
const char *frame_folder_next(struct frame_folder *folder, struct fault *fault);

// Reads a whole file of 1 to `room` bytes. Its names stand in the fault.
__attribute__((warn_unused_result)) bool frame_folder_read(const struct frame_folder *folder,
                                                           const char *name, uint8_t *data,
                                                           size_t room, size_t *len,
                                                           struct fault *fault);

// How many files are of `kind`, and the size of the largest.
int frame_folder_count(const struct frame_folder *folder, enum frame_file kind, size_t *largest);
