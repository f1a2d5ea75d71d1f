// Names that nobody else has given: of this connection, of a request.
#pragma once

#include "base/fault.h"

#include <stddef.h>

// "HEAD-" and 16 random hexadecimal digits.
__attribute__((warn_unused_result)) bool unique_name(const char *head, char *name, size_t size,
                                                     struct fault *fault);
