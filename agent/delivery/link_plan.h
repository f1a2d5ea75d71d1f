// Where to connect to next, in which version of MQTT, and what to wait for: which broker of
// mqtt.url, MQTT 5 or 3.1.1, and whether another client fights for our id. Pure.
//
// The brokers are tried in order, each at once after the one before it failed. A connection that
// ends begins the round anew. MQTT 5 goes first; 3.1.1 holds from where a broker asked for it until
// one cannot be reached.
#pragma once

#include "base/backoff.h"
#include "settings/broker_url.h"
#include "settings/settings.h"

struct link_plan {
    const struct settings_mqtt *mqtt;
    unsigned broker; // which of mqtt.url
    unsigned brokers;
    char text[BROKER_URL_SIZE]; // of that one, as it stands there
    struct broker_url url;      // and taken apart
    bool is_v5;
    uint32_t closings;    // connections in a row that were closed without an answer
    bool is_second_round; // no broker was reached since a link was up
    int64_t up_ns;
    uint32_t short_lives; // connections in a row that were soon closed, in order, without a reason
    struct backoff rivalry;
};

// What follows from the end of a connection, or of the attempt at one.
struct link_verdict {
    bool retry_now;   // another broker or version is tried at once
    bool is_silent;   // not worth telling
    bool is_rival;    // another client with our id keeps ending our connections
    uint32_t rest_ms; // no connect before that
};

// `mqtt` is borrowed for the plan's life.
void link_plan_init(struct link_plan *plan, const struct settings_mqtt *mqtt);

// Where to, in the words of Paho: every release knows these schemes, and none of them guesses a
// port that is there.
void link_plan_uri(const struct link_plan *plan, char *uri, size_t size);

void link_plan_up(struct link_plan *plan, int64_t now_ns);

// The link was up and is no more; `reason` is the broker's code, 0: none; `orderly` is whether the
// broker closed it while nothing was under way.
struct link_verdict link_plan_lost(struct link_plan *plan, int reason, bool orderly,
                                   int64_t now_ns);

// No link came up: `code` is CONNACK's, or -1; `closed` is whether the broker hung up instead.
struct link_verdict link_plan_failed(struct link_plan *plan, int code, bool closed);
