// Why things did not go as they should, counted: a small closed set of causes, so that the numbers
// of a fleet can be added up. The sentence for a person is the event's.
#pragma once

#include "base/fault.h"

#include <stdint.h>

enum cause {
    CAUSE_CAMERA,    // it was offline, or did not give the frame
    CAUSE_TIMEOUT,   // it did not give the frame in time
    CAUSE_PICTURE,   // the frame could not become a JPEG
    CAUSE_TOO_LARGE, // for the broker, or for a command
    CAUSE_BUSY,      // another shot still ran, or too many waited
    CAUSE_LATE,      // the machine was too slow, or asleep
    CAUSE_FULL,      // the spool was
    CAUSE_AGE,       // it had waited for too long
    CAUSE_BROKER,    // it said no
    CAUSE_RETAINED,  // a command was
    CAUSE_INVALID,   // a command, or what it asked for
    CAUSE_SYSTEM,    // memory, or the disk
};
enum { CAUSE_COUNT = CAUSE_SYSTEM + 1 };

extern const char *const cause_names[CAUSE_COUNT];

// What is counted by cause.
enum cause_of {
    CAUSE_OF_FAILED,
    CAUSE_OF_SKIPPED,
    CAUSE_OF_DROPPED,
    CAUSE_OF_REFUSED,
    CAUSE_OF_COMMANDS_REFUSED,
};
enum { CAUSE_OF_COUNT = CAUSE_OF_COMMANDS_REFUSED + 1 };

struct causes {
    uint64_t counts[CAUSE_OF_COUNT][CAUSE_COUNT];
};

void causes_add(struct causes *causes, enum cause_of what, enum cause why, uint64_t count);

// By kind and code. Pure.
enum cause cause_of_fault(const struct fault *fault);
