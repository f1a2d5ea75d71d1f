// Buffers and loans. Belongs to the main thread; a holder on another thread only reads the pixels.
#include "camera/driver_pool.h"

#include "base/timing.h"
#include "camera/driver_check.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

struct mapping {
    void *address;
    size_t size;
};

struct slot {
    struct driver_buffer buffer;
    struct mapping mappings[FRAME_PLANES_MAX]; // one a descriptor
    int sync_fds[FRAME_PLANES_MAX];            // dma-bufs want to be told of reads; -1: a memfd
    struct frame frame;
    bool is_lent;
};

struct driver_pool {
    struct driver_configured configured;
    uint32_t filled;
    uint32_t loans;
    bool abandoned;
    struct slot slots[DRIVER_BUFFERS_MAX];
};

struct driver_pool *driver_pool_create(const struct driver_configured *configured,
                                       struct fault *fault)
{
    struct driver_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for the camera's buffers");
        return NULL;
    }
    pool->configured = *configured;
    return pool;
}

static void unmap_slot(struct slot *slot)
{
    for (int i = 0; i < FRAME_PLANES_MAX; i++) {
        if (slot->mappings[i].address != NULL) {
            munmap(slot->mappings[i].address, slot->mappings[i].size);
        }
        if (slot->sync_fds[i] >= 0) {
            close(slot->sync_fds[i]);
        }
    }
}

static void destroy(struct driver_pool *pool)
{
    for (uint32_t i = 0; i < pool->filled; i++) {
        unmap_slot(&pool->slots[i]);
    }
    free(pool);
}

// A memfd whose owner can still shrink it would turn a read into SIGBUS. Descriptors without seals
// (dma-bufs) cannot be resized at all.
static bool check_cannot_shrink(int fd, bool *is_memfd, struct fault *fault)
{
    int seals = fcntl(fd, F_GET_SEALS);
    *is_memfd = seals >= 0;
    if (seals >= 0 && (seals & F_SEAL_SHRINK) == 0) {
        return fault_set(fault, FAULT_CAMERA, 0, "the driver's buffer is not sealed");
    }
    if (seals < 0) {
        // a regular file has no seals either, and can shrink: only a dma-buf knows this ioctl
        struct dma_buf_sync sync = {.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ};
        if (ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync) != 0) {
            return fault_set(fault, FAULT_CAMERA, errno,
                             "the driver's buffer is neither a memfd nor a dma-buf: %s",
                             strerror(errno));
        }
        sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ;
        ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync);
    }
    return true;
}

static bool map_descriptor(struct slot *slot, uint32_t index, int fd, uint64_t size,
                           struct fault *fault)
{
    bool is_memfd;
    if (!check_cannot_shrink(fd, &is_memfd, fault)) {
        return false;
    }
    void *address = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (address == MAP_FAILED) {
        return fault_set(fault, FAULT_CAMERA, errno, "cannot map the driver's buffer: %s",
                         strerror(errno));
    }
    slot->mappings[index] = (struct mapping){address, size};
    slot->sync_fds[index] = is_memfd ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return true;
}

static void point_planes(const struct driver_pool *pool, struct slot *slot)
{
    const struct driver_configured *configured = &pool->configured;
    slot->frame = (struct frame){
        .width = configured->width,
        .height = configured->height,
        .format = (enum pixel_format)configured->format,
        .encoding = (enum color_encoding)configured->encoding,
        .range = (enum color_range)configured->range,
        .plane_count = configured->plane_count,
        .orientation = configured->orientation,
        .camera_model = configured->model,
        .buffer = slot->buffer.index,
    };
    for (uint32_t i = 0; i < configured->plane_count; i++) {
        const struct driver_plane *plane = &slot->buffer.planes[i];
        const uint8_t *base = slot->mappings[plane->fd].address;
        slot->frame.planes[i] =
            (struct frame_plane){base + plane->offset, plane->length, plane->stride};
    }
}

bool driver_pool_add(struct driver_pool *pool, const struct driver_buffer *buffer, const int *fds,
                     struct fault *fault)
{
    if (driver_pool_is_full(pool) || buffer->index != pool->filled ||
        buffer->fd_count > FRAME_PLANES_MAX) {
        return fault_set(fault, FAULT_CAMERA, 0, "the driver sent buffer %u where %u was next",
                         buffer->index, pool->filled);
    }
    uint64_t sizes[FRAME_PLANES_MAX] = {0};
    for (uint32_t i = 0; i < buffer->fd_count; i++) {
        off_t end = lseek(fds[i], 0, SEEK_END); // dma-bufs answer this, but not fstat
        sizes[i] = end > 0 ? (uint64_t)end : 0;
    }
    if (!driver_check_buffer(&pool->configured, buffer, sizes, fault)) {
        return false;
    }
    struct slot *slot = &pool->slots[pool->filled];
    *slot = (struct slot){.buffer = *buffer, .sync_fds = {-1, -1, -1}};
    for (uint32_t i = 0; i < buffer->fd_count; i++) {
        if (!map_descriptor(slot, i, fds[i], sizes[i], fault)) {
            unmap_slot(slot);
            return false;
        }
    }
    point_planes(pool, slot);
    slot->frame.pool = pool;
    pool->filled++;
    return true;
}

