// What the tool's exit status says: the codes of sysexits.h, made from a fault.
#pragma once

#include "base/fault.h"

// A fault of the tool's own, with the exit status that it is to end with (EX_NOUSER, …). Returns
// false.
__attribute__((format(printf, 3, 4))) bool outcome_set(struct fault *fault, int status,
                                                       const char *format, ...);

// EX_USAGE, EX_CONFIG, EX_NOPERM (the broker does not let us), EX_UNAVAILABLE, EX_DATAERR (a
// picture that is none), EX_OSERR, or what outcome_set was told.
int outcome_status(const struct fault *fault);
