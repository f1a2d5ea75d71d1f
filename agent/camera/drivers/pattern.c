// The driver of a camera made of arithmetic: a test card on a fixed frame grid, for machines
// without a camera and for tests. Only frames that somebody asked for are drawn, each at its tick.
#include "base/timing.h"
#include "camera/camera.h"
#include "camera/driver_check.h"
#include "camera/drivers/driver.h"
#include "camera/drivers/driver_memory.h"
#include "camera/drivers/frame_clock.h"
#include "camera/drivers/test_card.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    BUFFER_COUNT = 4,
    ROW_ALIGNMENT = 64,
    ROWS_BEYOND = 2, // between planes, like an ISP's padding
    LOUD = 0xEB,     // what lies beyond the picture: whoever shows it has read too far
};

static const double FPS_MIN = 0.1;
static const double FPS_MAX = 120;

struct buffer {
    struct driver_memory memory;
    bool has_card; // the parts that never change are drawn
};

struct pattern {
    struct driver *driver;
    struct frame_clock clock;
    double fps;
    struct test_card card;
    enum pixel_format format;
    struct driver_buffer layout; // of every buffer
    struct buffer buffers[BUFFER_COUNT];
};

static size_t lay_out(struct driver_buffer *layout, enum pixel_format format, uint32_t width,
                      uint32_t height)
{
    *layout = (struct driver_buffer){.plane_count = driver_plane_count(format), .fd_count = 1};
    uint32_t end = 0;
    for (uint32_t i = 0; i < layout->plane_count; i++) {
        uint32_t row_bytes;
        uint32_t rows;
        driver_plane_needs(format, i, width, height, &row_bytes, &rows);
        uint32_t stride = (row_bytes / ROW_ALIGNMENT + 1) * ROW_ALIGNMENT;
        layout->planes[i] =
            (struct driver_plane){.offset = end, .length = stride * rows, .stride = stride};
        end += stride * (rows + ROWS_BEYOND);
    }
    return end;
}

static struct test_card_target target_of(const struct pattern *pattern, uint32_t buffer)
{
    struct test_card_target target = {.format = pattern->format};
    for (uint32_t i = 0; i < pattern->layout.plane_count; i++) {
        const struct driver_plane *plane = &pattern->layout.planes[i];
        target.planes[i] = pattern->buffers[buffer].memory.data + plane->offset;
        target.strides[i] = plane->stride;
    }
    return target;
}

static void draw_first(struct pattern *pattern)
{
    struct buffer *buffer = &pattern->buffers[0];
    struct test_card_target target = target_of(pattern, 0);
    memset(buffer->memory.data, LOUD, buffer->memory.size);
    test_card_draw(&pattern->card, &(struct test_card_state){0}, &target);
    buffer->has_card = true;
}

static void draw(struct pattern *pattern, uint32_t index, const struct test_card_state *state)
{
    struct buffer *buffer = &pattern->buffers[index];
    struct test_card_target target = target_of(pattern, index);
    if (!buffer->has_card) {
        memcpy(buffer->memory.data, pattern->buffers[0].memory.data, buffer->memory.size);
        buffer->has_card = true;
    }
    test_card_update(&pattern->card, state, &target);
}

static void expose(void *context, const struct driver_shoot *shoot, uint64_t tick, int64_t tick_ns,
                   uint32_t buffer)
{
    struct pattern *pattern = context;
    const struct test_card_state state = {
        .counter = tick,
        .monotonic_ms = tick_ns / 1000000,
        .wall_ms = timing_wall_at(tick_ns) / 1000000,
    };
    draw(pattern, buffer, &state);
    const struct driver_frame frame = {
        .shot = shoot->shot,
        .captured_ns = tick_ns,
        .buffer = buffer,
        .sequence = (uint32_t)tick,
        .facts = driver_no_facts(),
    };
    driver_send_frame(pattern->driver, &frame);
}

static void pattern_open(void *context, struct driver *driver)
{
    struct pattern *pattern = context;
    pattern->driver = driver;
    frame_clock_init(&pattern->clock, driver, expose, pattern);
}

static bool pattern_list(void *context, struct fault *fault)
{
    (void)fault;
    struct pattern *pattern = context;
    struct driver_camera camera = {.id = "pattern", .model = "Test card"};
    snprintf(camera.details, sizeof camera.details,
             "any size from %dx%d to %dx%d at %g to %g fps\n"
             "YUV420, NV12, YUYV, RGB888, BGR888, XRGB8888, XBGR8888",
             TEST_CARD_WIDTH_MIN, TEST_CARD_HEIGHT_MIN, TEST_CARD_WIDTH_MAX, TEST_CARD_HEIGHT_MAX,
             FPS_MIN, FPS_MAX);
    driver_send_camera(pattern->driver, &camera);
    return true;
}

