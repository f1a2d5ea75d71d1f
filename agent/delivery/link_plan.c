// The order of attempts. Pure.
#include "delivery/link_plan.h"

#include "base/seed.h"
#include "base/timing.h"
#include "delivery/reason.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    CLOSED_TOO_OFTEN = 2,      // connections closed without an answer before 3.1.1 is tried
    REFUSED_VERSION_3_1_1 = 1, // CONNACK return code of 3.1.1
    REFUSED_VERSION_5 = 0x84,  // CONNACK reason code of 5
    SHORT_LIFE_S = 5,
    SHORT_LIVES_MAX = 3,
    RIVAL_FIRST_MS = 60000, // of which the jitter leaves at least the half
    RIVAL_CAP_MS = 960000,
    RIVAL_STABLE_MS = 1800000, // so long undisturbed, and it is over
};

static void choose_broker(struct link_plan *plan, unsigned broker)
{
    const char *rest = plan->mqtt->url;
    for (unsigned i = 0; i <= broker; i++) {
        bool found = broker_url_next(&rest, plan->text, sizeof plan->text);
        assert(found);
        (void)found;
    }
    struct fault unused;
    bool good = broker_url_parse(plan->text, &plan->url, &unused); // the settings have been checked
    assert(good);
    (void)good;
    plan->broker = broker;
}

static void start_version(struct link_plan *plan)
{
    plan->is_v5 = strcmp(plan->mqtt->version, "3.1.1") != 0;
    plan->closings = 0;
}

static void go_to(struct link_plan *plan, unsigned broker)
{
    if (broker != plan->broker) {
        choose_broker(plan, broker);
        start_version(plan);
    }
}

void link_plan_init(struct link_plan *plan, const struct settings_mqtt *mqtt)
{
    *plan = (struct link_plan){.mqtt = mqtt};
    char word[BROKER_URL_SIZE];
    for (const char *rest = mqtt->url; broker_url_next(&rest, word, sizeof word);) {
        plan->brokers++;
    }
    choose_broker(plan, 0);
    start_version(plan);
    backoff_init(&plan->rivalry, RIVAL_FIRST_MS, RIVAL_CAP_MS, RIVAL_STABLE_MS,
                 seed_of(mqtt->client_id));
}

void link_plan_uri(const struct link_plan *plan, char *uri, size_t size)
{
    const struct broker_url *url = &plan->url;
    const char *scheme = url->is_websocket ? (url->is_encrypted ? "wss" : "ws")
                                           : (url->is_encrypted ? "ssl" : "tcp");
    snprintf(uri, size, "%s://%s%s%s:%u%s", scheme, url->is_ipv6 ? "[" : "", url->host,
             url->is_ipv6 ? "]" : "", url->port, url->path);
}

void link_plan_up(struct link_plan *plan, int64_t now_ns)
{
    plan->up_ns = now_ns;
    plan->closings = 0;
    plan->is_second_round = false;
    backoff_worked(&plan->rivalry, now_ns);
}

// MQTT 5 has a code for it, which mosquitto 2.0.11 does not send; else the broker just hangs up on
// the elder of two.
static bool is_rival(struct link_plan *plan, int reason, bool orderly, int64_t now_ns)
{
    bool was_short = now_ns - plan->up_ns < TIMING_S(SHORT_LIFE_S);
    plan->short_lives = was_short && orderly && reason == 0 ? plan->short_lives + 1 : 0;
    return reason == REASON_TAKEN_OVER || plan->short_lives >= SHORT_LIVES_MAX;
}

struct link_verdict link_plan_lost(struct link_plan *plan, int reason, bool orderly, int64_t now_ns)
{
    struct link_verdict next = {.is_rival = is_rival(plan, reason, orderly, now_ns)};
    if (next.is_rival) {
        next.rest_ms = backoff_failed(&plan->rivalry, now_ns);
    }
    go_to(plan, 0);
    return next;
}

struct link_verdict link_plan_failed(struct link_plan *plan, int code, bool closed)
{
    static const struct link_verdict again = {.retry_now = true, .is_silent = true};
    bool may_change = strcmp(plan->mqtt->version, "auto") == 0;
    bool was_v5 = plan->is_v5;
    bool is_last = plan->broker + 1 == plan->brokers;
    plan->closings = closed ? plan->closings + 1 : 0;
    if (may_change && was_v5 &&
        (code == REFUSED_VERSION_3_1_1 || code == REFUSED_VERSION_5 ||
         plan->closings >= CLOSED_TOO_OFTEN)) {
        plan->is_v5 = false;
        return again;
    }
    if (may_change && was_v5 && closed && plan->brokers > 1) {
        return again; // it has its second chance before the next broker has its first
    }
    if (may_change && !was_v5 && code < 0) {
        start_version(plan);
    }
    if (plan->brokers == 1) {
        return (struct link_verdict){0};
    }
    struct link_verdict verdict = {!is_last, plan->is_second_round && !is_last, false, 0};
    plan->is_second_round |= is_last;
    go_to(plan, is_last ? 0 : plan->broker + 1);
    return verdict;
}
