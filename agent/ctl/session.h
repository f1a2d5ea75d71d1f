// One connection of the tool: subscribe and publish in order, then take what comes, one piece of
// news after the other. It is not made again when it breaks: that is its end. One thread.
#pragma once

#include "base/fault.h"
#include "settings/settings.h"

#include <stddef.h>
#include <stdint.h>

struct session;

struct session_message {
    char id[SETTINGS_ID_SIZE]; // of P/ID/suffix; a device's, checked
    const char *suffix;        // within the message
    uint8_t *payload;          // a NUL stands behind it, beyond `len`
    size_t len;
    bool retained;
};

enum session_news {
    SESSION_MESSAGE, // `message` is the caller's now: session_message_free
    SESSION_SENT,    // the broker has taken all that was given to the session so far
    SESSION_TIMEOUT,
    SESSION_FAILED, // the connection did not come up or is gone, or the broker refused something
};

// Begins to connect, under a client id of its own. `mqtt` and the password (NULL: none) are
// borrowed for its life.
struct session *session_open(const struct settings_mqtt *mqtt, const char *password,
                             struct fault *fault);
void session_close(struct session *session); // says goodbye to the broker; NULL is fine

// In order, once the connection is up. `id` may be "+". `wants_retained`: what the broker has kept
// is sent first; without it, only a broker of MQTT 3.1.1 does that.
__attribute__((warn_unused_result)) bool session_subscribe(struct session *session, const char *id,
                                                           const char *suffix, bool wants_retained,
                                                           struct fault *fault);
__attribute__((warn_unused_result)) bool session_publish(struct session *session, const char *id,
                                                         const char *suffix, const char *payload,
                                                         struct fault *fault);

// Waits for the next news until `until_ns` (monotonic; INT64_MAX: for ever).
enum session_news session_next(struct session *session, int64_t until_ns,
                               struct session_message **message, struct fault *fault);

void session_message_free(struct session_message *message); // NULL is fine