static bool check_wish(const struct driver_configure *wish, enum pixel_format *format,
                       struct fault *fault)
{
    if (wish->width < TEST_CARD_WIDTH_MIN || wish->width > TEST_CARD_WIDTH_MAX ||
        wish->height < TEST_CARD_HEIGHT_MIN || wish->height > TEST_CARD_HEIGHT_MAX) {
        return fault_set(fault, FAULT_CAMERA, EINVAL,
                         "the test card has %dx%d to %dx%d pixels, not %ux%u: change camera.width "
                         "and camera.height",
                         TEST_CARD_WIDTH_MIN, TEST_CARD_HEIGHT_MIN, TEST_CARD_WIDTH_MAX,
                         TEST_CARD_HEIGHT_MAX, wish->width, wish->height);
    }
    if (wish->fps < FPS_MIN || wish->fps > FPS_MAX) {
        return fault_set(fault, FAULT_CAMERA, EINVAL,
                         "the test card has %g to %g frames a second, not %g: change camera.fps",
                         FPS_MIN, FPS_MAX, wish->fps);
    }
    bool is_auto = strcmp(wish->format, "auto") == 0;
    *format = is_auto ? PIXEL_FORMAT_NV12 : pixel_format_by_name(wish->format);
    if (*format == PIXEL_FORMAT_MJPEG || *format == PIXEL_FORMAT_NONE) {
        return fault_set(fault, FAULT_CAMERA, EINVAL,
                         "the test card cannot be drawn as \"%s\": set camera.format to \"auto\" "
                         "or another pixel format",
                         wish->format);
    }
    return true;
}

static void let_go(struct pattern *pattern)
{
    for (int i = 0; i < BUFFER_COUNT; i++) {
        driver_memory_destroy(&pattern->buffers[i].memory);
        pattern->buffers[i].has_card = false;
    }
}

static bool share_buffers(struct pattern *pattern, size_t size, struct driver_buffers *buffers,
                          struct fault *fault)
{
    for (int i = 0; i < BUFFER_COUNT; i++) {
        if (!driver_memory_create(&pattern->buffers[i].memory, size, fault)) {
            let_go(pattern);
            return false;
        }
        buffers->list[i] = pattern->layout;
        buffers->fds[i][0] = pattern->buffers[i].memory.fd;
    }
    return true;
}

static bool pattern_configure(void *context, const struct driver_configure *wish,
                              struct driver_configured *configured, struct driver_buffers *buffers,
                              struct fault *fault)
{
    struct pattern *pattern = context;
    if (!check_wish(wish, &pattern->format, fault)) {
        return false;
    }
    size_t size = lay_out(&pattern->layout, pattern->format, wish->width, wish->height);
    if (!share_buffers(pattern, size, buffers, fault)) {
        return false;
    }
    pattern->fps = wish->fps;
    pattern->clock.keeps_latest = wish->keep_latest != 0;
    test_card_init(&pattern->card, wish->width, wish->height);
    draw_first(pattern); // so that the first shot is as fast as the next
    *configured = (struct driver_configured){
        .width = wish->width,
        .height = wish->height,
        .format = pattern->format,
        .encoding = COLOR_ENCODING_REC601,
        .range = COLOR_RANGE_FULL,
        .plane_count = pattern->layout.plane_count,
        .buffer_count = BUFFER_COUNT,
        .frame_interval_ms = 1000 / wish->fps,
        .id = "pattern",
        .model = "Test card",
    };
    return true;
}

static bool pattern_start(void *context, struct fault *fault)
{
    (void)fault;
    struct pattern *pattern = context;
    frame_clock_start(&pattern->clock, pattern->fps, BUFFER_COUNT);
    return true;
}

static void pattern_shoot(void *context, const struct driver_shoot *shoot)
{
    struct pattern *pattern = context;
    frame_clock_shoot(&pattern->clock, shoot);
}

static void pattern_give_back(void *context, uint32_t buffer)
{
    (void)buffer;
    struct pattern *pattern = context;
    frame_clock_give_back(&pattern->clock);
}

static void pattern_stop(void *context)
{
    struct pattern *pattern = context;
    frame_clock_stop(&pattern->clock);
}

static void pattern_close(void *context)
{
    let_go(context);
}

int main(void)
{
    static const struct driver_ops ops = {
        .open = pattern_open,
        .list = pattern_list,
        .configure = pattern_configure,
        .start = pattern_start,
        .shoot = pattern_shoot,
        .give_back = pattern_give_back,
        .stop = pattern_stop,
        .close = pattern_close,
    };
    static struct pattern pattern;
    return driver_main("pattern", "test card " STILL2MQTT_VERSION, &ops, &pattern);
}
