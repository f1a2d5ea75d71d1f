// The JSON documents about the agent: event, state, health. Pure.
#pragma once

#include "camera/camera_info.h"
#include "picture/picture.h"
#include "settings/settings.h"

// "captured", "failed", "skipped", "refused"
struct document_event {
    const char *event_type;
    int64_t at_wall_ns;
    const char *id;         // NULL: none
    uint64_t seq;           // 0: none
    const char *request_id; // NULL or "": none
    const char *trigger;    // NULL: none
    const char *reason;     // NULL: none
};

struct counters {
    uint64_t captured;  // frames that the camera gave for a shot
    uint64_t published; // pictures the broker has, on `image`
    uint64_t late;      // pictures the broker has, on `late`
    uint64_t dropped;   // accepted pictures that never will be sent
    uint64_t refused;   // pictures that the broker refused
    uint64_t failed;    // shots without a picture
    uint64_t skipped;  // shots not begun (one still ran, or no camera was there), and pictures that
                       // could not be made small enough for the broker
    uint64_t commands; // commands carried out
    uint64_t commands_refused;
};

struct document_health {
    int64_t uptime_ns;
    struct counters counters;
    const char *spool_mode;  // where the next picture will wait: "memory", "disk"
    const char *spool_fault; // NULL: that is as the settings say
    uint32_t spool_quarantined;
    uint32_t backlog;
    uint64_t backlog_bytes;
    uint32_t reconnects;
    uint32_t events_dropped;
    struct camera_health camera;
    const char *camera_fault; // NULL: online
    const char *last_fault;   // NULL: none yet
    const char *mqtt_version; // "5", "3.1.1"; NULL: no link yet
    uint64_t rss_bytes;       // of the agent; 0: unknown
    double cpu_temperature_c; // NAN: the machine does not say
};

// Each returns malloc'ed JSON, or NULL without memory.
char *document_event(const struct document_event *event);
char *document_state(const struct settings *settings,
                     const struct camera_info *info); // info NULL: offline
char *document_health(const struct document_health *health);
