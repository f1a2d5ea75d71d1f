// Shots: each is answered once, by a frame that is as fresh as it has to be or by a reason; and
// between two of them a cold camera rests. Main thread; never waits.
#include "base/timing.h"
#include "camera/camera_parts.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>

enum { SHOT_FAILURES_MAX = 3 }; // in a row; then the driver is started anew

static const double PATIENCE_FRAMES = 5; // in a pipeline, with one to spare

static bool is_cold(const struct camera *camera)
{
    return strcmp(camera->settings->standby, "cold") == 0;
}

double camera_patience_ms(const struct camera *camera)
{
    // three exposures: one that had begun, one that is dropped for its age, and the one
    double exposure_ms = fmax(camera->exposure_ms, camera->settings->exposure_us / 1000.0);
    double frames_ms = PATIENCE_FRAMES * camera->info.frame_interval_ms;
    if (frames_ms <= 0) { // a webcam does not tell; the rest is for a new start, and to settle
        frames_ms = camera->settings->timeout_s * 1000 / 3;
    }
    return fmax(camera->deadlines.stall_ms, frames_ms + 3 * exposure_ms);
}

static void set_deadlines(struct camera *camera)
{
    int64_t from_ns = timing_now_ns();
    int64_t settled_ns = camera->stream_begun_ns + TIMING_MS(camera->settings->settle_ms);
    from_ns = settled_ns > from_ns ? settled_ns : from_ns;

    double most_ms = camera->settings->timeout_s * 1000 + 2 * camera->info.frame_interval_ms;
    double patience_ms = camera_patience_ms(camera);
    if (!loop_timer_is_set(camera->loop, camera->shot_timer)) { // it stands through a restart
        loop_timer_set(camera->loop, camera->shot_timer, from_ns + (int64_t)(most_ms * 1e6));
    }
    if (patience_ms < most_ms) {
        loop_timer_set(camera->loop, camera->stall_timer, from_ns + (int64_t)(patience_ms * 1e6));
    }
}

static void send_shot(struct camera *camera)
{
    camera->is_sent = true;
    set_deadlines(camera);
    struct driver_message message = {
        .shoot = {.shot = camera->shot, .not_before_ns = camera->not_before_ns},
    };
    camera_send(camera, DRIVER_SHOOT, &message);
}

static void rest_after_a_while(struct camera *camera)
{
    if (is_cold(camera)) {
        loop_timer_set(camera->loop, camera->rest_timer,
                       timing_now_ns() + TIMING_MS(camera->deadlines.linger_ms));
    }
}

void camera_streams(struct camera *camera)
{
    if (camera->shot != 0) {
        send_shot(camera);
    } else {
        rest_after_a_while(camera);
    }
}

void camera_shoot(struct camera *camera, uint64_t shot, int64_t not_before_ns)
{
    assert(camera->is_online && camera->shot == 0 && shot != 0);
    camera->shot = shot;
    camera->is_sent = false;
    camera->not_before_ns = not_before_ns;
    loop_timer_clear(camera->loop, camera->rest_timer);
    if (camera->state == CAMERA_STREAMING) {
        send_shot(camera);
    } else if (camera->state == CAMERA_RESTING) {
        camera_spawn(camera);
    } // else it is on its way up, or out and will be asked to come back
}

uint64_t camera_end_shot(struct camera *camera)
{
    uint64_t shot = camera->shot;
    camera->shot = 0;
    loop_timer_clear(camera->loop, camera->shot_timer);
    loop_timer_clear(camera->loop, camera->stall_timer);
    return shot;
}

void camera_fail_shot(struct camera *camera, const struct fault *why)
{
    uint64_t shot = camera_end_shot(camera);
    if (shot != 0) {
        camera->health.shots_failed++;
        camera->events->failed(camera->context, shot, why);
    }
}

