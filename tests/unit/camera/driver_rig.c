#include "driver_rig.h"

#include "base/timing.h"
#include "camera/driver_check.h"
#include "resources.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 30000 };

static enum driver_received receive(struct driver_rig *rig, int fds[FRAME_PLANES_MAX],
                                    size_t *fd_count)
{
    struct fault fault = {0};
    enum driver_received received = DRIVER_RECEIVED_NOTHING;
    while (received == DRIVER_RECEIVED_NOTHING) {
        struct pollfd polled = {.fd = rig->link.socket, .events = POLLIN};
        assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
        received = driver_link_receive(&rig->link, &rig->message, fds, fd_count, &fault);
        if (received == DRIVER_RECEIVED_MESSAGE && rig->message.type == DRIVER_LOG) {
            rig->log = rig->message.log;
            rig->log_count++;
            received = DRIVER_RECEIVED_NOTHING;
        }
    }
    if (received == DRIVER_RECEIVED_FAULT) {
        fail_msg("%s", fault.text);
    }
    return received;
}

static void expect_with_fds(struct driver_rig *rig, enum driver_message_type type,
                            int fds[FRAME_PLANES_MAX], size_t *fd_count)
{
    assert_int_equal(receive(rig, fds, fd_count), DRIVER_RECEIVED_MESSAGE);
    if (rig->message.type == DRIVER_FAILED && type != DRIVER_FAILED) {
        fail_msg("failed: %s", rig->message.failed.text);
    }
    assert_int_equal(rig->message.type, type);
}

void rig_expect(struct driver_rig *rig, enum driver_message_type type)
{
    int fds[FRAME_PLANES_MAX];
    size_t fd_count = 0;
    expect_with_fds(rig, type, fds, &fd_count);
    assert_int_equal(fd_count, 0);
}

void rig_open(struct driver_rig *rig, const char *driver)
{
    *rig = (struct driver_rig){.fds_before = resources_open_fds()};
    struct fault fault;
    assert_true(driver_link_spawn(&rig->link, DRIVERS, driver, &fault));
    rig_expect(rig, DRIVER_HELLO);
    assert_int_equal(rig->message.hello.protocol, DRIVER_PROTOCOL_VERSION);
    assert_string_equal(rig->message.hello.driver, driver);
    assert_string_not_equal(rig->message.hello.library, "");
}

static void expect_status(struct driver_rig *rig, int status)
{
    struct pollfd polled = {.fd = rig->link.pidfd, .events = POLLIN};
    assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
    char how[64];
    char wanted[64];
    snprintf(wanted, sizeof wanted, "ended with status %d", status);
    assert_true(driver_link_reap(&rig->link, how, sizeof how));
    assert_string_equal(how, wanted);
}

static void let_go(struct driver_rig *rig)
{
    driver_link_close(&rig->link);
    for (uint32_t i = 0; i < DRIVER_BUFFERS_MAX; i++) {
        if (rig->maps[i] != NULL) {
            munmap(rig->maps[i], rig->sizes[i]);
        }
    }
    assert_int_equal(resources_open_fds(), rig->fds_before);
    assert_false(resources_have_child());
}

void rig_close(struct driver_rig *rig)
{
    driver_link_close(&rig->link);
    expect_status(rig, 0);
    let_go(rig);
}

void rig_expect_end(struct driver_rig *rig, int status, const char *words)
{
    int fds[FRAME_PLANES_MAX];
    size_t fd_count = 0;
    while (receive(rig, fds, &fd_count) == DRIVER_RECEIVED_MESSAGE) {
    }
    if (words != NULL && strstr(rig->log.text, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, rig->log.text);
    }
    expect_status(rig, status);
    let_go(rig);
}

void rig_send(struct driver_rig *rig, enum driver_message_type type, struct driver_message *body)
{
    struct fault fault;
    assert_true(driver_link_send(&rig->link, type, body, &fault));
}

void rig_send_word(struct driver_rig *rig, enum driver_message_type type)
{
    struct driver_message message;
    rig_send(rig, type, &message);
}

void rig_expect_silence(struct driver_rig *rig)
{
    rig_send_word(rig, DRIVER_PING);
    rig_expect(rig, DRIVER_PONG);
}

static void map_buffer(struct driver_rig *rig, uint32_t index)
{
    int fds[FRAME_PLANES_MAX];
    size_t fd_count = 0;
    expect_with_fds(rig, DRIVER_BUFFER, fds, &fd_count);
    assert_int_equal(fd_count, 1);
    assert_int_equal(rig->message.buffer.index, index);
    struct stat status;
    assert_int_equal(fstat(fds[0], &status), 0);
    uint64_t size = (uint64_t)status.st_size;
    struct fault fault;
    rig->buffers[index] = rig->message.buffer;
    assert_true(driver_check_buffer(&rig->configured, &rig->message.buffer, &size, &fault));
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    assert_int_equal(fcntl(fds[0], F_GET_SEALS) & seals, seals);
    void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fds[0], 0);
    assert_ptr_not_equal(map, MAP_FAILED);
    close(fds[0]);
    rig->maps[index] = map;
    rig->sizes[index] = size;
}

static void send_wish(struct driver_rig *rig, const struct driver_configure *wish)
{
    struct driver_message message;
    message.configure = *wish;
    rig_send(rig, DRIVER_CONFIGURE, &message);
}

void rig_stream(struct driver_rig *rig, const struct driver_configure *wish)
{
    send_wish(rig, wish);
    rig_expect(rig, DRIVER_CONFIGURED);
    rig->configured = rig->message.configured;
    for (uint32_t i = 0; i < rig->configured.buffer_count; i++) {
        map_buffer(rig, i);
    }
    rig_send_word(rig, DRIVER_START);
    rig_expect(rig, DRIVER_STARTED);
}

void rig_expect_refusal(struct driver_rig *rig, const struct driver_configure *wish,
                        const char *words)
{
    send_wish(rig, wish);
    rig_expect(rig, DRIVER_FAILED);
    assert_int_equal(rig->message.failed.shot, 0);
    if (strstr(rig->message.failed.text, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, rig->message.failed.text);
    }
}

void rig_shoot(struct driver_rig *rig, int64_t not_before_ns)
{
    struct driver_message message;
    message.shoot = (struct driver_shoot){.shot = ++rig->shot, .not_before_ns = not_before_ns};
    rig_send(rig, DRIVER_SHOOT, &message);
}

struct driver_frame rig_frame(struct driver_rig *rig)
{
    rig_expect(rig, DRIVER_FRAME);
    struct driver_frame frame = rig->message.frame;
    assert_int_equal(frame.shot, rig->shot);
    assert_in_range(frame.buffer, 0, rig->configured.buffer_count - 1);
    assert_true(frame.captured_ns <= timing_now_ns());
    return frame;
}

void rig_give_back(struct driver_rig *rig, uint32_t buffer)
{
    struct driver_message message;
    message.give_back.buffer = buffer;
    rig_send(rig, DRIVER_GIVE_BACK, &message);
}

const uint8_t *rig_plane(const struct driver_rig *rig, uint32_t buffer, uint32_t plane)
{
    return rig->maps[buffer] + rig->buffers[buffer].planes[plane].offset;
}
