// Lists of names in one text. Any thread, no state.
#include "settings/settings_names.h"

#include "settings/settings.h"
#include "settings/settings_check.h"

#include <stdio.h>
#include <string.h>

static const char separators[] = ", ";

const char *const settings_verbs[SETTINGS_VERBS] = {"snapshot", "restart", "identify", "shutter",
                                                    "config"};

const char *settings_names_next(const char **at, size_t *len)
{
    const char *name = *at + strspn(*at, separators);
    *len = strcspn(name, separators);
    *at = name + *len;
    return *len > 0 ? name : NULL;
}

size_t settings_names_count(const char *names)
{
    size_t count = 0;
    size_t len;
    while (settings_names_next(&names, &len) != NULL) {
        count++;
    }
    return count;
}

bool settings_names_have(const char *names, const char *name, size_t len)
{
    size_t other_len;
    for (const char *other; (other = settings_names_next(&names, &other_len)) != NULL;) {
        if (other_len == len && memcmp(other, name, len) == 0) {
            return true;
        }
    }
    return false;
}

bool settings_check_groups(const char *text, struct fault *fault)
{
    size_t count = 0;
    size_t len;
    const char *at = text;
    for (const char *name; (name = settings_names_next(&at, &len)) != NULL;) {
        char copy[SETTINGS_ID_SIZE];
        snprintf(copy, sizeof copy, "%.*s", (int)len, name);
        if (len >= sizeof copy || !settings_check_device_id(copy, fault)) {
            return fault_set(
                fault, FAULT_CONFIG, 0,
                "each name has 1 to 64 of A-Z, a-z, 0-9, _ and -; commas between them");
        }
        if (strcmp(copy, "all") == 0) {
            return fault_set(fault, FAULT_CONFIG, 0, "every device is in all: leave it out");
        }
        if (settings_names_have(at, name, len)) {
            return fault_set(fault, FAULT_CONFIG, 0, "%s is named twice", copy);
        }
        if (++count > SETTINGS_GROUPS_MAX) {
            return fault_set(fault, FAULT_CONFIG, 0, "more than %d names", SETTINGS_GROUPS_MAX);
        }
    }
    return true;
}

static bool is_verb(const char *name, size_t len)
{
    for (size_t i = 0; i < SETTINGS_VERBS; i++) {
        if (strlen(settings_verbs[i]) == len && memcmp(settings_verbs[i], name, len) == 0) {
            return true;
        }
    }
    return false;
}

bool settings_check_verbs(const char *text, struct fault *fault)
{
    size_t len;
    for (const char *name; (name = settings_names_next(&text, &len)) != NULL;) {
        if (!is_verb(name, len)) {
            return fault_set(fault, FAULT_CONFIG, 0,
                             "%.*s is no command: there are snapshot, restart, identify, shutter "
                             "and config",
                             len < 40 ? (int)len : 40, name);
        }
    }
    return true;
}
