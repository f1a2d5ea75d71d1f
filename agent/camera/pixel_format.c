// Names of pixel formats: one list, read both ways. Pure.
#include "camera/camera.h"

#include <string.h>

static const char *const NAMES[PIXEL_FORMAT_COUNT] = {
    [PIXEL_FORMAT_NONE] = "none",         [PIXEL_FORMAT_YUV420] = "YUV420",
    [PIXEL_FORMAT_NV12] = "NV12",         [PIXEL_FORMAT_YUYV] = "YUYV",
    [PIXEL_FORMAT_RGB888] = "RGB888",     [PIXEL_FORMAT_BGR888] = "BGR888",
    [PIXEL_FORMAT_XRGB8888] = "XRGB8888", [PIXEL_FORMAT_XBGR8888] = "XBGR8888",
    [PIXEL_FORMAT_MJPEG] = "MJPEG",
};

const char *pixel_format_name(enum pixel_format format)
{
    return (unsigned)format < PIXEL_FORMAT_COUNT ? NAMES[format] : NAMES[PIXEL_FORMAT_NONE];
}

enum pixel_format pixel_format_by_name(const char *name)
{
    for (unsigned i = PIXEL_FORMAT_NONE + 1; i < PIXEL_FORMAT_COUNT; i++) {
        if (strcmp(name, NAMES[i]) == 0) {
            return (enum pixel_format)i;
        }
    }
    return PIXEL_FORMAT_NONE;
}
