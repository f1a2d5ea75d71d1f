// A driver process and the socket to it. Knows packets, descriptors and signals, not what they
// mean.
#pragma once

#include "base/fault.h"
#include "camera/driver_protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct driver_link {
    pid_t pid;  // 0: no process
    int pidfd;  // readable once the process has ended
    int socket; // -1 once closed
    int status; // of an ended process that exited by itself; -1 else
};

enum driver_received {
    DRIVER_RECEIVED_MESSAGE,
    DRIVER_RECEIVED_NOTHING, // not now
    DRIVER_RECEIVED_END,     // the driver closed its end
    DRIVER_RECEIVED_FAULT,
};

// Starts `drivers_path`/still2mqtt-camera-`name` in a process group of its own, so that a Ctrl-C on
// the terminal is the agent's alone. FAULT_CAMERA names the missing file and the cure.
__attribute__((warn_unused_result)) bool driver_link_spawn(struct driver_link *link,
                                                           const char *drivers_path,
                                                           const char *name, struct fault *fault);

// Sends one message, whose body is in place and whose `size` is filled in here. Never waits: a
// driver that does not read has failed. One that has gone has not: the end of its socket, behind
// its last words, and the end of its process tell more than this could.
__attribute__((warn_unused_result)) bool driver_link_send(struct driver_link *link,
                                                          enum driver_message_type type,
                                                          struct driver_message *message,
                                                          struct fault *fault);

// Takes one message, checked, with the descriptors that came along (the caller's to close). Never
// waits.
enum driver_received driver_link_receive(struct driver_link *link, struct driver_message *message,
                                         int fds[static FRAME_PLANES_MAX], size_t *fd_count,
                                         struct fault *fault);

// Closes the socket, which tells the driver to end.
void driver_link_close(struct driver_link *link);

void driver_link_kill(struct driver_link *link);

// Collects an ended process; false while it still runs. `how` says how it ended ("was killed by
// signal 9 (Killed)").
bool driver_link_reap(struct driver_link *link, char *how, size_t how_size);

// Ends the process for good: closes the socket, gives it `grace_ms`, kills it, and collects it
// unless the kernel does not let go of it within half a second (a device that hangs).
void driver_link_end(struct driver_link *link, int grace_ms);

// `drivers_path` where none is given: "../libexec/still2mqtt" from the folder of this executable.
__attribute__((warn_unused_result)) bool driver_link_default_path(char *path, size_t size,
                                                                  struct fault *fault);
