#include "messages.h"

#include "camera/driver_check.h"

#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void make_configured(struct driver_configured *configured)
{
    *configured = (struct driver_configured){
        .width = MESSAGES_WIDTH,
        .height = MESSAGES_HEIGHT,
        .format = PIXEL_FORMAT_YUYV,
        .encoding = COLOR_ENCODING_REC601,
        .range = COLOR_RANGE_FULL,
        .plane_count = 1,
        .buffer_count = 2,
        .orientation = 1,
        .frame_interval_ms = 40,
        .id = "/base/soc/i2c0mux/i2c@1/imx708@1a",
        .model = "imx708",
    };
}

bool message_make(struct driver_message *message, enum driver_message_type type)
{
    memset(message, 0, sizeof *message);
    message->type = type;
    message->size = (uint32_t)driver_message_size(type);
    switch (type) {
    case DRIVER_HELLO:
        message->hello = (struct driver_hello){
            .protocol = DRIVER_PROTOCOL_VERSION, .driver = "fake", .library = "fake 1.0"};
        return true;
    case DRIVER_CAMERA:
        message->camera = (struct driver_camera){
            .id = "cam0", .model = "imx708", .location = "front", .details = "NV12\nYUYV\n"};
        return true;
    case DRIVER_CONFIGURED:
        make_configured(&message->configured);
        return true;
    case DRIVER_BUFFER:
        message->buffer =
            (struct driver_buffer){.plane_count = 1,
                                   .planes = {{0, MESSAGES_PLANE_SIZE, 2 * MESSAGES_WIDTH, 0}},
                                   .fd_count = 1};
        return true;
    case DRIVER_FRAME:
        message->frame =
            (struct driver_frame){.shot = 1, .captured_ns = 1, .facts = {.lux = NAN, .ae = 2}};
        return true;
    case DRIVER_FAILED:
        message->failed = (struct driver_failed){.code = 5, .text = "the sensor does not answer"};
        return true;
    case DRIVER_LOST:
        message->lost = (struct driver_lost){.text = "the camera was unplugged"};
        return true;
    case DRIVER_LOG:
        message->log = (struct driver_log){.level = 6, .text = "line"};
        return true;
    case DRIVER_WAITING:
        message->waiting = (struct driver_waiting){.code = 19, .text = "there is no camera"};
        return true;
    case DRIVER_PONG:
        message->pong = (struct driver_pong){.frames = 7, .waiting_ns = 1000000};
        return true;
    default: // nothing but the type, or the agent's
        return message->size != 0 && type < DRIVER_LIST;
    }
}

int message_memfd(size_t size, bool is_sealed)
{
    int fd = memfd_create("frame", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    for (size_t at = 0; at < size;) {
        uint8_t block[4096];
        for (size_t i = 0; i < sizeof block; i++) {
            block[i] = (uint8_t)((at + i) % 251);
        }
        size_t len = size - at < sizeof block ? size - at : sizeof block;
        if (write(fd, block, len) != (ssize_t)len) {
            perror("memfd");
            return -1;
        }
        at += len;
    }
    if (is_sealed) {
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK);
    }
    return fd;
}
