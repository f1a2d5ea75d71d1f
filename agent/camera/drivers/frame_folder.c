// A folder of frames. Used by the files driver's one thread, which may wait for the disk.
#include "camera/drivers/frame_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has_ending(const char *name, const char *ending)
{
    size_t len = strlen(name);
    size_t ending_len = strlen(ending);
    return len > ending_len && strcasecmp(name + len - ending_len, ending) == 0;
}

enum frame_file frame_folder_kind(const char *name)
{
    return has_ending(name, ".i420") || has_ending(name, ".yuv") ? FRAME_FILE_RAW : FRAME_FILE_JPEG;
}

static int is_frame(const struct dirent *entry)
{
    return has_ending(entry->d_name, ".jpg") || has_ending(entry->d_name, ".jpeg") ||
           frame_folder_kind(entry->d_name) == FRAME_FILE_RAW;
}

static bool scan(struct frame_folder *folder, struct fault *fault)
{
    frame_folder_close(folder);
    int count = scandir(folder->path, &folder->entries, is_frame, versionsort);
    if (count < 0) {
        folder->entries = NULL;
        return fault_set(fault, FAULT_CAMERA, errno,
                         "cannot read the folder \"%s\": %s: set camera.path to a folder of "
                         "pictures",
                         folder->path, strerror(errno));
    }
    folder->count = count;
    if (count == 0) {
        return fault_set(fault, FAULT_CAMERA, ENOENT,
                         "the folder \"%s\" has no picture: put *.jpg, *.jpeg, *.i420 or *.yuv "
                         "files into it, or change camera.path",
                         folder->path);
    }
    return true;
}

bool frame_folder_open(struct frame_folder *folder, const char *path, struct fault *fault)
{
    *folder = (struct frame_folder){0};
    if (path[0] == '\0') {
        return fault_set(fault, FAULT_CAMERA, ENOENT,
                         "there is no folder to show: set camera.path to a folder of pictures");
    }
    snprintf(folder->path, sizeof folder->path, "%s", path);
    return scan(folder, fault);
}

void frame_folder_close(struct frame_folder *folder)
{
    for (int i = 0; i < folder->count; i++) {
        free(folder->entries[i]);
    }
    free(folder->entries);
    folder->entries = NULL;
    folder->count = 0;
    folder->next = 0;
}

const char *frame_folder_next(struct frame_folder *folder, struct fault *fault)
{
    if (folder->next >= folder->count && !scan(folder, fault)) {
        return NULL;
    }
    return folder->entries[folder->next++]->d_name;
}

// O_NONBLOCK: what has a picture's name may be a pipe that nobody writes to.
static int open_file(const struct frame_folder *folder, const char *name, struct stat *status)
{
    char path[sizeof folder->path + sizeof folder->entries[0]->d_name + 1];
    snprintf(path, sizeof path, "%s/%s", folder->path, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, status) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static size_t read_all(int fd, uint8_t *data, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t got = read(fd, data + done, len - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        done += (size_t)got;
    }
    return done;
}

bool frame_folder_read(const struct frame_folder *folder, const char *name, uint8_t *data,
                       size_t room, size_t *len, struct fault *fault)
{
    struct stat status;
    int fd = open_file(folder, name, &status);
    if (fd < 0) {
        return fault_set(fault, FAULT_CAMERA, errno, "%s: %s", name, strerror(errno));
    }
    size_t size = S_ISREG(status.st_mode) ? (size_t)status.st_size : 0;
    bool fits = size > 0 && size <= room;
    size_t got = fits ? read_all(fd, data, size) : 0;
    close(fd);
    if (!fits) {
        return fault_set(fault, FAULT_CAMERA, 0, "%s has %zu bytes, where there is room for %zu",
                         name, size, room);
    }
    if (got != size) {
        return fault_set(fault, FAULT_CAMERA, 0, "%s became shorter while it was read", name);
    }
    *len = size;
    return true;
}

int frame_folder_count(const struct frame_folder *folder, enum frame_file kind, size_t *largest)
{
    int count = 0;
    *largest = 0;
    for (int i = 0; i < folder->count; i++) {
        const char *name = folder->entries[i]->d_name;
        if (frame_folder_kind(name) != kind) {
            continue;
        }
        count++;
        struct stat status;
        int fd = open_file(folder, name, &status);
        if (fd >= 0) {
            close(fd);
            *largest = (size_t)status.st_size > *largest ? (size_t)status.st_size : *largest;
        }
    }
    return count;
}
