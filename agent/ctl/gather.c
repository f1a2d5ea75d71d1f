// Retained documents. Main thread.
#include "ctl/gather.h"

#include "base/timing.h"
#include "ctl/outcome.h"

#include <sysexits.h>

bool gather_no_broker(struct fault *fault)
{
    return outcome_set(fault, EX_TEMPFAIL,
                       "the broker does not answer: give it more --timeout, or look after it");
}

bool gather_unknown(const struct roster *roster, const char *prefix, const char *id,
                    struct fault *fault)
{
    const char *meant = roster_suggest(roster, id);
    if (meant != NULL) {
        return outcome_set(fault, EX_NOUSER, "there is no such camera: did you mean %s?", meant);
    }
    if (roster->count == 0) {
        return outcome_set(fault, EX_NOUSER,
                           "there is no camera at all under %s/: is --prefix right?", prefix);
    }
    return outcome_set(fault, EX_NOUSER,
                       "there is no such camera: \"still2mqtt-ctl list\" tells which are there");
}

static bool learn(struct roster *roster, struct session_message *message, struct fault *fault)
{
    bool good =
        roster_learn(roster, message->id, message->suffix, message->payload, message->len, fault);
    session_message_free(message);
    return good;
}

bool gather(struct session *session, const char *id, const char *const *suffixes,
            struct roster *roster, int64_t until_ns, struct fault *fault)
{
    for (size_t i = 0; suffixes[i] != NULL; i++) {
        if (!session_subscribe(session, id, suffixes[i], true, fault)) {
            return false;
        }
    }
    bool is_sent = false;
    for (int64_t next_ns = until_ns;;) {
        struct session_message *message = NULL;
        size_t facts = roster->facts;
        switch (session_next(session, next_ns, &message, fault)) {
        case SESSION_SENT:
            is_sent = true;
            next_ns = timing_now_ns() + TIMING_MS(GATHER_QUIET_MS);
            break;
        case SESSION_TIMEOUT:
            return is_sent || gather_no_broker(fault);
        case SESSION_FAILED:
            return false;
        case SESSION_MESSAGE:
            if (!learn(roster, message, fault)) {
                return false;
            }
            // not what is news only: a fleet is never silent
            if (is_sent && roster->facts > facts) {
                next_ns = timing_now_ns() + TIMING_MS(GATHER_QUIET_MS);
            }
            break;
        }
    }
}
