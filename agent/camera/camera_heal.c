// The ladder: what is wrong with a camera is mended by the least that may help. A stream that
// stalls is started anew once; a driver that misses a deadline, breaks the protocol or dies is
// started anew; and what fails again and again is tried ever more seldom. Main thread; never waits.
#include "base/timing.h"
#include "camera/camera_parts.h"

#include <errno.h>
#include <string.h>

enum {
    OTHERS_RETRY_MAX_MS = 3000, // another process may let go of the camera, or a plug find its
                                // socket, at any time
    STATUS_NOT_LOADED = 127,    // of the dynamic loader
};

// ---- the way down

// A shot that has its time left is for the next driver.
static void tell_offline(struct camera *camera, const struct fault *why)
{
    camera->is_online = false;
    if (loop_timer_is_set(camera->loop, camera->shot_timer)) {
        camera->is_sent = false;
        loop_timer_clear(camera->loop, camera->stall_timer);
    } else {
        camera_fail_shot(camera, why);
    }
    if (camera->why.kind == FAULT_NONE || strcmp(camera->why.text, why->text) != 0) {
        camera->why = *why;
        camera->events->offline(camera->context, why);
    }
}

void camera_fail(struct camera *camera, const struct fault *why)
{
    if (camera->state == CAMERA_ENDING) {
        return;
    }
    camera->state = CAMERA_ENDING;
    camera->stream_restarts = 0;
    camera_let_go(camera);
    driver_link_kill(&camera->link);
    tell_offline(camera, why);
    if (camera->link.pid == 0) {
        camera_on_process_end(camera, 0);
    }
}

void camera_fail_for_good(struct camera *camera, const struct fault *why)
{
    loop_timer_clear(camera->loop, camera->shot_timer);
    camera_fail(camera, why);
}

// A camera that is there but not ready will be announced, too, unless it was made ready just while
// the driver began to listen: so that is tried again sooner.
void camera_on_waiting(struct camera *camera, const struct driver_waiting *message)
{
    struct fault why;
    fault_set(&why, FAULT_CAMERA, message->code, "%s", message->text);
    uint32_t patience_ms = camera->deadlines.waiting_ms;
    if (why.code != ENODEV) {
        uint32_t delay_ms = backoff_failed(&camera->backoff, timing_now_ns());
        patience_ms = delay_ms < patience_ms ? delay_ms : patience_ms;
    }
    camera_set_stage(camera, CAMERA_WAITING, patience_ms);
    camera->pong_is_due = false;
    loop_timer_set(camera->loop, camera->ping_timer,
                   timing_now_ns() + TIMING_MS(camera->deadlines.ping_interval_ms));
    loop_timer_clear(camera->loop, camera->shot_timer);
    tell_offline(camera, &why);
}

static void schedule_retry(struct camera *camera)
{
    int64_t now_ns = timing_now_ns();
    camera->state = CAMERA_IDLE;
    if (!camera->is_begun) {
        return;
    }
    // nobody listens for a camera meanwhile
    uint32_t delay_ms = camera->has_waited ? 0 : backoff_failed(&camera->backoff, now_ns);
    bool is_up_to_others = camera->why.code == EBUSY || camera->why.code == ENODEV;
    if (is_up_to_others && delay_ms > OTHERS_RETRY_MAX_MS) {
        delay_ms = OTHERS_RETRY_MAX_MS;
    }
    loop_timer_set(camera->loop, camera->retry_timer, now_ns + TIMING_MS(delay_ms));
}

void camera_on_retry(void *context)
{
    struct camera *camera = context;
    camera->health.restarts++;
    camera_spawn(camera);
}

void camera_on_stage_deadline(void *context)
{
    static const char *const waited_for[] = {
        [CAMERA_GREETING] = "say hello",
        [CAMERA_CONFIGURING] = "configure the camera",
        [CAMERA_BUFFERS] = "hand over its buffers",
        [CAMERA_STARTING] = "start the camera",
        [CAMERA_STOPPING] = "stop the camera",
    };
    struct camera *camera = context;
    struct fault fault;
    if (camera->state == CAMERA_CLOSING) {
        driver_link_kill(&camera->link); // a camera that rests must not be held
        return;
    }
    if (camera->state == CAMERA_WAITING) {
        camera->has_waited = true;
        fault = camera->why;
    } else {
        const char *what =
            camera->link.socket < 0 ? "end after closing its socket" : waited_for[camera->state];
        fault_set(&fault, FAULT_CAMERA, ETIMEDOUT, "the %s driver did not %s in time",
                  camera->settings->driver, what);
    }
    camera_fail(camera, &fault);
}

static void tell_end(const struct camera *camera, const char *how, struct fault *why)
{
    const char *driver = camera->settings->driver;
    if (camera->state == CAMERA_GREETING && camera->link.status == STATUS_NOT_LOADED) {
        fault_set(why, FAULT_CAMERA, ENOEXEC,
                  "the %s driver cannot be loaded: a library that it was built for has gone, as "
                  "when an upgrade brings another libcamera; reinstall still2mqtt",
                  driver);
    } else {
        fault_set(why, FAULT_CAMERA, 0, "the %s driver %s", driver, how);
    }
}

static void rested(struct camera *camera)
{
    loop_timer_clear(camera->loop, camera->stage_timer);
    camera->state = camera->is_begun ? CAMERA_RESTING : CAMERA_IDLE;
    if (camera->shot != 0 || camera->is_changing) {
        camera_spawn(camera);
    }
}

// The driver ends by itself.
static void begin_closing(struct camera *camera)
{
    camera_let_go(camera);
    camera_set_stage(camera, CAMERA_CLOSING, camera->deadlines.exit_ms);
}

