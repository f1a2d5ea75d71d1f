// The border between the agent and a driver: what passes here is safe to use. Pure, no state.
#include "camera/driver_check.h"

#include "base/text.h"
#include "camera/camera.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    WIDTH_MAX = 65500, // what a JPEG can say
    FRAME_INTERVAL_MAX_MS = 600000,
};

static bool is_ended(const char *text, size_t size, struct fault *fault)
{
    return memchr(text, '\0', size) != NULL ||
           fault_set(fault, FAULT_CAMERA, 0, "the driver sent a text without an end");
}

// Texts of a driver end up in JSON and in the log: both want clean UTF-8.
static bool check_text(char *text, size_t size, struct fault *fault)
{
    if (!is_ended(text, size, fault)) {
        return false;
    }
    text_clean(text);
    return true;
}

static bool check_lines(char *text, size_t size, struct fault *fault)
{
    if (!is_ended(text, size, fault)) {
        return false;
    }
    text_clean_lines(text);
    return true;
}

// The reason of a failure: there always is one, for whoever is told.
static bool check_reason(char *text, size_t size, struct fault *fault)
{
    if (text[0] == '\0') {
        snprintf(text, size, "the driver did not say why");
    }
    return check_text(text, size, fault);
}

static bool check_hello(struct driver_message *message, struct fault *fault)
{
    struct driver_hello *hello = &message->hello;
    if (hello->protocol != DRIVER_PROTOCOL_VERSION) {
        return fault_set(fault, FAULT_CAMERA, 0,
                         "the driver speaks protocol %u, this agent speaks %d: install both from "
                         "the same build",
                         hello->protocol, DRIVER_PROTOCOL_VERSION);
    }
    return check_text(hello->driver, sizeof hello->driver, fault) &&
           check_text(hello->library, sizeof hello->library, fault);
}

static bool check_camera(struct driver_message *message, struct fault *fault)
{
    struct driver_camera *camera = &message->camera;
    return check_text(camera->id, sizeof camera->id, fault) &&
           check_text(camera->model, sizeof camera->model, fault) &&
           check_text(camera->location, sizeof camera->location, fault) &&
           check_lines(camera->details, sizeof camera->details, fault);
}

static bool check_configured(struct driver_message *message, struct fault *fault)
{
    struct driver_configured *configured = &message->configured;
    if (configured->width == 0 || configured->width > WIDTH_MAX || configured->height == 0 ||
        configured->height > WIDTH_MAX) {
        return fault_set(fault, FAULT_CAMERA, 0, "the driver announced the size %ux%u",
                         configured->width, configured->height);
    }
    if (configured->format == PIXEL_FORMAT_NONE || configured->format >= PIXEL_FORMAT_COUNT ||
        configured->encoding >= COLOR_ENCODING_COUNT || configured->range >= COLOR_RANGE_COUNT) {
        return fault_set(fault, FAULT_CAMERA, 0,
                         "the driver announced format %u, encoding %u, range %u",
                         configured->format, configured->encoding, configured->range);
    }
    if (configured->plane_count != driver_plane_count((enum pixel_format)configured->format)) {
        return fault_set(fault, FAULT_CAMERA, 0, "the driver announced %u planes of %s",
                         configured->plane_count,
                         pixel_format_name((enum pixel_format)configured->format));
    }
    if (configured->buffer_count < 2 || configured->buffer_count > DRIVER_BUFFERS_MAX) {
        return fault_set(fault, FAULT_CAMERA, 0, "the driver announced %u buffers",
                         configured->buffer_count);
    }
    if (!(configured->frame_interval_ms >= 0 &&
          configured->frame_interval_ms <= FRAME_INTERVAL_MAX_MS)) {
        return fault_set(fault, FAULT_CAMERA, 0, "the driver announced a frame interval of %g ms",
                         configured->frame_interval_ms);
    }
    if (configured->orientation < 1 || configured->orientation > 8) {
        return fault_set(fault, FAULT_CAMERA, 0, "the driver announced the orientation %u",
                         configured->orientation);
    }
    return check_text(configured->id, sizeof configured->id, fault) &&
           check_text(configured->model, sizeof configured->model, fault) &&
           check_text(configured->unsupported, sizeof configured->unsupported, fault);
}

