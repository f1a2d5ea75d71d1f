// The JSON document on P/ID/health: how this device does, for whoever looks after many. Pure.
//
// What the machine or the camera does not tell is left out; nothing stands for it.
#pragma once

#include "camera/camera_info.h"
#include "control/causes.h"
#include "control/vitals.h"

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
    int64_t uptime_ns; // of the agent
    struct counters counters;
    const struct causes *causes; // NULL: none
    const char *spool_mode;      // where the next picture will wait: "memory", "disk"
    const char *spool_fault;     // NULL: that is as the settings say
    uint32_t spool_quarantined;
    uint32_t backlog;
    uint64_t backlog_bytes;
    uint32_t reconnects;
    uint32_t events_dropped;
    uint32_t replies_dropped;
    uint32_t commands_dropped; // there were too many at once
    struct camera_health camera;
    const struct camera_info *camera_info; // NULL: offline
    const char *camera_fault;              // NULL: online
    const char *last_fault;                // NULL: none yet
    int64_t last_fault_wall_ns;
    const char *mqtt_version;    // "5", "3.1.1"; NULL: no link yet
    const struct vitals *vitals; // NULL: not read
};

// malloc'ed JSON, or NULL without memory.
char *document_health(const struct document_health *health);
