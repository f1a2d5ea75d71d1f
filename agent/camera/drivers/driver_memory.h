// Buffers of a driver that makes its frames itself.
#pragma once

#include "base/fault.h"

#include <stddef.h>
#include <stdint.h>

// Memory to share with the agent: mapped here, and sealed so that it can neither shrink nor grow.
struct driver_memory {
    int fd;
    uint8_t *data;
    size_t size;
};

// All pages are zero, and cost nothing until they are written.
__attribute__((warn_unused_result)) bool driver_memory_create(struct driver_memory *memory,
                                                              size_t size, struct fault *fault);
void driver_memory_destroy(struct driver_memory *memory); // all zero is fine
