// For tests only: a USB webcam that is a program. Plugs itself into vhci_hcd, so that the kernel's
// own uvcvideo, udev and libcamera take it for a real one.
//
//   webcam PORT FPS FILE…
//
// The files are the frames in turn, named FORMAT-WIDTHxHEIGHT-whatever with FORMAT mjpeg (JPEG
// files) or yuyv (raw pixels), sorted by format and size; those formats and sizes are what the
// webcam offers. What happens is told on stdout, a line each: monotonic milliseconds, then
//
//   plugged | streaming MODE | frame NUMBER FILE [FAULT] | stopped | set CONTROL VALUE | unplugged
//
// stdin takes commands, a line each:
//
//   fault NAME         of every frame from now on: truncate, hole (bytes lost in the middle),
//                      garbage, empty, error (the error bit)
//   fault stall        no frame ends any more until the host starts the stream anew
//   fault freeze       the same, even over a new start
//   fault none
//   fps N              frames come at this rate, whatever the descriptors say
//   unplug             at once; so does the end of stdin
//   unplug-in-frame    when half of the next frame has been sent
#include "usbip.h"
#include "uvc.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    FRAMES_MAX = 64,
    URBS_MAX = 64, // uvcvideo keeps five
    URB_SIZE_MAX = 1 << 17,
    HEADER_SIZE = 2,
};

static const char *const fault_names[] = {"none",  "truncate", "hole",  "garbage",
                                          "empty", "error",    "stall", "freeze"};
enum fault { NONE, TRUNCATE, HOLE, GARBAGE, EMPTY, ERROR, STALL, FREEZE, FAULT_COUNT };

struct frame {
    const char *name;
    size_t mode;
    uint8_t *data;
    size_t size;
};

static struct {
    int link;
    struct frame frames[FRAMES_MAX];
    size_t frame_count;
    struct uvc_mode modes[UVC_MODES_MAX];
    size_t mode_count;

    int64_t interval_ns;
    int64_t next_ns; // frame
    enum fault fault;
    bool is_streaming;
    bool is_stalled;
    bool is_to_unplug; // half-way through a frame

    // transfers that the host waits for, oldest first
    struct {
        uint32_t seqnum;
        uint32_t len;
    } urbs[URBS_MAX];
    size_t urb_count;

    // the frame that is being sent
    uint8_t *payload;
    size_t payload_len;
    size_t payload_at;
    uint8_t frame_id; // the bit that toggles from one frame to the next
    size_t next;      // of the frames
    unsigned number;  // frames shown
} cam;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("%lld ", (long long)(now_ns() / 1000000));
    vprintf(format, arguments);
    putchar('\n');
    fflush(stdout);
    va_end(arguments);
}

static _Noreturn void unplug(void)
{
    close(cam.link);
    tell("unplugged");
    exit(0);
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "webcam: %s: %s\n", what, strerror(errno));
    exit(1);
}

// ---- frames

static size_t mode_of(const struct uvc_mode *mode)
{
    for (size_t i = 0; i < cam.mode_count; i++) {
        if (cam.modes[i].is_mjpeg == mode->is_mjpeg && cam.modes[i].width == mode->width &&
            cam.modes[i].height == mode->height) {
            return i;
        }
    }
    if (cam.mode_count == UVC_MODES_MAX) {
        errno = E2BIG;
        give_up("formats and sizes");
    }
    cam.modes[cam.mode_count] = *mode;
    return cam.mode_count++;
}

static void frame_load(const char *path)
{
    struct frame *frame = &cam.frames[cam.frame_count++];
    struct uvc_mode mode;
    char format[6];
    const char *slash = strrchr(path, '/');
    frame->name = slash == NULL ? path : slash + 1;
    errno = EINVAL;
    if (sscanf(frame->name, "%5[a-z]-%hux%hu-", format, &mode.width, &mode.height) != 3) {
        give_up(path);
    }
    mode.is_mjpeg = strcmp(format, "mjpeg") == 0;
    frame->mode = mode_of(&mode);

    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        give_up(path);
    }
    frame->size = (size_t)ftell(file);
    frame->data = malloc(frame->size);
    rewind(file);
    if (frame->data == NULL || fread(frame->data, 1, frame->size, file) != frame->size) {
        give_up(path);
    }
    fclose(file);
}

