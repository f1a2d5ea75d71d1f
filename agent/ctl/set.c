// still2mqtt-ctl set ID KEY VALUE, unset ID KEY: one setting of one agent, and what it says to
// that. Main thread.
#include "ctl/ctl.h"

#include "base/timing.h"
#include "ctl/document.h"
#include "ctl/gather.h"
#include "ctl/outcome.h"
#include "ctl/progress.h"
#include "ctl/unique.h"
#include "picture/picture.h"
#include "settings/settings_check.h"
#include "settings/settings_suggest.h"
#include "settings/settings_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { KEY_MAX = 64 };

struct change {
    const struct ctl *ctl;
    const char *id;
    const char *key;
    char request_id[PICTURE_REQUEST_ID_SIZE];
    bool is_done;
    struct roster roster;
};

static bool check_key(const char *key, struct fault *fault)
{
    size_t len = strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789_.");
    return (len > 0 && len <= KEY_MAX && key[len] == '\0') ||
           fault_set(fault, FAULT_USAGE, 0, "a setting is named like picture.quality, not %s", key);
}

// What was probably meant, where this program knows no such key; the agent may be newer than it.
static const char *meant_by(const char *key)
{
    char group[KEY_MAX + 1];
    const char *dot = strchr(key, '.');
    if (dot == NULL) {
        return settings_suggest("", key);
    }
    snprintf(group, sizeof group, "%.*s", (int)(dot - key), key);
    return settings_table_find(group, dot + 1) == NULL ? settings_suggest(group, dot + 1) : NULL;
}

// The answer has our request id; without one it has the key, or a reason that names it.
static bool is_ours(const struct change *change, const json_t *event)
{
    if (json_object_get(event, "request_id") != NULL) {
        return document_says(event, "request_id", change->request_id);
    }
    if (json_object_get(event, "key") != NULL) {
        return document_says(event, "key", change->key);
    }
    const char *reason = json_string_value(json_object_get(event, "reason"));
    return reason != NULL && strstr(reason, change->key) != NULL;
}

static bool print_setting(const struct change *change, const json_t *event)
{
    const json_t *value = json_object_get(event, "value");
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    char words[SETTINGS_PATH_SIZE];
    document_text(event, "value", words, sizeof words);
    bool is_trial = document_says(event, "outcome", "trial");
    bool good = printf("%s: %s = %s%s\n", change->id, change->key, text != NULL ? text : words,
                       is_trial ? " (in effect, and kept if all goes well with it)" : "") >= 0 &&
                fflush(stdout) == 0;
    free(text);
    return good;
}

static bool tell_refusal(const struct change *change, const json_t *event, struct fault *fault)
{
    char reason[200];
    document_text(event, "reason", reason, sizeof reason);
    const char *meant = strstr(reason, "did you mean") == NULL ? meant_by(change->key) : NULL;
    return outcome_set(fault, EX_DATAERR, "%s refuses this: %s%s%s%s", change->id,
                       reason[0] != '\0' ? reason : "it does not say why",
                       meant != NULL ? " (did you mean " : "", meant != NULL ? meant : "",
                       meant != NULL ? "?)" : "");
}

static bool take_event(struct change *change, json_t *event, struct fault *fault)
{
    bool is_setting = document_says(event, "event_type", "setting");
    bool is_refusal = document_says(event, "event_type", "refused") ||
                      document_says(event, "outcome", "rolled-back");
    if ((!is_setting && !is_refusal) || !is_ours(change, event)) {
        return true;
    }
    change->is_done = true;
    bool good = true;
    if (change->ctl->options->json) {
        good = document_print(json_incref(event), true);
    } else if (!is_refusal) {
        good = print_setting(change, event);
    }
    if (!good) {
        return outcome_set(fault, EX_IOERR, "cannot write to standard output");
    }
    return !is_refusal || tell_refusal(change, event, fault);
}

static bool take(struct change *change, const struct session_message *message, struct fault *fault)
{
    if (!roster_learn(&change->roster, message->id, message->suffix, message->payload, message->len,
                      fault)) {
        return false;
    }
    if (strcmp(message->id, change->id) != 0) {
        return true;
    }
    if (strcmp(message->suffix, "status") == 0 &&
        roster_find(&change->roster, change->id)->status == PRESENCE_OFFLINE) {
        return fault_set(fault, FAULT_LINK, 0, "%s is offline", change->id);
    }
    if (strcmp(message->suffix, "event") != 0) {
        return true;
    }
    json_t *event = document_read(message->payload, message->len);
    bool good = take_event(change, event, fault);
    json_decref(event);
    return good;
}

