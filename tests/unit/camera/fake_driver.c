// A camera driver that does as it should, but for the one thing that FAKE_DRIVER asks for:
// "<stage>:<what>", where a stage is hello, configure, buffers, start, shoot, give-back or ping.
#include "messages.h"

#include "base/timing.h"
#include "camera/driver_check.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    STATUS_TOLD = 3,
    FDS_MAX = 8,
    FLOOD_LINES = 200,
};

static const char *behaviour;
static uint32_t next_buffer;
static unsigned starts;
static bool is_waiting;

static void hang(void)
{
    for (;;) {
        pause();
    }
}

static bool is_told(const char *stage, const char *what)
{
    size_t len = strlen(stage);
    return strncmp(behaviour, stage, len) == 0 && behaviour[len] == ':' &&
           strcmp(behaviour + len + 1, what) == 0;
}

static void send_bytes(const void *data, size_t len, int fd, size_t fd_copies)
{
    struct iovec part = {(void *)(uintptr_t)data, len};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(FDS_MAX * sizeof(int))];
    } control;
    if (fd_copies > 0) {
        memset(&control, 0, sizeof control);
        packet.msg_control = &control;
        packet.msg_controllen = CMSG_SPACE(fd_copies * sizeof fd);
        control.head.cmsg_len = CMSG_LEN(fd_copies * sizeof fd);
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        for (size_t i = 0; i < fd_copies; i++) {
            memcpy(CMSG_DATA(&control.head) + i * sizeof fd, &fd, sizeof fd);
        }
    }
    sendmsg(DRIVER_FD, &packet, MSG_NOSIGNAL);
}

static void send_message(const struct driver_message *message)
{
    send_bytes(message, message->size, -1, 0);
}

static void send_word(enum driver_message_type type)
{
    struct driver_message message;
    message_make(&message, type);
    send_message(&message);
}

static void send_failed(uint64_t shot, const char *why)
{
    struct driver_message message;
    message_make(&message, DRIVER_FAILED);
    message.failed.shot = shot;
    snprintf(message.failed.text, sizeof message.failed.text, "%s", why);
    send_message(&message);
}

static void send_lost(const char *why)
{
    struct driver_message message;
    message_make(&message, DRIVER_LOST);
    snprintf(message.lost.text, sizeof message.lost.text, "%s", why);
    send_message(&message);
    _exit(STATUS_TOLD);
}

static void flood(void)
{
    struct driver_message message;
    message_make(&message, DRIVER_LOG);
    for (int i = 0; i < FLOOD_LINES; i++) {
        send_message(&message);
    }
}

// What can go wrong at any stage. True: the good answer is left out.
static bool misbehave(const char *stage)
{
    static const char noise[2 * DRIVER_MESSAGE_MAX] = "\xFF not a message";
    if (is_told(stage, "exit")) {
        _exit(STATUS_TOLD);
    } else if (is_told(stage, "unloadable")) {
        _exit(127);
    } else if (is_told(stage, "abort")) {
        abort();
    } else if (is_told(stage, "hang")) {
        hang();
    } else if (is_told(stage, "close")) {
        close(DRIVER_FD);
        hang();
    } else if (is_told(stage, "garbage")) {
        send_bytes(noise, 100, -1, 0);
    } else if (is_told(stage, "oversized")) {
        send_bytes(noise, sizeof noise, -1, 0);
    } else if (is_told(stage, "empty")) {
        send_bytes(noise, 0, STDERR_FILENO, 3);
    } else if (is_told(stage, "uninvited")) {
        struct driver_message message;
        message_make(&message, DRIVER_LOG);
        send_bytes(&message, message.size, STDERR_FILENO, 2);
    } else if (is_told(stage, "turn")) {
        send_word(DRIVER_STOPPED);
    } else if ((is_told(stage, "waiting") || is_told(stage, "not-ready")) && !is_waiting) {
        struct driver_message message;
        message_make(&message, DRIVER_WAITING);
        message.waiting.code = is_told(stage, "waiting") ? ENODEV : ENXIO;
        is_waiting = true;
        send_message(&message);
    } else if (is_told(stage, "failed")) {
        send_failed(0, "no such camera");
    } else if (is_told(stage, "lost")) {
        send_lost("the camera was unplugged");
    } else if (is_told(stage, "lost-without-a-word")) {
        send_lost("");
    } else if (is_told(stage, "line")) {
        send_word(DRIVER_LOG);
        return false;
    } else if (is_told(stage, "flood")) {
        flood();
        return false;
    } else {
        return false;
    }
    return true;
}

// Names every descriptor that it has, so that a test sees what it was left.
static void say_hello(void)
{
    struct driver_message message;
    message_make(&message, DRIVER_HELLO);
    message.hello.protocol += is_told("hello", "version") ? 1 : 0;
    if (is_told("hello", "descriptors")) {
        char *text = message.hello.library;
        text[0] = '\0';
        DIR *folder = opendir("/proc/self/fd");
        for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
            if (entry->d_name[0] != '.' && atol(entry->d_name) != dirfd(folder)) {
                size_t len = strlen(text);
                snprintf(text + len, sizeof message.hello.library - len, "%s ", entry->d_name);
            }
        }
        closedir(folder);
    }
    send_message(&message);
}

