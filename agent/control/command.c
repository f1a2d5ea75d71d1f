// From a message to a command, believing nothing. Pure; jansson holds the JSON.
#include "control/command.h"

#include "control/request_id.h"
#include "settings/settings_names.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char topic_head[] = "command/";

enum key_kind { KEY_WHOLE, KEY_REAL, KEY_WORD };

#define WORDS(...)        \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }

#define VERB(verb) (1U << COMMAND_##verb)
enum { EVERY_VERB = (1U << SETTINGS_VERBS) - 1 };

// What a payload may hold beyond request_id.
static const struct key {
    const char *name;
    unsigned verbs;
    enum key_kind kind;
    size_t offset; // in struct command
    double min;
    double max;
    const char *const *words;
} keys[] = {
    {"spread_ms", EVERY_VERB, KEY_WHOLE, offsetof(struct command, spread_ms), 0, 600000, NULL},
    {"quality", VERB(SNAPSHOT), KEY_WHOLE, offsetof(struct command, quality), 1, 100, NULL},
    {"max_bytes", VERB(SNAPSHOT), KEY_WHOLE, offsetof(struct command, max_bytes), 4096, 268435456,
     NULL},
    {"max_width", VERB(SNAPSHOT), KEY_WHOLE, offsetof(struct command, max_width), 64, 16384, NULL},
    {"max_height", VERB(SNAPSHOT), KEY_WHOLE, offsetof(struct command, max_height), 48, 16384,
     NULL},
    {"payload", VERB(SNAPSHOT), KEY_WORD, offsetof(struct command, payload), 0, 0,
     WORDS("base64", "raw", "json")},
    {"freshness", VERB(SNAPSHOT), KEY_WORD, offsetof(struct command, freshness), 0, 0,
     WORDS("after-trigger", "latest")},
    {"reply", VERB(SNAPSHOT), KEY_WORD, offsetof(struct command, reply), 0, 0,
     WORDS("json", "image")},
    {"count", VERB(SNAPSHOT), KEY_WHOLE, offsetof(struct command, count), 1, COMMAND_COUNT_MAX,
     NULL},
    {"gap_s", VERB(SNAPSHOT), KEY_REAL, offsetof(struct command, gap_s), 0, 60, NULL},
    {"what", VERB(RESTART), KEY_WORD, offsetof(struct command, what), 0, 0,
     WORDS("camera", "agent")},
    {"state", VERB(SHUTTER), KEY_WORD, offsetof(struct command, state), 0, 0,
     WORDS("open", "closed")},
};
enum { KEYS = sizeof keys / sizeof keys[0] };

const char *command_code_name(enum command_code code)
{
    static const char *const names[COMMAND_CODES] = {
        [COMMAND_OK] = "ok",
        [COMMAND_TOO_LONG] = "too_long",
        [COMMAND_NOT_JSON] = "not_json",
        [COMMAND_BAD_REQUEST_ID] = "bad_request_id",
        [COMMAND_BAD_RESPONSE_TOPIC] = "bad_response_topic",
        [COMMAND_UNKNOWN_VERB] = "unknown_verb",
        [COMMAND_UNKNOWN_KEY] = "unknown_key",
        [COMMAND_BAD_VALUE] = "bad_value",
        [COMMAND_RETAINED] = "retained",
        [COMMAND_NOT_ALLOWED] = "not_allowed",
        [COMMAND_TOO_FAST] = "too_fast",
        [COMMAND_BUSY] = "busy",
        [COMMAND_SHUTTER_CLOSED] = "shutter_closed",
        [COMMAND_SHUTTER_LOCKED] = "shutter_locked",
        [COMMAND_NO_CAMERA] = "no_camera",
        [COMMAND_NO_PICTURE] = "no_picture",
        [COMMAND_NOT_DELIVERED] = "not_delivered",
    };
    return names[code];
}

static bool find_verb(const char *topic, enum command_verb *verb, struct fault *fault)
{
    size_t head = sizeof topic_head - 1;
    for (size_t i = 0; strncmp(topic, topic_head, head) == 0 && i < SETTINGS_VERBS; i++) {
        if (strcmp(topic + head, settings_verbs[i]) == 0) {
            *verb = (enum command_verb)i;
            return true;
        }
    }
    return fault_set(fault, FAULT_COMMAND, COMMAND_UNKNOWN_VERB,
                     "unknown command %.64s: there are command/snapshot, restart, identify, "
                     "shutter and config",
                     topic);
}

static bool take_request_id(const json_t *value, char *request_id, struct fault *fault)
{
    if (!json_is_string(value)) {
        return fault_set(fault, FAULT_COMMAND, COMMAND_BAD_REQUEST_ID,
                         "request_id must be a string, like \"door-17\"");
    }
    if (!request_id_is_valid(json_string_value(value), json_string_length(value))) {
        return fault_set(
            fault, FAULT_COMMAND, COMMAND_BAD_REQUEST_ID,
            "request_id must be 1 to %d printable ASCII characters without spaces, '+' "
            "and '#'",
            PICTURE_REQUEST_ID_SIZE - 1);
    }
    snprintf(request_id, PICTURE_REQUEST_ID_SIZE, "%s", json_string_value(value));
    return true;
}

static void list_words(const char *const *words, char *list, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; words[i] != NULL && len < size; i++) {
        const char *between = i == 0 ? "" : words[i + 1] != NULL ? ", " : " or ";
        len += (size_t)snprintf(list + len, size - len, "%s\"%s\"", between, words[i]);
    }
}

