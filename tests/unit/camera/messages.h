// A good message of every type that a driver sends, for tests to spoil.
#pragma once

#include "camera/driver_protocol.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    MESSAGES_WIDTH = 64,
    MESSAGES_HEIGHT = 48,
    MESSAGES_PLANE_SIZE = 2 * MESSAGES_WIDTH * MESSAGES_HEIGHT, // of YUYV
};

// Fills in type and size too. False for a type that is the agent's.
bool message_make(struct driver_message *message, enum driver_message_type type);

// A memfd of `size` bytes that hold their place modulo 251, sealed against shrinking if asked.
int message_memfd(size_t size, bool is_sealed);
