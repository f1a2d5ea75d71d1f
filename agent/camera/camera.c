// The life of a camera: spawn, hello, configure, buffers, start, shots; and from any of them, by
// any fault, back to waiting for the next try. Main thread; never waits.
#include "camera/camera.h"

#include "base/backoff.h"
#include "base/flood.h"
#include "base/timing.h"
#include "camera/driver_link.h"
#include "camera/driver_pool.h"
#include "camera/driver_wish.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct camera_deadlines defaults = {
    .stage_ms = 15000, // a start enumerates devices and loads tuning files: seconds on a Pi Zero
    .ping_interval_ms = 2000,
    .pong_ms = 3000,
    .exit_ms = 1000,
    .end_ms = 300, // a service manager expects a SIGTERM to work within two seconds in all
    .retry_first_ms = 500,
    .retry_cap_ms = 30000,
};

enum {
    RETRY_STABLE_MS = 30000,
    SHOT_FAILURES_MAX = 3, // in a row; then the driver is started anew
    LOG_LINES_MAX = 20,    // of a driver, in one window
    LOG_WINDOW_MS = 10000,
};

enum state {
    STATE_IDLE,        // not started, or waiting for the next try
    STATE_GREETING,    // spawned: waiting for hello
    STATE_CONFIGURING, // waiting for configured
    STATE_BUFFERS,     // waiting for the buffers
    STATE_STARTING,    // waiting for started
    STATE_ONLINE,
    STATE_ENDING, // failed: waiting for the process to be gone
};

struct camera {
    struct loop *loop;
    const struct settings_camera *settings;
    const char *drivers_path;
    const struct camera_events *events;
    void *context;

    struct camera_deadlines deadlines;
    enum state state;
    struct driver_link link;
    struct driver_pool *pool;
    struct driver_configured configured;
    struct camera_info info;
    struct backoff backoff;
    struct fault why; // of the present outage
    uint32_t spawns;

    uint64_t shot; // 0: none is running
    uint32_t shot_failures;
    bool pong_is_due;

    struct flood log_flood;

    int stage_timer; // the present state's deadline
    int shot_timer;
    int ping_timer;
    int retry_timer;
};

static void fail(struct camera *camera, const struct fault *why);
static void on_socket(void *context, short revents);
static void on_process_end(void *context, short revents);

void camera_set_deadlines(struct camera *camera, const struct camera_deadlines *deadlines)
{
    assert(camera->spawns == 0);
    camera->deadlines = *deadlines;
    backoff_init(&camera->backoff, deadlines->retry_first_ms, deadlines->retry_cap_ms,
                 RETRY_STABLE_MS, camera->backoff.state);
}

bool camera_is_online(const struct camera *camera)
{
    return camera->state == STATE_ONLINE;
}

uint32_t camera_restarts(const struct camera *camera)
{
    return camera->spawns > 1 ? camera->spawns - 1 : 0;
}

// ---- the way up

static void set_stage(struct camera *camera, enum state state)
{
    camera->state = state;
    loop_timer_set(camera->loop, camera->stage_timer,
                   timing_now_ns() + TIMING_MS(camera->deadlines.stage_ms));
}

static void send_or_fail(struct camera *camera, enum driver_message_type type,
                         struct driver_message *message)
{
    struct fault fault;
    if (!driver_link_send(&camera->link, type, message, &fault)) {
        fail(camera, &fault);
    }
}

void camera_start(struct camera *camera)
{
    assert(camera->state == STATE_IDLE);
    struct fault fault;
    camera->spawns++;
    if (!driver_link_spawn(&camera->link, camera->drivers_path, camera->settings->driver, &fault)) {
        fail(camera, &fault);
        return;
    }
    loop_watch(camera->loop, camera->link.socket, POLLIN, on_socket, camera);
    loop_watch(camera->loop, camera->link.pidfd, POLLIN, on_process_end, camera);
    set_stage(camera, STATE_GREETING);
}

static void on_hello(struct camera *camera, const struct driver_hello *hello)
{
    snprintf(camera->info.driver, sizeof camera->info.driver, "%s", hello->driver);
    snprintf(camera->info.library, sizeof camera->info.library, "%s", hello->library);

    struct driver_message message = {0};
    driver_wish(camera->settings, &message.configure);
    set_stage(camera, STATE_CONFIGURING);
    send_or_fail(camera, DRIVER_CONFIGURE, &message);
}

