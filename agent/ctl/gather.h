// What the broker has retained, taken in until it falls silent: who is there.
#pragma once

#include "ctl/roster.h"
#include "ctl/session.h"

enum {
    GATHER_QUIET_MS = 500,    // a broker sends what it has retained at once
    GATHER_UNKNOWN_MS = 2000, // a device of which nothing was heard for so long is not there
};

// Subscribes to P/ID/suffix for each suffix (ends with NULL; `id` may be "+") and fills the roster.
// The subscriptions stay. Fails when the broker has not answered by `until_ns`.
__attribute__((warn_unused_result)) bool gather(struct session *session, const char *id,
                                                const char *const *suffixes, struct roster *roster,
                                                int64_t until_ns, struct fault *fault);

// EX_NOUSER: there is no device `id`, with the nearest one that there is. Returns false.
bool gather_unknown(const struct roster *roster, const char *prefix, const char *id,
                    struct fault *fault);

// EX_TEMPFAIL: the broker does not answer. Returns false.
bool gather_no_broker(struct fault *fault);
