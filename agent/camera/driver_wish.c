// Settings to protocol and back. Pure.
#include "camera/driver_wish.h"

#include "camera/camera.h"
#include "settings/settings_check.h"
#include "settings/settings_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// The place of a word in its list, whose order enum driver_awb and its like have; 0 is "auto".
static double word_of(const char *key, const char *word)
{
    const struct setting *setting = settings_table_find("camera", key);
    for (int i = 1; setting->words[i] != NULL; i++) {
        if (strcmp(setting->words[i], word) == 0) {
            return i;
        }
    }
    return NAN;
}

static double unless(double value, double neutral)
{
    return value != neutral ? value : NAN;
}

static void wish_controls(const struct settings_camera *settings, double *controls)
{
    for (int i = 0; i < DRIVER_CONTROL_COUNT; i++) {
        controls[i] = NAN;
    }
    controls[DRIVER_CONTROL_EXPOSURE_US] = unless(settings->exposure_us, 0);
    controls[DRIVER_CONTROL_GAIN] = unless(settings->gain, 0);
    controls[DRIVER_CONTROL_EV] = unless(settings->ev, 0);
    controls[DRIVER_CONTROL_AWB] = word_of("awb", settings->awb);
    controls[DRIVER_CONTROL_METERING] = word_of("metering", settings->metering);
    controls[DRIVER_CONTROL_FLICKER_PERIOD_US] = unless(settings->flicker_period_us, 0);
    controls[DRIVER_CONTROL_BRIGHTNESS] = unless(settings->brightness, 0);
    controls[DRIVER_CONTROL_CONTRAST] = unless(settings->contrast, 1);
    controls[DRIVER_CONTROL_SATURATION] = unless(settings->saturation, 1);
    controls[DRIVER_CONTROL_SHARPNESS] = unless(settings->sharpness, 1);
    controls[DRIVER_CONTROL_HDR] = word_of("hdr", settings->hdr);
    controls[DRIVER_CONTROL_AF_MODE] = word_of("af_mode", settings->af_mode);
    if (controls[DRIVER_CONTROL_AF_MODE] == DRIVER_AF_MANUAL) {
        controls[DRIVER_CONTROL_LENS_POSITION] = settings->lens_position;
    }
    double numbers[4];
    if (settings_numbers(settings->awb_gains, 2, numbers)) {
        memcpy(&controls[DRIVER_CONTROL_AWB_RED], numbers, 2 * sizeof *numbers);
    }
    if (settings_numbers(settings->roi, 4, numbers)) {
        memcpy(&controls[DRIVER_CONTROL_ROI_X], numbers, 4 * sizeof *numbers);
    }
}

void driver_wish(const struct settings_camera *settings, struct driver_configure *configure)
{
    configure->idle_fps = settings->idle_fps;
    configure->settle_ms = settings->settle_ms;
    configure->keep_latest = strcmp(settings->freshness, "latest") == 0;
    configure->rotation = settings->rotation;
    configure->hflip = settings->hflip;
    configure->vflip = settings->vflip;
    wish_controls(settings, configure->controls);
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
    info->orientation = configured->orientation;
    snprintf(info->unsupported, sizeof info->unsupported, "%s", configured->unsupported);
    snprintf(info->id, sizeof info->id, "%s", configured->id);
    snprintf(info->model, sizeof info->model, "%s", configured->model);
}
