// From faults to a few words. Pure.
#include "control/causes.h"

#include "control/command.h"

#include <errno.h>

const char *const cause_names[CAUSE_COUNT] = {
    [CAUSE_CAMERA] = "camera",       [CAUSE_TIMEOUT] = "timeout", [CAUSE_PICTURE] = "picture",
    [CAUSE_TOO_LARGE] = "too_large", [CAUSE_BUSY] = "busy",       [CAUSE_LATE] = "late",
    [CAUSE_FULL] = "full",           [CAUSE_AGE] = "age",         [CAUSE_BROKER] = "broker",
    [CAUSE_RETAINED] = "retained",   [CAUSE_INVALID] = "invalid", [CAUSE_SYSTEM] = "system",
};

void causes_add(struct causes *causes, enum cause_of what, enum cause why, uint64_t count)
{
    causes->counts[what][why] += count;
}

static enum cause cause_of_link(int code)
{
    switch (code) {
    case ENOBUFS:
        return CAUSE_FULL;
    case ETIME:
        return CAUSE_AGE;
    default:
        return CAUSE_BROKER;
    }
}

static enum cause cause_of_command(int code)
{
    switch (code) {
    case COMMAND_BUSY:
    case COMMAND_TOO_FAST:
        return CAUSE_BUSY;
    case COMMAND_NO_CAMERA:
    case COMMAND_SHUTTER_CLOSED:
        return CAUSE_CAMERA;
    case COMMAND_TOO_LONG:
        return CAUSE_TOO_LARGE;
    case COMMAND_RETAINED:
        return CAUSE_RETAINED;
    default:
        return CAUSE_INVALID;
    }
}

enum cause cause_of_fault(const struct fault *fault)
{
    switch (fault->kind) {
    case FAULT_CAMERA:
        return fault->code == ETIMEDOUT ? CAUSE_TIMEOUT : CAUSE_CAMERA;
    case FAULT_PICTURE:
        return fault->code == EMSGSIZE ? CAUSE_TOO_LARGE : CAUSE_PICTURE;
    case FAULT_LINK:
        return cause_of_link(fault->code);
    case FAULT_COMMAND:
        return cause_of_command(fault->code);
    case FAULT_NONE:
    case FAULT_USAGE:
    case FAULT_CONFIG:
    case FAULT_SYSTEM:
        break;
    }
    return CAUSE_SYSTEM;
}
