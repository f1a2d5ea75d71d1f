// The agent: puts the parts together, and turns each of their events into what to do next.
#pragma once

#include "base/fault.h"
#include "settings/settings_overlay.h"

enum agent_end {
    AGENT_ENDED,   // was told to, and everything is given back
    AGENT_STUCK,   // was told to, but a library did not come back: exit without touching anything
    AGENT_RESTART, // as AGENT_ENDED, and is to be started again
    AGENT_RESTART_STUCK, // as AGENT_STUCK, likewise
    AGENT_FAILED,        // could not begin, or the kernel refused what it cannot live without
};

// Runs until SIGTERM, SIGINT or SIGHUP, which the caller has blocked in every thread. `changes` are
// those over MQTT that an earlier run has kept. Everything is borrowed for the run; `password` may
// be NULL.
enum agent_end agent_run(const struct settings *settings, const struct settings_overlay *changes,
                         const char *password, const char *drivers_path, struct fault *fault);
