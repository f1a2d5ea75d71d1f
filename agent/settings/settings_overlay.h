// What was changed over MQTT: some keys, on top of the user's file and apart from it.
//
// It is kept as a file of the same form in device.state_path, ID.changes. Whatever has become of
// that file, or of the user's file below it, it never keeps the agent from starting: what is not
// valid any more is left out, key by key, with a finding.
#pragma once

#include "base/bytes.h"
#include "settings/settings_sources.h"

struct settings_overlay {
    bool is_changed[SETTINGS_ROWS_MAX]; // by row of settings_table
    struct settings values;             // of those rows; the others mean nothing
};

// True for a row that was changed.
bool settings_overlay_has(const struct settings_overlay *overlay, const struct setting *setting);
bool settings_overlay_is_empty(const struct settings_overlay *overlay);

// Whether the row is not changed alike in both.
bool settings_overlay_differs(const struct settings_overlay *a, const struct settings_overlay *b,
                              const struct setting *setting);

// `base` with the changes on top.
void settings_overlay_apply(const struct settings_overlay *overlay, const struct settings *base,
                            struct settings *applied);

// Marks the row as changed to what it is in `from`, or as not changed.
void settings_overlay_take(struct settings_overlay *overlay, const struct setting *setting,
                           const struct settings *from);
void settings_overlay_drop(struct settings_overlay *overlay, const struct setting *setting);

// Whether `base` with the changes is free of contradictions (settings_together.h).
bool settings_overlay_check(const struct settings_overlay *overlay, const struct settings *base,
                            struct fault *why);

// Says of each changed row that it is: for settings_print.
void settings_overlay_mark(const struct settings_overlay *overlay,
                           struct settings_sources *sources);

// The file of this device; false where the path has no room.
bool settings_overlay_path(const struct settings *base, char *path, size_t size);

// Reads the file for `base`, if there is one; a line in `findings` for each thing that was left
// out.
void settings_overlay_load(const struct settings *base, struct settings_overlay *overlay,
                           struct bytes *findings);

// Writes the file, all of it or nothing; waits for the disk. FAULT_SYSTEM.
__attribute__((warn_unused_result)) bool
settings_overlay_save(const struct settings_overlay *overlay, const struct settings *base,
                      struct fault *fault);