// A camera that says "NaN" or "infinite" says nothing.
static void clean_facts(struct frame_facts *facts)
{
    double *numbers[] = {&facts->exposure_us,  &facts->analogue_gain,
                         &facts->digital_gain, &facts->color_temperature_k,
                         &facts->lux,          &facts->sensor_temperature_c,
                         &facts->lens_position};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (!isfinite(*numbers[i])) {
            *numbers[i] = NAN;
        }
    }
    uint32_t *states[] = {&facts->ae, &facts->awb, &facts->af};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        if (*states[i] >= CONVERGENCE_COUNT) {
            *states[i] = CONVERGENCE_UNKNOWN;
        }
    }
}

static bool check_frame(struct driver_message *message, struct fault *fault)
{
    clean_facts(&message->frame.facts);
    return message->frame.settling < SETTLING_COUNT ||
           fault_set(fault, FAULT_CAMERA, 0, "the driver sent a frame that has settled as %u",
                     message->frame.settling);
}

static bool check_failed(struct driver_message *message, struct fault *fault)
{
    return check_reason(message->failed.text, sizeof message->failed.text, fault);
}

static bool check_lost(struct driver_message *message, struct fault *fault)
{
    return check_reason(message->lost.text, sizeof message->lost.text, fault);
}

static bool check_waiting(struct driver_message *message, struct fault *fault)
{
    return check_reason(message->waiting.text, sizeof message->waiting.text, fault);
}

static bool check_log(struct driver_message *message, struct fault *fault)
{
    return check_text(message->log.text, sizeof message->log.text, fault);
}

static bool check_pong(struct driver_message *message, struct fault *fault)
{
    return message->pong.waiting_ns >= 0 ||
           fault_set(fault, FAULT_CAMERA, 0,
                     "the driver says that it has waited for less than no time");
}

static bool check_nothing(struct driver_message *message, struct fault *fault)
{
    (void)message;
    (void)fault;
    return true;
}

enum { HEAD_SIZE = offsetof(struct driver_message, hello) };
#define SIZE_WITH(member) (HEAD_SIZE + sizeof((struct driver_message *)0)->member)

static const struct kind {
    size_t size;                                                        // 0: there is none
    bool (*check)(struct driver_message *message, struct fault *fault); // NULL: it is the agent's
} kinds[] = {
    [DRIVER_HELLO] = {SIZE_WITH(hello), check_hello},
    [DRIVER_CAMERA] = {SIZE_WITH(camera), check_camera},
    [DRIVER_LIST_END] = {HEAD_SIZE, check_nothing},
    [DRIVER_CONFIGURED] = {SIZE_WITH(configured), check_configured},
    [DRIVER_BUFFER] = {SIZE_WITH(buffer), check_nothing}, // but by driver_check_buffer
    [DRIVER_STARTED] = {HEAD_SIZE, check_nothing},
    [DRIVER_FRAME] = {SIZE_WITH(frame), check_frame},
    [DRIVER_FAILED] = {SIZE_WITH(failed), check_failed},
    [DRIVER_LOST] = {SIZE_WITH(lost), check_lost},
    [DRIVER_PONG] = {SIZE_WITH(pong), check_pong},
    [DRIVER_STOPPED] = {HEAD_SIZE, check_nothing},
    [DRIVER_LOG] = {SIZE_WITH(log), check_log},
    [DRIVER_WAITING] = {SIZE_WITH(waiting), check_waiting},
    [DRIVER_APPEARED] = {HEAD_SIZE, check_nothing},
    [DRIVER_LIST] = {HEAD_SIZE, NULL},
    [DRIVER_CONFIGURE] = {SIZE_WITH(configure), NULL},
    [DRIVER_START] = {HEAD_SIZE, NULL},
    [DRIVER_SHOOT] = {SIZE_WITH(shoot), NULL},
    [DRIVER_GIVE_BACK] = {SIZE_WITH(give_back), NULL},
    [DRIVER_PING] = {HEAD_SIZE, NULL},
    [DRIVER_STOP] = {HEAD_SIZE, NULL},
};

size_t driver_message_size(uint32_t type)
{
    return type < sizeof kinds / sizeof kinds[0] ? kinds[type].size : 0;
}

bool driver_check_message(struct driver_message *message, size_t len, struct fault *fault)
{
    if (len < HEAD_SIZE) {
        return fault_set(fault, FAULT_CAMERA, 0, "the driver sent a message of %zu bytes", len);
    }
    size_t size = driver_message_size(message->type);
    if (size == 0) {
        return fault_set(fault, FAULT_CAMERA, 0, "the driver sent the unknown message type %u",
                         message->type);
    }
    if (len != size || message->size != size) {
        return fault_set(fault, FAULT_CAMERA, 0,
                         "the driver sent %zu bytes, said %u, where message type %u has %zu", len,
                         message->size, message->type, size);
    }
    if (kinds[message->type].check == NULL) {
        return fault_set(fault, FAULT_CAMERA, 0,
                         "the driver sent message type %u, which is the agent's", message->type);
    }
    return kinds[message->type].check(message, fault);
}

