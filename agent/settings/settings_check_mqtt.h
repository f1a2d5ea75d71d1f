// The checks of where the broker is, and of what goes there. Pure.
#pragma once

#include "base/fault.h"
#include "settings/settings.h"

// One address or several. Never repeats them: somebody may have put a password into one.
bool settings_check_broker_url(const char *text, struct fault *fault);

// Whether the password stays where nobody can read it on its way.
bool settings_check_credentials(const struct settings_mqtt *mqtt, struct fault *fault);

// Whether the settings of TLS go together; what is wrong concerns mqtt.url.
bool settings_check_tls(const struct settings_mqtt *mqtt, struct fault *fault);
