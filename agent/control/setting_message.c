// From a message to a value, believing nothing. Any thread, no state; jansson holds the JSON.
#include "control/setting_message.h"

#include "control/request_id.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static const char set_prefix[] = "set/";
static const char unset_prefix[] = "unset/";

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool setting_message_is(const char *topic)
{
    return begins_with(topic, set_prefix) || begins_with(topic, unset_prefix);
}

static bool is_text(const struct setting *setting)
{
    return setting->type == SETTING_TEXT || setting->type == SETTING_WORD;
}

static bool take_text(struct setting_message *message, const char *text, size_t len,
                      struct fault *fault)
{
    if (len >= sizeof message->text) {
        return fault_set(fault, FAULT_COMMAND, 0, "%s: longer than %zu bytes",
                         message->setting->path, sizeof message->text - 1);
    }
    if (memchr(text, '\0', len) != NULL) {
        return fault_set(fault, FAULT_COMMAND, 0, "%s: a NUL byte in the value",
                         message->setting->path);
    }
    memcpy(message->text, text, len);
    message->text[len] = '\0';
    message->value = (struct setting_value){SETTING_VALUE_TEXT, .text = message->text};
    return true;
}

// To JSON and those who write it 80.0 is 80.
static struct setting_value number_of(const struct setting *setting, const json_t *json)
{
    if (json_is_integer(json)) {
        return (struct setting_value){SETTING_VALUE_WHOLE, .whole = json_integer_value(json)};
    }
    double real = json_real_value(json);
    bool is_whole = setting->type != SETTING_DOUBLE && floor(real) == real && fabs(real) < 1e15;
    return is_whole ? (struct setting_value){SETTING_VALUE_WHOLE, .whole = (int64_t)real}
                    : (struct setting_value){SETTING_VALUE_REAL, .real = real};
}

static bool take_json(struct setting_message *message, const json_t *json, struct fault *fault)
{
    message->value = (struct setting_value){.kind = SETTING_VALUE_OTHER};
    if (json_is_string(json)) {
        return take_text(message, json_string_value(json), json_string_length(json), fault);
    }
    if (json_is_boolean(json)) {
        message->value = (struct setting_value){SETTING_VALUE_FLAG, .flag = json_is_true(json)};
    } else if (json_is_number(json)) {
        message->value = number_of(message->setting, json);
    }
    return true;
}

static bool take_request_id(struct setting_message *message, const json_t *json,
                            struct fault *fault)
{
    if (!json_is_string(json) ||
        !request_id_is_valid(json_string_value(json), json_string_length(json))) {
        return fault_set(fault, FAULT_COMMAND, 0,
                         "request_id must be a string of 1 to %d printable ASCII characters "
                         "without spaces, like \"door-17\"",
                         PICTURE_REQUEST_ID_SIZE - 1);
    }
    memcpy(message->request_id, json_string_value(json), json_string_length(json) + 1);
    return true;
}

// {"value": …, "request_id": …}. The request id comes first, so that every other refusal can be
// told to whoever asked.
static bool take_object(struct setting_message *message, json_t *object, struct fault *fault)
{
    json_t *request_id = json_object_get(object, "request_id");
    if (request_id != NULL && !take_request_id(message, request_id, fault)) {
        return false;
    }
    const char *key;
    json_t *member;
    json_object_foreach(object, key, member)
    {
        bool is_value = strcmp(key, "value") == 0 && !message->is_unset;
        if (!is_value && strcmp(key, "request_id") != 0) {
            return fault_set(fault, FAULT_COMMAND, 0, "unknown key \"%.40s\": there is %s", key,
                             message->is_unset ? "request_id" : "value and request_id");
        }
    }
    json_t *value = json_object_get(object, "value");
    if (message->is_unset) {
        return true;
    }
    if (value == NULL) {
        return fault_set(fault, FAULT_COMMAND, 0, "the object has no \"value\"");
    }
    return take_json(message, value, fault);
}

// What is JSON by its first character; a text may be anything else.
static bool is_json(const struct setting_message *message, const char *payload, size_t len)
{
    if (message->is_unset || !is_text(message->setting)) {
        return true;
    }
    return len > 0 && (payload[0] == '"' || payload[0] == '{');
}

static bool read_payload(struct setting_message *message, const char *payload, size_t len,
                         struct fault *fault)
{
    if (message->is_unset && len == 0) {
        return true;
    }
    if (!is_json(message, payload, len)) {
        return take_text(message, len > 0 ? payload : "", len, fault);
    }
    json_error_t error;
    json_t *json =
        json_loadb(len > 0 ? payload : "", len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    bool good = true;
    if (json_is_object(json)) {
        good = take_object(message, json, fault);
    } else if (message->is_unset) {
        good = fault_set(fault, FAULT_COMMAND, 0,
                         "the payload of an unset is empty or {\"request_id\": \"…\"}");
    } else if (json != NULL) {
        good = take_json(message, json, fault);
    } else if (len > 0 && (payload[0] == '{' || payload[0] == '"')) {
        good = fault_set(fault, FAULT_COMMAND, 0, "the payload is not JSON: %s (byte %d)",
                         error.text, error.position);
    } else { // the row says in its refusal what it wants
        message->value = (struct setting_value){.kind = SETTING_VALUE_OTHER};
    }
    json_decref(json);
    return good;
}

bool setting_message_read(const char *topic, const uint8_t *payload, size_t len, bool retained,
                          struct setting_message *message, struct fault *fault)
{
    message->is_unset = begins_with(topic, unset_prefix);
    message->request_id[0] = '\0';
    message->value = (struct setting_value){.kind = SETTING_VALUE_OTHER};
    const char *path = topic + strlen(message->is_unset ? unset_prefix : set_prefix);
    if (!settings_change_find(path, &message->setting, fault)) {
        return false;
    }
    if (len > SETTING_MESSAGE_MAX) {
        return fault_set(fault, FAULT_COMMAND, 0,
                         "the payload has %zu bytes, a setting has at most %d", len,
                         SETTING_MESSAGE_MAX);
    }
    if (!read_payload(message, (const char *)payload, len, fault)) {
        return false;
    }
    if (retained) {
        // it would undo every later change at each reconnect
        return fault_set(fault, FAULT_COMMAND, 0,
                         "a retained setting is refused: publish it without the retain flag (it is "
                         "kept here), and clear it with an empty retained message");
    }
    return true;
}
