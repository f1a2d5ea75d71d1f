// Values from outside, as changes of settings. Any thread, no state.
#include "settings/settings_change.h"

#include "settings/settings_suggest.h"

#include <stdio.h>
#include <string.h>

// A name from outside may be long: what fits tells enough.
enum { NAME_SIZE = 64 };

bool settings_change_find(const char *path, const struct setting **setting, struct fault *fault)
{
    char group[NAME_SIZE];
    size_t len = strcspn(path, ".");
    const char *key = path[len] == '.' ? path + len + 1 : "";
    snprintf(group, sizeof group, "%.*s", (int)len, path);
    const struct setting *found = len < sizeof group ? settings_table_find(group, key) : NULL;
    if (found == NULL) {
        const char *meant = NULL;
        if (strlen(path) < NAME_SIZE) {
            meant = settings_suggest(group, key);
        }
        return fault_set(fault, FAULT_COMMAND, 0, "unknown setting %.64s%s%s%s", path,
                         meant != NULL ? " (did you mean " : "", meant != NULL ? meant : "",
                         meant != NULL ? "?)" : "");
    }
    if (found->reach == SETTING_LOCAL) {
        return fault_set(fault, FAULT_COMMAND, 0,
                         "%s is not for changes over MQTT: set it in the settings file",
                         found->path);
    }
    *setting = found;
    return true;
}

static bool refuse(const struct setting *setting, struct fault *fault)
{
    fault->kind = FAULT_COMMAND;
    return fault_prefix(fault, "%s", setting->path);
}

static bool accept(const struct settings_overlay *changed, const struct setting *setting,
                   const struct settings *base, struct settings_overlay *changes,
                   struct fault *fault)
{
    if (!settings_overlay_check(changed, base, fault)) {
        return refuse(setting, fault);
    }
    *changes = *changed;
    return true;
}

bool settings_change_set(const struct setting *setting, struct setting_value value,
                         const struct settings *base, struct settings_overlay *changes,
                         struct fault *fault)
{
    struct settings_overlay changed = *changes;
    struct settings with = *base;
    if (!setting_put(setting, &with, value, fault)) {
        return refuse(setting, fault);
    }
    settings_overlay_take(&changed, setting, &with);
    return accept(&changed, setting, base, changes, fault);
}

bool settings_change_unset(const struct setting *setting, const struct settings *base,
                           struct settings_overlay *changes, struct fault *fault)
{
    struct settings_overlay changed = *changes;
    settings_overlay_drop(&changed, setting);
    return accept(&changed, setting, base, changes, fault);
}
