// The JSON documents about the agent: event, state; health has its own header. Pure.
#pragma once

#include "camera/camera_info.h"
#include "control/setting_documents.h"
#include "picture/picture.h"
#include "settings/settings.h"

// "captured", "failed", "skipped", "refused"
struct document_event {
    const char *event_type;
    int64_t at_wall_ns;
    const char *id;         // NULL: none
    uint64_t seq;           // 0: none
    const char *request_id; // NULL or "": none
    const char *trigger;    // NULL: none
    const char *reason;     // NULL: none
};

struct document_state {
    const struct settings *settings;
    const struct document_changes *changes; // in_effect NULL: there are none
    const struct camera_info *camera;       // NULL: offline
    const char *shutter;                    // "open", "closed", "locked"
    bool is_identifying;
};

// Each returns malloc'ed JSON, or NULL without memory.
char *document_event(const struct document_event *event);
char *document_state(const struct document_state *state);
