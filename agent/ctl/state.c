// still2mqtt-ctl state ID: all that is retained about one camera. Main thread.
#include "ctl/ctl.h"

#include "ctl/document.h"
#include "ctl/gather.h"
#include "ctl/outcome.h"
#include "ctl/progress.h"
#include "settings/settings_check.h"

#include <sysexits.h>

static bool print(const struct ctl *ctl, const struct device *device, struct fault *fault)
{
    json_t *object =
        json_pack("{s:s, s:s, s:s}", "id", device->id, "status", presence_name(device->status),
                  "camera", presence_name(device->camera));
    json_object_set(object, "state", device->state);
    json_object_set(object, "health", device->health);
    json_object_set(object, "meta", device->meta);
    return document_print(object, ctl->options->json) ||
           outcome_set(fault, EX_IOERR, "cannot write to standard output");
}

static bool find_and_print(const struct ctl *ctl, struct session *session, struct roster *roster,
                           struct fault *fault)
{
    static const char *const all[] = {"status", "camera", "state", "health", "meta", NULL};
    static const char *const status[] = {"status", NULL};
    const char *id = ctl->options->words[0];
    progress_show("asking the broker…");
    bool good = gather(session, id, all, roster, ctl_deadline_ns(ctl), fault);
    if (good && roster_find(roster, id) == NULL) {
        good = gather(session, "+", status, roster, ctl_deadline_ns(ctl), fault);
    }
    progress_clear();
    if (!good) {
        return false;
    }
    const struct device *device = roster_find(roster, id);
    if (device == NULL) {
        gather_unknown(roster, ctl->mqtt->prefix, id, fault);
        return fault_prefix(fault, "%s", id);
    }
    return print(ctl, device, fault);
}

bool ctl_state(const struct ctl *ctl, struct fault *fault)
{
    if (!settings_check_device_id(ctl->options->words[0], fault)) {
        return fault_prefix(fault, "%s", ctl->options->words[0]);
    }
    struct session *session = session_open(ctl->mqtt, ctl->password, fault);
    if (session == NULL) {
        return false;
    }
    struct roster roster;
    roster_init(&roster);
    bool good = find_and_print(ctl, session, &roster, fault);
    roster_fini(&roster);
    session_close(session);
    return good;
}
