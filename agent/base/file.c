// Writing and renaming. Any thread that may wait for the disk.
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_write_all(int fd, const void *data, size_t len)
{
    const uint8_t *at = data;
    while (len > 0) {
        ssize_t written = write(fd, at, len);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        size_t done = written > 0 ? (size_t)written : 0;
        at += done;
        len -= done;
    }
    return true;
}

static bool write_to(const char *path, int flags, const struct bytes *bytes)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);
    if (fd < 0) {
        return false;
    }
    bool good = file_write_all(fd, bytes->data, bytes->len);
    int error = errno;
    if (close(fd) != 0 && good) {
        return false;
    }
    errno = error;
    return good;
}

static bool write_and_rename(const char *path, const struct bytes *bytes, const char *partial)
{
    if (write_to(partial, O_CREAT | O_TRUNC, bytes) && rename(partial, path) == 0) {
        return true;
    }
    int error = errno;
    unlink(partial);
    errno = error;
    return false;
}

static bool replace(const char *path, const struct bytes *bytes)
{
    if (strcmp(path, "-") == 0) {
        return file_write_all(STDOUT_FILENO, bytes->data, bytes->len);
    }
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) {
        return write_to(path, 0, bytes);
    }
    char *partial = NULL;
    if (asprintf(&partial, "%s.%d.part", path, (int)getpid()) < 0) {
        errno = ENOMEM;
        return false;
    }
    bool good = write_and_rename(path, bytes, partial);
    int error = errno;
    free(partial);
    errno = error;
    return good;
}

bool file_replace(const char *path, const struct bytes *bytes, struct fault *fault)
{
    return replace(path, bytes) ||
           fault_set(fault, FAULT_SYSTEM, errno, "cannot write %s: %s",
                     strcmp(path, "-") == 0 ? "to standard output" : path, strerror(errno));
}
