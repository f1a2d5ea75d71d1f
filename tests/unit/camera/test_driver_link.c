// The socket and the process: nothing a driver sends, or how it ends, leaks or goes unheard.
#include "camera/driver_link.h"

#include "messages.h"
#include "resources.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000 };

struct scene {
    struct driver_link link;
    int peer; // the driver's end, where the test plays the driver
    struct driver_message message;
    int fds[FRAME_PLANES_MAX];
    size_t fd_count;
    struct fault fault;
    int fds_before;
};

static int begin(void **state)
{
    static struct scene scene;
    scene = (struct scene){.fds_before = resources_open_fds()};
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return -1;
    }
    scene.link = (struct driver_link){.pidfd = -1, .socket = ends[0]};
    scene.peer = ends[1];
    unsetenv("FAKE_DRIVER");
    *state = &scene;
    return 0;
}

static int end(void **state)
{
    struct scene *scene = *state;
    driver_link_end(&scene->link, PATIENCE_MS);
    if (scene->peer >= 0) {
        close(scene->peer);
    }
    for (size_t i = 0; i < scene->fd_count; i++) {
        close(scene->fds[i]);
    }
    assert_int_equal(resources_open_fds(), scene->fds_before);
    assert_false(resources_have_child());
    return 0;
}

static enum driver_received receive(struct scene *scene)
{
    return driver_link_receive(&scene->link, &scene->message, scene->fds, &scene->fd_count,
                               &scene->fault);
}

static void peer_sends(struct scene *scene, const void *data, size_t len, size_t fd_count)
{
    struct iovec part = {(void *)(uintptr_t)data, len};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(8 * sizeof(int))];
    } control = {.head = {.cmsg_len = CMSG_LEN(fd_count * sizeof(int)),
                          .cmsg_level = SOL_SOCKET,
                          .cmsg_type = SCM_RIGHTS}};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd_count > 0) {
        packet.msg_control = &control;
        packet.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        // standard input, several times over: zeros are its number
    }
    assert_int_equal(sendmsg(scene->peer, &packet, MSG_NOSIGNAL), len);
}

static void peer_sends_message(struct scene *scene, enum driver_message_type type, size_t fd_count)
{
    struct driver_message message;
    message_make(&message, type);
    message.buffer.fd_count = type == DRIVER_BUFFER ? (uint32_t)fd_count : message.buffer.fd_count;
    peer_sends(scene, &message, message.size, fd_count);
}

static void messages_come_one_at_a_time_and_then_none(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(receive(scene), DRIVER_RECEIVED_NOTHING);
    peer_sends_message(scene, DRIVER_STARTED, 0);
    peer_sends_message(scene, DRIVER_PONG, 0);
    assert_int_equal(receive(scene), DRIVER_RECEIVED_MESSAGE);
    assert_int_equal(scene->message.type, DRIVER_STARTED);
    assert_int_equal(receive(scene), DRIVER_RECEIVED_MESSAGE);
    assert_int_equal(scene->message.type, DRIVER_PONG);
    assert_int_equal(receive(scene), DRIVER_RECEIVED_NOTHING);
}

static void descriptors_come_along_with_their_buffer(void **state)
{
    struct scene *scene = *state;
    peer_sends_message(scene, DRIVER_BUFFER, 3);
    assert_int_equal(receive(scene), DRIVER_RECEIVED_MESSAGE);
    assert_int_equal(scene->fd_count, 3);
}

static void descriptors_that_do_not_belong_are_refused_and_closed(void **state)
{
    struct scene *scene = *state;
    peer_sends_message(scene, DRIVER_PONG, 1);
    assert_int_equal(receive(scene), DRIVER_RECEIVED_FAULT);
    for (size_t count = 4; count <= 8; count++) {
        peer_sends_message(scene, DRIVER_BUFFER, count);
        assert_int_equal(receive(scene), DRIVER_RECEIVED_FAULT);
        assert_int_equal(scene->fd_count, 0);
    }
}

static void an_empty_packet_is_an_end_that_leaves_no_descriptors(void **state)
{
    struct scene *scene = *state;
    peer_sends(scene, "", 0, 2);
    assert_int_equal(receive(scene), DRIVER_RECEIVED_END);
    assert_int_equal(resources_open_fds(), scene->fds_before + 2); // the two ends of the socket
}

static void a_packet_of_any_other_length_is_a_fault(void **state)
{
    struct scene *scene = *state;
    static const char noise[DRIVER_MESSAGE_MAX + 1] = {1};
    peer_sends(scene, noise, 1, 0);
    assert_int_equal(receive(scene), DRIVER_RECEIVED_FAULT);
    peer_sends(scene, noise, sizeof noise, 0);
    assert_int_equal(receive(scene), DRIVER_RECEIVED_FAULT);
    assert_non_null(strstr(scene->fault.text, "too long"));
}

// A driver that dies seldom has read all that it was sent; the kernel then reports a reset first.
static void last_words_are_heard_though_the_driver_did_not_listen(void **state)
{
    struct scene *scene = *state;
    struct driver_message ping = {0};
    assert_true(driver_link_send(&scene->link, DRIVER_PING, &ping, &scene->fault));
    peer_sends_message(scene, DRIVER_LOST, 0);
    close(scene->peer);
    scene->peer = -1;
    assert_int_equal(receive(scene), DRIVER_RECEIVED_MESSAGE);
    assert_int_equal(scene->message.type, DRIVER_LOST);
    assert_int_equal(receive(scene), DRIVER_RECEIVED_END);
}

