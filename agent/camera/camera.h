// The agent's side of a camera: keeps a driver process alive, configured and streaming, and asks it
// for frames.
//
// Whatever the driver does (die, hang, lie, not exist), the camera goes offline, says why, and
// starts it again with backoff; nothing of it reaches the caller but these events. Everything runs
// on the loop's thread; no call waits for the driver.
//
// A warm camera streams all the time. A cold one (camera.standby) is online too while it rests,
// with its driver ended and its device closed: a shot starts it.
#pragma once

#include "base/loop.h"
#include "camera/camera_info.h"
#include "camera/frame.h"
#include "settings/settings.h"

struct camera;

struct camera_events {
    // Shots can be asked for. `info` lives until offline. Called again when a cold camera came back
    // as another.
    void (*online)(void *context, const struct camera_info *info);
    // Called once a change to offline, and again when the reason changes.
    void (*offline)(void *context, const struct fault *why);
    // The frame of a shot; on loan to the callee until camera_give_back.
    void (*frame)(void *context, uint64_t shot, struct frame *frame);
    // The shot will not come.
    void (*failed)(void *context, uint64_t shot, const struct fault *why);
    // The camera has stalled, and its stream is started anew; a shot that runs goes on.
    void (*healing)(void *context, const struct fault *why);
    // The driver says something for the log; a flood is cut and counted before it comes here.
    void (*log)(void *context, uint32_t level, const char *text);
};

// `drivers_path`: the folder with the executables still2mqtt-camera-<driver>. Both borrowed for the
// camera's life. Starts nothing yet.
struct camera *camera_create(struct loop *loop, const struct settings_camera *settings,
                             const char *drivers_path, uint64_t seed,
                             const struct camera_events *events, void *context,
                             struct fault *fault);

// How long the camera waits for what. The defaults are in camera.c, with their reasons.
struct camera_deadlines {
    uint32_t stage_ms;         // for each answer on the way up
    uint32_t stall_ms;         // for the next frame, at the least: five frame intervals, if longer
    uint32_t stop_ms;          // for the end of a stream
    uint32_t waiting_ms;       // for a camera to be plugged in, before its driver is started anew
    uint32_t ping_interval_ms; // while it streams or waits
    uint32_t pong_ms;
    uint32_t exit_ms;   // between the end of the driver's socket and the end of its process
    uint32_t linger_ms; // until a cold camera without a shot rests
    uint32_t end_ms;    // camera_destroy: for the driver to end by itself, before it is killed
    uint32_t retry_first_ms;
    uint32_t retry_cap_ms;
};

// Other deadlines than the defaults, for those who cannot wait so long (tests). Before
// camera_start.
void camera_set_deadlines(struct camera *camera, const struct camera_deadlines *deadlines);

void camera_start(struct camera *camera);

bool camera_is_online(const struct camera *camera);

// Other settings from now on, borrowed as those before. Where they differ the driver is started
// anew, and the camera stays online meanwhile unless it does not come back; a shot that runs is
// for the new driver. True: they differ.
bool camera_apply(struct camera *camera, const struct settings_camera *settings);

// Starts the driver anew, likewise. Does nothing before camera_start and after camera_shut.
void camera_restart(struct camera *camera);

// Ends the driver, so that the camera's device is not open: offline, for the reason `why`, until
// camera_open. Before camera_start, in its place. A shot that runs fails.
void camera_shut(struct camera *camera, const struct fault *why);
void camera_open(struct camera *camera); // after camera_shut only

// Whether it is cold and its device closed.
bool camera_is_resting(const struct camera *camera);

// For `health`.
struct camera_health camera_health(const struct camera *camera);

// Asks for one frame whose exposure begins at or after `not_before_ns`; 0 is for the newest one
// that there is (where camera.freshness is "latest", the driver keeps one). One shot at a time,
// only while online. Answered by exactly one of frame and failed, within the deadline that
// camera.timeout_s sets, after the camera has started and settled. If the driver dies or has to be
// ended meanwhile, the camera goes offline, and the shot is for the next driver, unless it is the
// camera itself that has gone.
void camera_shoot(struct camera *camera, uint64_t shot, int64_t not_before_ns);

// Ends the loan; also right for a frame of a driver that has died since.
void camera_give_back(struct camera *camera, struct frame *frame);

// Ends the driver (SIGKILL if need be, without waiting long). Every frame must have been given
// back.
void camera_destroy(struct camera *camera);

// "NV12" and back; PIXEL_FORMAT_NONE for a name that is none.
const char *pixel_format_name(enum pixel_format format);
enum pixel_format pixel_format_by_name(const char *name);
