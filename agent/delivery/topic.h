// The topics of one agent: P/ID/suffix. Pure.
#pragma once

#include "settings/settings.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    TOPIC_SUFFIX_MAX = 32, // of what we publish and subscribe to ourselves
    TOPIC_SIZE = SETTINGS_TOPIC_SIZE + SETTINGS_ID_SIZE + TOPIC_SUFFIX_MAX,
};

// "P/ID/suffix"; the settings have checked the prefix and the id.
void topic_make(char topic[static TOPIC_SIZE], const char *prefix, const char *id,
                const char *suffix);

// Copies what follows P/ID/ in `topic` (`len` bytes off the wire) as text, cut at a character when
// it is longer than `size` allows. False where the topic is not below P/ID/, or has a NUL in it.
bool topic_below(const char *prefix, const char *id, const char *topic, size_t len, char *suffix,
                 size_t size);
