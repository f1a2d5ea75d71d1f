// The picture settings as the developer takes them. Pure.
#pragma once

#include "picture/develop.h"
#include "settings/settings.h"

struct develop_settings develop_settings_of(const struct settings_picture *settings);
