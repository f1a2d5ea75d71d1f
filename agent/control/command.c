// From a message to a command, believing nothing. Pure; jansson holds the JSON.
#include "control/command.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *topic;
    enum command_verb verb;
} verbs[] = {
    {"command/snapshot", COMMAND_SNAPSHOT},
};

static bool find_verb(const char *topic, enum command_verb *verb, struct fault *fault)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(topic, verbs[i].topic) == 0) {
            *verb = verbs[i].verb;
            return true;
        }
    }
    return fault_set(fault, FAULT_COMMAND, 0, "unknown command %.64s: there is command/snapshot",
                     topic);
}

// Only what every JSON, log and topic carries unharmed.
static bool is_request_id(const char *text, size_t len)
{
    if (len == 0 || len >= PICTURE_REQUEST_ID_SIZE) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text[i] < 0x21 || text[i] > 0x7E) {
            return false;
        }
    }
    return true;
}

static bool take_request_id(const json_t *value, char *request_id, struct fault *fault)
{
    if (!json_is_string(value)) {
        return fault_set(fault, FAULT_COMMAND, 0, "request_id must be a string, like \"door-17\"");
    }
    if (!is_request_id(json_string_value(value), json_string_length(value))) {
        return fault_set(fault, FAULT_COMMAND, 0,
                         "request_id must be 1 to %d printable ASCII characters without spaces",
                         PICTURE_REQUEST_ID_SIZE - 1);
    }
    snprintf(request_id, PICTURE_REQUEST_ID_SIZE, "%s", json_string_value(value));
    return true;
}

// The request id comes first, so that every other refusal can be told to whoever asked.
static bool read_members(json_t *object, char *request_id, struct fault *fault)
{
    json_t *given = json_object_get(object, "request_id");
    if (given != NULL && !take_request_id(given, request_id, fault)) {
        return false;
    }
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (strcmp(key, "request_id") != 0) {
            // a key comes from outside and may be long: what fits tells enough
            return fault_set(fault, FAULT_COMMAND, 0,
                             "unknown key \"%.40s\": a snapshot takes request_id only", key);
        }
    }
    return true;
}

static bool read_payload(const uint8_t *payload, size_t len, char *request_id, struct fault *fault)
{
    if (len == 0) {
        return true;
    }
    json_error_t error;
    json_t *root = json_loadb((const char *)payload, len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        return fault_set(fault, FAULT_COMMAND, 0, "the payload is not JSON: %s (byte %d)",
                         error.text, error.position);
    }
    bool good = json_is_object(root) ? read_members(root, request_id, fault)
                                     : fault_set(fault, FAULT_COMMAND, 0,
                                                 "the payload must be empty or a JSON object, like "
                                                 "{\"request_id\": \"door-17\"}");
    json_decref(root);
    return good;
}

bool command_parse(const char *topic, const uint8_t *payload, size_t len, bool retained,
                   struct command *command, char request_id[static PICTURE_REQUEST_ID_SIZE],
                   struct fault *fault)
{
    request_id[0] = '\0';
    enum command_verb verb;
    if (len > COMMAND_PAYLOAD_MAX) {
        return fault_set(fault, FAULT_COMMAND, 0,
                         "the payload has %zu bytes, a command has at most %d", len,
                         COMMAND_PAYLOAD_MAX);
    }
    char id[PICTURE_REQUEST_ID_SIZE] = "";
    bool good = read_payload(payload, len, id, fault);
    snprintf(request_id, PICTURE_REQUEST_ID_SIZE, "%s", id);
    // what is wrong with the payload counts for a verb that there is
    if (!find_verb(topic, &verb, fault) || !good) {
        return false;
    }
    if (retained) {
        // it would be carried out again at every reconnect
        return fault_set(fault, FAULT_COMMAND, 0,
                         "a retained command is refused: publish it without the retain flag, and "
                         "clear it with an empty retained message");
    }
    command->verb = verb;
    snprintf(command->request_id, sizeof command->request_id, "%s", id);
    return true;
}
