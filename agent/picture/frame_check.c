// What the planes of a frame must hold. Pure; reads no pixel.
#include "picture/frame_check.h"

#include <inttypes.h>

struct shape {
    uint32_t plane_count;
    uint64_t row_bytes[FRAME_PLANES_MAX];
    uint32_t rows[FRAME_PLANES_MAX];
};

static bool shape_of(const struct frame *frame, struct shape *shape)
{
    uint32_t width = frame->width;
    uint32_t height = frame->height;
    uint32_t half_width = (width + 1) / 2;
    uint32_t half_height = (height + 1) / 2;

    switch (frame->format) {
    case PIXEL_FORMAT_YUV420:
        *shape =
            (struct shape){3, {width, half_width, half_width}, {height, half_height, half_height}};
        return true;
    case PIXEL_FORMAT_NV12:
        *shape = (struct shape){2, {width, 2 * half_width}, {height, half_height}};
        return true;
    case PIXEL_FORMAT_YUYV:
        *shape = (struct shape){1, {4 * half_width}, {height}};
        return true;
    case PIXEL_FORMAT_RGB888:
    case PIXEL_FORMAT_BGR888:
        *shape = (struct shape){1, {3 * width}, {height}};
        return true;
    case PIXEL_FORMAT_XRGB8888:
    case PIXEL_FORMAT_XBGR8888:
        *shape = (struct shape){1, {4 * width}, {height}};
        return true;
    case PIXEL_FORMAT_NONE:
    case PIXEL_FORMAT_MJPEG:
    case PIXEL_FORMAT_COUNT:
        break;
    }
    return false;
}

bool frame_check(const struct frame *frame, struct fault *fault)
{
    if (frame->width < 1 || frame->width > FRAME_SIDE_MAX || frame->height < 1 ||
        frame->height > FRAME_SIDE_MAX) {
        return fault_set(fault, FAULT_PICTURE, 0,
                         "a frame of %" PRIu32 "x%" PRIu32 " cannot be a JPEG: sides are 1 to %d",
                         frame->width, frame->height, FRAME_SIDE_MAX);
    }
    struct shape shape;
    if (!shape_of(frame, &shape)) {
        return fault_set(fault, FAULT_PICTURE, 0, "pixel format %d is not one to compress",
                         (int)frame->format);
    }
    if (frame->plane_count < shape.plane_count || frame->plane_count > FRAME_PLANES_MAX) {
        return fault_set(fault, FAULT_PICTURE, 0,
                         "the frame has %" PRIu32 " planes, its format %" PRIu32,
                         frame->plane_count, shape.plane_count);
    }
    for (uint32_t i = 0; i < shape.plane_count; i++) {
        const struct frame_plane *plane = &frame->planes[i];
        if (plane->stride < shape.row_bytes[i]) {
            return fault_set(fault, FAULT_PICTURE, 0,
                             "plane %" PRIu32 " has a stride of %" PRIu32
                             " bytes, its rows have %" PRIu64,
                             i, plane->stride, shape.row_bytes[i]);
        }
        uint64_t need = (uint64_t)plane->stride * (shape.rows[i] - 1) + shape.row_bytes[i];
        if (plane->data == NULL || plane->size < need) {
            return fault_set(fault, FAULT_PICTURE, 0,
                             "plane %" PRIu32 " has %zu bytes, %" PRIu32 "x%" PRIu32
                             " with a stride of %" PRIu32 " needs %" PRIu64,
                             i, plane->data == NULL ? 0 : plane->size, frame->width, frame->height,
                             plane->stride, need);
        }
    }
    return true;
}