static void hand_over_buffers(void)
{
    struct driver_message message;
    message_make(&message, DRIVER_CONFIGURED);
    message.configured.width += is_told("configure", "huge") ? 100000 : 0;
    message.configured.frame_interval_ms *= is_told("shoot", "stalled-paceless") ? 0 : 1;
    send_message(&message);
    if (misbehave("buffers")) {
        return;
    }
    bool is_sealed = !is_told("buffers", "unsealed");
    size_t size = MESSAGES_PLANE_SIZE - (is_told("buffers", "small") ? 1 : 0);
    size_t copies = is_told("buffers", "extra") ? 4 : is_told("buffers", "bare") ? 0 : 1;
    for (uint32_t i = 0; i < 2; i++) {
        message_make(&message, DRIVER_BUFFER);
        message.buffer.index = i;
        message.buffer.fd_count += is_told("buffers", "extra") ? 3 : 0;
        message.buffer.planes[0].stride -= is_told("buffers", "stride") ? 1 : 0;
        int fd = message_memfd(size, is_sealed);
        send_bytes(&message, message.size, fd, copies);
        close(fd);
        if (is_told("buffers", "half")) {
            hang();
        }
    }
}

static void send_frame(uint64_t shot, int64_t not_before_ns)
{
    struct driver_message message;
    message_make(&message, DRIVER_FRAME);
    message.frame.shot = shot + (is_told("shoot", "wrong-shot") ? 1 : 0);
    message.frame.captured_ns = timing_now_ns();
    message.frame.captured_ns += is_told("shoot", "future") ? TIMING_S(3600) : 0;
    if (is_told("shoot", "stale")) {
        message.frame.captured_ns = not_before_ns - 1;
    } else if (is_told("shoot", "ancient")) {
        message.frame.captured_ns = 1;
    }
    message.frame.used[0] = is_told("shoot", "short") ? MESSAGES_PLANE_SIZE - 1 : 0;
    message.frame.buffer = next_buffer;
    next_buffer = is_told("shoot", "lent") ? 0 : 1 - next_buffer;
    send_message(&message);
}

static void shoot(uint64_t shot, int64_t not_before_ns)
{
    if (is_told("stop", "hang")) {
        return; // so that it will be stopped
    }
    if (is_told("shoot", "failed-shot")) {
        send_failed(shot, "the sensor does not answer");
    } else if (is_told("shoot", "failed-without-a-word")) {
        send_failed(shot, "");
    } else if (is_told("shoot", "failed-another")) {
        send_failed(shot + 1, "what?");
    } else if ((is_told("shoot", "stalled") || is_told("shoot", "stalled-paceless")) &&
               starts == 1) {
        return;
    } else if (!is_told("shoot", "ignored") && !misbehave("shoot")) {
        send_frame(shot, not_before_ns);
        if (is_told("shoot", "twice")) {
            send_frame(shot, not_before_ns);
        } else if (is_told("shoot", "last")) {
            _exit(STATUS_TOLD);
        }
    }
}

static void start(void)
{
    if (misbehave("start")) {
        return;
    }
    starts++;
    send_word(DRIVER_STARTED);
    if (is_told("start", "unasked")) {
        send_frame(1, 0);
    } else if (is_told("start", "silent")) {
        hang();
    }
}

// A stream that stalls without a shot owes a frame for an hour, until it is started anew or for
// ever; a camera that was waited for appears.
static void pong(void)
{
    if (is_waiting && starts == 0) {
        send_word(DRIVER_PONG);
        send_word(DRIVER_APPEARED);
        return;
    }
    struct driver_message message;
    message_make(&message, DRIVER_PONG);
    if (is_told("ping", "dead") || (is_told("ping", "stalled") && starts == 1)) {
        message.pong = (struct driver_pong){.waiting_ns = TIMING_S(3600)};
    }
    send_message(&message);
}

static void on_message(const struct driver_message *message)
{
    if (message->type == DRIVER_CONFIGURE && !misbehave("configure")) {
        hand_over_buffers();
    } else if (message->type == DRIVER_START) {
        start();
    } else if (message->type == DRIVER_SHOOT) {
        shoot(message->shoot.shot, message->shoot.not_before_ns);
    } else if (message->type == DRIVER_GIVE_BACK) {
        misbehave("give-back");
    } else if (message->type == DRIVER_STOP && !misbehave("stop")) {
        send_word(DRIVER_STOPPED);
    } else if (message->type == DRIVER_PING && !misbehave("ping")) {
        pong();
    } else if (message->type == DRIVER_LIST && !misbehave("list")) {
        for (int i = 0; i < 2 || is_told("list", "endless"); i++) {
            send_word(DRIVER_CAMERA);
        }
        send_word(DRIVER_LIST_END);
    }
}

// A test sees by this that the driver ended by itself.
static void remove_mark(const char *self)
{
    char path[1024];
    snprintf(path, sizeof path, "%s.mark", self);
    unlink(path);
}

int main(int argc, char **argv)
{
    (void)argc;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    behaviour = getenv("FAKE_DRIVER");
    behaviour = behaviour == NULL ? "" : behaviour;
    if (!misbehave("hello")) {
        say_hello();
    }
    struct driver_message message;
    while (recv(DRIVER_FD, &message, sizeof message, 0) > 0) {
        on_message(&message);
    }
    remove_mark(argv[0]);
    _exit(0); // without a sanitizer's last look, which a test that ends it would have to wait for
}
