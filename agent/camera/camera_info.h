// What a camera turned out to be once it was configured. Plain data.
#pragma once

#include "camera/frame.h"

struct camera_info {
    char driver[16];
    char library[112];
    char id[256];
    char model[64];
    uint32_t width; // as configured, which may differ from the wish
    uint32_t height;
    enum pixel_format format;
    char format_name[12]; // as libcamera writes it
    enum color_encoding encoding;
    enum color_range range;
    double frame_interval_ms; // 0: unknown
    unsigned orientation;     // what is left of rotation and flips, as EXIF counts: 1 to 8
    char unsupported[256];    // the settings that this camera does not have: "gain, hdr"
    int pid;                  // of the driver
};

// How often a camera had to be mended.
struct camera_health {
    uint32_t stream_restarts;
    uint32_t restarts;     // of the driver
    uint32_t shots_failed; // in a row, until now
    int driver_pid;        // 0: none runs
};
