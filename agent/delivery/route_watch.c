// rtnetlink's multicast groups, boiled down to one bit. The publisher's thread; never waits.
#include "delivery/route_watch.h"

#include "base/flood.h"
#include "base/timing.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    TOLD_MOST = 10, // in a window
    WINDOW_MS = 60000,
    MESSAGE_MAX = 8192, // bytes, of the kernel's
};

struct route_watch {
    int fd;
    struct flood flood;
};

struct route_watch *route_watch_create(struct fault *fault)
{
    struct route_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory to watch the network");
        return NULL;
    }
    watch->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    const struct sockaddr_nl address = {
        .nl_family = AF_NETLINK,
        .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                     RTMGRP_IPV6_ROUTE,
    };
    if (watch->fd < 0 || bind(watch->fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        fault_set(fault, FAULT_SYSTEM, errno, "cannot watch the network: %s", strerror(errno));
        route_watch_destroy(watch);
        return NULL;
    }
    watch->flood = (struct flood){.most = TOLD_MOST, .window_ms = WINDOW_MS};
    return watch;
}

void route_watch_destroy(struct route_watch *watch)
{
    if (watch != NULL) {
        if (watch->fd >= 0) {
            close(watch->fd);
        }
        free(watch);
    }
}

int route_watch_fd(const struct route_watch *watch)
{
    return watch->fd;
}

static bool is_good_news(struct nlmsghdr *message)
{
    if (message->nlmsg_type == RTM_NEWLINK &&
        message->nlmsg_len >= NLMSG_LENGTH(sizeof(struct ifinfomsg))) {
        const struct ifinfomsg *link = NLMSG_DATA(message);
        return (link->ifi_flags & IFF_RUNNING) != 0;
    }
    return message->nlmsg_type == RTM_NEWADDR || message->nlmsg_type == RTM_NEWROUTE;
}

static bool read_all(int fd)
{
    bool good = false;
    union {
        struct nlmsghdr first; // for its alignment
        char bytes[MESSAGE_MAX];
    } told;
    ssize_t got;
    while ((got = recv(fd, &told, sizeof told, 0)) > 0 || (got < 0 && errno == ENOBUFS)) {
        good |= got < 0; // the kernel had more to tell than its buffer holds
        unsigned len = got > 0 ? (unsigned)got : 0;
        for (struct nlmsghdr *at = &told.first; NLMSG_OK(at, len); at = NLMSG_NEXT(at, len)) {
            good |= is_good_news(at);
        }
    }
    return good;
}

bool route_watch_take(struct route_watch *watch)
{
    uint32_t kept_back;
    return read_all(watch->fd) && flood_pass(&watch->flood, timing_now_ns(), &kept_back);
}
