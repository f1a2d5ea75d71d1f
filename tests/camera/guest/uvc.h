// What the simulated webcam says of itself, and what the host sets: USB and UVC 1.0 descriptors and
// controls. One bulk endpoint for the video; pure, knows nothing of frames.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UVC_MODES_MAX = 8, UVC_ANSWER_MAX = 1024 };

struct uvc_mode {
    bool is_mjpeg; // else YUYV
    uint16_t width;
    uint16_t height;
};

// MJPEG before YUYV, in the order in which the descriptors are to name them.
void uvc_init(const struct uvc_mode *modes, size_t count, uint32_t fps);

struct uvc_answer {
    bool is_refused;
    uint8_t data[UVC_ANSWER_MAX]; // of a request for data
    uint32_t len;
    enum uvc_effect {
        UVC_NOTHING,
        UVC_STREAM, // the host wants video, in uvc_mode_index()
        UVC_STOP,
        UVC_SET, // a control was set; `text` says which and to what
    } effect;
    char text[64];
};

// Answers one control transfer: `setup` as USB defines it, `data` what the host sent with it.
void uvc_control(const uint8_t setup[8], const uint8_t *data, uint32_t len,
                 struct uvc_answer *answer);

size_t uvc_mode_index(void);
