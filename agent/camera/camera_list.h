// What cameras a driver sees, for a person at a terminal.
#pragma once

#include "base/fault.h"
#include "camera/driver_protocol.h"

// Starts the driver, calls `each` for every camera that it knows, ends it. Waits for the driver, at
// most for 20 s. `count` is how many there were.
__attribute__((warn_unused_result)) bool
camera_list(const char *drivers_path, const char *driver,
            void (*each)(void *context, const struct driver_camera *camera), void *context,
            char library[static 112], unsigned *count, struct fault *fault);