static void on_configured(struct camera *camera, const struct driver_configured *configured)
{
    camera->configured = *configured;
    driver_wish_color(camera->settings, &camera->configured);

    struct fault fault;
    camera->pool = driver_pool_create(&camera->configured, &fault);
    if (camera->pool == NULL) {
        fail(camera, &fault);
        return;
    }
    driver_wish_granted(&camera->configured, &camera->info);
    camera->info.pid = camera->link.pid;
    set_stage(camera, STATE_BUFFERS);
}

static void on_buffer(struct camera *camera, const struct driver_buffer *buffer, const int *fds)
{
    struct fault fault;
    if (!driver_pool_add(camera->pool, buffer, fds, &fault)) {
        fail(camera, &fault);
    } else if (driver_pool_is_full(camera->pool)) {
        set_stage(camera, STATE_STARTING);
        send_or_fail(camera, DRIVER_START, &(struct driver_message){0});
    }
}

static void on_started(struct camera *camera)
{
    int64_t now_ns = timing_now_ns();
    camera->state = STATE_ONLINE;
    camera->pong_is_due = false;
    camera->shot_failures = 0;
    camera->why = (struct fault){.kind = FAULT_NONE};
    backoff_worked(&camera->backoff, now_ns);
    loop_timer_clear(camera->loop, camera->stage_timer);
    loop_timer_set(camera->loop, camera->ping_timer,
                   now_ns + TIMING_MS(camera->deadlines.ping_interval_ms));
    camera->events->online(camera->context, &camera->info);
}

// ---- shots

void camera_shoot(struct camera *camera, uint64_t shot, int64_t not_before_ns)
{
    assert(camera->state == STATE_ONLINE && camera->shot == 0 && shot != 0);
    camera->shot = shot;
    double patience_ms = camera->settings->timeout_s * 1000 + 2 * camera->info.frame_interval_ms;
    loop_timer_set(camera->loop, camera->shot_timer,
                   timing_now_ns() + (int64_t)(patience_ms * 1e6));
    struct driver_message message = {
        .shoot = {.shot = shot, .not_before_ns = not_before_ns},
    };
    send_or_fail(camera, DRIVER_SHOOT, &message);
}

static uint64_t end_shot(struct camera *camera)
{
    uint64_t shot = camera->shot;
    camera->shot = 0;
    loop_timer_clear(camera->loop, camera->shot_timer);
    return shot;
}

static void on_frame(struct camera *camera, const struct driver_frame *message)
{
    struct fault fault;
    if (message->shot != camera->shot || camera->shot == 0) {
        fault_set(&fault, FAULT_CAMERA, 0, "the driver sent a frame that was not asked for");
        fail(camera, &fault);
        return;
    }
    struct frame *frame = driver_pool_lend(camera->pool, message, timing_now_ns(), &fault);
    if (frame == NULL) {
        fail(camera, &fault);
        return;
    }
    camera->shot_failures = 0;
    camera->events->frame(camera->context, end_shot(camera), frame);
}

static void on_failed(struct camera *camera, const struct driver_failed *failed)
{
    struct fault fault;
    fault_set(&fault, FAULT_CAMERA, failed->code, "%s", failed->text);
    if (failed->shot == 0 && camera->state != STATE_ONLINE) {
        fail(camera, &fault);
    } else if (failed->shot != camera->shot || camera->shot == 0) {
        fault_set(&fault, FAULT_CAMERA, 0, "the driver failed a shot that was not asked for");
        fail(camera, &fault);
    } else if (++camera->shot_failures >= SHOT_FAILURES_MAX) {
        fault_prefix(&fault, "%u shots failed in a row", camera->shot_failures);
        fail(camera, &fault);
    } else {
        camera->events->failed(camera->context, end_shot(camera), &fault);
    }
}

void camera_give_back(struct camera *camera, struct frame *frame)
{
    bool is_current = driver_pool_owns(camera->pool, frame);
    struct driver_message message = {.give_back = {.buffer = frame->buffer}};
    driver_pool_give_back(frame);
    if (is_current && camera->state == STATE_ONLINE) {
        send_or_fail(camera, DRIVER_GIVE_BACK, &message);
    }
}

// ---- the way down

