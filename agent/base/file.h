// Files that people ask for: whole, or not there. For what must outlast a power cut, see
// durable_file.h.
#pragma once

#include "base/bytes.h"

// All of it, whatever the kernel takes at a time. False: errno says why.
__attribute__((warn_unused_result)) bool file_write_all(int fd, const void *data, size_t len);

// Writes `bytes` to a file beside `path` and renames it, so that nobody ever sees a part of it.
// What is there and is no file (a device, a pipe) is written to as it is; "-" is standard output.
// FAULT_SYSTEM with the errno, and the path in words.
__attribute__((warn_unused_result)) bool file_replace(const char *path, const struct bytes *bytes,
                                                      struct fault *fault);
