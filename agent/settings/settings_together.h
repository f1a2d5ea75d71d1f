// What keys mean together, which no row of the table can tell alone. Pure.
#pragma once

#include "settings/settings.h"

// Told for each contradiction: the key that it is about, the one that brought it up (where a file
// has a line for it), and what is wrong.
typedef void (*settings_contradiction_fn)(void *context, const char *path, const char *at,
                                          const char *what);

void settings_check_together(const struct settings *settings, settings_contradiction_fn tell,
                             void *context);
