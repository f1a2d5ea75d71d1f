// Why a broker says no: its reason codes in words, and what follows from them. Pure.
#pragma once

#include "base/fault.h"

enum {
    REASON_FAILURE = 0x80, // this and above are failures
    REASON_TAKEN_OVER = 0x8E,
    REASON_TOPIC_INVALID = 0x90,
    REASON_TOO_LARGE = 0x95,
    REASON_PAYLOAD_INVALID = 0x99,
};

// In MQTT 5's own words; never NULL.
const char *reason_words(int reason);

// The refusal will be the same the next time, whatever we do.
bool reason_is_final(int reason);

// The refusal is about the state of the broker and not about the message.
bool reason_is_passing(int reason);

// Of a message that was refused.
void reason_explain(int reason, struct fault *why);

// Of CONNACK; the codes below REASON_FAILURE are those of 3.1.1.
void reason_explain_connack(int code, struct fault *why);