// The frames of the negotiated mode, one after the other.
static const struct frame *frame_choose(void)
{
    const struct frame *frame;
    do {
        frame = &cam.frames[cam.next];
        cam.next = (cam.next + 1) % cam.frame_count;
    } while (frame->mode != uvc_mode_index());
    return frame;
}

static void payload_fill(const struct frame *frame)
{
    enum { END_OF_FRAME = 0x02, HAS_ERROR = 0x40, END_OF_HEADER = 0x80 };
    size_t len = frame->size;
    memcpy(cam.payload + HEADER_SIZE, frame->data, len);
    if (cam.fault == TRUNCATE) {
        len /= 3;
    } else if (cam.fault == HOLE) {
        uint8_t *middle = cam.payload + HEADER_SIZE + len / 2;
        memmove(middle, middle + len / 8, len - len / 2 - len / 8);
        len -= len / 8;
    } else if (cam.fault == EMPTY) {
        len = 0;
    } else if (cam.fault == GARBAGE) {
        for (size_t i = 0; i < len; i++) {
            cam.payload[HEADER_SIZE + i] = (uint8_t)rand();
        }
    }
    cam.frame_id ^= 1;
    cam.payload[0] = HEADER_SIZE;
    cam.payload[1] = (uint8_t)(END_OF_HEADER | END_OF_FRAME | cam.frame_id |
                               (cam.fault == ERROR ? HAS_ERROR : 0));
    cam.payload_len = HEADER_SIZE + len;
    cam.payload_at = 0;
}

static void frame_begin(void)
{
    if (cam.fault == STALL || cam.fault == FREEZE) {
        cam.is_stalled = true;
    }
    if (!cam.is_streaming || cam.is_stalled || cam.payload_len != 0) {
        return;
    }
    const struct frame *frame = frame_choose();
    payload_fill(frame);
    bool is_faulty = cam.fault != NONE;
    tell("frame %u %s%s%s", ++cam.number, frame->name, is_faulty ? " " : "",
         is_faulty ? fault_names[cam.fault] : "");
}

static void urb_remove(size_t index)
{
    cam.urb_count--;
    memmove(&cam.urbs[index], &cam.urbs[index + 1], (cam.urb_count - index) * sizeof cam.urbs[0]);
}

// As much of the frame as the host has asked for. A packet shorter than its transfer ends it.
static void payload_send(void)
{
    while (cam.payload_len != 0 && cam.urb_count > 0) {
        size_t left = cam.payload_len - cam.payload_at;
        uint32_t room = cam.urbs[0].len;
        uint32_t len = left < room ? (uint32_t)left : room;
        usbip_answer(cam.link, cam.urbs[0].seqnum, 0, cam.payload + cam.payload_at, len);
        urb_remove(0);
        cam.payload_at += len;
        if (cam.is_to_unplug && 2 * cam.payload_at >= cam.payload_len) {
            unplug();
        }
        if (len < room) {
            cam.payload_len = 0;
        }
    }
}

// ---- the host

static void stream_stop(void)
{
    cam.payload_len = 0;
    if (cam.is_streaming) {
        tell("stopped");
    }
    cam.is_streaming = false;
}

static void stream_begin(void)
{
    const struct uvc_mode *mode = &cam.modes[uvc_mode_index()];
    cam.is_streaming = true;
    cam.is_stalled = cam.fault == FREEZE;
    if (cam.fault == STALL) {
        cam.fault = NONE;
    }
    cam.payload_len = 0;
    tell("streaming %s-%ux%u", mode->is_mjpeg ? "mjpeg" : "yuyv", mode->width, mode->height);
}

