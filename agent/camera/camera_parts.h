// What the parts of the camera share: its state, and the steps from one to the next. Nobody else
// includes this.
//
//   camera.c        the way up, and the messages that lead there
//   camera_shots.c  shots, their deadlines, and the rest between them
//   camera_heal.c   what is done about a camera that does not do: the ladder
#pragma once

#include "base/backoff.h"
#include "base/flood.h"
#include "camera/camera.h"
#include "camera/driver_link.h"
#include "camera/driver_pool.h"

enum camera_state {
    CAMERA_IDLE,        // not started, or waiting for the next try
    CAMERA_GREETING,    // spawned: waiting for hello
    CAMERA_CONFIGURING, // waiting for configured
    CAMERA_WAITING,     // for a camera to be plugged in
    CAMERA_BUFFERS,     // waiting for the buffers
    CAMERA_STARTING,    // waiting for started
    CAMERA_STREAMING,
    CAMERA_STOPPING, // the stream is started anew: waiting for stopped
    CAMERA_CLOSING,  // cold: waiting for the process to be gone
    CAMERA_RESTING,  // cold: there is no process
    CAMERA_ENDING,   // failed: waiting for the process to be gone
};

struct camera {
    struct loop *loop;
    const struct settings_camera *settings;
    const char *drivers_path;
    const struct camera_events *events;
    void *context;

    struct camera_deadlines deadlines;
    enum camera_state state;
    bool is_online; // as the caller was told
    struct driver_link link;
    struct driver_pool *pool;
    struct driver_configured configured;
    struct camera_info info;
    struct camera_health health;
    struct backoff backoff;
    struct fault why; // of the present outage
    bool is_begun;
    bool is_changing; // other settings: the next driver is started as soon as this one is gone
    bool has_waited;  // this driver, for a camera, and in vain

    uint64_t shot; // 0: none is running
    int64_t not_before_ns;
    bool is_sent;             // the driver has been asked
    int64_t spawned_ns;       // when the driver was started
    int64_t stream_begun_ns;  // when its stream was
    double exposure_ms;       // of the newest frame that told; 0: none did
    unsigned stream_restarts; // since the last sign of life of the stream
    bool pong_is_due;

    struct flood log_flood;

    int stage_timer; // the present state's deadline
    int shot_timer;  // when the running shot has failed
    int stall_timer; // when it is time to do something about it
    int ping_timer;
    int retry_timer;
    int rest_timer; // cold: when nothing more is expected
};

// camera.c

// Goes on to `state`, which must end within `patience_ms`.
void camera_set_stage(struct camera *camera, enum camera_state state, uint32_t patience_ms);
void camera_send(struct camera *camera, enum driver_message_type type,
                 struct driver_message *message); // or fails
void camera_spawn(struct camera *camera);
void camera_let_go(struct camera *camera);              // of the socket and the buffers
bool camera_is_configured(const struct camera *camera); // the driver has its buffers, and lives

// camera_shots.c

void camera_streams(struct camera *camera); // goes on with the shot, or rests
void camera_on_frame(struct camera *camera, const struct driver_frame *message);
void camera_on_failed(struct camera *camera, const struct driver_failed *message);
void camera_on_stall(void *context);         // stall_timer
void camera_on_shot_deadline(void *context); // shot_timer
void camera_on_rest(void *context);          // rest_timer
uint64_t camera_end_shot(struct camera *camera);
void camera_fail_shot(struct camera *camera, const struct fault *why); // if one is running

// How long a healthy stream may take for the next frame.
double camera_patience_ms(const struct camera *camera);

// camera_heal.c

// Everything that can go wrong comes here, once per driver: tells why, gets rid of the process, and
// waits for its end before the next try, because it may still hold the camera.
void camera_fail(struct camera *camera, const struct fault *why);
// The same where no other driver could answer the shot that runs.
void camera_fail_for_good(struct camera *camera, const struct fault *why);
void camera_restart_stream(struct camera *camera, const struct fault *why);
void camera_on_stopped(struct camera *camera);
void camera_on_pong(struct camera *camera, const struct driver_pong *pong);
void camera_on_waiting(struct camera *camera, const struct driver_waiting *message);
void camera_on_ping(void *context);           // ping_timer
void camera_on_retry(void *context);          // retry_timer
void camera_on_stage_deadline(void *context); // stage_timer
void camera_on_process_end(void *context, short revents);
void camera_drain(struct camera *camera); // in camera.c: takes what the driver has said
