// Makes Paho send large messages at the speed of the link, and notice a link that is dead.
//
// Paho's receive thread continues a partly written packet only once per turn of its loop, and that
// loop rests in poll() for up to 1 s and then in usleep() for 0.1 s: one socket buffer per 1.1 s,
// so that a picture of 4 MB takes seconds over a link that needs 0.3 s. This file puts poll() and
// usleep() of its own into the executable, to which libpaho binds. They are the system's for every
// thread but Paho's receive thread, and there too while nothing is under way.
//
// A link that swallows everything is noticed by Paho only after two and a half times the keepalive.
// So this poll() has the kernel end a connection of Paho's whose peer has acknowledged nothing of
// what it was sent for PAHO_PACING_PATIENCE_MS; a slow link acknowledges.
#pragma once

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

enum { PAHO_PACING_PATIENCE_MS = 10000 };

// Before the first MQTTAsync_connect of the process; once more does nothing. There is no end to it:
// Paho's threads may outlive their last handle.
__attribute__((warn_unused_result)) bool paho_pacing_init(struct fault *fault);

// Whether something is under way: wakes the receive thread and keeps it awake until it is not.
void paho_pacing_busy(bool busy);

// Whether a connection of Paho's has failed since the last call, other than by the peer's closing
// it in good order.
bool paho_pacing_take_error(void);

// How many rests were cut short so far. Zero after a message was sent: libpaho is not bound to us.
uint64_t paho_pacing_count(void);
