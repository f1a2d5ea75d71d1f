// Which shot comes next, and what becomes of it: one at a time from trigger to picture; commands
// wait their turn, timed shots do not. Main thread.
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

struct shots_waiting {
    char request_id[PICTURE_REQUEST_ID_SIZE];
    int64_t arrived_ns;
};

struct shots {
    struct camera *camera;
    struct publisher *publisher;
    struct reporter *reporter;
    char run_id[SHOTS_RUN_ID_SIZE]; // random, so that a picture id is unique over restarts
    uint64_t seq;
    enum shots_stage stage;
    struct shot *current; // while exposing; the publisher's while developing
    struct shots_waiting waiting[SHOTS_WAITING_MAX];
    size_t waiting_first;
    size_t waiting_count;
    bool is_skipping; // the last timed shot was skipped too: one event a run of skips
};

__attribute__((warn_unused_result)) bool shots_init(struct shots *shots, struct camera *camera,
                                                    struct publisher *publisher,
                                                    struct reporter *reporter, struct fault *fault);

// A snapshot is wanted, exposed after `arrived_ns`. Waits for its turn; a refusal (no camera, too
// many waiting) is told as an event.
void shots_command(struct shots *shots, const char *request_id, int64_t arrived_ns);

// A timed shot, or the one at the start, is due as of `due_ns`; skipped and counted if it cannot be
// taken now. `picture` is what it is to be made into.
void shots_due(struct shots *shots, enum trigger trigger, int64_t due_ns,
               const struct settings_picture *picture);

// News of the camera and the publisher.
void shots_frame(struct shots *shots, uint64_t seq, struct frame *frame);
void shots_failed(struct shots *shots, uint64_t seq, const struct fault *why);
void shots_camera_offline(struct shots *shots, const struct fault *why);
void shots_done(struct shots *shots, struct news_shot *news);

// Frees a shot with what it owns; its frame must have been given back.
void shots_fini(struct shots *shots);
