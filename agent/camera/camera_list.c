// A driver's list of cameras. Waits; not for the agent's loop.
#include "camera/camera_list.h"

#include "base/timing.h"
#include "camera/driver_link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum {
    DEADLINE_MS = 20000,
    END_GRACE_MS = 500,
    CAMERAS_MAX = 64, // more than a machine has ports for
};

static bool next_message(struct driver_link *link, int64_t until_ns, struct driver_message *message,
                         struct fault *fault)
{
    while (timing_now_ns() < until_ns) { // however much it talks
        int fds[FRAME_PLANES_MAX];
        size_t fd_count;
        switch (driver_link_receive(link, message, fds, &fd_count, fault)) {
        case DRIVER_RECEIVED_MESSAGE:
            for (size_t i = 0; i < fd_count; i++) {
                close(fds[i]);
            }
            return true;
        case DRIVER_RECEIVED_FAULT:
            return false;
        case DRIVER_RECEIVED_END:
            return fault_set(fault, FAULT_CAMERA, 0, "the driver ended before it had answered");
        case DRIVER_RECEIVED_NOTHING:
            break;
        }
        int64_t left_ms = (until_ns - timing_now_ns()) / 1000000;
        struct pollfd socket = {link->socket, POLLIN, 0};
        poll(&socket, 1, left_ms > 0 ? (int)left_ms : 0);
    }
    return fault_set(fault, FAULT_CAMERA, ETIMEDOUT, "the driver did not answer in %d s",
                     DEADLINE_MS / 1000);
}

bool camera_list(const char *drivers_path, const char *driver,
                 void (*each)(void *context, const struct driver_camera *camera), void *context,
                 char library[static 112], unsigned *count, struct fault *fault)
{
    struct driver_link link;
    if (!driver_link_spawn(&link, drivers_path, driver, fault)) {
        return false;
    }
    int64_t until_ns = timing_now_ns() + TIMING_MS(DEADLINE_MS);
    struct driver_message message;
    struct driver_hello hello = {0};
    bool good = true;
    bool ended = false;
    unsigned cameras = 0;
    while (good && !ended && (good = next_message(&link, until_ns, &message, fault))) {
        if (message.type == DRIVER_HELLO) {
            hello = message.hello;
            struct driver_message list = {0};
            good = driver_link_send(&link, DRIVER_LIST, &list, fault);
        } else if (message.type == DRIVER_CAMERA && cameras == CAMERAS_MAX) {
            good = fault_set(fault, FAULT_CAMERA, 0, "the driver lists more than %d cameras",
                             CAMERAS_MAX);
        } else if (message.type == DRIVER_CAMERA) {
            cameras++;
            each(context, &message.camera);
        } else if (message.type == DRIVER_LIST_END) {
            ended = true;
        } else if (message.type == DRIVER_FAILED) {
            good = fault_set(fault, FAULT_CAMERA, message.failed.code, "%s", message.failed.text);
        } else if (message.type != DRIVER_LOG) {
            good = fault_set(fault, FAULT_CAMERA, 0, "the driver sent message type %u out of turn",
                             message.type);
        }
    }
    driver_link_end(&link, END_GRACE_MS);
    if (good) {
        *count = cameras;
        snprintf(library, sizeof hello.library, "%s", hello.library);
    }
    return good;
}
