// Writes the file of changed settings on a thread of its own, because a disk may take its time, or
// all time, and the main thread waits for nothing.
#pragma once

#include "base/loop.h"
#include "settings/settings_overlay.h"

struct settings_keeper;

// The newest save has ended, on the loop's thread; FAULT_NONE: it will outlive everything.
typedef void (*settings_kept_fn)(void *context, const struct fault *why);

// `base` is borrowed: it names the file.
struct settings_keeper *settings_keeper_create(struct loop *loop, const struct settings *base,
                                               settings_kept_fn kept, void *context,
                                               struct fault *fault);

// Begins to save a copy of the changes; `kept` is told, unless another save is begun before that.
void settings_keeper_save(struct settings_keeper *keeper, const struct settings_overlay *changes);

// Waits a moment for a save that is under way, then leaves a disk that hangs behind: that thread
// and what it needs stay until the process ends.
void settings_keeper_destroy(struct settings_keeper *keeper); // NULL is fine
