// The checks of texts that a length and a list of words cannot express. Pure.
#pragma once

#include "base/fault.h"

#include <stddef.h>

// Whether it is valid UTF-8 without control characters, and no longer than the longest text of the
// settings. Every one of them must be: they travel in MQTT strings and JSON, and into the log.
bool settings_text_is_clean(const char *text);

bool settings_check_device_id(const char *text, struct fault *fault);
bool settings_check_topic_prefix(const char *text, struct fault *fault);
bool settings_check_full_path(const char *text, struct fault *fault);

// Reads the `count` numbers that a text such as "0.5, 1" holds; false if it holds anything else.
bool settings_numbers(const char *text, size_t count, double *numbers);

// Two positive numbers, four fractions of which the last two are sides within the whole; or "".
bool settings_check_awb_gains(const char *text, struct fault *fault);
bool settings_check_roi(const char *text, struct fault *fault);
