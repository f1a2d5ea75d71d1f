// The scaffold of a camera driver: a driver's main fills in struct driver_ops and calls
// driver_main, which speaks driver_protocol.h on DRIVER_FD and keeps its order.
//
// Everything runs on one thread, in one loop; only driver_log may be called from others. An
// operation must not wait for the agent, and should not take long: while it runs, no ping is
// answered, and a driver that does not answer is killed. That is wanted: it is how the agent finds
// out that a camera library hangs. Usable from C and C++.
#pragma once

#include "camera/driver_protocol.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "base/fault.h"
#include "base/log.h"
#include "base/loop.h"

struct driver;

// The buffers of one configure, as DRIVER_BUFFER sends them. The descriptors stay the driver's
// (passing duplicates them) and must be open until they have been sent, right after the operation.
struct driver_buffers {
    struct driver_buffer list[DRIVER_BUFFERS_MAX];
    int fds[DRIVER_BUFFERS_MAX][FRAME_PLANES_MAX];
};

// What the driver does; `context` is driver_main's. The scaffold has checked the message and its
// order before it calls: numbers that are no numbers, text without an end, a shot too many or a
// buffer that is not on loan never arrive here.
struct driver_ops {
    // Once, before any other: the place to keep `driver` and to add timers to driver_loop. May be
    // NULL.
    void (*open)(void *context, struct driver *driver);
    // Calls driver_send_camera for each camera; the scaffold sends the rest.
    bool (*list)(void *context, struct fault *fault);
    // Width and height are positive, fps is 0.01 to 1000, idle_fps at most that. Fills in
    // `configured` and its buffer_count of `buffers`; an orientation of 0 says that nothing was
    // turned. Called again only after it has failed.
    bool (*configure)(void *context, const struct driver_configure *wish,
                      struct driver_configured *configured, struct driver_buffers *buffers,
                      struct fault *fault);
    // Whether configure failed for want of a camera, and driver_send_appeared will be called when
    // there may be one. May be NULL: no.
    bool (*is_waiting)(void *context);
    bool (*start)(void *context, struct fault *fault);
    // Answered, now or later, by exactly one of driver_send_frame and driver_send_failed. No
    // second one comes before that.
    void (*shoot)(void *context, const struct driver_shoot *shoot);
    // The buffer may be filled again. Comes while stopped, too.
    void (*give_back)(void *context, uint32_t buffer);
    // A shot that is still open needs no answer any more. start may follow.
    void (*stop)(void *context);
    // How the stream fares, while there is one. May be NULL: no frame is ever owed.
    void (*pulse)(void *context, struct driver_pong *pong);
    // The agent has gone, or the camera: let go of everything. Nothing can be sent. May be NULL.
    void (*close)(void *context);
};

// Runs the driver and returns the exit status for main: 0 when the agent has hung up; 64 (usage)
// after one sentence on standard error when there is no agent on DRIVER_FD; 69 (unavailable) after
// driver_send_lost or when the agent stopped reading; 76 (protocol) when the agent broke the
// protocol; 71 (system) when the kernel refused what the scaffold needs.
// `library`: what stands behind the driver, with its version.
int driver_main(const char *name, const char *library, const struct driver_ops *ops, void *context);

// For fds and timers of the driver's own.
struct loop *driver_loop(struct driver *driver);

// Whether the agent has this buffer.
bool driver_is_on_loan(const struct driver *driver, uint32_t buffer);

// The facts of a camera that says nothing: NAN, unknown.
struct frame_facts driver_no_facts(void);

void driver_send_camera(struct driver *driver, const struct driver_camera *camera);

// Answers the open shot: `frame` names it, and a buffer that is not on loan; it is from here on.
void driver_send_frame(struct driver *driver, const struct driver_frame *frame);

// Answers the open shot, which will have no frame.
void driver_send_failed(struct driver *driver, uint64_t shot, const struct fault *why);

// There may be a camera now: ends the wait that is_waiting began.
void driver_send_appeared(struct driver *driver);

// The camera is gone: sends the reason, and the driver ends once the operation returns.
void driver_send_lost(struct driver *driver, const struct fault *why);

// A line for the agent's log; dropped when the agent does not read. Any thread.
__attribute__((format(printf, 3, 4))) void
driver_log(const struct driver *driver, enum log_level level, const char *format, ...);

#ifdef __cplusplus
}
#endif
