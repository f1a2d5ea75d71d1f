// Reason codes. No state.
#include "delivery/reason.h"

#include <MQTTReasonCodes.h>
#include <stddef.h>

const char *reason_words(int reason)
{
    const char *words = MQTTReasonCode_toString((enum MQTTReasonCodes)reason);
    return words != NULL ? words : "for a reason unknown to MQTT 5";
}

bool reason_is_final(int reason)
{
    switch (reason) {
    case 0x87: // not authorized
    case REASON_TOPIC_INVALID:
    case REASON_TOO_LARGE:
    case REASON_PAYLOAD_INVALID:
    case 0x9A: // retain not supported
    case 0x9B: // QoS not supported
        return true;
    default:
        return false;
    }
}

bool reason_is_passing(int reason)
{
    return reason == 0x89 || reason == 0x96 || reason == 0x97; // busy, rate too high, quota
}

void reason_explain(int reason, struct fault *why)
{
    fault_set(why, FAULT_LINK, reason, "the broker refuses it: %s (%d)", reason_words(reason),
              reason);
}

void reason_explain_connack(int code, struct fault *why)
{
    static const char *const older[] = {
        [1] = "it does not speak this version of MQTT",
        [2] = "it does not take this client id",
        [3] = "it is not available now",
        [4] = "bad user name or password",
        [5] = "not authorized",
    };
    const char *words = code < REASON_FAILURE ? "for an unknown reason" : reason_words(code);
    if (code > 0 && code < (int)(sizeof older / sizeof older[0])) {
        words = older[code];
    }
    fault_set(why, FAULT_LINK, code, "the broker refuses the connection: %s (%d)", words, code);
}
