// A sorted array of devices. No thread of its own.
#include "ctl/roster.h"

#include "base/nearness.h"
#include "ctl/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void roster_init(struct roster *roster)
{
    *roster = (struct roster){0};
}

void roster_fini(struct roster *roster)
{
    for (size_t i = 0; i < roster->count; i++) {
        json_decref(roster->devices[i].state);
        json_decref(roster->devices[i].health);
        json_decref(roster->devices[i].meta);
    }
    free(roster->devices);
    roster_init(roster);
}

// Where the id is, or is to be.
static size_t place_of(const struct roster *roster, const char *id)
{
    size_t low = 0;
    size_t high = roster->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(roster->devices[middle].id, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct device *roster_find(const struct roster *roster, const char *id)
{
    size_t place = place_of(roster, id);
    bool is_there = place < roster->count && strcmp(roster->devices[place].id, id) == 0;
    return is_there ? &roster->devices[place] : NULL;
}

static bool grow(struct roster *roster, struct fault *fault)
{
    if (roster->count < roster->room) {
        return true;
    }
    size_t room = roster->room == 0 ? 16 : roster->room * 2;
    struct device *devices = realloc(roster->devices, room * sizeof *devices);
    if (devices == NULL) {
        return fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for %zu devices", room);
    }
    roster->devices = devices;
    roster->room = room;
    return true;
}

static struct device *insert(struct roster *roster, const char *id)
{
    size_t place = place_of(roster, id);
    struct device *device = &roster->devices[place];
    memmove(device + 1, device, (roster->count - place) * sizeof *device);
    roster->count++;
    *device = (struct device){0};
    memcpy(device->id, id, strnlen(id, sizeof device->id - 1));
    return device;
}

static enum presence presence_of(const uint8_t *payload, size_t len)
{
    if (len == 6 && memcmp(payload, "online", 6) == 0) {
        return PRESENCE_ONLINE;
    }
    return len == 7 && memcmp(payload, "offline", 7) == 0 ? PRESENCE_OFFLINE : PRESENCE_UNKNOWN;
}

static bool is_of_interest(const char *suffix)
{
    static const char *const suffixes[] = {"status", "camera", "state", "health", "meta"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        if (strcmp(suffix, suffixes[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void take_document(struct roster *roster, json_t **document, const uint8_t *payload,
                          size_t len)
{
    roster->facts += *document == NULL;
    json_decref(*document);
    *document = document_read(payload, len);
}

static void take_presence(struct roster *roster, enum presence *presence, const uint8_t *payload,
                          size_t len)
{
    roster->facts += *presence == PRESENCE_UNKNOWN;
    *presence = presence_of(payload, len);
}

static bool find_or_insert(struct roster *roster, const char *id, struct device **device,
                           struct fault *fault)
{
    *device = roster_find(roster, id);
    if (*device != NULL) {
        return true;
    }
    if (!grow(roster, fault)) {
        return false;
    }
    *device = insert(roster, id);
    return true;
}

bool roster_learn(struct roster *roster, const char *id, const char *suffix, const uint8_t *payload,
                  size_t len, struct fault *fault)
{
    // an empty one takes back what was retained
    bool is_known = roster_find(roster, id) != NULL;
    if (!is_of_interest(suffix) || (len == 0 && !is_known)) {
        return true;
    }
    if (!is_known && roster->count == ROSTER_MAX) {
        roster->left_out++;
        return true;
    }
    struct device *device;
    if (!find_or_insert(roster, id, &device, fault)) {
        return false;
    }
    if (strcmp(suffix, "status") == 0) {
        take_presence(roster, &device->status, payload, len);
    } else if (strcmp(suffix, "camera") == 0) {
        take_presence(roster, &device->camera, payload, len);
    } else if (strcmp(suffix, "state") == 0) {
        take_document(roster, &device->state, payload, len);
    } else if (strcmp(suffix, "health") == 0) {
        take_document(roster, &device->health, payload, len);
    } else {
        take_document(roster, &device->meta, payload, len);
    }
    return true;
}

const char *roster_suggest(const struct roster *roster, const char *id)
{
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < roster->count; i++) {
        const char *there = roster->devices[i].id;
        size_t steps = nearness_steps(id, there);
        if (steps < least && nearness_is_near(steps, there)) {
            nearest = there;
            least = steps;
        }
    }
    return nearest;
}

bool device_is_in_group(const struct device *device, const char *group)
{
    const json_t *groups = json_object_get(json_object_get(device->state, "device"), "groups");
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const char *name = json_string_value(json_array_get(groups, i));
        if (name != NULL && strcmp(name, group) == 0) {
            return true;
        }
    }
    return false;
}

void device_name(const struct device *device, char *name, size_t size)
{
    document_text(json_object_get(device->state, "device"), "name", name, size);
}

void device_version(const struct device *device, char *version, size_t size)
{
    document_text(device->health, "version", version, size);
}

const char *presence_name(enum presence presence)
{
    static const char *const names[] = {"unknown", "offline", "online"};
    return names[presence];
}