static void control(const struct usbip_transfer *transfer)
{
    struct uvc_answer answer;
    uvc_control(transfer->setup, transfer->data, transfer->len, &answer);
    bool is_in = (transfer->setup[0] & 0x80) != 0;
    if (answer.effect == UVC_STREAM) {
        stream_begin();
    } else if (answer.effect == UVC_STOP) {
        stream_stop();
    } else if (answer.effect == UVC_SET) {
        tell("set %s", answer.text);
    }
    if (answer.is_refused) {
        usbip_answer(cam.link, transfer->seqnum, -EPIPE, NULL, 0);
    } else if (is_in) {
        usbip_answer(cam.link, transfer->seqnum, 0, answer.data, answer.len);
    } else {
        usbip_answer(cam.link, transfer->seqnum, 0, NULL, transfer->len);
    }
}

static void unlink_urb(const struct usbip_transfer *transfer)
{
    int status = 0; // it had been answered already
    for (size_t i = 0; i < cam.urb_count; i++) {
        if (cam.urbs[i].seqnum == transfer->unlink_seqnum) {
            urb_remove(i);
            status = -ECONNRESET;
            break;
        }
    }
    usbip_answer_unlink(cam.link, transfer->seqnum, status);
}

static void on_link(void)
{
    struct usbip_transfer transfer;
    if (!usbip_receive(cam.link, &transfer)) {
        unplug();
    }
    switch (transfer.type) {
    case USBIP_CONTROL:
        control(&transfer);
        break;
    case USBIP_UNLINK:
        unlink_urb(&transfer);
        break;
    case USBIP_IN:
        if (cam.urb_count == URBS_MAX) {
            usbip_answer(cam.link, transfer.seqnum, -EPIPE, NULL, 0);
            break;
        }
        cam.urbs[cam.urb_count].seqnum = transfer.seqnum;
        cam.urbs[cam.urb_count++].len = transfer.len;
        payload_send();
        break;
    }
}

// ---- the test

static void fault_set(const char *name)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (strcmp(name, fault_names[i]) == 0) {
            cam.fault = (enum fault)i;
            cam.is_stalled = false;
            tell("fault %s", name);
            return;
        }
    }
    errno = EINVAL;
    give_up(name);
}

static void on_command(void)
{
    char line[64];
    unsigned fps;
    if (fgets(line, sizeof line, stdin) == NULL) {
        unplug();
    }
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "unplug") == 0) {
        unplug();
    } else if (strcmp(line, "unplug-in-frame") == 0) {
        cam.is_to_unplug = true;
    } else if (strncmp(line, "fault ", 6) == 0) {
        fault_set(line + 6);
    } else if (sscanf(line, "fps %u", &fps) == 1 && fps > 0) {
        cam.interval_ns = 1000000000 / fps;
        tell("fps %u", fps);
    } else {
        errno = EINVAL;
        give_up(line);
    }
}

static void wait_and_serve(void)
{
    int64_t left_ns = cam.next_ns - now_ns();
    if (left_ns <= 0) {
        cam.next_ns = now_ns() + cam.interval_ns;
        frame_begin();
        payload_send();
        return;
    }
    struct pollfd fds[] = {{.fd = cam.link, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    if (poll(fds, 2, (int)(left_ns / 1000000) + 1) <= 0) {
        return;
    }
    if (fds[0].revents != 0) {
        on_link();
    }
    if (fds[1].revents != 0) {
        on_command();
    }
}

int main(int argc, char **argv)
{
    unsigned fps = argc > 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    if (fps == 0 || argc - 3 > FRAMES_MAX) {
        fprintf(stderr, "usage: webcam PORT FPS FILE…\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdin, NULL, _IONBF, 0); // else poll does not see a second line
    for (int i = 3; i < argc; i++) {
        frame_load(argv[i]);
        size_t size = cam.frames[cam.frame_count - 1].size + HEADER_SIZE;
        cam.payload_len = size > cam.payload_len ? size : cam.payload_len;
    }
    cam.payload = malloc(cam.payload_len);
    if (cam.payload == NULL) {
        give_up("payload");
    }
    cam.payload_len = 0;
    cam.interval_ns = 1000000000 / fps;
    uvc_init(cam.modes, cam.mode_count, fps);
    cam.link = usbip_plug((unsigned)strtoul(argv[1], NULL, 10));
    tell("plugged");
    for (;;) {
        wait_and_serve();
    }
}
