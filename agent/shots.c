// The way of a shot. Main thread; never waits.
#include "shots.h"

#include "base/log.h"
#include "base/timing.h"
#include "develop_settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

bool shots_init(struct shots *shots, struct camera *camera, struct publisher *publisher,
                struct reporter *reporter, struct fault *fault)
{
    uint64_t run;
    if (getrandom(&run, sizeof run, 0) != sizeof run) {
        return fault_set(fault, FAULT_SYSTEM, errno, "getrandom: %s", strerror(errno));
    }
    *shots = (struct shots){.camera = camera, .publisher = publisher, .reporter = reporter};
    snprintf(shots->run_id, sizeof shots->run_id, "%016" PRIx64, run);
    return true;
}

static void shot_free(struct shot *shot)
{
    if (shot != NULL) {
        free(shot->captured_event);
        free(shot);
    }
}

void shots_fini(struct shots *shots)
{
    shot_free(shots->current);
    shots->current = NULL;
}

static void begin(struct shots *shots, enum trigger trigger, const char *request_id,
                  int64_t triggered_ns, const struct settings_picture *picture)
{
    struct shot *shot = calloc(1, sizeof *shot);
    if (shot == NULL) {
        struct fault fault;
        fault_set(&fault, FAULT_SYSTEM, ENOMEM, "no memory for a shot");
        shots->reporter->counters.failed++;
        reporter_event(shots->reporter, "failed", request_id, &fault);
        return;
    }
    shot->seq = ++shots->seq;
    snprintf(shot->id, sizeof shot->id, "%s-%" PRIu64, shots->run_id, shot->seq);
    shot->trigger = trigger;
    shot->triggered_ns = triggered_ns;
    shot->develop = develop_settings_of(picture);
    snprintf(shot->request_id, sizeof shot->request_id, "%s", request_id);

    shots->stage = SHOTS_EXPOSING;
    shots->current = shot;
    // may fail at once and come back through shots_failed before it returns
    camera_shoot(shots->camera, shot->seq, triggered_ns);
}

static void begin_waiting(struct shots *shots)
{
    while (shots->stage == SHOTS_IDLE && shots->waiting_count > 0 &&
           camera_is_online(shots->camera)) {
        struct shots_waiting next = shots->waiting[shots->waiting_first];
        shots->waiting_first = (shots->waiting_first + 1) % SHOTS_WAITING_MAX;
        shots->waiting_count--;
        begin(shots, TRIGGER_COMMAND, next.request_id, next.arrived_ns,
              &shots->reporter->settings->picture);
    }
}

void shots_command(struct shots *shots, const char *request_id, int64_t arrived_ns)
{
    struct fault fault = {.kind = FAULT_NONE};
    if (!camera_is_online(shots->camera)) {
        fault_set(&fault, FAULT_CAMERA, 0, "the camera is offline: %s",
                  shots->reporter->camera_fault.kind != FAULT_NONE
                      ? shots->reporter->camera_fault.text
                      : "it has not started yet");
    } else if (shots->waiting_count == SHOTS_WAITING_MAX) {
        fault_set(&fault, FAULT_COMMAND, 0, "%d snapshots are waiting already", SHOTS_WAITING_MAX);
    }
    if (fault.kind != FAULT_NONE) {
        shots->reporter->counters.failed++;
        reporter_event(shots->reporter, "failed", request_id, &fault);
        return;
    }
    size_t last = (shots->waiting_first + shots->waiting_count++) % SHOTS_WAITING_MAX;
    struct shots_waiting *waiting = &shots->waiting[last];
    waiting->arrived_ns = arrived_ns;
    snprintf(waiting->request_id, sizeof waiting->request_id, "%s", request_id);
    begin_waiting(shots);
}

