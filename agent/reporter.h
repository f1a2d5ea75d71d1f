// What the agent tells about itself: counts what happens and hands the documents to the publisher.
// Main thread.
#pragma once

#include "camera/camera_info.h"
#include "control/documents.h"
#include "delivery/publisher.h"
#include "settings/settings.h"

struct reporter {
    const struct settings *settings;
    struct publisher *publisher;
    int64_t started_ns;
    struct counters counters;
    const struct camera_info *camera; // NULL: offline
    struct camera_health camera_health;
    struct fault camera_fault; // of the present outage
    struct fault spool_fault;  // FAULT_NONE: the spool does what the settings say
    struct fault last_fault;
    char mqtt_version[8]; // "": no link yet
};

void reporter_init(struct reporter *reporter, const struct settings *settings,
                   struct publisher *publisher);

// An event about a shot; `why` NULL where all is well.
void reporter_shot_event(struct reporter *reporter, const char *event_type, const struct shot *shot,
                         const struct fault *why);

// An event about something that has no shot: a refused command, a skipped due time.
void reporter_event(struct reporter *reporter, const char *event_type, const char *request_id,
                    const struct fault *why);

// The JSON of the event `captured`, which travels with the picture; NULL without memory.
char *reporter_captured(const struct shot *shot);

// The camera's condition has changed: P/ID/camera, state and health. `info` is borrowed until the
// next call; NULL: offline, and `why` says the reason.
void reporter_camera(struct reporter *reporter, const struct camera_info *info,
                     const struct fault *why);

// The disk takes no pictures, and why; or does again (FAULT_NONE).
void reporter_spool(struct reporter *reporter, const struct fault *why);

void reporter_health(struct reporter *reporter);
