// The checks of texts that a length and a list of words cannot express. Pure.
#pragma once

#include "base/fault.h"

// Whether it is valid UTF-8 without control characters, and no longer than the longest text of the
// settings. Every one of them must be: they travel in MQTT strings and JSON, and into the log.
bool settings_text_is_clean(const char *text);

bool settings_check_device_id(const char *text, struct fault *fault);
bool settings_check_topic_prefix(const char *text, struct fault *fault);

// Never repeats the URL: somebody may have put a password into it.
bool settings_check_broker_url(const char *text, struct fault *fault);
