// still2mqtt-ctl watch: a line for whatever happens. Main thread.
#include "ctl/ctl.h"

#include "base/backoff.h"
#include "base/text.h"
#include "base/timing.h"
#include "ctl/document.h"
#include "ctl/gather.h"
#include "ctl/outcome.h"
#include "ctl/progress.h"
#include "ctl/session.h"
#include "settings/settings_check.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum {
    CONNECT_S = 30, // until the broker has taken the subscriptions
    RETRY_FIRST_MS = 500,
    RETRY_CAP_MS = 30000,
    RETRY_STABLE_MS = 10000,
    LINE_SIZE = 512,
};

static void add(char line[LINE_SIZE], const char *name, const char *text)
{
    size_t len = strlen(line);
    snprintf(line + len, LINE_SIZE - len, "%s%s", name, text);
}

static void tell(const json_t *event, const char *key, char line[LINE_SIZE])
{
    const json_t *value = json_object_get(event, key);
    char text[200];
    document_text(event, key, text, sizeof text);
    if (json_is_number(value) || json_is_boolean(value)) {
        char *plain = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
        snprintf(text, sizeof text, "%s", plain != NULL ? plain : "");
        free(plain);
    }
    if (text[0] != '\0') {
        add(line, " ", key);
        add(line, "=", text);
    }
}

// "captured seq=17 trigger=timer"; whatever else the event has is in its JSON.
static void tell_event(const json_t *event, char line[LINE_SIZE])
{
    static const char *const keys[] = {"seq", "trigger", "key", "value", "outcome", "request_id"};
    char text[200];
    document_text(event, "event_type", text, sizeof text);
    add(line, "", text[0] != '\0' ? text : "an event of no known form");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        tell(event, keys[i], line);
    }
    document_text(event, "reason", text, sizeof text);
    if (text[0] != '\0') {
        add(line, ": ", text);
    }
    text_cut(line);
}

static bool print_line(const struct session_message *message, const char *at)
{
    char line[LINE_SIZE] = "";
    if (strcmp(message->suffix, "event") == 0) {
        json_t *event = document_read(message->payload, message->len);
        tell_event(event, line);
        json_decref(event);
    } else {
        snprintf(line, sizeof line, "%s %.32s",
                 strcmp(message->suffix, "status") == 0 ? "agent" : "camera",
                 (const char *)message->payload);
        text_cut(line);
        text_clean(line);
    }
    return printf("%s  %s  %s\n", at, message->id, line) >= 0 && fflush(stdout) == 0;
}

static bool print_json(const struct session_message *message, const char *at)
{
    json_t *payload = document_read(message->payload, message->len);
    if (payload == NULL) {
        payload = json_stringn((const char *)message->payload, message->len);
    }
    return document_print(json_pack("{s:s, s:s, s:s, s:o}", "at", at, "id", message->id, "topic",
                                    message->suffix, "payload",
                                    payload != NULL ? payload : json_null()),
                          true);
}

static bool print(const struct ctl *ctl, struct session_message *message, struct fault *fault)
{
    char at[TIMING_RFC3339_SIZE];
    timing_rfc3339(timing_wall_ns(), at);
    bool is_cleared = message->len == 0; // what was retained is taken back
    bool good =
        is_cleared || (ctl->options->json ? print_json(message, at) : print_line(message, at));
    session_message_free(message);
    return good || outcome_set(fault, EX_IOERR, "cannot write to standard output");
}

// Events first: whoever is shown as there is heard already.
static bool subscribe(const struct ctl *ctl, struct session *session, struct fault *fault)
{
    static const char *const suffixes[] = {"event", "status", "camera"};
    const char *id = ctl->options->word_count > 0 ? ctl->options->words[0] : "+";
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        if (!session_subscribe(session, id, suffixes[i], true, fault)) {
            return false;
        }
    }
    return true;
}

struct watch {
    const struct ctl *ctl;
    int64_t until_ns;
    bool was_up; // there was a connection that worked
    struct backoff backoff;
};

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

// Until the time is up (true), or the connection does not come up or ends.
static bool follow(struct watch *watch, struct session *session, struct fault *fault)
{
    int64_t next_ns = earlier(watch->until_ns, timing_now_ns() + TIMING_S(CONNECT_S));
    for (bool is_up = false;;) {
        struct session_message *message = NULL;
        switch (session_next(session, next_ns, &message, fault)) {
        case SESSION_SENT:
            is_up = watch->was_up = true;
            backoff_worked(&watch->backoff, timing_now_ns());
            next_ns = watch->until_ns;
            break;
        case SESSION_TIMEOUT:
            return is_up || gather_no_broker(fault);
        case SESSION_FAILED:
            return false;
        case SESSION_MESSAGE:
            watch->was_up = true; // it may come before the subscription is confirmed
            if (!print(watch->ctl, message, fault)) {
                return false;
            }
            break;
        }
    }
}

static bool connect_and_follow(struct watch *watch, struct fault *fault)
{
    const struct ctl *ctl = watch->ctl;
    struct session *session = session_open(ctl->mqtt, ctl->password, fault);
    bool good = session != NULL && subscribe(ctl, session, fault) && follow(watch, session, fault);
    session_close(session);
    return good;
}

static bool may_pass(const struct fault *fault)
{
    int status = outcome_status(fault);
    return status == EX_UNAVAILABLE || status == EX_TEMPFAIL;
}

static void rest(struct watch *watch)
{
    int64_t now_ns = timing_now_ns();
    int64_t until_ns = now_ns + TIMING_MS(backoff_failed(&watch->backoff, now_ns));
    int64_t left_ns = earlier(until_ns, watch->until_ns) - now_ns;
    poll(NULL, 0, left_ns > 0 ? (int)(left_ns / TIMING_MS(1)) : 0);
}

// A connection that was never there is a fault; one that breaks is made again.
bool ctl_watch(const struct ctl *ctl, struct fault *fault)
{
    const struct ctl_options *options = ctl->options;
    if (options->word_count > 0 && !settings_check_device_id(options->words[0], fault)) {
        return fault_prefix(fault, "%s", options->words[0]);
    }
    struct watch watch = {
        .ctl = ctl,
        .until_ns = options->timeout_s > 0 ? ctl_deadline_ns(ctl) : INT64_MAX,
    };
    backoff_init(&watch.backoff, RETRY_FIRST_MS, RETRY_CAP_MS, RETRY_STABLE_MS,
                 (uint64_t)timing_now_ns());
    while (!connect_and_follow(&watch, fault)) {
        if (!watch.was_up || !may_pass(fault)) {
            return false;
        }
        progress_note("still2mqtt-ctl: %s; trying again", fault->text);
        rest(&watch);
        if (timing_now_ns() >= watch.until_ns) {
            return false;
        }
    }
    return true;
}
