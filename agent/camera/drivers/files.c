// The driver of a folder: each shot takes the next file, passed through (JPEG), decoded, or as it
// is (raw I420). For tests, demonstrations, and pictures that another program makes.
#include "base/bytes.h"
#include "base/flood.h"
#include "base/timing.h"
#include "camera/camera.h"
#include "camera/driver_check.h"
#include "camera/drivers/driver.h"
#include "camera/drivers/driver_memory.h"
#include "camera/drivers/frame_clock.h"
#include "camera/drivers/frame_folder.h"
#include "picture/jpeg_decode.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
    BUFFER_COUNT = 4,
    MIB = 1024 * 1024,
    JPEG_MAX = 64 * MIB, // beyond any camera's; four buffers must stay addressable
    SIDE_MAX = 16384,    // of raw frames, in pixels
    SKIP_LINES = 8,      // in the log, in SKIP_WINDOW_MS
    SKIP_WINDOW_MS = 60000,
};

struct files {
    struct driver *driver;
    struct frame_clock clock;
    struct frame_folder folder;
    struct flood skips;
    enum frame_file kind;
    enum pixel_format format;
    uint32_t width;
    uint32_t height;
    double fps;
    uint32_t sequence;
    struct driver_buffer layout; // of every buffer
    struct driver_memory buffers[BUFFER_COUNT];
    struct bytes jpeg; // the file, where it is decoded
};

static bool load_decoded(struct files *files, const char *name, uint8_t *data, struct fault *fault)
{
    bytes_clear(&files->jpeg);
    size_t len;
    if (!bytes_reserve(&files->jpeg, JPEG_MAX, fault) ||
        !frame_folder_read(&files->folder, name, files->jpeg.data, JPEG_MAX, &len, fault)) {
        return false;
    }
    uint8_t *planes[FRAME_PLANES_MAX];
    uint32_t strides[FRAME_PLANES_MAX];
    for (int i = 0; i < FRAME_PLANES_MAX; i++) {
        planes[i] = data + files->layout.planes[i].offset;
        strides[i] = files->layout.planes[i].stride;
    }
    return jpeg_decode_yuv420(files->jpeg.data, len, files->width, files->height, planes, strides,
                              fault) ||
           fault_prefix(fault, "%s", name);
}

static bool load_raw(struct files *files, const char *name, const struct driver_memory *buffer,
                     struct fault *fault)
{
    size_t len;
    if (!frame_folder_read(&files->folder, name, buffer->data, buffer->size, &len, fault)) {
        return false;
    }
    return len == buffer->size ||
           fault_set(fault, FAULT_CAMERA, 0, "%s has %zu bytes, but %ux%u pixels of I420 are %zu",
                     name, len, files->width, files->height, buffer->size);
}

// `used`: bytes of a JPEG, 0 for raw pixels.
static bool load(struct files *files, const char *name, const struct driver_memory *buffer,
                 uint32_t *used, struct fault *fault)
{
    *used = 0;
    if (files->kind == FRAME_FILE_RAW) {
        return load_raw(files, name, buffer, fault);
    }
    if (files->format == PIXEL_FORMAT_YUV420) {
        return load_decoded(files, name, buffer->data, fault);
    }
    size_t len;
    if (!frame_folder_read(&files->folder, name, buffer->data, buffer->size, &len, fault)) {
        return false;
    }
    *used = (uint32_t)len;
    return true;
}

static void log_skip(struct files *files, const struct fault *why)
{
    uint32_t kept_back;
    if (flood_pass(&files->skips, timing_now_ns(), &kept_back)) {
        driver_log(files->driver, LOG_LEVEL_WARNING, "a file is left out: %s", why->text);
    }
    if (kept_back > 0) {
        driver_log(files->driver, LOG_LEVEL_WARNING, "%u more files were left out", kept_back);
    }
}

