// What the agent tells about itself: counts what happens and hands the documents to the publisher.
// Main thread.
#pragma once

#include "camera/camera_info.h"
#include "control/documents.h"
#include "control/health.h"
#include "control/setting_documents.h"
#include "delivery/publisher.h"
#include "settings/settings.h"

struct reporter {
    const struct settings *settings; // in effect
    struct document_changes changes; // over MQTT
    struct publisher *publisher;
    const char *root;    // of /proc and /sys: ""
    const char *shutter; // "open", "closed", "locked"
    bool is_identifying;
    int64_t started_ns;
    struct counters counters;
    struct causes causes;             // of what did not go well
    const struct camera_info *camera; // NULL: offline
    struct camera_health camera_health;
    struct fault camera_fault; // of the present outage
    struct fault spool_fault;  // FAULT_NONE: the spool does what the settings say
    struct fault last_fault;
    int64_t last_fault_ns;
    struct vitals_power power; // when somebody last looked
    char mqtt_version[8];      // "": no link yet
};

void reporter_init(struct reporter *reporter, const struct settings *settings,
                   struct publisher *publisher);

// An event about a shot; `why` NULL where all is well.
void reporter_shot_event(struct reporter *reporter, const char *event_type, const struct shot *shot,
                         const struct fault *why);

// An event about something that has no shot: a refused command, a skipped due time.
void reporter_event(struct reporter *reporter, const char *event_type, const char *request_id,
                    const struct fault *why);

// Counts what did not go well, in all and by its cause.
void reporter_count(struct reporter *reporter, enum cause_of what, enum cause why, uint64_t count);

// The newest fault, for `health`; what is no fault changes nothing.
void reporter_fault(struct reporter *reporter, const struct fault *why);

// The JSON of the event `captured`, which travels with the picture; NULL without memory.
char *reporter_captured(const struct shot *shot);

// The same about a picture that the broker has, for another request that it answers.
void reporter_captured_for(struct reporter *reporter, const struct news_picture *picture,
                           const char *request_id);

// What became of a change of settings over MQTT; `why` NULL where all is well.
void reporter_setting(struct reporter *reporter, const char *outcome, const struct setting *setting,
                      const char *request_id, const struct fault *why);

// P/ID/state has changed.
void reporter_state(struct reporter *reporter);

bool reporter_shutter_is_open(const struct reporter *reporter);

// The camera's condition has changed: P/ID/camera, state and health. `info` is borrowed until the
// next call; NULL: offline, and `why` says the reason.
void reporter_camera(struct reporter *reporter, const struct camera_info *info,
                     const struct fault *why);

// The disk takes no pictures, and why; or does again (FAULT_NONE).
void reporter_spool(struct reporter *reporter, const struct fault *why);

// Looks whether the board says that it is short of power or too hot; true if that has changed.
bool reporter_look_at_power(struct reporter *reporter);

void reporter_health(struct reporter *reporter);
