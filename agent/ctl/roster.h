// Who is there: what the retained documents say of every device. Pure.
#pragma once

#include "base/fault.h"
#include "settings/settings.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

enum { ROSTER_MAX = 20000 }; // devices; more are counted and left out

enum presence { PRESENCE_UNKNOWN, PRESENCE_OFFLINE, PRESENCE_ONLINE };

struct device {
    char id[SETTINGS_ID_SIZE];
    enum presence status; // of the agent
    enum presence camera;
    json_t *state; // owned, as the next two; NULL: not heard
    json_t *health;
    json_t *meta;
};

struct roster {
    struct device *devices; // by id
    size_t count;
    size_t room;
    size_t left_out;
    size_t facts; // heard for the first time: grows until all that is retained was heard
};

void roster_init(struct roster *roster);
void roster_fini(struct roster *roster);

// Takes in a message on P/ID/suffix; one that is about nothing of the above is passed over.
__attribute__((warn_unused_result)) bool roster_learn(struct roster *roster, const char *id,
                                                      const char *suffix, const uint8_t *payload,
                                                      size_t len, struct fault *fault);

// NULL: nothing was heard of it.
struct device *roster_find(const struct roster *roster, const char *id);
// The nearest id, for "did you mean"; NULL: none is near.
const char *roster_suggest(const struct roster *roster, const char *id);

// Whether its state names the group.
bool device_is_in_group(const struct device *device, const char *group);
// "" where it is not known.
void device_name(const struct device *device, char *name, size_t size);
void device_version(const struct device *device, char *version, size_t size);
const char *presence_name(enum presence presence); // "online", "offline", "unknown"
