// Starting, hearing, telling and ending a driver process. Main thread.
#include "camera/driver_link.h"

#include "camera/driver_check.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COLLECT_MS = 500 }; // from SIGKILL until the kernel has freed what the process had

extern char **environ;

// The agent blocks signals and ignores SIGPIPE; a driver starts with a clean slate.
static int spawn(pid_t *pid, const char *path, int socket_fd)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);

    sigset_t none, pipe;
    sigemptyset(&none);
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &pipe);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_adddup2(&actions, socket_fd, DRIVER_FD);
    // not every library marks what it opens: a restarted driver would inherit the broker's socket
    posix_spawn_file_actions_addclosefrom_np(&actions, DRIVER_FD + 1);

    char *argv[] = {strdup(path), NULL};
    int rc =
        argv[0] == NULL ? ENOMEM : posix_spawn(pid, path, &actions, &attributes, argv, environ);
    free(argv[0]);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

bool driver_link_spawn(struct driver_link *link, const char *drivers_path, const char *name,
                       struct fault *fault)
{
    *link = (struct driver_link){.pid = 0, .pidfd = -1, .socket = -1, .status = -1};
    char path[1280];
    snprintf(path, sizeof path, "%s/still2mqtt-camera-%s", drivers_path, name);

    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return fault_set(fault, FAULT_SYSTEM, errno, "socketpair: %s", strerror(errno));
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK); // ours; the driver chooses for its own end
    int rc = spawn(&link->pid, path, ends[1]);
    close(ends[1]);
    if (rc != 0) {
        close(ends[0]);
        link->pid = 0;
        const char *cure = rc == ENOENT ? ": install it, or set camera.driver to another" : "";
        return fault_set(fault, FAULT_CAMERA, rc, "cannot start the driver %s: %s%s", path,
                         strerror(rc), cure);
    }
    link->socket = ends[0];
    link->pidfd = pidfd_open(link->pid, 0);
    if (link->pidfd < 0) {
        fault_set(fault, FAULT_SYSTEM, errno, "pidfd_open: %s", strerror(errno));
        kill(link->pid, SIGKILL);
        waitpid(link->pid, NULL, 0);
        driver_link_close(link);
        link->pid = 0;
        return false;
    }
    return true;
}

bool driver_link_send(struct driver_link *link, enum driver_message_type type,
                      struct driver_message *message, struct fault *fault)
{
    message->type = type;
    message->size = (uint32_t)driver_message_size(type);
    ssize_t sent = send(link->socket, message, message->size, MSG_NOSIGNAL | MSG_DONTWAIT);
    bool has_gone = link->socket < 0 || (sent < 0 && (errno == EPIPE || errno == ECONNRESET));
    if (!has_gone && sent != (ssize_t)message->size) {
        return fault_set(fault, FAULT_CAMERA, errno, "the driver does not listen: %s",
                         strerror(errno));
    }
    return true;
}

static size_t take_descriptors(struct msghdr *header, int *fds)
{
    size_t count = 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL;
         part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t n = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            if (count < FRAME_PLANES_MAX) {
                fds[count++] = fd;
            } else {
                close(fd);
            }
        }
    }
    return count;
}

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        close(fds[i]);
    }
}

enum driver_received driver_link_receive(struct driver_link *link, struct driver_message *message,
                                         int fds[static FRAME_PLANES_MAX], size_t *fd_count,
                                         struct fault *fault)
{
    union {
        struct cmsghdr head; // aligns the rest
        char room[CMSG_SPACE(FRAME_PLANES_MAX * sizeof(int))];
    } control;
    struct iovec part = {message, sizeof *message};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control};
    *fd_count = 0;
    memset(message, 0, sizeof *message);
    ssize_t got;
    do {
        // CMSG_SPACE is rounded up, and so has room for one descriptor more
        header.msg_controllen = CMSG_LEN(FRAME_PLANES_MAX * sizeof(int));
        got = recvmsg(link->socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
        // a driver that ended before it had read all of ours: told once, before its last words
    } while (got < 0 && (errno == EINTR || errno == ECONNRESET));
    if (got < 0 && errno == EAGAIN) {
        return DRIVER_RECEIVED_NOTHING;
    }
    if (got < 0) {
        fault_set(fault, FAULT_CAMERA, errno, "cannot hear the driver: %s", strerror(errno));
        return DRIVER_RECEIVED_FAULT;
    }
    size_t count = take_descriptors(&header, fds);
    if (got == 0) { // an empty packet looks the same, but may bring descriptors
        close_all(fds, count);
        return DRIVER_RECEIVED_END;
    }
    bool good = true;
    if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        good = fault_set(fault, FAULT_CAMERA, 0, "the driver sent a message that is too long");
    } else {
        good = driver_check_message(message, (size_t)got, fault);
    }
    if (good && count != (message->type == DRIVER_BUFFER ? message->buffer.fd_count : 0)) {
        good = fault_set(fault, FAULT_CAMERA, 0, "the driver sent %zu descriptors too", count);
    }
    if (!good) {
        close_all(fds, count);
        return DRIVER_RECEIVED_FAULT;
    }
    *fd_count = count;
    return DRIVER_RECEIVED_MESSAGE;
}

void driver_link_close(struct driver_link *link)
{
    if (link->socket >= 0) {
        close(link->socket);
        link->socket = -1;
    }
}

void driver_link_kill(struct driver_link *link)
{
    if (link->pid != 0) {
        pidfd_send_signal(link->pidfd, SIGKILL, NULL, 0);
    }
}

bool driver_link_reap(struct driver_link *link, char *how, size_t how_size)
{
    if (link->pid == 0) {
        return true;
    }
    siginfo_t info = {0};
    int rc = waitid(P_PIDFD, (id_t)link->pidfd, &info, WEXITED | WNOHANG);
    if (rc != 0 && errno == ECHILD) {
        // whoever started the agent left SIGCHLD ignored, and the kernel remembers nothing
        snprintf(how, how_size, "ended");
    } else if (rc != 0 || info.si_pid == 0) {
        return false;
    } else if (info.si_code == CLD_EXITED) {
        link->status = info.si_status;
        snprintf(how, how_size, "ended with status %d", info.si_status);
    } else {
        snprintf(how, how_size, "was killed by signal %d (%s)", info.si_status,
                 strsignal(info.si_status));
    }
    close(link->pidfd);
    link->pidfd = -1;
    link->pid = 0;
    return true;
}

static bool is_ended_within(struct driver_link *link, int patience_ms)
{
    char how[64];
    struct pollfd ended = {link->pidfd, POLLIN, 0};
    poll(&ended, 1, patience_ms);
    return driver_link_reap(link, how, sizeof how);
}

void driver_link_end(struct driver_link *link, int grace_ms)
{
    driver_link_close(link);
    if (link->pid != 0 && !is_ended_within(link, grace_ms)) {
        driver_link_kill(link);
        is_ended_within(link, COLLECT_MS);
    }
}

bool driver_link_default_path(char *path, size_t size, struct fault *fault)
{
    char self[1024];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0) {
        return fault_set(fault, FAULT_SYSTEM, errno, "cannot find this executable: %s",
                         strerror(errno));
    }
    self[len] = '\0';
    char *slash = strrchr(self, '/');
    *slash = '\0';
    snprintf(path, size, "%s/../libexec/still2mqtt", self);
    return true;
}
