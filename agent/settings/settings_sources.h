// Where each value of the settings came from: a line of a file, or a variable of the environment.
#pragma once

#include "settings/settings_table.h"

enum { SETTINGS_SOURCE_TEXT_SIZE = 256 };

struct settings_source {
    char *name;    // of the file or the variable; NULL: the default stands
    unsigned line; // 0: it is a variable
};

struct settings_sources {
    struct settings_source rows[SETTINGS_ROWS_MAX]; // as in settings_table
};

void settings_sources_init(struct settings_sources *sources);
void settings_sources_fini(struct settings_sources *sources);

// The row's value is now from there, whatever it was before. The name is copied; without memory for
// it the row is told as a default.
void settings_sources_set(struct settings_sources *sources, const struct setting *setting,
                          const char *name, unsigned line);

// "conf.d/10-site.conf:3" or "STILL2MQTT_CAMERA_WIDTH"; false where the default stands.
bool settings_sources_text(const struct settings_sources *sources, const struct setting *setting,
                           char text[static SETTINGS_SOURCE_TEXT_SIZE]);
