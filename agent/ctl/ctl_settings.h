// Where the broker is and as whom: the agent's settings file, the agent's variables, the options.
#pragma once

#include "base/bytes.h"
#include "ctl/ctl_options.h"
#include "settings/settings.h"

// The later overrides the earlier; `environment` is the process's. What is wrong with the file is
// in `findings`, a line each. FAULT_CONFIG, or FAULT_USAGE with the option that is wrong.
__attribute__((warn_unused_result)) bool ctl_settings(const struct ctl_options *options,
                                                      char *const *environment,
                                                      struct settings_mqtt *mqtt,
                                                      struct bytes *findings, struct fault *fault);
