// What the settings ask of a driver, and what its answer means. Pure.
#pragma once

#include "camera/camera_info.h"
#include "camera/driver_protocol.h"
#include "settings/settings.h"

void driver_wish(const struct settings_camera *settings, struct driver_configure *configure);

// Gives the operator the last word on the colour space, since cameras announce ones that their
// pixels do not have.
void driver_wish_color(const struct settings_camera *settings,
                       struct driver_configured *configured);

void driver_wish_granted(const struct driver_configured *configured, struct camera_info *info);
