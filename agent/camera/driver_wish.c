// Settings to protocol and back. Pure.
#include "camera/driver_wish.h"

#include "camera/camera.h"

#include <stdio.h>
#include <string.h>

void driver_wish(const struct settings_camera *settings, struct driver_configure *configure)
{
    configure->width = settings->width;
    configure->height = settings->height;
    configure->fps = settings->fps;
    snprintf(configure->select, sizeof configure->select, "%s", settings->select);
    snprintf(configure->format, sizeof configure->format, "%s", settings->format);
    snprintf(configure->path, sizeof configure->path, "%s", settings->path);
}

void driver_wish_color(const struct settings_camera *settings, struct driver_configured *configured)
{
    static const struct {
        const char *name;
        enum color_encoding encoding;
        enum color_range range;
    } spaces[] = {
        {"sYCC", COLOR_ENCODING_REC601, COLOR_RANGE_FULL},
        {"Smpte170m", COLOR_ENCODING_REC601, COLOR_RANGE_LIMITED},
        {"Rec709", COLOR_ENCODING_REC709, COLOR_RANGE_LIMITED},
        {"Rec2020", COLOR_ENCODING_REC2020, COLOR_RANGE_LIMITED},
    };
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++) {
        if (strcmp(settings->color_space, spaces[i].name) == 0) {
            configured->encoding = spaces[i].encoding;
            configured->range = spaces[i].range;
        }
    }
}

void driver_wish_granted(const struct driver_configured *configured, struct camera_info *info)
{
    info->width = configured->width;
    info->height = configured->height;
    info->format = (enum pixel_format)configured->format;
    snprintf(info->format_name, sizeof info->format_name, "%s", pixel_format_name(info->format));
    info->encoding = (enum color_encoding)configured->encoding;
    info->range = (enum color_range)configured->range;
    info->frame_interval_ms = configured->frame_interval_ms;
    snprintf(info->id, sizeof info->id, "%s", configured->id);
    snprintf(info->model, sizeof info->model, "%s", configured->model);
}
