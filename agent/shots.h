// Which shot comes next, and what becomes of it: one at a time from trigger to picture; commands
// wait their turn; a timed shot waits for one that runs, but not for another timed one, and goes
// before those that wait, so that commands cannot keep it. Commands that wait with the same wish
// are one shot, exposed after the latest of them. Main thread.
#pragma once

#include "camera/camera.h"
#include "reporter.h"
#include "settings/settings.h"

enum {
    SHOTS_WAITING_MAX = 16, // commands
    SHOTS_RUN_ID_SIZE = 17,
};

enum shots_stage {
    SHOTS_IDLE,
    SHOTS_EXPOSING,   // the camera has been asked
    SHOTS_DEVELOPING, // the publisher has the frame
};

// What a command wants to have taken.
struct shots_wish {
    struct develop_settings develop;
    bool takes_latest;                       // the newest frame that there is will do
    const struct reply_address *reply_image; // NULL: see struct shot; such a wish is like no other
};

// What has become of the shot of a command: `why` NULL where its picture was accepted. `shot` is
// NULL where none was begun, and borrowed for the call.
struct shots_listener {
    void (*over)(void *context, uint64_t ticket, const struct shot *shot, const struct fault *why);
    void *context;
};

struct shots_waiting {
    uint64_t ticket;
    struct develop_settings develop;
    bool takes_latest;
    struct reply_address *reply_image; // owned
    char request_id[PICTURE_REQUEST_ID_SIZE];
    int64_t arrived_ns;
};

struct shots {
    struct camera *camera;
    struct publisher *publisher;
    struct reporter *reporter;
    struct shots_listener listener;
    char run_id[SHOTS_RUN_ID_SIZE]; // random, so that a picture id is unique over restarts
    uint64_t seq;
    enum shots_stage stage;
    struct shot *current; // while exposing; the publisher's while developing
    enum trigger trigger; // of it
    uint64_t ticket;      // of it; 0: nobody's
    bool takes_latest;    // it does
    uint64_t last_ticket;
    struct shots_waiting waiting[SHOTS_WAITING_MAX];
    size_t waiting_first;
    size_t waiting_count;
    struct shots_waiting due; // the timed one, if there is one
    enum trigger due_trigger;
    bool has_due;
    bool is_skipping; // the last timed shot was skipped too: one event a run of skips
};

__attribute__((warn_unused_result)) bool
shots_init(struct shots *shots, struct camera *camera, struct publisher *publisher,
           struct reporter *reporter, struct shots_listener listener, struct fault *fault);

// A snapshot is wanted, exposed after `arrived_ns`. Waits for its turn, and for shots_go. Gives its
// ticket, which the listener is told once; or 0: a refusal (no camera, too many waiting), which is
// told as an event, too.
uint64_t shots_command(struct shots *shots, const struct shots_wish *wish, const char *request_id,
                       int64_t arrived_ns, struct fault *fault);
// Begins what waits, if it can; may call the listener.
void shots_go(struct shots *shots);

// Whether camera.freshness says so.
bool shots_takes_latest(const struct settings_camera *settings);

// A timed shot, or the one at the start, is due as of `due_ns`; skipped and counted if it cannot be
// taken now, but for a closed shutter. `picture` is what it is to be made into.
void shots_due(struct shots *shots, enum trigger trigger, int64_t due_ns,
               const struct settings_picture *picture);

// News of the camera and the publisher.
void shots_frame(struct shots *shots, uint64_t seq, struct frame *frame);
void shots_failed(struct shots *shots, uint64_t seq, const struct fault *why);
void shots_camera_offline(struct shots *shots, const struct fault *why);
void shots_done(struct shots *shots, struct news_shot *news);

// Frees a shot with what it owns; its frame must have been given back.
void shots_fini(struct shots *shots);
