// A thousand spools that something has damaged: no picture but a whole one ever comes out of them,
// and none stops the others.
#include "cmocka_all.h"

#include "base/timing.h"
#include "delivery/backlog.h"
#include "spool_folder.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SPOOLS = 1000, PICTURES = 4 };

static uint64_t random_state;

static uint64_t pick(uint64_t below)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (random_state >> 33) % below;
}

static size_t size_of(uint64_t seq)
{
    return 100 * seq;
}

static void fill(const char *folder)
{
    struct fault fault;
    struct backlog backlog;
    backlog_init(&backlog, 1 << 20, TIMING_S(3600));
    assert_true(backlog_use_spool(&backlog, folder, 0, &fault));
    for (uint64_t seq = 1; seq <= PICTURES; seq++) {
        struct picture picture;
        spool_folder_picture(&picture, seq, size_of(seq));
        assert_true(backlog_put(&backlog, &picture, false, 0, &fault));
        picture_fini(&picture);
    }
    backlog_fini(&backlog);
}

static void name_of(char path[static PATH_MAX], const char *folder, uint64_t number)
{
    assert_true(snprintf(path, PATH_MAX, "%.200s/%016" PRIx64 ".picture", folder, number) > 0);
}

static void flip_bits(int fd, off_t size)
{
    for (uint64_t flips = 1 + pick(4); flips > 0; flips--) {
        uint8_t byte;
        off_t at = (off_t)pick((uint64_t)size);
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= (uint8_t)(1U << pick(8));
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
}

// As a disk does that has lost a block.
static void zero_block(int fd, off_t size)
{
    static const uint8_t zeros[64];
    off_t at = (off_t)pick((uint64_t)size);
    size_t len = (size_t)(size - at) < sizeof zeros ? (size_t)(size - at) : sizeof zeros;
    assert_int_equal(pwrite(fd, zeros, len, at), len);
}

static void damage(const char *folder, uint64_t number)
{
    char path[PATH_MAX];
    char other[PATH_MAX];
    name_of(path, folder, number);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    off_t size = lseek(fd, 0, SEEK_END);
    switch (pick(6)) {
    case 0:
    case 1:
        flip_bits(fd, size);
        break;
    case 2:
        assert_int_equal(ftruncate(fd, (off_t)pick((uint64_t)size)), 0);
        break;
    case 3:
        assert_int_equal(ftruncate(fd, size + 1 + (off_t)pick(10000)), 0);
        break;
    case 4:
        zero_block(fd, size);
        break;
    default: // a twin of another
        name_of(other, folder, pick(2) == 0 ? 1 : PICTURES + 1);
        assert_int_equal(rename(path, other), 0);
        break;
    }
    close(fd);
}

struct tally {
    unsigned whole;
    unsigned damaged;
};

static void drain(const char *folder, struct tally *tally)
{
    struct fault fault;
    struct backlog backlog;
    backlog_init(&backlog, 1 << 20, TIMING_S(3600));
    assert_true(backlog_use_spool(&backlog, folder, 0, &fault));
    for (struct backlog_entry *entry; (entry = backlog_next_late(&backlog)) != NULL;) {
        bool whole = backlog_begin(&backlog, entry, &fault);
        if (whole) {
            uint64_t seq = entry->picture->seq;
            assert_in_range(seq, 1, PICTURES);
            spool_folder_assert_picture(entry->picture, seq, size_of(seq));
        }
        assert_true(whole || fault.kind == FAULT_PICTURE);
        *(whole ? &tally->whole : &tally->damaged) += 1;
        backlog_take(&backlog, entry, whole);
        backlog_entry_destroy(entry);
    }
    assert_int_equal(backlog.bytes, 0);
    backlog_fini(&backlog);
    assert_int_equal(spool_folder_count(folder, ".picture", NULL), 0);
}

static void test_damaged_spools(void **state)
{
    (void)state;
    const char *given = getenv("STILL2MQTT_SEED");
    random_state = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)timing_wall_ns();
    print_message("seed %" PRIu64 "\n", random_state);
    struct tally tally = {0};
    for (int i = 0; i < SPOOLS; i++) {
        char folder[PATH_MAX];
        spool_folder_make(folder);
        fill(folder);
        damage(folder, 1 + pick(PICTURES));
        drain(folder, &tally);
        spool_folder_remove(folder);
    }
    print_message("%d spools of %d pictures: %u whole, %u set aside\n", SPOOLS, PICTURES,
                  tally.whole, tally.damaged);
    assert_true(tally.whole >= SPOOLS * (PICTURES - 1) - SPOOLS / 6); // a twin hides another
    assert_true(tally.damaged > SPOOLS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_damaged_spools)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
