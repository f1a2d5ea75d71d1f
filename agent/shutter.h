// Whether pictures may be taken at all. Closed, the camera's device is not open and the broker
// keeps no picture. Main thread.
#pragma once

#include "camera/camera.h"
#include "reporter.h"

enum shutter_state { SHUTTER_OPEN, SHUTTER_CLOSED, SHUTTER_LOCKED };

struct shutter {
    struct camera *camera;
    struct publisher *publisher;
    struct reporter *reporter;
    enum shutter_state state;
};

// As the settings have it.
void shutter_init(struct shutter *shutter, struct camera *camera, struct publisher *publisher,
                  struct reporter *reporter);
// Starts the camera, or keeps it closed.
void shutter_begin(struct shutter *shutter);

bool shutter_is_open(const struct shutter *shutter);

// As a command wants it. Fails where it is locked (FAULT_COMMAND).
bool shutter_set(struct shutter *shutter, bool open, struct fault *fault);
