// The picture settings as a shot takes them along. Pure.
#pragma once

#include "picture/picture.h"
#include "settings/settings.h"

struct develop_settings develop_settings_of(const struct settings_picture *settings);