// How it ended is told by the end of its socket and its process, not by who happens to write next.
static void sending_to_a_driver_that_has_gone_is_no_fault(void **state)
{
    struct scene *scene = *state;
    struct driver_message ping = {0};
    assert_true(driver_link_send(&scene->link, DRIVER_PING, &ping, &scene->fault));
    peer_sends_message(scene, DRIVER_LOST, 0);
    close(scene->peer);
    scene->peer = -1;
    for (int i = 0; i < 2; i++) {
        assert_true(driver_link_send(&scene->link, DRIVER_PING, &ping, &scene->fault));
    }
    assert_int_equal(receive(scene), DRIVER_RECEIVED_MESSAGE);
    driver_link_close(&scene->link);
    assert_true(driver_link_send(&scene->link, DRIVER_PING, &ping, &scene->fault));
}

static void a_driver_that_does_not_read_has_failed(void **state)
{
    struct scene *scene = *state;
    bool sent = true;
    for (int i = 0; sent && i < 100000; i++) {
        struct driver_message shoot = {.shoot = {.shot = 1}};
        sent = driver_link_send(&scene->link, DRIVER_SHOOT, &shoot, &scene->fault);
    }
    assert_false(sent);
    assert_int_equal(scene->fault.kind, FAULT_CAMERA);
}

static void spawn(struct scene *scene, const char *behaviour)
{
    driver_link_close(&scene->link);
    setenv("FAKE_DRIVER", behaviour, 1);
    assert_true(driver_link_spawn(&scene->link, FAKE_DRIVERS, "fake", &scene->fault));
}

static void wait_for(int fd)
{
    struct pollfd polled = {fd, POLLIN, 0};
    assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
}

// A camera driver needs no network and no secret, and not every library marks what it opens.
static void a_driver_inherits_nothing_but_its_socket(void **state)
{
    struct scene *scene = *state;
    int unmarked = dup(STDIN_FILENO);
    spawn(scene, "hello:descriptors");
    close(unmarked);
    wait_for(scene->link.socket);
    assert_int_equal(receive(scene), DRIVER_RECEIVED_MESSAGE);
    assert_string_equal(scene->message.hello.library, "0 1 2 3 ");
}

static void assert_ends(struct scene *scene, const char *behaviour, const char *said)
{
    char how[64] = "";
    spawn(scene, behaviour);
    wait_for(scene->link.pidfd);
    assert_true(driver_link_reap(&scene->link, how, sizeof how));
    assert_string_equal(how, said);
}

static void the_end_of_a_driver_is_told(void **state)
{
    assert_ends(*state, "hello:exit", "ended with status 3");
    assert_ends(*state, "hello:abort", "was killed by signal 6 (Aborted)");
}

// A parent may have left it so; the kernel then collects children by itself and remembers nothing.
static void an_end_that_the_kernel_has_forgotten_is_an_end(void **state)
{
    struct scene *scene = *state;
    signal(SIGCHLD, SIG_IGN);
    spawn(scene, "");
    driver_link_close(&scene->link);
    wait_for(scene->link.pidfd);
    char how[64] = "";
    bool reaped = driver_link_reap(&scene->link, how, sizeof how);
    signal(SIGCHLD, SIG_DFL);
    assert_true(reaped);
    assert_string_equal(how, "ended");
}

static void a_driver_that_hangs_is_killed(void **state)
{
    struct scene *scene = *state;
    spawn(scene, "hello:hang");
    char how[64];
    assert_false(driver_link_reap(&scene->link, how, sizeof how));
    driver_link_end(&scene->link, 1);
    assert_int_equal(scene->link.pid, 0);
}

static void a_driver_that_cannot_be_started_is_named(void **state)
{
    struct scene *scene = *state;
    driver_link_close(&scene->link);
    assert_false(driver_link_spawn(&scene->link, FAKE_DRIVERS, "missing", &scene->fault));
    assert_int_equal(scene->fault.kind, FAULT_CAMERA);
    assert_non_null(strstr(scene->fault.text, "still2mqtt-camera-missing"));
    assert_non_null(strstr(scene->fault.text, "install it"));
}

static void the_drivers_are_found_beside_the_agent(void **state)
{
    struct scene *scene = *state;
    char path[1280];
    assert_true(driver_link_default_path(path, sizeof path, &scene->fault));
    const char *below = "/../libexec/still2mqtt";
    size_t len = strlen(path) - strlen(below);
    assert_string_equal(path + len, below);
    path[len] = '\0';
    assert_int_equal(access(path, X_OK), 0);
}

#define LINK_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINK_TEST(messages_come_one_at_a_time_and_then_none),
        LINK_TEST(descriptors_come_along_with_their_buffer),
        LINK_TEST(descriptors_that_do_not_belong_are_refused_and_closed),
        LINK_TEST(an_empty_packet_is_an_end_that_leaves_no_descriptors),
        LINK_TEST(a_packet_of_any_other_length_is_a_fault),
        LINK_TEST(last_words_are_heard_though_the_driver_did_not_listen),
        LINK_TEST(sending_to_a_driver_that_has_gone_is_no_fault),
        LINK_TEST(a_driver_that_does_not_read_has_failed),
        LINK_TEST(a_driver_inherits_nothing_but_its_socket),
        LINK_TEST(the_end_of_a_driver_is_told),
        LINK_TEST(an_end_that_the_kernel_has_forgotten_is_an_end),
        LINK_TEST(a_driver_that_hangs_is_killed),
        LINK_TEST(a_driver_that_cannot_be_started_is_named),
        LINK_TEST(the_drivers_are_found_beside_the_agent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