// A frame that may be older than its shot is at least of this driver's time; what a driver takes
// off for an exposure that it reports is granted.
static bool check_is_fresh(const struct camera *camera, const struct driver_frame *message,
                           struct fault *fault)
{
    double exposure_ns = fmax(message->facts.exposure_us, 0) * 1000; // of NAN: 0
    if ((double)message->captured_ns + exposure_ns < (double)camera->spawned_ns) {
        return fault_set(fault, FAULT_CAMERA, 0,
                         "the driver sent a frame of before it was started");
    }
    if (message->captured_ns >= camera->not_before_ns) {
        return true;
    }
    double early_ms = ((double)camera->not_before_ns - (double)message->captured_ns) / 1e6;
    return fault_set(fault, FAULT_CAMERA, 0,
                     "the driver sent a frame that was exposed %.3f ms before it was asked for",
                     early_ms);
}

void camera_on_frame(struct camera *camera, const struct driver_frame *message)
{
    struct fault fault;
    if (message->shot != camera->shot || camera->shot == 0 || !camera->is_sent) {
        fault_set(&fault, FAULT_CAMERA, 0, "the driver sent a frame that was not asked for");
        camera_fail(camera, &fault);
        return;
    }
    if (!check_is_fresh(camera, message, &fault)) {
        camera_fail(camera, &fault);
        return;
    }
    struct frame *frame = driver_pool_lend(camera->pool, message, timing_now_ns(), &fault);
    if (frame == NULL) {
        camera_fail(camera, &fault);
        return;
    }
    if (frame->facts.exposure_us > 0) { // not of NAN
        camera->exposure_ms = frame->facts.exposure_us / 1000;
    }
    camera->health.shots_failed = 0;
    camera->stream_restarts = 0;
    uint64_t shot = camera_end_shot(camera);
    rest_after_a_while(camera);
    camera->events->frame(camera->context, shot, frame);
}

void camera_on_failed(struct camera *camera, const struct driver_failed *failed)
{
    bool is_configured = camera->state == CAMERA_STREAMING || camera->state == CAMERA_STOPPING;
    struct fault fault;
    fault_set(&fault, FAULT_CAMERA, failed->code, "%s", failed->text);
    if (failed->shot == 0 && !is_configured) {
        camera_fail_for_good(camera, &fault);
    } else if (failed->shot != camera->shot || camera->shot == 0 || !camera->is_sent) {
        fault_set(&fault, FAULT_CAMERA, 0, "the driver failed a shot that was not asked for");
        camera_fail(camera, &fault);
    } else {
        rest_after_a_while(camera);
        camera_fail_shot(camera, &fault);
        if (camera->health.shots_failed >= SHOT_FAILURES_MAX) {
            fault_prefix(&fault, "%u shots failed in a row", camera->health.shots_failed);
            camera_fail(camera, &fault);
        }
    }
}

void camera_give_back(struct camera *camera, struct frame *frame)
{
    bool is_current = driver_pool_owns(camera->pool, frame);
    struct driver_message message = {.give_back = {.buffer = frame->buffer}};
    driver_pool_give_back(frame);
    if (is_current && camera_is_configured(camera)) {
        camera_send(camera, DRIVER_GIVE_BACK, &message);
    }
}

// ---- deadlines

void camera_on_stall(void *context)
{
    struct camera *camera = context;
    struct fault why;
    fault_set(&why, FAULT_CAMERA, ETIMEDOUT, "no frame within %.1f s: the camera has stalled",
              camera_patience_ms(camera) / 1000);
    if (camera->stream_restarts > 0) {
        fault_prefix(&why, "the stream was started anew, and again");
        camera_fail(camera, &why);
    } else if (camera->state == CAMERA_STREAMING) {
        camera_restart_stream(camera, &why);
    }
}

void camera_on_shot_deadline(void *context)
{
    struct camera *camera = context;
    struct fault fault;
    fault_set(&fault, FAULT_CAMERA, ETIMEDOUT,
              "no frame within %.1f s (camera.timeout_s): the camera has stalled",
              camera->settings->timeout_s);
    if (camera->is_online) {
        camera_fail(camera, &fault);
    } else { // no driver came up in time to answer it
        camera_fail_shot(camera, &camera->why);
    }
}

void camera_on_rest(void *context)
{
    struct camera *camera = context;
    assert(camera->shot == 0);
    if (camera->state == CAMERA_STREAMING) {
        camera_let_go(camera); // the driver ends by itself, and its device is closed
        camera_set_stage(camera, CAMERA_CLOSING, camera->deadlines.exit_ms);
    }
}
