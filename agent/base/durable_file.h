// Files of ours on a disk that may be full, break, or lose its power at any moment.
#pragma once

#include "base/fault.h"

#include <stddef.h>

// Replaces folder/name (or makes it, and the folder): it is the old file or the new one, whole,
// whenever the process is killed or the power fails, and once this has returned true it is the new
// one. Waits for the disk. FAULT_SYSTEM with the errno: the old one is there, or, where the disk
// broke at the very last, either.
__attribute__((warn_unused_result)) bool durable_file_replace(const char *folder, const char *name,
                                                              const void *data, size_t len,
                                                              struct fault *fault);
