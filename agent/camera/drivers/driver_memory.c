// Memory shared with the agent. Used by a driver's one thread.
#include "camera/drivers/driver_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool driver_memory_create(struct driver_memory *memory, size_t size, struct fault *fault)
{
    int fd = memfd_create("still2mqtt-frame", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    void *data = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, (off_t)size) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
        data = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (data == MAP_FAILED) {
        fault_set(fault, FAULT_SYSTEM, errno, "cannot share %zu bytes with the agent: %s", size,
                  strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    *memory = (struct driver_memory){fd, data, size};
    return true;
}

void driver_memory_destroy(struct driver_memory *memory)
{
    if (memory->data != NULL) {
        munmap(memory->data, memory->size);
        close(memory->fd);
    }
    *memory = (struct driver_memory){0};
}
