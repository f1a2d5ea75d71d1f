// The agent's end of one real driver, for tests: what it sends is checked as the agent checks it,
// and every wait has a deadline that fails the test.
#pragma once

#include "base/fault.h"
#include "camera/driver_link.h"
#include "camera/driver_protocol.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct driver_rig {
    struct driver_link link;
    struct driver_message message; // the newest that was not a log line
    struct driver_log log;         // the newest log line
    uint32_t log_count;
    struct driver_configured configured;
    struct driver_buffer buffers[DRIVER_BUFFERS_MAX];
    uint8_t *maps[DRIVER_BUFFERS_MAX];
    size_t sizes[DRIVER_BUFFERS_MAX];
    uint64_t shot;
    int fds_before;
};

// Starts the driver and takes its hello.
void rig_open(struct driver_rig *rig, const char *driver);

// Hangs up; the driver ends with status 0, and nothing of it is left.
void rig_close(struct driver_rig *rig);

// After what it cannot accept: the driver says so (`words` are part of its last log line; NULL: it
// need not) and ends with `status`. Everything is let go of.
void rig_expect_end(struct driver_rig *rig, int status, const char *words);

void rig_send(struct driver_rig *rig, enum driver_message_type type, struct driver_message *body);
void rig_send_word(struct driver_rig *rig, enum driver_message_type type);

// Takes log lines, then a message, which must be of this type.
void rig_expect(struct driver_rig *rig, enum driver_message_type type);

// Whether the driver answers a ping, and has said nothing else before that.
void rig_expect_silence(struct driver_rig *rig);

// Configures, maps the buffers and starts.
void rig_stream(struct driver_rig *rig, const struct driver_configure *wish);

// Configures and is refused, with `words` in the reason.
void rig_expect_refusal(struct driver_rig *rig, const struct driver_configure *wish,
                        const char *words);

void rig_shoot(struct driver_rig *rig, int64_t not_before_ns);

// Takes the frame of the shot that was asked for last.
struct driver_frame rig_frame(struct driver_rig *rig);
void rig_give_back(struct driver_rig *rig, uint32_t buffer);

// Where a plane of a buffer begins.
const uint8_t *rig_plane(const struct driver_rig *rig, uint32_t buffer, uint32_t plane);
