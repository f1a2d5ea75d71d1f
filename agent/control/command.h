// A message on P/ID/command/<verb>, as a small struct or a refusal. Pure.
#pragma once

#include "base/fault.h"
#include "picture/picture.h"

#include <stddef.h>

enum command_verb {
    COMMAND_SNAPSHOT,
};

struct command {
    enum command_verb verb;
    char request_id[PICTURE_REQUEST_ID_SIZE]; // "": none
};

enum { COMMAND_PAYLOAD_MAX = 4096 }; // bytes of JSON

// `topic` is what follows P/ID/. The payload is empty or a JSON object with known keys of the right
// type, once each. Refusals are FAULT_COMMAND with a sentence that names the key and the cure;
// `request_id` (always written, "" where there is none) is the payload's where it could be read, so
// that even a refusal can be told to whoever asked.
__attribute__((warn_unused_result)) bool
command_parse(const char *topic, const uint8_t *payload, size_t len, bool retained,
              struct command *command, char request_id[static PICTURE_REQUEST_ID_SIZE],
              struct fault *fault);