// Fills the buffer with the next file that can be shown; gives up after one whole round.
static bool load_next(struct files *files, const struct driver_memory *buffer,
                      struct driver_frame *frame, struct fault *fault)
{
    fault_set(fault, FAULT_CAMERA, ENOENT, "no file in \"%s\" can be shown", files->folder.path);
    for (int tries = 0; tries <= files->folder.count; tries++) {
        const char *name = frame_folder_next(&files->folder, fault);
        if (name == NULL) {
            return false;
        }
        if (frame_folder_kind(name) != files->kind) {
            continue;
        }
        frame->captured_ns = timing_now_ns();
        struct fault why;
        if (load(files, name, buffer, &frame->used[0], &why)) {
            return true;
        }
        log_skip(files, &why);
        fault_set(fault, FAULT_CAMERA, why.code, "no file in \"%s\" can be shown: %s",
                  files->folder.path, why.text);
    }
    return false;
}

static void expose(void *context, const struct driver_shoot *shoot, uint64_t tick, int64_t tick_ns,
                   uint32_t buffer)
{
    (void)tick;
    (void)tick_ns;
    struct files *files = context;
    struct driver_frame frame = {
        .shot = shoot->shot,
        .buffer = buffer,
        .facts = driver_no_facts(),
    };
    struct fault fault;
    if (!load_next(files, &files->buffers[buffer], &frame, &fault)) {
        driver_send_failed(files->driver, shoot->shot, &fault);
        return;
    }
    frame.sequence = files->sequence++;
    driver_send_frame(files->driver, &frame);
}

static void files_open(void *context, struct driver *driver)
{
    struct files *files = context;
    files->driver = driver;
    files->skips = (struct flood){.most = SKIP_LINES, .window_ms = SKIP_WINDOW_MS};
    frame_clock_init(&files->clock, driver, expose, files);
}

static bool files_list(void *context, struct fault *fault)
{
    (void)fault;
    struct files *files = context;
    static const struct driver_camera camera = {
        .id = "files",
        .model = "Folder of pictures",
        .details = "camera.path is a folder of *.jpg and *.jpeg (format MJPEG or YUV420), or of "
                   "*.i420 and *.yuv (format YUV420)",
    };
    driver_send_camera(files->driver, &camera);
    return true;
}

static bool choose_format(struct files *files, const char *wish, struct fault *fault)
{
    enum pixel_format format = pixel_format_by_name(wish);
    bool is_jpeg = files->kind == FRAME_FILE_JPEG;
    if (strcmp(wish, "auto") == 0) {
        format = is_jpeg ? PIXEL_FORMAT_MJPEG : PIXEL_FORMAT_YUV420;
    }
    if (format == PIXEL_FORMAT_YUV420 || (format == PIXEL_FORMAT_MJPEG && is_jpeg)) {
        files->format = format;
        return true;
    }
    return fault_set(fault, FAULT_CAMERA, EINVAL,
                     "the files in \"%s\" cannot be given as \"%s\": set camera.format to \"auto\"",
                     files->folder.path, wish);
}

// One descriptor a buffer; of raw pixels the planes without padding, as they lie in a file.
static bool lay_out(struct files *files, size_t largest, size_t *size, struct fault *fault)
{
    struct driver_buffer *layout = &files->layout;
    *layout =
        (struct driver_buffer){.plane_count = driver_plane_count(files->format), .fd_count = 1};
    *size = 0;
    if (files->format == PIXEL_FORMAT_MJPEG) {
        // files that come later may be larger
        size_t room = 2 * (largest < MIB ? MIB : largest);
        *size = room > JPEG_MAX ? JPEG_MAX : room;
        layout->planes[0] = (struct driver_plane){.length = (uint32_t)*size};
        return true;
    }
    if (files->width > SIDE_MAX || files->height > SIDE_MAX) {
        return fault_set(fault, FAULT_CAMERA, EINVAL,
                         "a frame of %ux%u is too large: change camera.width and camera.height",
                         files->width, files->height);
    }
    for (uint32_t i = 0; i < layout->plane_count; i++) {
        uint32_t row_bytes;
        uint32_t rows;
        driver_plane_needs(files->format, i, files->width, files->height, &row_bytes, &rows);
        layout->planes[i] = (struct driver_plane){
            .offset = (uint32_t)*size, .length = row_bytes * rows, .stride = row_bytes};
        *size += layout->planes[i].length;
    }
    return true;
}

