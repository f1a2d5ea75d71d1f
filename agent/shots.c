// The way of a shot. Main thread; never waits.
#include "shots.h"

#include "base/log.h"
#include "base/timing.h"
#include "control/command.h"
#include "develop_settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

bool shots_takes_latest(const struct settings_camera *settings)
{
    return strcmp(settings->freshness, "latest") == 0;
}

bool shots_init(struct shots *shots, struct camera *camera, struct publisher *publisher,
                struct reporter *reporter, struct shots_listener listener, struct fault *fault)
{
    uint64_t run;
    if (getrandom(&run, sizeof run, 0) != sizeof run) {
        return fault_set(fault, FAULT_SYSTEM, errno, "getrandom: %s", strerror(errno));
    }
    *shots = (struct shots){
        .camera = camera,
        .publisher = publisher,
        .reporter = reporter,
        .listener = listener,
    };
    snprintf(shots->run_id, sizeof shots->run_id, "%016" PRIx64, run);
    return true;
}

void shots_fini(struct shots *shots)
{
    shot_free(shots->current);
    shots->current = NULL;
    for (size_t i = 0; i < SHOTS_WAITING_MAX; i++) {
        free(shots->waiting[i].reply_image);
        shots->waiting[i].reply_image = NULL;
    }
}

static void tell_over(struct shots *shots, uint64_t ticket, const struct shot *shot,
                      const struct fault *why)
{
    if (ticket != 0) {
        shots->listener.over(shots->listener.context, ticket, shot, why);
    }
}

// The camera knows no other way to say that any frame will do.
static int64_t not_before_ns(const struct shots *shots, const struct shot *shot)
{
    return shots->takes_latest ? 0 : shot->triggered_ns;
}

// Takes over what `what` owns.
static void begin(struct shots *shots, enum trigger trigger, const struct shots_waiting *what)
{
    struct shot *shot = calloc(1, sizeof *shot);
    if (shot == NULL) {
        struct fault fault;
        fault_set(&fault, FAULT_SYSTEM, ENOMEM, "no memory for a shot");
        reporter_count(shots->reporter, CAUSE_OF_FAILED, CAUSE_SYSTEM, 1);
        reporter_event(shots->reporter, "failed", what->request_id, &fault);
        free(what->reply_image);
        tell_over(shots, what->ticket, NULL, &fault);
        return;
    }
    shot->seq = ++shots->seq;
    snprintf(shot->id, sizeof shot->id, "%s-%" PRIu64, shots->run_id, shot->seq);
    shot->trigger = trigger;
    shot->triggered_ns = what->arrived_ns;
    shot->develop = what->develop;
    shot->reply_image = what->reply_image;
    memcpy(shot->request_id, what->request_id, sizeof shot->request_id);

    shots->stage = SHOTS_EXPOSING;
    shots->current = shot;
    shots->trigger = trigger;
    shots->ticket = what->ticket;
    shots->takes_latest = what->takes_latest;
    // may fail at once and come back through shots_failed before it returns
    camera_shoot(shots->camera, shot->seq, not_before_ns(shots, shot));
}

static struct shots_waiting take_waiting(struct shots *shots)
{
    struct shots_waiting *first = &shots->waiting[shots->waiting_first];
    struct shots_waiting taken = *first;
    first->reply_image = NULL;
    shots->waiting_first = (shots->waiting_first + 1) % SHOTS_WAITING_MAX;
    shots->waiting_count--;
    return taken;
}

static void begin_waiting(struct shots *shots)
{
    while (shots->stage == SHOTS_IDLE && camera_is_online(shots->camera)) {
        if (shots->has_due) {
            shots->has_due = false;
            begin(shots, shots->due_trigger, &shots->due);
        } else if (shots->waiting_count > 0) {
            struct shots_waiting next = take_waiting(shots);
            begin(shots, TRIGGER_COMMAND, &next);
        } else {
            return;
        }
    }
}

static bool is_same(const struct develop_settings *a, const struct develop_settings *b)
{
    return a->quality == b->quality && a->subsampling == b->subsampling &&
           a->min_quality == b->min_quality && a->max_bytes == b->max_bytes &&
           a->max_width == b->max_width && a->max_height == b->max_height && a->exif == b->exif &&
           a->form == b->form;
}

// One that waits and whose picture is what `wish` wants, too; NULL: none.
static struct shots_waiting *find_alike(struct shots *shots, const struct shots_wish *wish)
{
    for (size_t i = 0; wish->reply_image == NULL && i < shots->waiting_count; i++) {
        struct shots_waiting *waiting =
            &shots->waiting[(shots->waiting_first + i) % SHOTS_WAITING_MAX];
        if (waiting->reply_image == NULL && waiting->takes_latest == wish->takes_latest &&
            is_same(&waiting->develop, &wish->develop)) {
            return waiting;
        }
    }
    return NULL;
}

static bool may_wait(const struct shots *shots, struct fault *fault)
{
    if (!camera_is_online(shots->camera)) {
        return fault_set(fault, FAULT_COMMAND, COMMAND_NO_CAMERA, "the camera is offline: %s",
                         shots->reporter->camera_fault.kind != FAULT_NONE
                             ? shots->reporter->camera_fault.text
                             : "it has not started yet");
    }
    return shots->waiting_count < SHOTS_WAITING_MAX ||
           fault_set(fault, FAULT_COMMAND, COMMAND_BUSY, "%d snapshots are waiting already",
                     SHOTS_WAITING_MAX);
}