static bool on_timeout(const struct change *change, bool is_sent, struct fault *fault)
{
    if (!is_sent) {
        return gather_no_broker(fault);
    }
    if (roster_find(&change->roster, change->id) == NULL) {
        gather_unknown(&change->roster, change->ctl->mqtt->prefix, change->id, fault);
        return fault_prefix(fault, "%s", change->id);
    }
    return outcome_set(fault, EX_TEMPFAIL,
                       "%s did not answer in time: it may be too old for this, or its broker's "
                       "access list keeps it from %s/%s/set/#",
                       change->id, change->ctl->mqtt->prefix, change->id);
}

static bool wait_for_answer(struct change *change, struct session *session, struct fault *fault)
{
    int64_t until_ns = ctl_deadline_ns(change->ctl);
    int64_t unknown_ns = until_ns;
    for (bool is_sent = false; !change->is_done;) {
        bool is_known = roster_find(&change->roster, change->id) != NULL;
        struct session_message *message = NULL;
        bool good = true;
        switch (session_next(session, is_known ? until_ns : unknown_ns, &message, fault)) {
        case SESSION_SENT:
            is_sent = true;
            unknown_ns = timing_now_ns() + TIMING_MS(GATHER_UNKNOWN_MS);
            break;
        case SESSION_TIMEOUT:
            return on_timeout(change, is_sent, fault);
        case SESSION_FAILED:
            return false;
        case SESSION_MESSAGE:
            good = take(change, message, fault);
            session_message_free(message);
            break;
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

// A text goes as a text even where it looks like a number; the type of a key that this program does
// not know is guessed.
static json_t *value_of(const char *key, const char *text)
{
    char group[KEY_MAX + 1];
    const char *dot = strchr(key, '.');
    snprintf(group, sizeof group, "%.*s", dot != NULL ? (int)(dot - key) : 0, key);
    const struct setting *setting = dot != NULL ? settings_table_find(group, dot + 1) : NULL;
    bool is_text =
        setting != NULL && (setting->type == SETTING_TEXT || setting->type == SETTING_WORD);
    json_t *value = is_text ? NULL : json_loads(text, JSON_DECODE_ANY, NULL);
    return value != NULL ? value : json_string(text);
}

static char *payload_of(const struct change *change)
{
    json_t *payload = json_pack("{s:s}", "request_id", change->request_id);
    if (change->ctl->options->verb == CTL_SET) {
        json_object_set_new(payload, "value",
                            value_of(change->key, change->ctl->options->words[2]));
    }
    char *text = json_dumps(payload, JSON_COMPACT);
    json_decref(payload);
    return text;
}

// The command goes out before the question who is there, which it need not wait for.
static bool send(const struct change *change, struct session *session, struct fault *fault)
{
    char suffix[KEY_MAX + 8];
    snprintf(suffix, sizeof suffix, "%s/%s",
             change->ctl->options->verb == CTL_SET ? "set" : "unset", change->key);
    char *payload = payload_of(change);
    bool good = payload != NULL || fault_set(fault, FAULT_SYSTEM, 0, "no memory for a message");
    good = good && session_subscribe(session, change->id, "event", false, fault) &&
           session_publish(session, change->id, suffix, payload, fault) &&
           session_subscribe(session, "+", "status", true, fault);
    free(payload);
    return good;
}

static bool check_value(const struct ctl_options *options, struct fault *fault)
{
    return options->verb != CTL_SET || settings_text_is_clean(options->words[2]) ||
           fault_set(fault, FAULT_USAGE, 0, "the value must be UTF-8 without control characters");
}

bool ctl_set(const struct ctl *ctl, struct fault *fault)
{
    struct change change = {
        .ctl = ctl, .id = ctl->options->words[0], .key = ctl->options->words[1]};
    if (!settings_check_device_id(change.id, fault)) {
        return fault_prefix(fault, "%s", change.id);
    }
    if (!check_key(change.key, fault) || !check_value(ctl->options, fault) ||
        !unique_name("ctl", change.request_id, sizeof change.request_id, fault)) {
        return false;
    }
    struct session *session = session_open(ctl->mqtt, ctl->password, fault);
    if (session == NULL) {
        return false;
    }
    roster_init(&change.roster);
    progress_show("waiting for %s…", change.id);
    bool good = send(&change, session, fault) && wait_for_answer(&change, session, fault);
    progress_clear();
    roster_fini(&change.roster);
    session_close(session);
    return good;
}
