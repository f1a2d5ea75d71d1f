// Holds a driver's message against the protocol, because a driver is not trusted. Pure.
#pragma once

#include "base/fault.h"
#include "camera/driver_protocol.h"

#include <stddef.h>

// The size that a message of this type has, head included; 0 for a type that there is not.
size_t driver_message_size(uint32_t type);

// Whether the `len` bytes received as `message` are one well-formed message from a driver: known
// type, right length, every text ended and made of characters that may go on (others are replaced
// by '?'), every number within its bounds. FAULT_CAMERA says what is not.
__attribute__((warn_unused_result)) bool driver_check_message(struct driver_message *message,
                                                              size_t len, struct fault *fault);

// Whether the planes of `buffer` can hold what `configured` announces, given the sizes in bytes of
// the descriptors that came with it.
__attribute__((warn_unused_result)) bool
driver_check_buffer(const struct driver_configured *configured, const struct driver_buffer *buffer,
                    const uint64_t *fd_sizes, struct fault *fault);

// How many planes a format has, and the least bytes a row and rows that plane `plane` needs.
uint32_t driver_plane_count(enum pixel_format format);
void driver_plane_needs(enum pixel_format format, uint32_t plane, uint32_t width, uint32_t height,
                        uint32_t *row_bytes, uint32_t *rows);
