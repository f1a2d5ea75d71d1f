// The life of a camera: spawn, hello, configure, buffers, start; and the messages that lead from
// one to the next. Main thread; never waits.
#include "camera/camera.h"

#include "base/timing.h"
#include "camera/camera_parts.h"
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
    .stall_ms = 1000,
    .stop_ms = 1000,     // a stop that works takes a frame or two; one that hangs does so for ever
    .waiting_ms = 30000, // in a container no device is ever announced
    .ping_interval_ms = 1000,
    .pong_ms = 3000,
    .exit_ms = 1000,
    .end_ms = 300, // a service manager expects a SIGTERM to work within two seconds in all
    .linger_ms = 1000,
    .retry_first_ms = 500,
    .retry_cap_ms = 30000,
};

enum {
    RETRY_STABLE_MS = 30000,
    LOG_LINES_MAX = 20, // of a driver, in one window
    LOG_WINDOW_MS = 10000,
};

static void on_socket(void *context, short revents);

void camera_set_deadlines(struct camera *camera, const struct camera_deadlines *deadlines)
{
    assert(!camera->is_begun);
    camera->deadlines = *deadlines;
    backoff_init(&camera->backoff, deadlines->retry_first_ms, deadlines->retry_cap_ms,
                 RETRY_STABLE_MS, camera->backoff.state);
}

bool camera_is_online(const struct camera *camera)
{
    return camera->is_online;
}

bool camera_is_resting(const struct camera *camera)
{
    return camera->state == CAMERA_RESTING;
}

struct camera_health camera_health(const struct camera *camera)
{
    struct camera_health health = camera->health;
    health.driver_pid = camera->link.pid;
    return health;
}

// ---- the way up

void camera_set_stage(struct camera *camera, enum camera_state state, uint32_t patience_ms)
{
    camera->state = state;
    loop_timer_set(camera->loop, camera->stage_timer, timing_now_ns() + TIMING_MS(patience_ms));
}

static void set_stage(struct camera *camera, enum camera_state state)
{
    camera_set_stage(camera, state, camera->deadlines.stage_ms);
}

void camera_send(struct camera *camera, enum driver_message_type type,
                 struct driver_message *message)
{
    struct fault fault;
    if (!driver_link_send(&camera->link, type, message, &fault)) {
        camera_fail(camera, &fault);
    }
}

void camera_spawn(struct camera *camera)
{
    struct fault fault;
    camera->spawned_ns = timing_now_ns();
    camera->has_waited = false;
    camera->is_changing = false;
    if (!driver_link_spawn(&camera->link, camera->drivers_path, camera->settings->driver, &fault)) {
        camera_fail(camera, &fault);
        return;
    }
    loop_watch(camera->loop, camera->link.socket, POLLIN, on_socket, camera);
    loop_watch(camera->loop, camera->link.pidfd, POLLIN, camera_on_process_end, camera);
    set_stage(camera, CAMERA_GREETING);
}

void camera_start(struct camera *camera)
{
    assert(camera->state == CAMERA_IDLE);
    camera->is_begun = true;
    camera_spawn(camera);
}

static void configure(struct camera *camera)
{
    struct driver_message message = {0};
    driver_wish(camera->settings, &message.configure);
    set_stage(camera, CAMERA_CONFIGURING);
    camera_send(camera, DRIVER_CONFIGURE, &message);
}

static void on_hello(struct camera *camera, const struct driver_hello *hello)
{
    snprintf(camera->info.driver, sizeof camera->info.driver, "%s", hello->driver);
    snprintf(camera->info.library, sizeof camera->info.library, "%s", hello->library);
    configure(camera);
}

static void on_configured(struct camera *camera, const struct driver_configured *configured)
{
    struct driver_configured before = camera->configured;
    camera->configured = *configured;
    driver_wish_color(camera->settings, &camera->configured);

    struct fault fault;
    camera->pool = driver_pool_create(&camera->configured, &fault);
    if (camera->pool == NULL) {
        camera_fail(camera, &fault);
        return;
    }
    if (memcmp(&before, &camera->configured, sizeof before) != 0) {
        camera->is_online = false; // a cold camera came back as another
    }
    driver_wish_granted(&camera->configured, &camera->info);
    camera->info.pid = camera->link.pid;
    set_stage(camera, CAMERA_BUFFERS);
}

static void on_buffer(struct camera *camera, const struct driver_buffer *buffer, const int *fds)
{
    struct fault fault;
    if (!driver_pool_add(camera->pool, buffer, fds, &fault)) {
        camera_fail(camera, &fault);
    } else if (driver_pool_is_full(camera->pool)) {
        set_stage(camera, CAMERA_STARTING);
        camera_send(camera, DRIVER_START, &(struct driver_message){0});
    }
}

