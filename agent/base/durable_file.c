// Writing, syncing, renaming. Any thread that may wait for the disk.
#include "base/durable_file.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool refuse(struct fault *fault, const char *verb, const char *what)
{
    return fault_set(fault, FAULT_SYSTEM, errno, "cannot %s %s: %s", verb, what, strerror(errno));
}

static void make_folders(const char *folder)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/", folder);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0755); // what fails here fails at the open, in words
        *slash = '/';
    }
}

static bool write_synced(int folder, const char *name, const void *data, size_t len,
                         struct fault *fault)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) {
        return refuse(fault, "make", name);
    }
    bool good = (file_write_all(fd, data, len) || refuse(fault, "write", name)) &&
                (fsync(fd) == 0 || refuse(fault, "sync", name));
    if (close(fd) != 0 && good) {
        good = refuse(fault, "close", name);
    }
    return good;
}

static bool replace_at(int folder, const char *name, const void *data, size_t len,
                       struct fault *fault)
{
    char partial[NAME_MAX + 1];
    int size = snprintf(partial, sizeof partial, "%s.tmp", name);
    if (size >= (int)sizeof partial) {
        return fault_set(fault, FAULT_SYSTEM, ENAMETOOLONG, "%s is too long a name", name);
    }
    bool good = write_synced(folder, partial, data, len, fault) &&
                (renameat(folder, partial, folder, name) == 0 || refuse(fault, "replace", name));
    if (!good) {
        (void)unlinkat(folder, partial, 0);
    }
    return good && (fsync(folder) == 0 || refuse(fault, "sync the folder of", name));
}

bool durable_file_replace(const char *folder, const char *name, const void *data, size_t len,
                          struct fault *fault)
{
    make_folders(folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return refuse(fault, "open the folder", folder);
    }
    bool good = replace_at(fd, name, data, len, fault);
    close(fd);
    return good || fault_prefix(fault, "%s", folder);
}
