// The files that mqtt.ca_file, mqtt.cert_file and mqtt.key_file name, looked at before OpenSSL
// does, which says "-1" to all that may be wrong with them. No state.
#pragma once

#include "base/fault.h"
#include "settings/settings.h"

// Reads them anew each time, so that a renewed certificate is noticed.
__attribute__((warn_unused_result)) bool tls_files_check(const struct settings_mqtt *mqtt,
                                                         struct fault *fault);
