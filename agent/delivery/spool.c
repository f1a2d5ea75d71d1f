// The folder of the spool. The publisher's thread; pictures are never changed, only made and
// removed whole.
#include "delivery/spool.h"

#include "base/timing.h"
#include "delivery/spool_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DIGITS = 16, NAME_SIZE = DIGITS + 16 };

static const char picture_suffix[] = ".picture";
static const char tmp_suffix[] = ".tmp";
static const char quarantine_name[] = "quarantine";

struct spool {
    const char *path;
    int folder;           // -1: not open
    uint64_t last_number; // in use, or of a picture in quarantine
};

struct spool *spool_create(const char *path, struct fault *fault)
{
    struct spool *spool = calloc(1, sizeof *spool);
    if (spool == NULL) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for the spool");
        return NULL;
    }
    *spool = (struct spool){.path = path, .folder = -1};
    return spool;
}

static void shut(struct spool *spool)
{
    if (spool->folder >= 0) {
        close(spool->folder);
    }
    spool->folder = -1;
}

void spool_destroy(struct spool *spool)
{
    if (spool != NULL) {
        shut(spool);
    }
    free(spool);
}

bool spool_is_open(const struct spool *spool)
{
    return spool->folder >= 0;
}

static void name_of(uint64_t number, const char *suffix, char name[static NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "%0*" PRIx64 "%s", DIGITS, number, suffix);
}

// The number of a name that is one of ours with this suffix; 0 if it is none.
static uint64_t number_of(const char *name, const char *suffix)
{
    if (strspn(name, "0123456789abcdef") != DIGITS || strcmp(name + DIGITS, suffix) != 0) {
        return 0;
    }
    uint64_t number = strtoull(name, NULL, 16);
    return number < UINT64_MAX / 2 ? number : 0; // so that there is always a next one
}

static bool is_for_people(int error)
{
    return error == EACCES || error == EPERM || error == ENOTDIR || error == ELOOP ||
           error == ENAMETOOLONG || error == ENOENT;
}

static bool system_fault(struct fault *fault, const struct spool *spool, int error,
                         const char *verb)
{
    return fault_set(fault, is_for_people(error) ? FAULT_CONFIG : FAULT_SYSTEM, error,
                     "cannot %s %s: %s", verb, spool->path, strerror(error));
}

static bool make_folders(const struct spool *spool, struct fault *fault)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s", spool->path);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0755); // what fails here fails below, in words
        *slash = '/';
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return system_fault(fault, spool, errno, "make the folder");
    }
    return true;
}

// So that the folder itself survives a power cut; where it cannot be synced, neither can a picture.
static void sync_parent(int folder)
{
    int parent = openat(folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent >= 0) {
        (void)fsync(parent);
        close(parent);
    }
}

static bool check_folder(const struct spool *spool, int folder, struct fault *fault)
{
    struct stat stat;
    if (fstat(folder, &stat) != 0) {
        return system_fault(fault, spool, errno, "look at");
    }
    if (stat.st_uid != geteuid()) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "the spool %s belongs to another user (%u): chown it", spool->path,
                         (unsigned)stat.st_uid);
    }
    if ((stat.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "others can write to the spool %s: \"chmod 700\" it", spool->path);
    }
    if (flock(folder, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            return fault_set(fault, FAULT_CONFIG, 0,
                             "another agent is using the spool %s: give each its own spool.path",
                             spool->path);
        }
        return system_fault(fault, spool, errno, "lock");
    }
    return true;
}

