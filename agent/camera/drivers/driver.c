// The driver's end of the protocol: order, loans, liveness. One thread; it never trusts the agent
// with its memory and never outlives it.
#include "camera/drivers/driver.h"

#include "base/timing.h"
#include "camera/driver_check.h"
#include "picture/orientation.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

enum {
    SEND_TIMEOUT_S = 1,    // an agent that reads nothing for so long is as good as gone
    SHOT_AHEAD_MAX_S = 60, // whoever wants a frame of later than that asks later
};

enum state {
    STATE_IDLE,
    STATE_WAITING, // for a camera to appear
    STATE_CONFIGURED,
    STATE_STREAMING,
};

// What any clock can count; a driver's own bounds are narrower.
static const double FPS_MIN = 0.01;
static const double FPS_MAX = 1000;

struct driver {
    struct loop *loop;
    const struct driver_ops *ops;
    void *context;
    enum state state;
    bool shot_is_open;
    uint64_t shot;
    uint32_t buffer_count;
    bool on_loan[DRIVER_BUFFERS_MAX];
    bool ended;
    int status;
};

static void end(struct driver *driver, int status)
{
    if (!driver->ended) {
        driver->ended = true;
        driver->status = status;
        loop_stop(driver->loop);
    }
}

// A packet goes out whole or not at all, so any thread may send.
static bool send_packet(enum driver_message_type type, struct driver_message *message,
                        const int *fds, uint32_t fd_count)
{
    message->type = type;
    message->size = (uint32_t)driver_message_size(type);
    struct iovec part = {message, message->size};
    struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(FRAME_PLANES_MAX * sizeof(int))];
    } control;
    if (fd_count > 0) {
        memset(&control, 0, sizeof control);
        size_t len = fd_count * sizeof *fds;
        packet.msg_control = &control;
        packet.msg_controllen = CMSG_SPACE(len);
        control.head = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(len), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.head), fds, len);
    }
    ssize_t sent;
    do {
        sent = sendmsg(DRIVER_FD, &packet, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent >= 0;
}

static void send_with_fds(struct driver *driver, enum driver_message_type type,
                          struct driver_message *message, const int *fds, uint32_t fd_count)
{
    if (driver->ended || send_packet(type, message, fds, fd_count)) {
        return;
    }
    bool hung_up = errno == EPIPE || errno == ECONNRESET;
    end(driver, hung_up ? EX_OK : EX_UNAVAILABLE);
}

static void send_message(struct driver *driver, enum driver_message_type type,
                         struct driver_message *message)
{
    send_with_fds(driver, type, message, NULL, 0);
}

static void send_word(struct driver *driver, enum driver_message_type type)
{
    struct driver_message message;
    send_message(driver, type, &message);
}

static void send_failed(struct driver *driver, uint64_t shot, const struct fault *why)
{
    struct driver_message message;
    memset(&message, 0, sizeof message);
    message.failed.shot = shot;
    message.failed.code = why->code;
    snprintf(message.failed.text, sizeof message.failed.text, "%s", why->text);
    send_message(driver, DRIVER_FAILED, &message);
}

void driver_send_camera(struct driver *driver, const struct driver_camera *camera)
{
    struct driver_message message;
    message.camera = *camera;
    send_message(driver, DRIVER_CAMERA, &message);
}

void driver_send_frame(struct driver *driver, const struct driver_frame *frame)
{
    assert(driver->shot_is_open && frame->shot == driver->shot);
    assert(frame->buffer < driver->buffer_count && !driver->on_loan[frame->buffer]);
    driver->shot_is_open = false;
    driver->on_loan[frame->buffer] = true;
    struct driver_message message;
    message.frame = *frame;
    send_message(driver, DRIVER_FRAME, &message);
}

void driver_send_failed(struct driver *driver, uint64_t shot, const struct fault *why)
{
    assert(driver->shot_is_open && shot == driver->shot);
    driver->shot_is_open = false;
    send_failed(driver, shot, why);
}

void driver_send_lost(struct driver *driver, const struct fault *why)
{
    struct driver_message message;
    memset(&message, 0, sizeof message);
    snprintf(message.lost.text, sizeof message.lost.text, "%s", why->text);
    send_message(driver, DRIVER_LOST, &message);
    end(driver, EX_UNAVAILABLE);
}

void driver_send_appeared(struct driver *driver)
{
    assert(driver->state == STATE_WAITING);
    driver->state = STATE_IDLE;
    send_word(driver, DRIVER_APPEARED);
}

static void log_text(enum log_level level, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void log_text(enum log_level level, const char *format, va_list arguments)
{
    struct driver_message message;
    memset(&message, 0, sizeof message);
    message.log.level = level;
    vsnprintf(message.log.text, sizeof message.log.text, format, arguments);
    send_packet(DRIVER_LOG, &message, NULL, 0);
}

void driver_log(const struct driver *driver, enum log_level level, const char *format, ...)
{
    (void)driver;
    va_list arguments;
    va_start(arguments, format);
    log_text(level, format, arguments);
    va_end(arguments);
}

struct loop *driver_loop(struct driver *driver)
{
    return driver->loop;
}

bool driver_is_on_loan(const struct driver *driver, uint32_t buffer)
{
    return driver->on_loan[buffer];
}

struct frame_facts driver_no_facts(void)
{
    return (struct frame_facts){
        .exposure_us = NAN,
        .analogue_gain = NAN,
        .digital_gain = NAN,
        .color_temperature_k = NAN,
        .lux = NAN,
        .sensor_temperature_c = NAN,
        .lens_position = NAN,
    };
}

static void protocol_broken(struct driver *driver, const char *what)
{
    driver_log(driver, LOG_LEVEL_ERROR, "the agent %s; the driver ends", what);
    end(driver, EX_PROTOCOL);
}

static void on_list(struct driver *driver)
{
    struct fault fault;
    if (driver->ops->list(driver->context, &fault)) {
        send_word(driver, DRIVER_LIST_END);
    } else {
        send_failed(driver, 0, &fault);
    }
}

static bool is_ended(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static bool configure(struct driver *driver, const struct driver_configure *wish,
                      struct driver_configured *configured, struct driver_buffers *buffers,
                      struct fault *fault)
{
    bool fps_is_usable = wish->fps >= FPS_MIN && wish->fps <= FPS_MAX;
    if (wish->width == 0 || wish->height == 0 || !fps_is_usable) {
        return fault_set(fault, FAULT_CAMERA, EINVAL, "%ux%u pixels at %g fps are no frames",
                         wish->width, wish->height, wish->fps);
    }
    struct driver_configure usable = *wish;
    usable.idle_fps = wish->idle_fps >= FPS_MIN ? fmin(wish->idle_fps, wish->fps) : wish->fps;
    if (!driver->ops->configure(driver->context, &usable, configured, buffers, fault)) {
        return false;
    }
    if (configured->orientation == 0) {
        configured->orientation =
            orientation_of(wish->rotation, wish->hflip != 0, wish->vflip != 0);
    }
    return true;
}

static void send_not_configured(struct driver *driver, const struct fault *why)
{
    if (driver->ops->is_waiting == NULL || !driver->ops->is_waiting(driver->context)) {
        send_failed(driver, 0, why);
        return;
    }
    driver->state = STATE_WAITING;
    struct driver_message message;
    memset(&message, 0, sizeof message);
    message.waiting.code = why->code;
    snprintf(message.waiting.text, sizeof message.waiting.text, "%s", why->text);
    send_message(driver, DRIVER_WAITING, &message);
}

static void on_configure(struct driver *driver, const struct driver_configure *wish)
{
    if (driver->state != STATE_IDLE && driver->state != STATE_WAITING) {
        protocol_broken(driver, "sent configure twice");
        return;
    }
    if (wish->rotation % 90 != 0 || wish->rotation >= 360) {
        protocol_broken(driver, "asked for a rotation that is no quarter turn");
        return;
    }
    if (!is_ended(wish->select, sizeof wish->select) ||
        !is_ended(wish->format, sizeof wish->format) || !is_ended(wish->path, sizeof wish->path)) {
        protocol_broken(driver, "sent a text without an end");
        return;
    }
    driver->state = STATE_IDLE;
    struct driver_message message;
    memset(&message, 0, sizeof message);
    struct driver_buffers buffers = {0};
    struct fault fault;
    if (!configure(driver, wish, &message.configured, &buffers, &fault)) {
        send_not_configured(driver, &fault);
        return;
    }
    driver->state = STATE_CONFIGURED;
    driver->buffer_count = message.configured.buffer_count;
    assert(driver->buffer_count >= 2 && driver->buffer_count <= DRIVER_BUFFERS_MAX);
    send_message(driver, DRIVER_CONFIGURED, &message);
    for (uint32_t i = 0; i < driver->buffer_count; i++) {
        message.buffer = buffers.list[i];
        message.buffer.index = i;
        send_with_fds(driver, DRIVER_BUFFER, &message, buffers.fds[i], message.buffer.fd_count);
    }
}

static void on_start(struct driver *driver)
{
    if (driver->state != STATE_CONFIGURED) {
        protocol_broken(driver, "sent start without configure, or twice");
        return;
    }
    struct fault fault;
    if (!driver->ops->start(driver->context, &fault)) {
        send_failed(driver, 0, &fault);
        return;
    }
    driver->state = STATE_STREAMING;
    send_word(driver, DRIVER_STARTED);
}

static void on_shoot(struct driver *driver, const struct driver_shoot *shoot)
{
    if (driver->state != STATE_STREAMING || driver->shot_is_open) {
        protocol_broken(driver, "sent shoot before start, or during a shot");
        return;
    }
    if (shoot->not_before_ns > timing_now_ns() + TIMING_S(SHOT_AHEAD_MAX_S)) {
        protocol_broken(driver, "asked for a frame of the far future");
        return;
    }
    driver->shot_is_open = true;
    driver->shot = shoot->shot;
    driver->ops->shoot(driver->context, shoot);
}

static void on_give_back(struct driver *driver, uint32_t buffer)
{
    if (buffer >= driver->buffer_count || !driver->on_loan[buffer]) {
        protocol_broken(driver, "gave back a buffer that it had not");
        return;
    }
    driver->on_loan[buffer] = false;
    driver->ops->give_back(driver->context, buffer);
}

static void on_ping(struct driver *driver)
{
    struct driver_message message;
    memset(&message, 0, sizeof message);
    if (driver->state == STATE_STREAMING && driver->ops->pulse != NULL) {
        driver->ops->pulse(driver->context, &message.pong);
    }
    send_message(driver, DRIVER_PONG, &message);
}

static void on_stop(struct driver *driver)
{
    if (driver->state != STATE_STREAMING) {
        protocol_broken(driver, "sent stop without start");
        return;
    }
    driver->shot_is_open = false;
    driver->state = STATE_CONFIGURED;
    driver->ops->stop(driver->context);
    send_word(driver, DRIVER_STOPPED);
}

static void on_message(struct driver *driver, const struct driver_message *message)
{
    switch ((enum driver_message_type)message->type) {
    case DRIVER_LIST:
        on_list(driver);
        return;
    case DRIVER_CONFIGURE:
        on_configure(driver, &message->configure);
        return;
    case DRIVER_START:
        on_start(driver);
        return;
    case DRIVER_SHOOT:
        on_shoot(driver, &message->shoot);
        return;
    case DRIVER_GIVE_BACK:
        on_give_back(driver, message->give_back.buffer);
        return;
    case DRIVER_PING:
        on_ping(driver);
        return;
    case DRIVER_STOP:
        on_stop(driver);
        return;
    case DRIVER_HELLO:
    case DRIVER_CAMERA:
    case DRIVER_LIST_END:
    case DRIVER_CONFIGURED:
    case DRIVER_BUFFER:
    case DRIVER_STARTED:
    case DRIVER_FRAME:
    case DRIVER_FAILED:
    case DRIVER_LOST:
    case DRIVER_PONG:
    case DRIVER_STOPPED:
    case DRIVER_LOG:
    case DRIVER_WAITING:
    case DRIVER_APPEARED:
        break;
    }
    protocol_broken(driver, "sent a message that is the driver's to send");
}

static void on_socket(void *context, short revents)
{
    (void)revents;
    struct driver *driver = context;
    struct driver_message message;
    // plain recv: descriptors that come along uninvited are dropped by the kernel
    ssize_t got = recv(DRIVER_FD, &message, sizeof message, MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        end(driver, EX_OK);
        return;
    }
    size_t size = (size_t)got < offsetof(struct driver_message, hello)
                      ? 0
                      : driver_message_size(message.type);
    if (size == 0 || size != (size_t)got || size != message.size) {
        protocol_broken(driver, "sent a packet that is no message");
        return;
    }
    on_message(driver, &message);
}

static bool has_agent(void)
{
    int domain = 0;
    int type = 0;
    socklen_t len = sizeof domain;
    if (getsockopt(DRIVER_FD, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0) {
        return false;
    }
    len = sizeof type;
    return getsockopt(DRIVER_FD, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && domain == AF_UNIX &&
           type == SOCK_SEQPACKET;
}

// The agent decides when a driver ends: by hanging up, or by dying. Signals that a terminal or a
// service manager sends to everybody are the agent's to act upon.
static bool bind_to_agent(struct fault *fault)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        signal(ignored[i], SIG_IGN);
    }
    struct timeval timeout = {.tv_sec = SEND_TIMEOUT_S};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || fcntl(DRIVER_FD, F_SETFD, FD_CLOEXEC) != 0 ||
        setsockopt(DRIVER_FD, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) != 0) {
        return fault_set(fault, FAULT_SYSTEM, errno, "cannot bind to the agent: %s",
                         strerror(errno));
    }
    return true;
}

static void send_hello(struct driver *driver, const char *name, const char *library)
{
    struct driver_message message;
    memset(&message, 0, sizeof message);
    message.hello.protocol = DRIVER_PROTOCOL_VERSION;
    snprintf(message.hello.driver, sizeof message.hello.driver, "%s", name);
    snprintf(message.hello.library, sizeof message.hello.library, "%s", library);
    send_message(driver, DRIVER_HELLO, &message);
}

int driver_main(const char *name, const char *library, const struct driver_ops *ops, void *context)
{
    if (!has_agent()) {
        fprintf(stderr,
                "still2mqtt-camera-%s is a part of still2mqtt, which starts it by itself: set "
                "camera.driver = \"%s\" and run still2mqtt\n",
                name, name);
        return EX_USAGE;
    }
    struct fault fault;
    struct driver driver = {.ops = ops, .context = context};
    driver.loop = loop_create(&fault);
    if (driver.loop == NULL || !bind_to_agent(&fault)) {
        loop_destroy(driver.loop);
        log_error("%s", fault.text);
        return EX_OSERR;
    }
    send_hello(&driver, name, library);
    if (ops->open != NULL) {
        ops->open(context, &driver);
    }
    loop_watch(driver.loop, DRIVER_FD, POLLIN, on_socket, &driver);
    if (!driver.ended && !loop_run(driver.loop, &fault)) {
        driver_log(&driver, LOG_LEVEL_ERROR, "%s", fault.text);
        end(&driver, EX_OSERR);
    }
    driver.ended = true;
    if (ops->close != NULL) {
        ops->close(context);
    }
    loop_destroy(driver.loop);
    return driver.status;
}