bool driver_pool_is_full(const struct driver_pool *pool)
{
    return pool->filled == pool->configured.buffer_count;
}

// Caches are made coherent where the loan begins and ends, so that no holder can forget it.
static void sync_slot(const struct slot *slot, uint64_t edge)
{
    for (int i = 0; i < FRAME_PLANES_MAX; i++) {
        struct dma_buf_sync sync = {.flags = edge | DMA_BUF_SYNC_READ};
        if (slot->sync_fds[i] >= 0 && ioctl(slot->sync_fds[i], DMA_BUF_IOCTL_SYNC, &sync) != 0) {
            continue; // the exporter has gone with its device: the pages are still ours to read
        }
    }
}

static bool check_frame(const struct driver_pool *pool, const struct driver_frame *message,
                        int64_t now_ns, struct fault *fault)
{
    if (message->buffer >= pool->filled || pool->slots[message->buffer].is_lent) {
        return fault_set(fault, FAULT_CAMERA, 0,
                         "the driver sent a frame in buffer %u, which is not its to send",
                         message->buffer);
    }
    if (message->captured_ns <= 0 || message->captured_ns > now_ns) {
        return fault_set(fault, FAULT_CAMERA, 0,
                         "the driver sent a frame of the time %lld ns, when it is %lld ns",
                         (long long)message->captured_ns, (long long)now_ns);
    }
    const struct driver_buffer *buffer = &pool->slots[message->buffer].buffer;
    bool is_mjpeg = pool->configured.format == PIXEL_FORMAT_MJPEG;
    for (uint32_t i = 0; i < buffer->plane_count; i++) {
        uint32_t used = message->used[i];
        uint32_t row_bytes, rows;
        driver_plane_needs((enum pixel_format)pool->configured.format, i, pool->configured.width,
                           pool->configured.height, &row_bytes, &rows);
        uint64_t needed =
            rows == 0 ? 1 : (uint64_t)buffer->planes[i].stride * (rows - 1) + row_bytes;
        if (used > buffer->planes[i].length || ((is_mjpeg || used != 0) && used < needed)) {
            return fault_set(fault, FAULT_CAMERA, 0,
                             "the driver sent a frame with %u bytes in plane %u, which holds %u "
                             "and needs %llu",
                             used, i, buffer->planes[i].length, (unsigned long long)needed);
        }
    }
    return true;
}

struct frame *driver_pool_lend(struct driver_pool *pool, const struct driver_frame *message,
                               int64_t now_ns, struct fault *fault)
{
    if (!check_frame(pool, message, now_ns, fault)) {
        return NULL;
    }
    struct slot *slot = &pool->slots[message->buffer];
    struct frame *frame = &slot->frame;
    frame->sequence = message->sequence;
    frame->captured_ns = message->captured_ns;
    frame->captured_is_estimate = message->captured_is_estimate != 0;
    frame->settling = (enum settling)message->settling;
    frame->settle_ms = message->settle_ms;
    frame->facts = message->facts;
    for (uint32_t i = 0; i < frame->plane_count; i++) {
        frame->planes[i].size =
            message->used[i] != 0 ? message->used[i] : slot->buffer.planes[i].length;
    }
    sync_slot(slot, DMA_BUF_SYNC_START);
    slot->is_lent = true;
    pool->loans++;
    return frame;
}

bool driver_pool_give_back(struct frame *frame)
{
    struct driver_pool *pool = frame->pool;
    struct slot *slot = &pool->slots[frame->buffer];
    assert(slot->is_lent && pool->loans > 0);
    sync_slot(slot, DMA_BUF_SYNC_END);
    slot->is_lent = false;
    pool->loans--;
    if (pool->abandoned && pool->loans == 0) {
        destroy(pool);
        return false;
    }
    return !pool->abandoned;
}

void driver_pool_abandon(struct driver_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    pool->abandoned = true;
    if (pool->loans == 0) {
        destroy(pool);
    }
}

bool driver_pool_owns(const struct driver_pool *pool, const struct frame *frame)
{
    return pool != NULL && frame->pool == pool;
}