static uint64_t put_waiting(struct shots *shots, const struct shots_wish *wish,
                            const char *request_id, int64_t arrived_ns, struct fault *fault)
{
    struct reply_address *reply_image = NULL;
    if (wish->reply_image != NULL) {
        reply_image = malloc(sizeof *reply_image);
        if (reply_image == NULL) {
            fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for a snapshot");
            return 0;
        }
        *reply_image = *wish->reply_image;
    }
    size_t last = (shots->waiting_first + shots->waiting_count++) % SHOTS_WAITING_MAX;
    struct shots_waiting *waiting = &shots->waiting[last];
    *waiting = (struct shots_waiting){
        .ticket = ++shots->last_ticket,
        .develop = wish->develop,
        .takes_latest = wish->takes_latest,
        .reply_image = reply_image,
        .arrived_ns = arrived_ns,
    };
    snprintf(waiting->request_id, sizeof waiting->request_id, "%s", request_id);
    return waiting->ticket;
}

uint64_t shots_command(struct shots *shots, const struct shots_wish *wish, const char *request_id,
                       int64_t arrived_ns, struct fault *fault)
{
    struct shots_waiting *alike = find_alike(shots, wish);
    if (alike != NULL) {
        alike->arrived_ns = arrived_ns > alike->arrived_ns ? arrived_ns : alike->arrived_ns;
        return alike->ticket;
    }
    uint64_t ticket =
        may_wait(shots, fault) ? put_waiting(shots, wish, request_id, arrived_ns, fault) : 0;
    if (ticket == 0) {
        reporter_count(shots->reporter, CAUSE_OF_FAILED, cause_of_fault(fault), 1);
        reporter_event(shots->reporter, "failed", request_id, fault);
    }
    return ticket;
}

void shots_go(struct shots *shots)
{
    begin_waiting(shots);
}

// Told once for each run of them.
static void skip(struct shots *shots, enum trigger trigger)
{
    bool is_online = camera_is_online(shots->camera);
    reporter_count(shots->reporter, CAUSE_OF_SKIPPED, is_online ? CAUSE_BUSY : CAUSE_CAMERA, 1);
    if (!shots->is_skipping) {
        struct fault fault;
        fault_set(&fault, FAULT_CAMERA, 0, "a %s shot was due while %s", trigger_name(trigger),
                  is_online ? "another was still running" : "the camera was offline");
        reporter_event(shots->reporter, "skipped", NULL, &fault);
    }
    shots->is_skipping = true;
}

void shots_due(struct shots *shots, enum trigger trigger, int64_t due_ns,
               const struct settings_picture *picture)
{
    if (!reporter_shutter_is_open(shots->reporter)) {
        return; // nothing is missed
    }
    bool is_free = shots->stage == SHOTS_IDLE || shots->trigger == TRIGGER_COMMAND;
    if (!is_free || shots->has_due || !camera_is_online(shots->camera)) {
        skip(shots, trigger);
        return;
    }
    shots->is_skipping = false;
    shots->has_due = true;
    shots->due_trigger = trigger;
    shots->due = (struct shots_waiting){
        .develop = develop_settings_of(picture),
        .takes_latest = shots_takes_latest(&shots->reporter->settings->camera),
        .arrived_ns = due_ns,
    };
    begin_waiting(shots);
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
    enum cause_of what = is_too_large(why) ? CAUSE_OF_SKIPPED : CAUSE_OF_FAILED;
    reporter_count(shots->reporter, what, cause_of_fault(why), 1);
    log_warning("shot %" PRIu64 " gave no picture: %s", shot->seq, why->text);
    reporter_shot_event(shots->reporter, is_too_large(why) ? "skipped" : "failed", shot, why);
}

static void end(struct shots *shots, struct shot *shot, const struct fault *why)
{
    uint64_t ticket = shots->ticket;
    shots->ticket = 0;
    shots->stage = SHOTS_IDLE;
    if (why != NULL) {
        give_up(shots, shot, why);
    }
    tell_over(shots, ticket, shot, why);
}

void shots_failed(struct shots *shots, uint64_t seq, const struct fault *why)
{
    (void)seq;
    struct shot *shot = shots->current;
    shots->current = NULL;
    end(shots, shot, why);
    shot_free(shot);
    begin_waiting(shots);
}

void shots_camera_offline(struct shots *shots, const struct fault *why)
{
    if (shots->has_due) {
        shots->has_due = false;
        skip(shots, shots->due_trigger);
    }
    while (shots->waiting_count > 0) {
        struct shots_waiting gone = take_waiting(shots);
        reporter_count(shots->reporter, CAUSE_OF_FAILED, cause_of_fault(why), 1);
        reporter_event(shots->reporter, "failed", gone.request_id, why);
        free(gone.reply_image);
        tell_over(shots, gone.ticket, NULL, why);
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
    camera_shoot(shots->camera, shot->seq, not_before_ns(shots, shot));
}

void shots_done(struct shots *shots, struct news_shot *news)
{
    camera_give_back(shots->camera, news->shot->frame);
    news->shot->frame = NULL;
    if (!news->accepted && may_try_again(shots, news)) {
        try_again(shots, news);
        return;
    }
    if (news->accepted) {
        log_debug("shot %" PRIu64 " accepted: %" PRIu64 " bytes of JPEG in %.1f ms",
                  news->shot->seq, news->bytes, (double)news->develop_ns / 1e6);
    }
    end(shots, news->shot, news->accepted ? NULL : &news->fault);
    begin_waiting(shots);
}
