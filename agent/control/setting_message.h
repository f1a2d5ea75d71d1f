// A message on P/ID/set/<key> or P/ID/unset/<key>, as a value for a row of the settings or a
// refusal. Pure.
#pragma once

#include "picture/picture.h"
#include "settings/settings_change.h"

#include <stddef.h>

enum { SETTING_MESSAGE_MAX = 4096 }; // bytes of payload

struct setting_message {
    bool is_unset;
    const struct setting *setting;
    struct setting_value value; // of a set; a text is the one below: do not copy
    char text[SETTINGS_PATH_SIZE];
    char request_id[PICTURE_REQUEST_ID_SIZE]; // "": none; also of a refusal, where it was readable
};

// Whether the topic, which is what follows P/ID/, is one of these.
bool setting_message_is(const char *topic);

// The payload of a set is the value, as JSON writes it or, for a text, as it is: 80, true, 0.5,
// daylight, "daylight"; or {"value": 80, "request_id": "door-17"}. That of an unset is empty or
// {"request_id": …}. Refusals are FAULT_COMMAND; whether the value is right for the row is for
// settings_change_set to say.
__attribute__((warn_unused_result)) bool
setting_message_read(const char *topic, const uint8_t *payload, size_t len, bool retained,
                     struct setting_message *message, struct fault *fault);