// Everything that can go wrong comes here, once per driver: tells why, gets rid of the process, and
// waits for its end before the next try, because it may still hold the camera.
static void fail(struct camera *camera, const struct fault *why)
{
    if (camera->state == STATE_ENDING) {
        return;
    }
    camera->state = STATE_ENDING;
    loop_timer_clear(camera->loop, camera->stage_timer);
    loop_timer_clear(camera->loop, camera->ping_timer);
    driver_pool_abandon(camera->pool);
    camera->pool = NULL;
    if (camera->link.socket >= 0) {
        loop_unwatch(camera->loop, camera->link.socket);
        driver_link_close(&camera->link);
    }
    driver_link_kill(&camera->link);

    uint64_t shot = end_shot(camera);
    if (shot != 0) {
        camera->events->failed(camera->context, shot, why);
    }
    if (camera->why.kind == FAULT_NONE || strcmp(camera->why.text, why->text) != 0) {
        camera->why = *why;
        camera->events->offline(camera->context, why);
    }
    if (camera->link.pid == 0) {
        on_process_end(camera, 0);
    }
}

static void schedule_retry(struct camera *camera)
{
    int64_t now_ns = timing_now_ns();
    uint32_t delay_ms = backoff_failed(&camera->backoff, now_ns);
    camera->state = STATE_IDLE;
    loop_timer_set(camera->loop, camera->retry_timer, now_ns + TIMING_MS(delay_ms));
}

static void on_retry(void *context)
{
    camera_start(context);
}

static void on_stage_deadline(void *context)
{
    static const char *const waited_for[] = {
        [STATE_GREETING] = "say hello",
        [STATE_CONFIGURING] = "configure the camera",
        [STATE_BUFFERS] = "hand over its buffers",
        [STATE_STARTING] = "start the camera",
    };
    struct camera *camera = context;
    struct fault fault;
    const char *what =
        camera->link.socket < 0 ? "end after closing its socket" : waited_for[camera->state];
    fault_set(&fault, FAULT_CAMERA, ETIMEDOUT, "the %s driver did not %s in time",
              camera->settings->driver, what);
    fail(camera, &fault);
}

static void on_shot_deadline(void *context)
{
    struct camera *camera = context;
    struct fault fault;
    fault_set(&fault, FAULT_CAMERA, ETIMEDOUT,
              "no frame within %.1f s (camera.timeout_s): the camera has stalled",
              camera->settings->timeout_s);
    fail(camera, &fault);
}

static void on_ping(void *context)
{
    struct camera *camera = context;
    if (camera->pong_is_due) {
        struct fault fault;
        fault_set(&fault, FAULT_CAMERA, ETIMEDOUT, "the %s driver did not answer for %.1f s",
                  camera->settings->driver, camera->deadlines.pong_ms / 1000.0);
        fail(camera, &fault);
        return;
    }
    camera->pong_is_due = true;
    loop_timer_set(camera->loop, camera->ping_timer,
                   timing_now_ns() + TIMING_MS(camera->deadlines.pong_ms));
    send_or_fail(camera, DRIVER_PING, &(struct driver_message){0});
}

static void on_pong(struct camera *camera)
{
    camera->pong_is_due = false;
    loop_timer_set(camera->loop, camera->ping_timer,
                   timing_now_ns() + TIMING_MS(camera->deadlines.ping_interval_ms));
}

// ---- the driver's messages

static void on_log(struct camera *camera, const struct driver_log *message)
{
    uint32_t kept_back;
    bool pass = flood_pass(&camera->log_flood, timing_now_ns(), &kept_back);
    if (kept_back > 0) {
        char text[96];
        snprintf(text, sizeof text, "%u more lines of the driver were not logged", kept_back);
        camera->events->log(camera->context, message->level, text);
    }
    if (pass) {
        camera->events->log(camera->context, message->level, message->text);
    }
}

static void on_message(struct camera *camera, const struct driver_message *message, const int *fds)
{
    enum state state = camera->state;
    struct fault fault;
    if (message->type == DRIVER_LOG) {
        on_log(camera, &message->log);
    } else if (message->type == DRIVER_LOST) {
        fault_set(&fault, FAULT_CAMERA, ENODEV, "%s", message->lost.text);
        fail(camera, &fault);
    } else if (message->type == DRIVER_FAILED) {
        on_failed(camera, &message->failed);
    } else if (message->type == DRIVER_HELLO && state == STATE_GREETING) {
        on_hello(camera, &message->hello);
    } else if (message->type == DRIVER_CONFIGURED && state == STATE_CONFIGURING) {
        on_configured(camera, &message->configured);
    } else if (message->type == DRIVER_BUFFER && state == STATE_BUFFERS) {
        on_buffer(camera, &message->buffer, fds);
    } else if (message->type == DRIVER_STARTED && state == STATE_STARTING) {
        on_started(camera);
    } else if (message->type == DRIVER_FRAME && state == STATE_ONLINE) {
        on_frame(camera, &message->frame);
    } else if (message->type == DRIVER_PONG && state == STATE_ONLINE) {
        on_pong(camera);
    } else {
        fault_set(&fault, FAULT_CAMERA, 0, "the driver sent message type %u out of turn",
                  message->type);
        fail(camera, &fault);
    }
}