// A stream over a folder below the spool, or over itself ("."); the descriptor is the stream's.
static DIR *open_stream(const struct spool *spool, const char *name)
{
    int fd = openat(spool->folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    if (stream == NULL && fd >= 0) {
        close(fd);
    }
    return stream;
}

static void note_number(struct spool *spool, uint64_t number)
{
    if (number > spool->last_number) {
        spool->last_number = number;
    }
}

// Where it returns NULL, errno is 0 at the end, and else says why there is no more to be had.
static struct dirent *next_entry(DIR *stream)
{
    errno = 0;
    return readdir(stream);
}

// Removes what was being written when an agent died; where the disk does not let it, no new picture
// gets its name. A name that is not seen could be given again to another picture, which would
// then take its place: a folder that cannot be read to its end is not used.
static bool clean_up(struct spool *spool, struct fault *fault)
{
    DIR *stream = open_stream(spool, ".");
    if (stream == NULL) {
        return system_fault(fault, spool, errno, "read");
    }
    for (struct dirent *entry; (entry = next_entry(stream)) != NULL;) {
        uint64_t unfinished = number_of(entry->d_name, tmp_suffix);
        note_number(spool, number_of(entry->d_name, picture_suffix));
        if (unfinished != 0 && unlinkat(spool->folder, entry->d_name, 0) != 0) {
            note_number(spool, unfinished);
        }
    }
    int error = errno;
    closedir(stream);
    if (error != 0) {
        return system_fault(fault, spool, error, "read");
    }
    stream = open_stream(spool, quarantine_name);
    for (struct dirent *entry; stream != NULL && (entry = readdir(stream)) != NULL;) {
        note_number(spool, number_of(entry->d_name, picture_suffix));
    }
    if (stream != NULL) {
        closedir(stream);
    }
    return true;
}

bool spool_open(struct spool *spool, struct fault *fault)
{
    if (!make_folders(spool, fault)) {
        return false;
    }
    int folder = open(spool->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return system_fault(fault, spool, errno, "open the folder");
    }
    spool->folder = folder;
    if (!check_folder(spool, folder, fault) || !clean_up(spool, fault)) {
        shut(spool);
        return false;
    }
    sync_parent(folder);
    return true;
}

// To the second, which is enough for an age and cannot overflow.
static int64_t age_of(const struct stat *stat, int64_t wall_ns)
{
    int64_t accepted_s = stat->st_mtim.tv_sec;
    int64_t wall_s = wall_ns / TIMING_S(1);
    return accepted_s > 0 && accepted_s < wall_s ? TIMING_S(wall_s - accepted_s) : 0;
}

static int compare(const void *left, const void *right)
{
    const struct spool_item *a = left;
    const struct spool_item *b = right;
    return (a->number > b->number) - (a->number < b->number);
}

// What a broken disk does not describe is listed all the same, to be found damaged and told.
static bool describe(const struct spool *spool, const char *name, int64_t wall_ns,
                     struct spool_item *item)
{
    struct stat stat;
    item->number = number_of(name, picture_suffix);
    if (item->number == 0) {
        return false;
    }
    if (fstatat(spool->folder, name, &stat, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno != ENOENT;
    }
    item->bytes = (uint64_t)stat.st_size;
    item->age_ns = age_of(&stat, wall_ns);
    return S_ISREG(stat.st_mode);
}

static bool list(const struct spool *spool, DIR *stream, struct bytes *found, struct fault *fault)
{
    int64_t wall_ns = timing_wall_ns();
    for (struct dirent *entry; (entry = next_entry(stream)) != NULL;) {
        struct spool_item item = {0};
        if (describe(spool, entry->d_name, wall_ns, &item) &&
            !bytes_append(found, &item, sizeof item, fault)) {
            return false;
        }
    }
    return errno == 0 || system_fault(fault, spool, errno, "read");
}

bool spool_list(struct spool *spool, struct spool_item **items, size_t *count, struct fault *fault)
{
    DIR *stream = open_stream(spool, ".");
    struct bytes found;
    bytes_init(&found);
    bool done = stream != NULL ? list(spool, stream, &found, fault)
                               : system_fault(fault, spool, errno, "read");
    if (stream != NULL) {
        closedir(stream);
    }
    if (!done) {
        bytes_fini(&found);
        shut(spool);
        return false;
    }
    *items = (struct spool_item *)(void *)found.data;
    *count = found.len / sizeof **items;
    if (*count > 0) {
        qsort(*items, *count, sizeof **items, compare);
    }
    return true;
}

// The time of modification tells a later run the age. A clock that was not set tells nothing.
static bool set_time(int fd, int64_t accepted_ns, struct fault *fault)
{
    int64_t wall_ns = timing_clock_synced() ? timing_wall_at(accepted_ns) : 0;
    struct timespec accepted = {wall_ns / TIMING_S(1), wall_ns % TIMING_S(1)};
    const struct timespec times[] = {accepted, accepted};
    if (futimens(fd, times) != 0) {
        return fault_set(fault, FAULT_SYSTEM, errno, "cannot set its time: %s", strerror(errno));
    }
    return true;
}

static bool sync_to_disk(int fd, struct fault *fault)
{
    if (fsync(fd) != 0) {
        return fault_set(fault, FAULT_SYSTEM, errno, "cannot sync: %s", strerror(errno));
    }
    return true;
}

static bool write_tmp(const struct spool *spool, const char *tmp, const struct picture *picture,
                      int64_t accepted_ns, struct fault *fault)
{
    int fd =
        openat(spool->folder, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fault_set(fault, FAULT_SYSTEM, errno, "cannot make a file: %s", strerror(errno));
    }
    bool done = spool_file_write(fd, picture, fault) && set_time(fd, accepted_ns, fault) &&
                sync_to_disk(fd, fault);
    if (close(fd) != 0 && done) {
        done = fault_set(fault, FAULT_SYSTEM, errno, "cannot close a file: %s", strerror(errno));
    }
    return done;
}

static bool put_in_place(const struct spool *spool, const char *tmp, const char *name,
                         struct fault *fault)
{
    if (renameat(spool->folder, tmp, spool->folder, name) != 0) {
        return fault_set(fault, FAULT_SYSTEM, errno, "cannot rename a file: %s", strerror(errno));
    }
    if (!sync_to_disk(spool->folder, fault)) {
        (void)unlinkat(spool->folder, name, 0);
        return false;
    }
    return true;
}

bool spool_write(struct spool *spool, const struct picture *picture, int64_t accepted_ns,
                 uint64_t *number, struct fault *fault)
{
    char tmp[NAME_SIZE];
    char name[NAME_SIZE];
    uint64_t next = ++spool->last_number; // used up even on failure: that may have left something
    name_of(next, tmp_suffix, tmp);
    name_of(next, picture_suffix, name);
    if (!write_tmp(spool, tmp, picture, accepted_ns, fault) ||
        !put_in_place(spool, tmp, name, fault)) {
        (void)unlinkat(spool->folder, tmp, 0);
        return fault_prefix(fault, "the spool %s", spool->path);
    }
    *number = next;
    return true;
}

bool spool_read(struct spool *spool, uint64_t number, bool with_jpeg, struct picture *picture,
                struct fault *fault)
{
    char name[NAME_SIZE];
    name_of(number, picture_suffix, name);
    int fd = openat(spool->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool done;
    if (fd >= 0) {
        done = spool_file_read(fd, with_jpeg, picture, fault);
        close(fd);
    } else {
        bool later = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
        done = fault_set(fault, later ? FAULT_SYSTEM : FAULT_PICTURE, errno, "cannot open it: %s",
                         strerror(errno));
    }
    return done || fault_prefix(fault, "%s in the spool", name);
}

bool spool_remove(struct spool *spool, uint64_t number, struct fault *fault)
{
    char name[NAME_SIZE];
    name_of(number, picture_suffix, name);
    if (unlinkat(spool->folder, name, 0) != 0 && errno != ENOENT) {
        return fault_set(fault, FAULT_SYSTEM, errno, "the spool %s: cannot remove %s: %s",
                         spool->path, name, strerror(errno));
    }
    return true;
}

// The oldest in quarantine/ goes while there are too many or too much.
static bool trim_once(DIR *stream)
{
    uint64_t oldest = UINT64_MAX;
    uint64_t bytes = 0;
    size_t files = 0;
    rewinddir(stream);
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        struct stat stat;
        uint64_t number = number_of(entry->d_name, picture_suffix);
        if (number == 0 || fstatat(dirfd(stream), entry->d_name, &stat, AT_SYMLINK_NOFOLLOW) != 0) {
            continue;
        }
        files++;
        bytes += (uint64_t)stat.st_size;
        oldest = number < oldest ? number : oldest;
    }
    if (files <= SPOOL_QUARANTINE_FILES_MAX && bytes <= SPOOL_QUARANTINE_BYTES_MAX) {
        return false;
    }
    char name[NAME_SIZE];
    name_of(oldest, picture_suffix, name);
    return unlinkat(dirfd(stream), name, 0) == 0;
}

static void trim_quarantine(const struct spool *spool)
{
    DIR *stream = open_stream(spool, quarantine_name);
    while (stream != NULL && trim_once(stream)) {
    }
    if (stream != NULL) {
        closedir(stream);
    }
}

void spool_quarantine(struct spool *spool, uint64_t number)
{
    char name[NAME_SIZE];
    char aside[sizeof quarantine_name + NAME_SIZE];
    name_of(number, picture_suffix, name);
    snprintf(aside, sizeof aside, "%s/%s", quarantine_name, name);
    if (mkdirat(spool->folder, quarantine_name, 0700) != 0 && errno != EEXIST) {
        (void)unlinkat(spool->folder, name, 0);
    } else if (renameat(spool->folder, name, spool->folder, aside) != 0) {
        (void)unlinkat(spool->folder, name, 0);
    }
    trim_quarantine(spool);
}
