// What the agent tells about settings that were changed over MQTT. Pure.
#pragma once

#include "settings/settings_overlay.h"

// What became of a change: "trial" (in effect, and not yet kept), "kept", "rolled-back".
struct document_setting {
    const char *outcome;
    int64_t at_wall_ns;
    const struct setting *setting;
    const struct settings *settings; // in effect now
    const char *request_id;          // NULL or "": none
    const char *reason;              // NULL: none
};

// The event; malloc'ed JSON, or NULL without memory.
char *document_setting(const struct document_setting *event);

// For the document state.
struct document_changes {
    const struct settings_overlay *in_effect;
    const struct settings_overlay *kept; // differs while changes are on trial
    const char *fault;                   // NULL: what is kept will outlive a restart
};
