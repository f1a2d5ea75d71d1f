// The scaffold of every driver, in the pattern driver: it keeps the order, ends with the agent, and
// takes nothing else for a reason to end.
#include "camera/drivers/driver.h"

#include "base/timing.h"
#include "driver_rig.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 30000 };

extern char **environ;

static const struct driver_configure SMALL = {
    .width = 64, .height = 48, .fps = 120, .format = "auto"};

static void send_bytes(struct driver_rig *rig, const void *bytes, size_t len)
{
    assert_int_equal(send(rig->link.socket, bytes, len, MSG_NOSIGNAL), len);
}

static void test_garbage_ends_it(void **state)
{
    (void)state;
    static const uint32_t packets[][3] = {
        // bytes sent, type, size said
        {1, DRIVER_PING, 8},
        {7, DRIVER_PING, 8},
        {8, 0, 8},
        {8, 100, 8},
        {8, UINT32_MAX, 8},
        {8, DRIVER_PING, 9},
        {8, DRIVER_SHOOT, 8},
        {12, DRIVER_PING, 8},
        {12, DRIVER_PING, 12},
        {sizeof(struct driver_message) + 64, DRIVER_CAMERA, sizeof(struct driver_message) + 64},
        {DRIVER_MESSAGE_MAX * 4, DRIVER_CONFIGURE, DRIVER_MESSAGE_MAX * 4},
        {8, DRIVER_PONG, 8},
    };
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        struct driver_rig rig;
        rig_open(&rig, "pattern");
        uint8_t bytes[DRIVER_MESSAGE_MAX * 4] = {0};
        memcpy(bytes, &packets[i][1], 8);
        send_bytes(&rig, bytes, packets[i][0]);
        rig_expect_end(&rig, 76, "the agent sent");
        assert_int_equal(rig.log.level, LOG_LEVEL_ERROR);
    }
}

typedef void (*breach_fn)(struct driver_rig *rig);

static void breach_start(struct driver_rig *rig)
{
    rig_send_word(rig, DRIVER_START);
}

static void breach_stop(struct driver_rig *rig)
{
    rig_send_word(rig, DRIVER_STOP);
}

static void breach_shoot(struct driver_rig *rig)
{
    rig_shoot(rig, 0);
}

static void breach_endless_text(struct driver_rig *rig)
{
    struct driver_message message;
    message.configure = SMALL;
    memset(message.configure.path, 'x', sizeof message.configure.path);
    rig_send(rig, DRIVER_CONFIGURE, &message);
}

static void stream(struct driver_rig *rig)
{
    rig_stream(rig, &SMALL);
}

static void breach_configure_twice(struct driver_rig *rig)
{
    stream(rig);
    struct driver_message message;
    message.configure = SMALL;
    rig_send(rig, DRIVER_CONFIGURE, &message);
}

static void breach_two_shots(struct driver_rig *rig)
{
    stream(rig);
    int64_t later = timing_now_ns() + TIMING_S(30);
    rig_shoot(rig, later);
    rig_shoot(rig, later);
}

static void breach_far_future(struct driver_rig *rig)
{
    stream(rig);
    rig_shoot(rig, INT64_MAX);
}

static void breach_buffer_not_lent(struct driver_rig *rig)
{
    stream(rig);
    rig_give_back(rig, 0);
}

static void breach_buffer_beyond(struct driver_rig *rig)
{
    stream(rig);
    rig_give_back(rig, UINT32_MAX);
}

static void breach_buffer_given_back_twice(struct driver_rig *rig)
{
    stream(rig);
    rig_shoot(rig, 0);
    struct driver_frame frame = rig_frame(rig);
    rig_give_back(rig, frame.buffer);
    rig_give_back(rig, frame.buffer);
}

static void test_disorder_ends_it(void **state)
{
    (void)state;
    static const struct {
        breach_fn breach;
        const char *words;
    } cases[] = {
        {breach_start, "start without configure"},
        {breach_stop, "stop without start"},
        {breach_shoot, "shoot before start"},
        {breach_endless_text, "a text without an end"},
        {breach_configure_twice, "configure twice"},
        {breach_two_shots, "during a shot"},
        {breach_far_future, "far future"},
        {breach_buffer_not_lent, "gave back a buffer"},
        {breach_buffer_beyond, "gave back a buffer"},
        {breach_buffer_given_back_twice, "gave back a buffer"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct driver_rig rig;
        rig_open(&rig, "pattern");
        cases[i].breach(&rig);
        rig_expect_end(&rig, 76, cases[i].words);
    }
}

static void test_uninvited_descriptors_are_dropped(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, "pattern");
    uint32_t ping[2] = {DRIVER_PING, 8};
    struct iovec part = {ping, sizeof ping};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr packet = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof control.room};
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    control.head.cmsg_len = CMSG_LEN(sizeof(int));
    control.head.cmsg_level = SOL_SOCKET;
    control.head.cmsg_type = SCM_RIGHTS;
    memcpy(CMSG_DATA(&control.head), &ends[1], sizeof(int));
    assert_int_equal(sendmsg(rig.link.socket, &packet, 0), sizeof ping);
    close(ends[1]);
    rig_expect(&rig, DRIVER_PONG);
    // the pipe is at its end only if nobody holds its other end
    char byte;
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    rig_close(&rig);
}

static void test_signals_of_a_terminal_do_not_end_it(void **state)
{
    (void)state;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    struct driver_rig rig;
    rig_open(&rig, "pattern");
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        assert_int_equal(kill(rig.link.pid, signals[i]), 0);
        rig_expect_silence(&rig);
    }
    rig_close(&rig);
}

static void test_ends_when_nobody_reads(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, "pattern");
    // its answers fill the socket, and then our questions do
    struct pollfd polled[] = {{.fd = rig.link.socket, .events = POLLOUT},
                              {.fd = rig.link.pidfd, .events = POLLIN}};
    while (polled[1].revents == 0) {
        assert_true(poll(polled, 2, PATIENCE_MS) > 0);
        struct fault fault;
        struct driver_message ping;
        bool sent = driver_link_send(&rig.link, DRIVER_PING, &ping, &fault);
        (void)sent; // not once it has ended
    }
    char how[64];
    assert_true(driver_link_reap(&rig.link, how, sizeof how));
    assert_string_equal(how, "ended with status 69");
    driver_link_close(&rig.link);
}

static void test_by_hand_it_says_who_starts_it(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    // a descriptor 3 that is no socket
    posix_spawn_file_actions_addopen(&actions, DRIVER_FD, "/dev/null", O_RDWR, 0);
    char *arguments[] = {(char[]){"still2mqtt-camera-pattern"}, NULL};
    pid_t pid;
    assert_int_equal(
        posix_spawn(&pid, DRIVERS "/still2mqtt-camera-pattern", &actions, NULL, arguments, environ),
        0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char text[512] = "";
    size_t len = 0;
    for (ssize_t got; (got = read(ends[0], text + len, sizeof text - 1 - len)) > 0;) {
        len += (size_t)got;
    }
    close(ends[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 64);
    assert_non_null(strstr(text, "part of still2mqtt"));
    assert_ptr_equal(strchr(text, '\n'), text + len - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_garbage_ends_it),
        cmocka_unit_test(test_disorder_ends_it),
        cmocka_unit_test(test_uninvited_descriptors_are_dropped),
        cmocka_unit_test(test_signals_of_a_terminal_do_not_end_it),
        cmocka_unit_test(test_ends_when_nobody_reads),
        cmocka_unit_test(test_by_hand_it_says_who_starts_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
