// Who is asked for a picture. Main thread.
#include "ctl/snap.h"

#include "ctl/gather.h"
#include "ctl/outcome.h"
#include "ctl/progress.h"
#include "ctl/unique.h"
#include "settings/settings_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static int by_id(const void *a, const void *b)
{
    const struct snap_request *one = a;
    const struct snap_request *other = b;
    return strcmp(one->id, other->id);
}

struct snap_request *snap_find(const struct snap *snap, const char *id)
{
    struct snap_request key = {0};
    snprintf(key.id, sizeof key.id, "%s", id);
    return snap->count == 0
               ? NULL
               : bsearch(&key, snap->requests, snap->count, sizeof *snap->requests, by_id);
}

static bool make_room(struct snap *snap, size_t count, struct fault *fault)
{
    snap->requests = calloc(count, sizeof *snap->requests);
    return snap->requests != NULL ||
           fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for %zu pictures", count);
}

static bool add(struct snap *snap, const char *id, struct fault *fault)
{
    char request_id[PICTURE_REQUEST_ID_SIZE];
    if (!unique_name("ctl", request_id, sizeof request_id, fault)) {
        return false;
    }
    struct snap_request *request = &snap->requests[snap->count++];
    snprintf(request->id, sizeof request->id, "%s", id);
    catch_init(&request->catch, request_id, snap->ctl->options->allow_old);
    return true;
}

static bool choose_words(struct snap *snap, struct fault *fault)
{
    const struct ctl_options *options = snap->ctl->options;
    if (!make_room(snap, (size_t)options->word_count, fault)) {
        return false;
    }
    for (int i = 0; i < options->word_count; i++) {
        const char *id = options->words[i];
        if (!settings_check_device_id(id, fault)) {
            return fault_prefix(fault, "%s", id);
        }
        bool is_twice = false;
        for (size_t j = 0; j < snap->count; j++) {
            is_twice |= strcmp(snap->requests[j].id, id) == 0;
        }
        if (!is_twice && !add(snap, id, fault)) {
            return false;
        }
    }
    qsort(snap->requests, snap->count, sizeof *snap->requests, by_id);
    return true;
}

static bool nobody(const struct snap *snap, size_t offline, struct fault *fault)
{
    const char *group = snap->ctl->options->group;
    if (offline > 0) {
        return fault_set(fault, FAULT_LINK, 0, "no camera%s%s is online",
                         group != NULL ? " of " : "", group != NULL ? group : "");
    }
    if (group != NULL && snap->roster.count > 0) {
        return outcome_set(fault, EX_NOUSER,
                           "no camera is in the group %s: device.groups of its settings names it",
                           group);
    }
    return outcome_set(fault, EX_NOUSER, "no camera is there under %s/: is --prefix right?",
                       snap->ctl->mqtt->prefix);
}

static bool choose_online(struct snap *snap, struct fault *fault)
{
    static const char *const suffixes[] = {"status", "state", NULL};
    static const char *const status[] = {"status", NULL};
    const char *group = snap->ctl->options->group;
    progress_show("asking the broker who is there…");
    if (!gather(snap->session, "+", group != NULL ? suffixes : status, &snap->roster,
                ctl_deadline_ns(snap->ctl), fault) ||
        !make_room(snap, snap->roster.count + 1, fault)) {
        return false;
    }
    size_t offline = 0;
    for (size_t i = 0; i < snap->roster.count; i++) { // by id already
        const struct device *device = &snap->roster.devices[i];
        if (group != NULL && !device_is_in_group(device, group)) {
            continue;
        }
        if (device->status == PRESENCE_ONLINE && !add(snap, device->id, fault)) {
            return false;
        }
        if (device->status == PRESENCE_OFFLINE) {
            offline++;
            progress_note("still2mqtt-ctl: %s is offline and is not asked", device->id);
        }
    }
    return snap->count > 0 || nobody(snap, offline, fault);
}

bool snap_choose(struct snap *snap, struct fault *fault)
{
    return snap->ctl->options->word_count > 0 ? choose_words(snap, fault)
                                              : choose_online(snap, fault);
}
