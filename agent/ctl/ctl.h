// What every verb is given, and the verbs. Each opens a session of its own, prints its result to
// standard output, notes and progress to standard error, and returns the fault that ends the
// program.
#pragma once

#include "ctl/ctl_options.h"
#include "settings/settings.h"

enum { CTL_TIMEOUT_S = 30 }; // unless --timeout says otherwise

struct ctl {
    const struct ctl_options *options;
    const struct settings_mqtt *mqtt;
    const char *password; // NULL: none
};

__attribute__((warn_unused_result)) bool ctl_list(const struct ctl *ctl, struct fault *fault);
__attribute__((warn_unused_result)) bool ctl_snap(const struct ctl *ctl, struct fault *fault);
__attribute__((warn_unused_result)) bool ctl_watch(const struct ctl *ctl, struct fault *fault);
__attribute__((warn_unused_result)) bool ctl_set(const struct ctl *ctl, struct fault *fault);
__attribute__((warn_unused_result)) bool ctl_state(const struct ctl *ctl, struct fault *fault);

// Monotonic: --timeout from now.
int64_t ctl_deadline_ns(const struct ctl *ctl);
