// Random names. Any thread, no state.
#include "ctl/unique.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

bool unique_name(const char *head, char *name, size_t size, struct fault *fault)
{
    uint64_t random;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        return fault_set(fault, FAULT_SYSTEM, errno, "getrandom: %s", strerror(errno));
    }
    snprintf(name, size, "%s-%016" PRIx64, head, random);
    return true;
}
