// From fault to exit status. Pure.
#include "ctl/outcome.h"

#include <sysexits.h>

bool outcome_set(struct fault *fault, int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fault_vset(fault, FAULT_COMMAND, status, format, arguments);
    va_end(arguments);
    return false;
}

// CONNACK's codes of 3.1.1 and MQTT 5's reason codes.
static bool is_permission(int code)
{
    switch (code) {
    case 4:    // bad user name or password
    case 5:    // not authorized
    case 0x86: // bad user name or password
    case 0x87: // not authorized
    case 0x8A: // banned
    case 0x8C: // bad authentication method
        return true;
    default:
        return false;
    }
}

int outcome_status(const struct fault *fault)
{
    switch (fault->kind) {
    case FAULT_USAGE:
        return EX_USAGE;
    case FAULT_CONFIG:
        return EX_CONFIG;
    case FAULT_LINK:
        return is_permission(fault->code) ? EX_NOPERM : EX_UNAVAILABLE;
    case FAULT_PICTURE:
        return EX_DATAERR;
    case FAULT_COMMAND:
        return fault->code;
    case FAULT_NONE:
    case FAULT_CAMERA:
    case FAULT_SYSTEM:
        break;
    }
    return EX_OSERR;
}
