// One picture as one file of the spool.
//
// The file is a header of fixed size, the meta object, the event and the JPEG. The header holds the
// SHA-256 of itself, meta and event; the JPEG is proven by the digest that its meta tells the
// world, so that what a subscriber checks is what the spool has checked, and the megabytes are not
// summed a second time when they are written. SHA-256 and not a CRC: libcrypto is here already,
// and it leaves nothing to argue about.
//
// Numbers are of the machine's own byte order: a spool does not travel between machines of
// different kinds, and one that did would be found damaged.
#pragma once

#include "picture/picture.h"

// The size of the picture's file.
uint64_t spool_file_size(const struct picture *picture);

// Writes the picture to an empty file; its sha256 must be there. FAULT_SYSTEM with the errno.
__attribute__((warn_unused_result)) bool spool_file_write(int fd, const struct picture *picture,
                                                          struct fault *fault);

// Reads it back into a picture that picture_init has made, all of it or without the JPEG. On
// failure the picture is as before. FAULT_PICTURE: this is not, or no longer, what was written.
// FAULT_SYSTEM: it could not be read this time.
__attribute__((warn_unused_result)) bool
spool_file_read(int fd, bool with_jpeg, struct picture *picture, struct fault *fault);
