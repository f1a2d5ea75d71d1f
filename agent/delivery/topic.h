// The topics of one agent: P/ID/suffix, and those that it shares with others. Pure.
#pragma once

#include "delivery/publisher.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    TOPIC_SUFFIX_MAX = 32, // of what we publish and subscribe to ourselves
    TOPIC_SIZE = SETTINGS_TOPIC_SIZE + SETTINGS_ID_SIZE + TOPIC_SUFFIX_MAX,
};

// "P/ID/suffix"; the settings have checked the prefix and the id.
void topic_make(char topic[static TOPIC_SIZE], const char *prefix, const char *id,
                const char *suffix);

// What the agent subscribes to: command/+, set/+ and unset/+ of its own, of @all and of its groups.
size_t topic_filter_count(const struct settings *settings);
void topic_filter(const struct settings *settings, size_t index, char filter[static TOPIC_SIZE]);

// Whether a topic (`len` bytes off the wire) is one for this device, through which audience, and as
// text what follows P/ID/ or P/@GROUP/, cut at a character when it is longer than `size` allows.
// False too where it has a NUL in it.
bool topic_for_us(const struct settings *settings, const char *topic, size_t len,
                  enum audience *audience, char *suffix, size_t size);

// Whether a reply may go there: clean UTF-8 of at most REPLY_TOPIC_MAX bytes without wildcards,
// neither the broker's own nor one below P/, where whoever may send commands might have no right to
// write, but for P/ID/reply and what is below it.
bool topic_is_for_reply(const char *prefix, const char *id, const char *topic, size_t len);
