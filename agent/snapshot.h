// One picture through the whole camera and picture path into a file, with no broker: what
// --snapshot does.
#pragma once

#include "base/fault.h"
#include "settings/settings.h"

// `path` "-" is standard output. A file is written beside its name and renamed, so that a reader
// never sees half a picture. Waits; for main alone.
__attribute__((warn_unused_result)) bool snapshot_run(const struct settings *settings,
                                                      const char *drivers_path, const char *path,
                                                      struct fault *fault);