// Takes what has come, but no more than a well-behaved driver sends at a time, so that a flood
// cannot keep the loop from its other work.
static void drain(struct camera *camera)
{
    for (int i = 0; i < 2 * DRIVER_BUFFERS_MAX && camera->link.socket >= 0; i++) {
        struct driver_message message;
        int fds[FRAME_PLANES_MAX];
        size_t fd_count;
        struct fault fault;
        switch (driver_link_receive(&camera->link, &message, fds, &fd_count, &fault)) {
        case DRIVER_RECEIVED_MESSAGE:
            on_message(camera, &message, fds);
            for (size_t k = 0; k < fd_count; k++) {
                close(fds[k]);
            }
            break;
        case DRIVER_RECEIVED_NOTHING:
            return;
        case DRIVER_RECEIVED_END:
            // the process is about to end and will say how; unless it does not
            loop_unwatch(camera->loop, camera->link.socket);
            driver_link_close(&camera->link);
            loop_timer_set(camera->loop, camera->stage_timer,
                           timing_now_ns() + TIMING_MS(camera->deadlines.exit_ms));
            return;
        case DRIVER_RECEIVED_FAULT:
            fail(camera, &fault);
            return;
        }
    }
}

static void on_socket(void *context, short revents)
{
    (void)revents;
    drain(context);
}

// The process has ended: by our hand, or by itself, in which case its last words come first.
static void on_process_end(void *context, short revents)
{
    (void)revents;
    struct camera *camera = context;
    if (camera->state != STATE_ENDING) {
        drain(camera);
    }
    char how[64] = "is gone";
    int pidfd = camera->link.pidfd;
    if (camera->link.pid != 0) {
        if (!driver_link_reap(&camera->link, how, sizeof how)) {
            return;
        }
        loop_unwatch(camera->loop, pidfd);
    }
    if (camera->state != STATE_ENDING) {
        struct fault fault;
        fault_set(&fault, FAULT_CAMERA, 0, "the %s driver %s", camera->settings->driver, how);
        fail(camera, &fault); // comes back here, as there is no process any more
        return;
    }
    schedule_retry(camera);
}

// ---- begin and end

struct camera *camera_create(struct loop *loop, const struct settings_camera *settings,
                             const char *drivers_path, uint64_t seed,
                             const struct camera_events *events, void *context, struct fault *fault)
{
    struct camera *camera = calloc(1, sizeof *camera);
    if (camera == NULL) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for the camera");
        return NULL;
    }
    camera->loop = loop;
    camera->settings = settings;
    camera->drivers_path = drivers_path;
    camera->events = events;
    camera->context = context;
    camera->link = (struct driver_link){.pidfd = -1, .socket = -1};
    camera->log_flood = (struct flood){.most = LOG_LINES_MAX, .window_ms = LOG_WINDOW_MS};
    camera->backoff.state = seed;
    camera_set_deadlines(camera, &defaults);
    camera->stage_timer = loop_timer_add(loop, on_stage_deadline, camera);
    camera->shot_timer = loop_timer_add(loop, on_shot_deadline, camera);
    camera->ping_timer = loop_timer_add(loop, on_ping, camera);
    camera->retry_timer = loop_timer_add(loop, on_retry, camera);
    return camera;
}

void camera_destroy(struct camera *camera)
{
    if (camera == NULL) {
        return;
    }
    loop_timer_clear(camera->loop, camera->stage_timer);
    loop_timer_clear(camera->loop, camera->shot_timer);
    loop_timer_clear(camera->loop, camera->ping_timer);
    loop_timer_clear(camera->loop, camera->retry_timer);
    if (camera->link.socket >= 0) {
        loop_unwatch(camera->loop, camera->link.socket);
    }
    if (camera->link.pid != 0) {
        loop_unwatch(camera->loop, camera->link.pidfd);
    }
    driver_link_end(&camera->link, (int)camera->deadlines.end_ms);
    driver_pool_abandon(camera->pool);
    free(camera);
}