void shots_due(struct shots *shots, enum trigger trigger, int64_t due_ns,
               const struct settings_picture *picture)
{
    if (shots->stage == SHOTS_IDLE && camera_is_online(shots->camera)) {
        shots->is_skipping = false;
        begin(shots, trigger, "", due_ns, picture);
        return;
    }
    shots->reporter->counters.skipped++;
    if (!shots->is_skipping) {
        struct fault fault;
        fault_set(&fault, FAULT_CAMERA, 0, "a %s shot was due while %s", trigger_name(trigger),
                  camera_is_online(shots->camera) ? "another was still running"
                                                  : "the camera was offline");
        reporter_event(shots->reporter, "skipped", NULL, &fault);
    }
    shots->is_skipping = true;
}

void shots_frame(struct shots *shots, uint64_t seq, struct frame *frame)
{
    (void)seq; // the camera has checked that it answers the one shot there is
    struct shot *shot = shots->current;
    shots->reporter->counters.captured++;
    shot->frame = frame;
    shot->camera_model = frame->camera_model;
    shot->orientation = frame->orientation;
    shot->arrived_ns = timing_now_ns();
    shot->captured_event = reporter_captured(shot);
    shots->current = NULL;
    shots->stage = SHOTS_DEVELOPING;
    publisher_put_shot(shots->publisher, shot);
}

// A picture that cannot be made small enough for the broker is no fault of the camera's.
static bool is_too_large(const struct fault *why)
{
    return why->kind == FAULT_PICTURE && why->code == EMSGSIZE;
}

static void give_up(struct shots *shots, struct shot *shot, const struct fault *why)
{
    struct counters *counters = &shots->reporter->counters;
    uint64_t *counter = is_too_large(why) ? &counters->skipped : &counters->failed;
    (*counter)++;
    log_warning("shot %" PRIu64 " gave no picture: %s", shot->seq, why->text);
    reporter_shot_event(shots->reporter, is_too_large(why) ? "skipped" : "failed", shot, why);
}

void shots_failed(struct shots *shots, uint64_t seq, const struct fault *why)
{
    (void)seq;
    struct shot *shot = shots->current;
    shots->current = NULL;
    shots->stage = SHOTS_IDLE;
    give_up(shots, shot, why);
    shot_free(shot);
    begin_waiting(shots);
}

void shots_camera_offline(struct shots *shots, const struct fault *why)
{
    for (; shots->waiting_count > 0; shots->waiting_count--) {
        shots->reporter->counters.failed++;
        reporter_event(shots->reporter, "failed", shots->waiting[shots->waiting_first].request_id,
                       why);
        shots->waiting_first = (shots->waiting_first + 1) % SHOTS_WAITING_MAX;
    }
}

// A webcam's frame may come torn; the next one is asked for, while the shot has its time.
static bool may_try_again(const struct shots *shots, const struct news_shot *news)
{
    double timeout_s = shots->reporter->settings->camera.timeout_s;
    int64_t late_ns = news->shot->triggered_ns + (int64_t)(timeout_s * 1e9);
    return news->fault.kind == FAULT_PICTURE && !is_too_large(&news->fault) &&
           timing_now_ns() < late_ns && camera_is_online(shots->camera);
}

static void try_again(struct shots *shots, struct news_shot *news)
{
    struct shot *shot = news->shot;
    news->shot = NULL;
    log_debug("shot %" PRIu64 " again: %s", shot->seq, news->fault.text);
    free(shot->captured_event);
    shot->captured_event = NULL;
    shots->stage = SHOTS_EXPOSING;
    shots->current = shot;
    camera_shoot(shots->camera, shot->seq, shot->triggered_ns);
}

void shots_done(struct shots *shots, struct news_shot *news)
{
    camera_give_back(shots->camera, news->shot->frame);
    news->shot->frame = NULL;
    if (!news->accepted && may_try_again(shots, news)) {
        try_again(shots, news);
        return;
    }
    if (!news->accepted) {
        give_up(shots, news->shot, &news->fault);
    } else {
        log_debug("shot %" PRIu64 " accepted: %" PRIu64 " bytes of JPEG in %.1f ms",
                  news->shot->seq, news->bytes, (double)news->develop_ns / 1e6);
    }
    shots->stage = SHOTS_IDLE;
    begin_waiting(shots);
}