void camera_restart(struct camera *camera)
{
    if (!camera->is_begun) {
        return;
    }
    camera->is_changing = true;
    camera->is_sent = false;
    camera->stream_restarts = 0;
    loop_timer_clear(camera->loop, camera->shot_timer);
    loop_timer_clear(camera->loop, camera->stall_timer);
    if (camera->state == CAMERA_IDLE) {
        loop_timer_set(camera->loop, camera->retry_timer, timing_now_ns());
    } else if (camera->state == CAMERA_RESTING) {
        camera_spawn(camera); // to see that it works
    } else if (camera->state != CAMERA_CLOSING && camera->state != CAMERA_ENDING) {
        begin_closing(camera);
    }
}

bool camera_apply(struct camera *camera, const struct settings_camera *settings)
{
    bool is_same = memcmp(camera->settings, settings, sizeof *settings) == 0;
    camera->settings = settings;
    if (!is_same) {
        camera_restart(camera);
    }
    return !is_same && camera->is_begun;
}

void camera_shut(struct camera *camera, const struct fault *why)
{
    camera->is_begun = false;
    camera->is_changing = false;
    loop_timer_clear(camera->loop, camera->retry_timer);
    loop_timer_clear(camera->loop, camera->shot_timer); // no other driver comes for it
    if (camera->state == CAMERA_RESTING) {
        camera->state = CAMERA_IDLE;
    } else if (camera->state != CAMERA_IDLE && camera->state != CAMERA_CLOSING &&
               camera->state != CAMERA_ENDING) {
        begin_closing(camera);
    }
    tell_offline(camera, why);
}

void camera_open(struct camera *camera)
{
    camera->is_begun = true;
    if (camera->state == CAMERA_IDLE) {
        camera_spawn(camera);
    } else {
        camera->is_changing = true; // as soon as the process has gone
    }
}

// The process has ended: by our hand, or by itself, in which case its last words come first.
void camera_on_process_end(void *context, short revents)
{
    (void)revents;
    struct camera *camera = context;
    if (camera->link.socket >= 0) {
        camera_drain(camera);
    }
    char how[64] = "is gone";
    int pidfd = camera->link.pidfd;
    if (camera->link.pid != 0) {
        if (!driver_link_reap(&camera->link, how, sizeof how)) {
            return;
        }
        loop_unwatch(camera->loop, pidfd);
    }
    if (camera->state == CAMERA_CLOSING) {
        rested(camera);
    } else if (camera->state == CAMERA_ENDING && camera->is_changing) {
        camera_spawn(camera);
    } else if (camera->state == CAMERA_ENDING) {
        schedule_retry(camera);
    } else {
        struct fault fault;
        tell_end(camera, how, &fault);
        camera_fail(camera, &fault); // comes back here, as there is no process any more
    }
}

// ---- liveness, and the first rung

void camera_restart_stream(struct camera *camera, const struct fault *why)
{
    camera->health.stream_restarts++;
    camera->stream_restarts++;
    loop_timer_clear(camera->loop, camera->stall_timer);
    loop_timer_clear(camera->loop, camera->ping_timer);
    loop_timer_clear(camera->loop, camera->rest_timer);
    camera_set_stage(camera, CAMERA_STOPPING, camera->deadlines.stop_ms);
    camera_send(camera, DRIVER_STOP, &(struct driver_message){0});
    camera->events->healing(camera->context, why);
}

void camera_on_stopped(struct camera *camera)
{
    camera_set_stage(camera, CAMERA_STARTING, camera->deadlines.stage_ms);
    camera_send(camera, DRIVER_START, &(struct driver_message){0});
}

void camera_on_ping(void *context)
{
    struct camera *camera = context;
    if (camera->pong_is_due) {
        struct fault fault;
        fault_set(&fault, FAULT_CAMERA, ETIMEDOUT, "the %s driver did not answer for %.1f s",
                  camera->settings->driver, camera->deadlines.pong_ms / 1000.0);
        camera_fail(camera, &fault);
        return;
    }
    camera->pong_is_due = true;
    loop_timer_set(camera->loop, camera->ping_timer,
                   timing_now_ns() + TIMING_MS(camera->deadlines.pong_ms));
    camera_send(camera, DRIVER_PING, &(struct driver_message){0});
}

// A stream that nobody asks anything of may stall, too; a shot has deadlines of its own.
static void watch_idle_stream(struct camera *camera, const struct driver_pong *pong)
{
    double waiting_ms = (double)pong->waiting_ns / 1e6;
    if (waiting_ms <= camera_patience_ms(camera)) {
        camera->stream_restarts = pong->frames > 0 ? 0 : camera->stream_restarts;
        return;
    }
    struct fault why;
    fault_set(&why, FAULT_CAMERA, ETIMEDOUT,
              "no frame within %.1f s between pictures: the camera has stalled", waiting_ms / 1000);
    if (camera->stream_restarts > 0) {
        fault_prefix(&why, "the stream was started anew, and again");
        camera_fail(camera, &why);
    } else {
        camera_restart_stream(camera, &why);
    }
}

void camera_on_pong(struct camera *camera, const struct driver_pong *pong)
{
    camera->pong_is_due = false;
    if (camera->state != CAMERA_STREAMING && camera->state != CAMERA_WAITING) {
        return; // asked before the state changed
    }
    loop_timer_set(camera->loop, camera->ping_timer,
                   timing_now_ns() + TIMING_MS(camera->deadlines.ping_interval_ms));
    if (camera->state == CAMERA_STREAMING && camera->shot == 0) {
        watch_idle_stream(camera, pong);
    }
}