static void on_started(struct camera *camera)
{
    int64_t now_ns = timing_now_ns();
    camera->state = CAMERA_STREAMING;
    camera->stream_begun_ns = now_ns;
    camera->pong_is_due = false;
    camera->why = (struct fault){.kind = FAULT_NONE};
    backoff_worked(&camera->backoff, now_ns);
    loop_timer_clear(camera->loop, camera->stage_timer);
    loop_timer_set(camera->loop, camera->ping_timer,
                   now_ns + TIMING_MS(camera->deadlines.ping_interval_ms));
    bool is_news = !camera->is_online;
    camera->is_online = true;
    camera_streams(camera);
    if (is_news && camera->is_online) {
        camera->events->online(camera->context, &camera->info);
    }
}

void camera_let_go(struct camera *camera)
{
    loop_timer_clear(camera->loop, camera->stage_timer);
    loop_timer_clear(camera->loop, camera->ping_timer);
    loop_timer_clear(camera->loop, camera->rest_timer);
    driver_pool_abandon(camera->pool);
    camera->pool = NULL;
    if (camera->link.socket >= 0) {
        loop_unwatch(camera->loop, camera->link.socket);
        driver_link_close(&camera->link);
    }
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

bool camera_is_configured(const struct camera *camera)
{
    return camera->state == CAMERA_STREAMING || camera->state == CAMERA_STOPPING ||
           (camera->state == CAMERA_STARTING && driver_pool_is_full(camera->pool));
}

static void on_message(struct camera *camera, const struct driver_message *message, const int *fds)
{
    enum camera_state state = camera->state;
    struct fault fault;
    if (message->type == DRIVER_LOG) {
        on_log(camera, &message->log);
    } else if (message->type == DRIVER_LOST) {
        fault_set(&fault, FAULT_CAMERA, ENODEV, "%s", message->lost.text);
        camera_fail_for_good(camera, &fault);
    } else if (message->type == DRIVER_FAILED) {
        camera_on_failed(camera, &message->failed);
    } else if (message->type == DRIVER_HELLO && state == CAMERA_GREETING) {
        on_hello(camera, &message->hello);
    } else if (message->type == DRIVER_WAITING && state == CAMERA_CONFIGURING) {
        camera_on_waiting(camera, &message->waiting);
    } else if (message->type == DRIVER_APPEARED && state == CAMERA_WAITING) {
        configure(camera);
    } else if (message->type == DRIVER_CONFIGURED && state == CAMERA_CONFIGURING) {
        on_configured(camera, &message->configured);
    } else if (message->type == DRIVER_BUFFER && state == CAMERA_BUFFERS) {
        on_buffer(camera, &message->buffer, fds);
    } else if (message->type == DRIVER_STARTED && state == CAMERA_STARTING) {
        on_started(camera);
    } else if (message->type == DRIVER_STOPPED && state == CAMERA_STOPPING) {
        camera_on_stopped(camera);
    } else if (message->type == DRIVER_FRAME &&
               (state == CAMERA_STREAMING || state == CAMERA_STOPPING)) {
        camera_on_frame(camera, &message->frame);
    } else if (message->type == DRIVER_PONG &&
               (camera_is_configured(camera) || state == CAMERA_WAITING ||
                state == CAMERA_CONFIGURING)) {
        camera_on_pong(camera, &message->pong);
    } else {
        fault_set(&fault, FAULT_CAMERA, 0, "the driver sent message type %u out of turn",
                  message->type);
        camera_fail(camera, &fault);
    }
}

// Takes what has come, but no more than a well-behaved driver sends at a time, so that a flood
// cannot keep the loop from its other work.
void camera_drain(struct camera *camera)
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
            camera_fail(camera, &fault);
            return;
        }
    }
}

static void on_socket(void *context, short revents)
{
    (void)revents;
    camera_drain(context);
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
    camera->link = (struct driver_link){.pidfd = -1, .socket = -1, .status = -1};
    camera->log_flood = (struct flood){.most = LOG_LINES_MAX, .window_ms = LOG_WINDOW_MS};
    camera->backoff.state = seed;
    camera_set_deadlines(camera, &defaults);
    camera->stage_timer = loop_timer_add(loop, camera_on_stage_deadline, camera);
    camera->shot_timer = loop_timer_add(loop, camera_on_shot_deadline, camera);
    camera->stall_timer = loop_timer_add(loop, camera_on_stall, camera);
    camera->ping_timer = loop_timer_add(loop, camera_on_ping, camera);
    camera->retry_timer = loop_timer_add(loop, camera_on_retry, camera);
    camera->rest_timer = loop_timer_add(loop, camera_on_rest, camera);
    return camera;
}

void camera_destroy(struct camera *camera)
{
    if (camera == NULL) {
        return;
    }
    camera_end_shot(camera);
    loop_timer_clear(camera->loop, camera->retry_timer);
    if (camera->link.pid != 0) {
        loop_unwatch(camera->loop, camera->link.pidfd);
    }
    camera_let_go(camera);
    driver_link_end(&camera->link, (int)camera->deadlines.end_ms);
    free(camera);
}
