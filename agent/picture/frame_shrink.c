// Means of two by two samples. Publisher thread. Never reads beyond the samples of a plane.
#include "picture/frame_shrink.h"

#include <assert.h>

// A plane as pixels of `step` interleaved samples.
struct layout {
    uint32_t step;
    uint32_t width;
    uint32_t height;
};

// Of YUYV a pixel is a luma sample and one of U or V; its rows have a mean of their own.
static struct layout layout_of(const struct frame *frame, uint32_t plane)
{
    uint32_t half_width = (frame->width + 1) / 2;
    uint32_t half_height = (frame->height + 1) / 2;
    bool is_chroma = plane > 0;
    switch (frame->format) {
    case PIXEL_FORMAT_YUV420:
    case PIXEL_FORMAT_NV12:
        return (struct layout){is_chroma && frame->format == PIXEL_FORMAT_NV12 ? 2 : 1,
                               is_chroma ? half_width : frame->width,
                               is_chroma ? half_height : frame->height};
    case PIXEL_FORMAT_YUYV:
        return (struct layout){2, 2 * half_width, frame->height};
    case PIXEL_FORMAT_RGB888:
    case PIXEL_FORMAT_BGR888:
        return (struct layout){3, frame->width, frame->height};
    case PIXEL_FORMAT_XRGB8888:
    case PIXEL_FORMAT_XBGR8888:
        return (struct layout){4, frame->width, frame->height};
    case PIXEL_FORMAT_NONE:
    case PIXEL_FORMAT_MJPEG:
    case PIXEL_FORMAT_COUNT:
        break;
    }
    assert(false && "a format that frame_check lets through");
    return (struct layout){0};
}

static uint32_t planes_of(enum pixel_format format)
{
    return format == PIXEL_FORMAT_YUV420 ? 3 : format == PIXEL_FORMAT_NV12 ? 2 : 1;
}

static inline uint8_t mean4(const uint8_t *above, const uint8_t *below, uint32_t other)
{
    return (uint8_t)((above[0] + above[other] + below[0] + below[other] + 2) >> 2);
}

static inline uint8_t mean2(const uint8_t *above, const uint8_t *below)
{
    return (uint8_t)((*above + *below + 1) >> 1);
}

// `step` is a constant wherever this is inlined: the loops become vectors
static inline void mean_row(uint8_t *restrict to, const uint8_t *restrict above,
                            const uint8_t *restrict below, uint32_t width, uint32_t step)
{
    uint32_t pairs = width / 2;
    for (uint32_t x = 0; x < pairs; x++) {
        for (uint32_t i = 0; i < step; i++) {
            size_t at = (size_t)2 * x * step + i;
            to[(size_t)x * step + i] = mean4(above + at, below + at, step);
        }
    }
    for (uint32_t i = 0; width % 2 != 0 && i < step; i++) {
        size_t at = (size_t)2 * pairs * step + i;
        to[(size_t)pairs * step + i] = mean2(above + at, below + at);
    }
}

// Two pixels Y U Y V become one luma sample; four, and their two samples of U and V, a pair again.
static void mean_row_yuyv(uint8_t *restrict to, const uint8_t *restrict above,
                          const uint8_t *restrict below, uint32_t width)
{
    uint32_t pairs = (width + 1) / 2;
    for (uint32_t x = 0; x < width / 2; x++) {
        to[2 * x] = mean4(above + (size_t)4 * x, below + (size_t)4 * x, 2);
    }
    if (width % 2 != 0) { // the second luma sample of the last pair is no part of the picture
        to[2 * pairs - 2] = mean2(above + (size_t)4 * pairs - 4, below + (size_t)4 * pairs - 4);
    }
    if (pairs % 2 != 0) {
        to[2 * pairs] = to[2 * pairs - 2];
    }
    for (uint32_t i = 1; i <= 3; i += 2) {
        for (uint32_t x = 0; x < pairs / 2; x++) {
            to[4 * x + i] = mean4(above + (size_t)8 * x + i, below + (size_t)8 * x + i, 4);
        }
        if (pairs % 2 != 0) {
            size_t last = (size_t)4 * pairs - 4 + i;
            to[2 * (pairs - 1) + i] = mean2(above + last, below + last);
        }
    }
}

static void shrink_row(enum pixel_format format, const struct layout *layout, uint8_t *to,
                       const uint8_t *above, const uint8_t *below, uint32_t frame_width)
{
    if (format == PIXEL_FORMAT_YUYV) {
        mean_row_yuyv(to, above, below, frame_width);
        return;
    }
    switch (layout->step) {
    case 1:
        mean_row(to, above, below, layout->width, 1);
        break;
    case 2:
        mean_row(to, above, below, layout->width, 2);
        break;
    case 3:
        mean_row(to, above, below, layout->width, 3);
        break;
    default:
        mean_row(to, above, below, layout->width, 4);
        break;
    }
}

// Puts the halved planes to the end of `pixels`, which has the room.
static void halve(struct frame *frame, struct bytes *pixels)
{
    struct frame half = *frame;
    half.width = (frame->width + 1) / 2;
    half.height = (frame->height + 1) / 2;
    half.plane_count = planes_of(frame->format);
    for (uint32_t i = 0; i < half.plane_count; i++) {
        struct layout from = layout_of(frame, i);
        struct layout to = layout_of(&half, i);
        uint32_t stride = to.width * to.step;
        uint8_t *out = pixels->data + pixels->len;
        for (uint32_t y = 0; y < to.height; y++) {
            const uint8_t *above = frame->planes[i].data + (size_t)frame->planes[i].stride * 2 * y;
            bool is_last = 2 * y + 1 >= from.height;
            shrink_row(frame->format, &from, out + (size_t)stride * y, above,
                       is_last ? above : above + frame->planes[i].stride, frame->width);
        }
        half.planes[i] = (struct frame_plane){out, (size_t)stride * to.height, stride};
        pixels->len += half.planes[i].size;
    }
    *frame = half;
}

static size_t room_for(struct frame frame, unsigned halvings)
{
    size_t room = 0;
    for (; halvings > 0; halvings--) {
        frame.width = (frame.width + 1) / 2;
        frame.height = (frame.height + 1) / 2;
        for (uint32_t i = 0; i < planes_of(frame.format); i++) {
            struct layout layout = layout_of(&frame, i);
            room += (size_t)layout.width * layout.height * layout.step;
        }
    }
    return room;
}

bool frame_shrink(const struct frame *frame, unsigned halvings, struct bytes *pixels,
                  struct frame *small, struct fault *fault)
{
    bytes_clear(pixels);
    if (!bytes_reserve(pixels, room_for(*frame, halvings), fault)) {
        return false;
    }
    *small = *frame;
    for (; halvings > 0; halvings--) {
        halve(small, pixels); // one behind the other: none is read and written at once
    }
    return true;
}
