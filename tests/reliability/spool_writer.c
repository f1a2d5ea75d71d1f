// The spool alone, as the publisher uses it, for tests that kill it, cut its power or fill its
// disk:
//
//   spool_writer FOLDER put COUNT SIZE FIRST KEEP   accepts pictures FIRST, FIRST + 1, …, COUNT of
//       them (0: for ever) with SIZE bytes and more, and delivers the oldest while more than KEEP
//       wait. Says "put N" before it begins, "accepted N" once it is on the disk, "begun N" when
//       the broker may have it, "acked N" when its file is gone. A damaged file is set aside, which
//       it says on stderr.
//   spool_writer FOLDER check   says "whole N ID" or "damaged NUMBER" of each that is there
//   spool_writer FOLDER scan    says how long it takes to take in what is there: "scan MS COUNT"
//
// Built a second time with fsync taken out (spool_writer_unsynced), to prove that the tests of
// power cuts would see it.
#include "base/timing.h"
#include "delivery/backlog.h"
#include "spool_folder.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef WITHOUT_FSYNC
// "files": only the folder is not synced; else nothing is.
int __wrap_fsync(int fd);
int __real_fsync(int fd);

int __wrap_fsync(int fd)
{
    const char *synced = getenv("SPOOL_WRITER_SYNCS");
    struct stat stat;
    bool real = synced != NULL && strcmp(synced, "files") == 0 && fstat(fd, &stat) == 0 &&
                S_ISREG(stat.st_mode);
    return real ? __real_fsync(fd) : 0;
}
#endif

// One write(2) a line: what was said stays said, whatever happens next.
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char line[128];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (write(STDOUT_FILENO, line, (size_t)len) != len) {
        _exit(3);
    }
}

static void fail(const struct fault *fault)
{
    fprintf(stderr, "%s\n", fault->text);
    _exit(1);
}

static void open_backlog(struct backlog *backlog, const char *folder)
{
    struct fault fault;
    backlog_init(backlog, UINT64_C(1) << 32, TIMING_S(86400));
    if (!backlog_use_spool(backlog, folder, timing_now_ns(), &fault)) {
        fail(&fault);
    }
}

static void put(struct backlog *backlog, uint64_t seq, size_t size)
{
    struct fault fault;
    struct picture picture;
    say("put %" PRIu64 "\n", seq);
    spool_folder_picture(&picture, seq, size + seq % 1000);
    if (!backlog_put(backlog, &picture, false, timing_now_ns(), &fault)) {
        fail(&fault);
    }
    picture_fini(&picture);
    if (backlog_newest(backlog)->file != 0) {
        say("accepted %" PRIu64 "\n", seq);
    }
}

static void deliver(struct backlog *backlog)
{
    struct fault fault;
    struct backlog_entry *entry = backlog_next_late(backlog);
    bool whole = backlog_begin(backlog, entry, &fault);
    if (!whole && !entry->damaged) {
        fail(&fault);
    }
    uint64_t seq = entry->picture->seq;
    if (whole) {
        say("begun %" PRIu64 "\n", seq);
    } else {
        fprintf(stderr, "set aside: %s\n", fault.text);
    }
    backlog_take(backlog, entry, whole);
    backlog_entry_destroy(entry);
    if (whole) {
        say("acked %" PRIu64 "\n", seq);
    }
}

static void put_all(const char *folder, char **arguments)
{
    uint64_t count = strtoull(arguments[0], NULL, 10);
    size_t size = strtoull(arguments[1], NULL, 10);
    uint64_t first = strtoull(arguments[2], NULL, 10);
    uint32_t keep = (uint32_t)strtoul(arguments[3], NULL, 10);
    struct backlog backlog;
    open_backlog(&backlog, folder);
    for (uint64_t seq = first; count == 0 || seq < first + count; seq++) {
        put(&backlog, seq, size);
        while (backlog.count > keep) {
            deliver(&backlog);
        }
    }
    backlog_fini(&backlog);
}

static void check(const char *folder)
{
    struct fault fault;
    struct spool *spool = spool_create(folder, &fault);
    struct spool_item *items;
    size_t count;
    if (spool == NULL || !spool_open(spool, &fault) || !spool_list(spool, &items, &count, &fault)) {
        fail(&fault);
    }
    for (size_t i = 0; i < count; i++) {
        struct picture picture;
        picture_init(&picture);
        if (spool_read(spool, items[i].number, true, &picture, &fault)) {
            say("whole %" PRIu64 " %s\n", picture.seq, picture.id);
            picture_fini(&picture);
        } else {
            say("damaged %" PRIu64 "\n", items[i].number);
        }
    }
    free(items);
    spool_destroy(spool);
}

static void scan(const char *folder)
{
    struct backlog backlog;
    int64_t begun_ns = timing_now_ns();
    open_backlog(&backlog, folder);
    double ms = (double)(timing_now_ns() - begun_ns) / 1e6;
    say("scan %.1f %u\n", ms, backlog.count);
    backlog_fini(&backlog);
}

int main(int argc, char **argv)
{
    if (argc == 7 && strcmp(argv[2], "put") == 0) {
        put_all(argv[1], argv + 3);
    } else if (argc == 3 && strcmp(argv[2], "check") == 0) {
        check(argv[1]);
    } else if (argc == 3 && strcmp(argv[2], "scan") == 0) {
        scan(argv[1]);
    } else {
        fprintf(stderr, "%s FOLDER put COUNT SIZE FIRST KEEP | check | scan\n", argv[0]);
        return 64;
    }
    return 0;
}