uint32_t driver_plane_count(enum pixel_format format)
{
    switch (format) {
    case PIXEL_FORMAT_YUV420:
        return 3;
    case PIXEL_FORMAT_NV12:
        return 2;
    case PIXEL_FORMAT_YUYV:
    case PIXEL_FORMAT_RGB888:
    case PIXEL_FORMAT_BGR888:
    case PIXEL_FORMAT_XRGB8888:
    case PIXEL_FORMAT_XBGR8888:
    case PIXEL_FORMAT_MJPEG:
        return 1;
    case PIXEL_FORMAT_NONE:
    case PIXEL_FORMAT_COUNT:
        break;
    }
    return 0;
}

void driver_plane_needs(enum pixel_format format, uint32_t plane, uint32_t width, uint32_t height,
                        uint32_t *row_bytes, uint32_t *rows)
{
    uint32_t half_width = (width + 1) / 2;
    uint32_t half_height = (height + 1) / 2;
    *rows = height;
    switch (format) {
    case PIXEL_FORMAT_YUV420:
        *row_bytes = plane == 0 ? width : half_width;
        *rows = plane == 0 ? height : half_height;
        break;
    case PIXEL_FORMAT_NV12:
        *row_bytes = plane == 0 ? width : half_width * 2;
        *rows = plane == 0 ? height : half_height;
        break;
    case PIXEL_FORMAT_YUYV:
        *row_bytes = half_width * 4;
        break;
    case PIXEL_FORMAT_RGB888:
    case PIXEL_FORMAT_BGR888:
        *row_bytes = width * 3;
        break;
    case PIXEL_FORMAT_XRGB8888:
    case PIXEL_FORMAT_XBGR8888:
        *row_bytes = width * 4;
        break;
    case PIXEL_FORMAT_MJPEG: // as long as it happens to be
    case PIXEL_FORMAT_NONE:
    case PIXEL_FORMAT_COUNT:
        *row_bytes = 0;
        *rows = 0;
        break;
    }
}

static bool check_plane(const struct driver_configured *configured,
                        const struct driver_buffer *buffer, uint32_t index,
                        const uint64_t *fd_sizes, struct fault *fault)
{
    const struct driver_plane *plane = &buffer->planes[index];
    if (plane->fd >= buffer->fd_count) {
        return fault_set(fault, FAULT_CAMERA, 0,
                         "plane %u of buffer %u lies in descriptor %u of %u", index, buffer->index,
                         plane->fd, buffer->fd_count);
    }
    if (plane->length == 0 || (uint64_t)plane->offset + plane->length > fd_sizes[plane->fd]) {
        return fault_set(fault, FAULT_CAMERA, 0,
                         "plane %u of buffer %u: %u bytes from %u do not lie in the %llu bytes of "
                         "its descriptor",
                         index, buffer->index, plane->length, plane->offset,
                         (unsigned long long)fd_sizes[plane->fd]);
    }
    uint32_t row_bytes, rows;
    driver_plane_needs((enum pixel_format)configured->format, index, configured->width,
                       configured->height, &row_bytes, &rows);
    if (rows == 0) {
        return true;
    }
    uint64_t needed = (uint64_t)plane->stride * (rows - 1) + row_bytes;
    if (plane->stride < row_bytes || plane->length < needed) {
        return fault_set(fault, FAULT_CAMERA, 0,
                         "plane %u of buffer %u: stride %u and %u bytes are too small for %u rows "
                         "of %u bytes",
                         index, buffer->index, plane->stride, plane->length, rows, row_bytes);
    }
    return true;
}

bool driver_check_buffer(const struct driver_configured *configured,
                         const struct driver_buffer *buffer, const uint64_t *fd_sizes,
                         struct fault *fault)
{
    if (buffer->plane_count != configured->plane_count || buffer->fd_count == 0 ||
        buffer->fd_count > FRAME_PLANES_MAX) {
        return fault_set(fault, FAULT_CAMERA, 0, "buffer %u has %u planes in %u descriptors",
                         buffer->index, buffer->plane_count, buffer->fd_count);
    }
    for (uint32_t i = 0; i < buffer->plane_count; i++) {
        if (!check_plane(configured, buffer, i, fd_sizes, fault)) {
            return false;
        }
    }
    return true;
}
