// A growable byte buffer that keeps its high-water allocation, so that the steady state allocates
// nothing.
#pragma once

#include "base/fault.h"

#include <stddef.h>
#include <stdint.h>

struct bytes {
    uint8_t *data; // NULL while room is 0; owned by this buffer
    size_t len;    // bytes in use
    size_t room;   // bytes allocated
};

void bytes_init(struct bytes *bytes);
void bytes_fini(struct bytes *bytes); // accepts a buffer that was never filled

// Makes room for `more` bytes beyond `len`; fails only without memory (FAULT_SYSTEM).
__attribute__((warn_unused_result)) bool bytes_reserve(struct bytes *bytes, size_t more,
                                                       struct fault *fault);
__attribute__((warn_unused_result)) bool bytes_append(struct bytes *bytes, const void *data,
                                                      size_t len, struct fault *fault);
__attribute__((warn_unused_result)) bool bytes_append_text(struct bytes *bytes, const char *text,
                                                           struct fault *fault);

// Empties the buffer, keeps the allocation.
void bytes_clear(struct bytes *bytes);

// Gives the allocation back when it is larger than `keep`: after one huge picture, say.
void bytes_trim(struct bytes *bytes, size_t keep);