static void let_go(struct files *files)
{
    for (int i = 0; i < BUFFER_COUNT; i++) {
        driver_memory_destroy(&files->buffers[i]);
    }
    frame_folder_close(&files->folder);
    bytes_fini(&files->jpeg);
}

static bool share_buffers(struct files *files, size_t size, struct driver_buffers *buffers,
                          struct fault *fault)
{
    for (int i = 0; i < BUFFER_COUNT; i++) {
        if (!driver_memory_create(&files->buffers[i], size, fault)) {
            return false;
        }
        buffers->list[i] = files->layout;
        buffers->fds[i][0] = files->buffers[i].fd;
    }
    return true;
}

// What is passed through has the size that the first file has, whatever was asked for.
static void read_size(struct files *files)
{
    struct driver_frame frame;
    struct fault fault;
    uint32_t width;
    uint32_t height;
    const uint8_t *data = files->buffers[0].data;
    if (files->format == PIXEL_FORMAT_MJPEG &&
        load_next(files, &files->buffers[0], &frame, &fault) &&
        jpeg_decode_size(data, frame.used[0], &width, &height, &fault)) {
        files->width = width;
        files->height = height;
    }
    files->folder.next = 0;
}

static bool prepare(struct files *files, const struct driver_configure *wish,
                    struct driver_buffers *buffers, struct fault *fault)
{
    if (!frame_folder_open(&files->folder, wish->path, fault)) {
        return false;
    }
    files->kind = frame_folder_kind(files->folder.entries[0]->d_name);
    files->width = wish->width;
    files->height = wish->height;
    files->fps = wish->fps;
    files->clock.keeps_latest = wish->keep_latest != 0;
    size_t largest;
    int others = files->folder.count - frame_folder_count(&files->folder, files->kind, &largest);
    if (others > 0) {
        driver_log(files->driver, LOG_LEVEL_WARNING,
                   "%d files in \"%s\" are of another kind than the first and are left out", others,
                   files->folder.path);
    }
    size_t size;
    return choose_format(files, wish->format, fault) && lay_out(files, largest, &size, fault) &&
           share_buffers(files, size, buffers, fault);
}

static bool files_configure(void *context, const struct driver_configure *wish,
                            struct driver_configured *configured, struct driver_buffers *buffers,
                            struct fault *fault)
{
    struct files *files = context;
    if (!prepare(files, wish, buffers, fault)) {
        let_go(files);
        return false;
    }
    read_size(files);
    *configured = (struct driver_configured){
        .width = files->width,
        .height = files->height,
        .format = files->format,
        .encoding = COLOR_ENCODING_REC601,
        .range = COLOR_RANGE_FULL,
        .plane_count = files->layout.plane_count,
        .buffer_count = BUFFER_COUNT,
        .frame_interval_ms = 1000 / files->fps,
        .id = "files",
        .model = "Folder of pictures",
    };
    return true;
}

static bool files_start(void *context, struct fault *fault)
{
    (void)fault;
    struct files *files = context;
    frame_clock_start(&files->clock, files->fps, BUFFER_COUNT);
    return true;
}

static void files_shoot(void *context, const struct driver_shoot *shoot)
{
    struct files *files = context;
    frame_clock_shoot(&files->clock, shoot);
}

static void files_give_back(void *context, uint32_t buffer)
{
    (void)buffer;
    struct files *files = context;
    frame_clock_give_back(&files->clock);
}

static void files_stop(void *context)
{
    struct files *files = context;
    frame_clock_stop(&files->clock);
}

static void files_close(void *context)
{
    let_go(context);
}

int main(void)
{
    static const struct driver_ops ops = {
        .open = files_open,
        .list = files_list,
        .configure = files_configure,
        .start = files_start,
        .shoot = files_shoot,
        .give_back = files_give_back,
        .stop = files_stop,
        .close = files_close,
    };
    static struct files files;
    return driver_main("files", "files " STILL2MQTT_VERSION, &ops, &files);
}