static bool take_word(const struct key *key, const json_t *value, struct command *command,
                      struct fault *fault)
{
    const char *text = json_string_value(value); // NULL: it is none
    for (uint32_t i = 0; text != NULL && key->words[i] != NULL; i++) {
        if (strcmp(text, key->words[i]) == 0) {
            i++;
            memcpy((char *)command + key->offset, &i, sizeof i);
            return true;
        }
    }
    char list[80];
    list_words(key->words, list, sizeof list);
    return fault_set(fault, FAULT_COMMAND, COMMAND_BAD_VALUE, "%s must be %s", key->name, list);
}

static bool take_number(const struct key *key, const json_t *value, struct command *command,
                        struct fault *fault)
{
    bool is_right = key->kind == KEY_WHOLE ? json_is_integer(value) : json_is_number(value);
    double number = json_number_value(value);
    if (!is_right || !(number >= key->min && number <= key->max)) {
        return fault_set(fault, FAULT_COMMAND, COMMAND_BAD_VALUE,
                         "%s must be a %snumber, %.15g to %.15g", key->name,
                         key->kind == KEY_WHOLE ? "whole " : "", key->min, key->max);
    }
    if (key->kind == KEY_REAL) {
        memcpy((char *)command + key->offset, &number, sizeof number);
    } else {
        uint32_t whole = (uint32_t)number;
        memcpy((char *)command + key->offset, &whole, sizeof whole);
    }
    return true;
}

static bool refuse_key(enum command_verb verb, const char *name, struct fault *fault)
{
    char list[200] = "request_id";
    for (size_t i = 0; i < KEYS; i++) {
        size_t len = strlen(list);
        if ((keys[i].verbs & 1U << verb) != 0) {
            snprintf(list + len, sizeof list - len, ", %s", keys[i].name);
        }
    }
    // a key comes from outside and may be long: what fits tells enough
    return fault_set(fault, FAULT_COMMAND, COMMAND_UNKNOWN_KEY,
                     "unknown key \"%.40s\": %s takes %s", name, settings_verbs[verb], list);
}

static bool take_member(const char *name, const json_t *value, struct command *command,
                        struct fault *fault)
{
    for (size_t i = 0; i < KEYS; i++) {
        if ((keys[i].verbs & 1U << command->verb) != 0 && strcmp(name, keys[i].name) == 0) {
            return keys[i].kind == KEY_WORD ? take_word(&keys[i], value, command, fault)
                                            : take_number(&keys[i], value, command, fault);
        }
    }
    return refuse_key(command->verb, name, fault);
}

static bool take_members(json_t *object, struct command *command, struct fault *fault)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        if (strcmp(name, "request_id") != 0 && !take_member(name, value, command, fault)) {
            return false;
        }
    }
    return true;
}

// Of a verb that cannot do without.
static bool is_complete(const struct command *command, struct fault *fault)
{
    if (command->verb == COMMAND_RESTART && command->what == 0) {
        return fault_set(fault, FAULT_COMMAND, COMMAND_BAD_VALUE,
                         "say what: {\"what\": \"camera\"} or {\"what\": \"agent\"}");
    }
    if (command->verb == COMMAND_SHUTTER && command->state == 0) {
        return fault_set(fault, FAULT_COMMAND, COMMAND_BAD_VALUE,
                         "say how: {\"state\": \"open\"} or {\"state\": \"closed\"}");
    }
    return true;
}

static json_t *load(const uint8_t *payload, size_t len, struct fault *fault)
{
    if (len > COMMAND_PAYLOAD_MAX) {
        fault_set(fault, FAULT_COMMAND, COMMAND_TOO_LONG,
                  "the payload has %zu bytes, a command has at most %d", len, COMMAND_PAYLOAD_MAX);
        return NULL;
    }
    if (len == 0) {
        return json_object();
    }
    json_error_t error;
    json_t *root = json_loadb((const char *)payload, len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        fault_set(fault, FAULT_COMMAND, COMMAND_NOT_JSON, "the payload is not JSON: %s (byte %d)",
                  error.text, error.position);
    } else if (!json_is_object(root)) {
        json_decref(root);
        root = NULL;
        fault_set(fault, FAULT_COMMAND, COMMAND_NOT_JSON,
                  "the payload must be empty or a JSON object, like {\"request_id\": \"door-17\"}");
    }
    return root;
}

// The request id comes first, so that every other refusal can be told to whoever asked; and what is
// wrong with the payload counts for a verb that there is.
static bool read_object(const char *topic, json_t *object, struct command *command,
                        const char **verb, struct fault *fault)
{
    json_t *given = json_object_get(object, "request_id");
    struct fault id_fault;
    bool has_good_id = given == NULL || take_request_id(given, command->request_id, &id_fault);
    if (!find_verb(topic, &command->verb, fault)) {
        return false;
    }
    *verb = settings_verbs[command->verb];
    if (!has_good_id) {
        *fault = id_fault;
        return false;
    }
    return take_members(object, command, fault) && is_complete(command, fault);
}

bool command_parse(const char *topic, const uint8_t *payload, size_t len, bool retained,
                   struct command *command, const char **verb, struct fault *fault)
{
    *command = (struct command){.count = 1};
    *verb = NULL;
    json_t *object = load(payload, len, fault);
    if (object == NULL) {
        struct fault unknown;
        if (!find_verb(topic, &command->verb, &unknown)) {
            *fault = unknown;
        } else {
            *verb = settings_verbs[command->verb];
        }
        return false;
    }
    bool good = read_object(topic, object, command, verb, fault);
    json_decref(object);
    if (good && retained) {
        // it would be carried out again at every reconnect
        return fault_set(fault, FAULT_COMMAND, COMMAND_RETAINED,
                         "a retained command is refused: publish it without the retain flag, and "
                         "clear it with an empty retained message");
    }
    return good;
}
