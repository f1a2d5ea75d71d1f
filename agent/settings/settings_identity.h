// A name for this device that a cloned card does not clone.
#pragma once

#include "base/fault.h"
#include "settings/settings.h"

// The board's serial number as it is; else a digest of the machine id, which itself is to stay
// confidential. Never the host name: that is on the card. FAULT_CONFIG when neither file has one.
__attribute__((warn_unused_result)) bool settings_identity(const char *serial_path,
                                                           const char *machine_id_path,
                                                           char id[static SETTINGS_ID_SIZE],
                                                           struct fault *fault);
