// For tests only, preloaded into the libcamera driver: lets the unmodified virtual pipeline run
// unprivileged, on a kernel without /dev/udmabuf and /dev/dma_heap.
//
// A memfd stands for the device /dev/udmabuf; a buffer "made" by it is the memfd that it was to be
// made of, which can be mapped and passed on like a dma-buf. VCAM_YAML replaces the path of
// virtual.yaml, which is compiled into libcamera. VCAM_FIRMWARE_NODE names a file with the firmware
// node of the virtual USB controller, which has none: libcamera wants one to name a USB camera.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char DEVICE[] = "/dev/udmabuf";

static const struct {
    const char *end; // of a path
    const char *variable;
} redirections[] = {
    {"/libcamera/pipeline/virtual/virtual.yaml", "VCAM_YAML"},
    {"/vhci_hcd.0/firmware_node/path", "VCAM_FIRMWARE_NODE"},
};

// Every open() is a duplicate of this one, so that each is known by its inode.
static int device = -1;
static struct stat device_status;
static pthread_once_t device_once = PTHREAD_ONCE_INIT;

static void device_create(void)
{
    device = memfd_create("udmabuf", MFD_CLOEXEC);
    fstat(device, &device_status);
}

static int device_open(void)
{
    pthread_once(&device_once, device_create);
    return fcntl(device, F_DUPFD_CLOEXEC, 0);
}

static bool is_device(int fd)
{
    struct stat status;
    return device >= 0 && fstat(fd, &status) == 0 && status.st_ino == device_status.st_ino &&
           status.st_dev == device_status.st_dev;
}

static const char *redirect(const char *path)
{
    size_t len = strlen(path);
    for (size_t i = 0; i < sizeof redirections / sizeof redirections[0]; i++) {
        const char *other = getenv(redirections[i].variable);
        size_t end = strlen(redirections[i].end);
        if (other != NULL && len >= end && strcmp(path + len - end, redirections[i].end) == 0) {
            return other;
        }
    }
    return path;
}

// dlsym gives an object pointer, POSIX promises that it holds a function's.
#define REAL(name) __extension__((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

#define DEFINE_OPEN(name)                               \
    int name(const char *path, int flags, ...)          \
    {                                                   \
        mode_t mode = 0;                                \
        if ((flags & (O_CREAT | __O_TMPFILE)) != 0) {   \
            va_list arguments;                          \
            va_start(arguments, flags);                 \
            mode = va_arg(arguments, mode_t);           \
            va_end(arguments);                          \
        }                                               \
        if (strcmp(path, DEVICE) == 0) {                \
            return device_open();                       \
        }                                               \
        return REAL(name)(redirect(path), flags, mode); \
    }

DEFINE_OPEN(open)
DEFINE_OPEN(open64)

// libcamera asks with stat() whether the file is there, and reads it with fopen(), whose own open()
// cannot be replaced.
#define DEFINE_STAT(name, type)                                    \
    int name(const char *restrict path, struct type *restrict out) \
    {                                                              \
        return REAL(name)(redirect(path), out);                    \
    }

DEFINE_STAT(stat, stat)
DEFINE_STAT(stat64, stat64)

#define DEFINE_FOPEN(name)                                           \
    FILE *name(const char *restrict path, const char *restrict mode) \
    {                                                                \
        return REAL(name)(redirect(path), mode);                     \
    }

DEFINE_FOPEN(fopen)
DEFINE_FOPEN(fopen64)

// Refuses what the kernel's udmabuf refuses, so that a test passes for the right reason.
static int buffer_create(const struct udmabuf_create *create)
{
    struct stat status;
    unsigned long long page = (unsigned long long)sysconf(_SC_PAGESIZE);
    bool is_aligned = create->offset % page == 0 && create->size % page == 0 && create->size > 0;
    if (!is_aligned || create->offset != 0 || fstat((int)create->memfd, &status) != 0 ||
        (unsigned long long)status.st_size < create->size ||
        (fcntl((int)create->memfd, F_GET_SEALS) & F_SEAL_SHRINK) == 0) {
        errno = EINVAL;
        return -1;
    }
    return fcntl((int)create->memfd, F_DUPFD_CLOEXEC, 0);
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (request == UDMABUF_CREATE && is_device(fd)) {
        return buffer_create(argument);
    }
    int result = REAL(ioctl)(fd, request, argument);
    bool is_dma_buf_call = request == DMA_BUF_IOCTL_SYNC || request == DMA_BUF_SET_NAME_A ||
                           request == DMA_BUF_SET_NAME_B;
    return result < 0 && errno == ENOTTY && is_dma_buf_call ? 0 : result;
}
