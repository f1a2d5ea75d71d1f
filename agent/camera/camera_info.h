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
    int pid;
};
