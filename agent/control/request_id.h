// The request id that somebody gives, to know what answers it. Pure.
#pragma once

#include "picture/picture.h"

#include <stddef.h>

// 1 to PICTURE_REQUEST_ID_SIZE - 1 printable ASCII characters without spaces and MQTT's wildcards:
// what every JSON, log and topic carries unharmed.
bool request_id_is_valid(const char *text, size_t len);
