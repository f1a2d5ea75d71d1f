// The buffers of one driver's life: mapped once, lent as frames, kept until the last loan ends,
// even when the driver is long dead.
#pragma once

#include "base/fault.h"
#include "camera/driver_protocol.h"

#include <stdbool.h>

struct driver_pool;

struct driver_pool *driver_pool_create(const struct driver_configured *configured,
                                       struct fault *fault);

// Maps the next buffer; they come in order. The descriptors stay the caller's to close (a mapping
// keeps its pages). Refuses a descriptor that could shrink under the reader.
__attribute__((warn_unused_result)) bool driver_pool_add(struct driver_pool *pool,
                                                         const struct driver_buffer *buffer,
                                                         const int *fds, struct fault *fault);
bool driver_pool_is_full(const struct driver_pool *pool);

// Lends the buffer that `message` names; NULL with a fault if the message is not true to the pool.
struct frame *driver_pool_lend(struct driver_pool *pool, const struct driver_frame *message,
                               int64_t now_ns, struct fault *fault);

// Ends the loan of `frame`. Destroys the pool when it was abandoned and this was the last loan;
// returns whether the pool is still in use.
bool driver_pool_give_back(struct frame *frame);

// The driver has gone: destroys the pool now, or at the end of the last loan. NULL is fine.
void driver_pool_abandon(struct driver_pool *pool);

// Whether `frame` belongs to `pool`.
bool driver_pool_owns(const struct driver_pool *pool, const struct frame *frame);
