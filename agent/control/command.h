// A message on P/ID/command/<verb>, as a small struct or a refusal. Pure.
#pragma once

#include "base/fault.h"
#include "picture/picture.h"

#include <stddef.h>

// In the order of settings_verbs.
enum command_verb {
    COMMAND_SNAPSHOT,
    COMMAND_RESTART,
    COMMAND_IDENTIFY,
    COMMAND_SHUTTER,
    COMMAND_CONFIG,
};

// Words of the payload, from 1 in the order of the words that command.c has; 0: not given.
enum command_payload { PAYLOAD_BASE64 = 1, PAYLOAD_RAW, PAYLOAD_JSON };
enum command_freshness { FRESHNESS_AFTER_TRIGGER = 1, FRESHNESS_LATEST };
enum command_reply { REPLY_JSON = 1, REPLY_IMAGE };
enum command_what { WHAT_CAMERA = 1, WHAT_AGENT };
enum command_state { STATE_OPEN = 1, STATE_CLOSED };

enum {
    COMMAND_PAYLOAD_MAX = 4096, // bytes of JSON
    COMMAND_COUNT_MAX = 20,     // pictures of a burst
};

struct command {
    enum command_verb verb;
    char request_id[PICTURE_REQUEST_ID_SIZE]; // "": none
    uint32_t spread_ms;                       // of a command to many: within that time

    // of a snapshot; 0: as the settings have it
    uint32_t quality;
    uint32_t max_bytes;
    uint32_t max_width;
    uint32_t max_height;
    uint32_t payload;   // enum command_payload
    uint32_t freshness; // enum command_freshness
    uint32_t reply;     // enum command_reply
    uint32_t count;     // 1 at the least
    double gap_s;       // from one picture of a burst to the next

    uint32_t what;  // of a restart
    uint32_t state; // of the shutter
};

// Why a command was not carried out: fault.code of a FAULT_COMMAND.
enum command_code {
    COMMAND_OK,
    COMMAND_TOO_LONG,
    COMMAND_NOT_JSON,
    COMMAND_BAD_REQUEST_ID,
    COMMAND_BAD_RESPONSE_TOPIC,
    COMMAND_UNKNOWN_VERB,
    COMMAND_UNKNOWN_KEY,
    COMMAND_BAD_VALUE,
    COMMAND_RETAINED,
    COMMAND_NOT_ALLOWED,
    COMMAND_TOO_FAST,
    COMMAND_BUSY,
    COMMAND_SHUTTER_CLOSED,
    COMMAND_SHUTTER_LOCKED,
    COMMAND_NO_CAMERA,
    COMMAND_NO_PICTURE,    // there was a camera, but it gave none
    COMMAND_NOT_DELIVERED, // there was a picture, but the broker does not have it
    COMMAND_CODES,
};

// For machines: "unknown_key".
const char *command_code_name(enum command_code code);

// `topic` is what follows P/ID/. The payload is empty or a JSON object with known keys of the right
// type and in range, once each. Refusals are FAULT_COMMAND with a code, and a sentence that names
// the key and the cure; `command->request_id` (written even then, "" where there is none) is the
// payload's where it could be read, so that even a refusal can be told to whoever asked, and so is
// `*verb`, NULL where there is no such verb.
__attribute__((warn_unused_result)) bool command_parse(const char *topic, const uint8_t *payload,
                                                       size_t len, bool retained,
                                                       struct command *command, const char **verb,
                                                       struct fault *fault);
