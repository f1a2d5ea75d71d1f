// What of the kernel's news is good news. The kernel is the other end of a socket pair, which the
// watch gets in place of a netlink socket: only root may speak to one of those.
#include "cmocka_all.h"

#include "delivery/route_watch.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct scene {
    int kernel;
    struct route_watch *watch;
};

static int watch_end;
static bool overflows; // the next recv

// The linker puts these in place of libc's; see CMakeLists.txt.
int __wrap_socket(int domain, int type, int protocol);
int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len);
ssize_t __wrap_recv(int fd, void *data, size_t len, int flags);
ssize_t __real_recv(int fd, void *data, size_t len, int flags);

int __wrap_socket(int domain, int type, int protocol)
{
    assert_int_equal(domain, AF_NETLINK);
    assert_int_equal(type & SOCK_NONBLOCK, SOCK_NONBLOCK);
    assert_int_equal(protocol, NETLINK_ROUTE);
    return watch_end;
}

int __wrap_bind(int fd, const struct sockaddr *address, socklen_t len)
{
    (void)address;
    (void)len;
    assert_int_equal(fd, watch_end);
    return 0;
}

ssize_t __wrap_recv(int fd, void *data, size_t len, int flags)
{
    if (overflows) {
        overflows = false;
        errno = ENOBUFS;
        return -1;
    }
    return __real_recv(fd, data, len, flags);
}

static int begin(void **state)
{
    static struct scene scene;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    watch_end = ends[0];
    scene.kernel = ends[1];
    struct fault fault;
    scene.watch = route_watch_create(&fault);
    assert_non_null(scene.watch);
    *state = &scene;
    return 0;
}

static int end(void **state)
{
    struct scene *scene = *state;
    route_watch_destroy(scene->watch);
    close(scene->kernel);
    return 0;
}

struct message {
    struct nlmsghdr header;
    struct ifinfomsg link;
};

static struct message make(uint16_t type, unsigned flags)
{
    return (struct message){
        .header = {.nlmsg_len = sizeof(struct message), .nlmsg_type = type},
        .link = {.ifi_flags = flags},
    };
}

static void say(struct scene *scene, const void *data, size_t len)
{
    assert_int_equal(send(scene->kernel, data, len, 0), len);
}

static void tell(struct scene *scene, uint16_t type, unsigned flags)
{
    struct message message = make(type, flags);
    say(scene, &message, sizeof message);
}

static void test_what_is_good_news(void **state)
{
    struct scene *scene = *state;
    assert_false(route_watch_take(scene->watch));
    const uint16_t good[] = {RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        tell(scene, good[i], IFF_UP | IFF_RUNNING);
        assert_true(route_watch_take(scene->watch));
        assert_false(route_watch_take(scene->watch));
    }
}

static void test_what_is_not(void **state)
{
    struct scene *scene = *state;
    tell(scene, RTM_NEWLINK, IFF_UP); // the cable is out
    tell(scene, RTM_DELLINK, IFF_RUNNING);
    tell(scene, RTM_DELADDR, 0);
    tell(scene, RTM_DELROUTE, 0);
    assert_false(route_watch_take(scene->watch));
}

static void test_what_is_torn_is_not_read(void **state)
{
    struct scene *scene = *state;
    struct message message = make(RTM_NEWLINK, IFF_RUNNING);
    say(scene, &message, sizeof message.header - 1);
    say(scene, &message, sizeof message - 1); // less than it says
    message.header.nlmsg_len = sizeof message.header;
    say(scene, &message, sizeof message.header); // says nothing of a link
    message.header.nlmsg_len = 0;
    say(scene, &message, sizeof message);
    assert_false(route_watch_take(scene->watch));
}

static void test_all_of_it_is_read_at_once(void **state)
{
    struct scene *scene = *state;
    struct message pair[2] = {make(RTM_DELROUTE, 0), make(RTM_NEWADDR, 0)};
    say(scene, pair, sizeof pair);
    tell(scene, RTM_NEWROUTE, 0);
    tell(scene, RTM_NEWLINK, 0);
    struct pollfd polled = {route_watch_fd(scene->watch), POLLIN, 0};
    assert_int_equal(poll(&polled, 1, 0), 1);
    assert_true(route_watch_take(scene->watch));
    assert_int_equal(poll(&polled, 1, 0), 0);
    assert_false(route_watch_take(scene->watch));
}

static void test_more_than_the_kernel_could_keep_is_good_news(void **state)
{
    struct scene *scene = *state;
    overflows = true;
    assert_true(route_watch_take(scene->watch));
}

// A network that comes and goes must not make it connect all the time.
static void test_ten_times_a_minute(void **state)
{
    struct scene *scene = *state;
    for (int i = 0; i < 20; i++) {
        tell(scene, RTM_NEWROUTE, 0);
        assert_int_equal(route_watch_take(scene->watch), i < 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_good_news, begin, end),
        cmocka_unit_test_setup_teardown(test_what_is_not, begin, end),
        cmocka_unit_test_setup_teardown(test_what_is_torn_is_not_read, begin, end),
        cmocka_unit_test_setup_teardown(test_all_of_it_is_read_at_once, begin, end),
        cmocka_unit_test_setup_teardown(test_more_than_the_kernel_could_keep_is_good_news, begin,
                                        end),
        cmocka_unit_test_setup_teardown(test_ten_times_a_minute, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
