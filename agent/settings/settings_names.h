// Settings that are a list of names, with commas or spaces between. Pure.
#pragma once

#include "base/fault.h"

#include <stddef.h>

enum { SETTINGS_GROUPS_MAX = 8 };

// The verbs of P/ID/command/VERB, in the order of enum command_verb.
enum { SETTINGS_VERBS = 5 };
extern const char *const settings_verbs[SETTINGS_VERBS];

// The next name from `*at` on, `*len` bytes of it, and moves `*at` behind it; NULL: none is left.
const char *settings_names_next(const char **at, size_t *len);
size_t settings_names_count(const char *names);
bool settings_names_have(const char *names, const char *name, size_t len);

// device.groups: up to SETTINGS_GROUPS_MAX different names as of device.id; not "all", which every
// device is in.
bool settings_check_groups(const char *text, struct fault *fault);

// commands.allow: verbs that there are.
bool settings_check_verbs(const char *text, struct fault *fault);
