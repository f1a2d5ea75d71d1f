// A day without a broker, at a picture every ten seconds, by a clock of the test's own: the files
// never take a byte more than they may, each that is dropped is counted, and the rest is delivered.
#include "cmocka_all.h"

#include "base/timing.h"
#include "delivery/backlog.h"
#include "spool_folder.h"

#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400, INTERVAL_S = 10, SHOTS = DAY_S / INTERVAL_S, MAX_BYTES = 1000000 };

struct outage {
    struct backlog backlog;
    char folder[PATH_MAX];
    bool on_disk;
    uint64_t accepted;
    uint64_t dropped;
    uint64_t most_bytes;
    uint64_t oldest_seq; // that must still be there
};

static size_t size_of(uint64_t seq)
{
    return 2000 + (size_t)(seq * 7919 % 18000);
}

static void begin(struct outage *outage, bool on_disk, int64_t max_age_s)
{
    struct fault fault;
    *outage = (struct outage){.on_disk = on_disk, .oldest_seq = 1};
    spool_folder_make(outage->folder);
    backlog_init(&outage->backlog, MAX_BYTES, TIMING_S(max_age_s));
    if (on_disk) {
        assert_true(backlog_use_spool(&outage->backlog, outage->folder, 0, &fault));
    }
}

// What stands in the folder is what the backlog says, and within the bound.
static void look(struct outage *outage)
{
    uint64_t bytes = outage->backlog.bytes;
    if (outage->on_disk) {
        assert_int_equal(spool_folder_count(outage->folder, ".picture", &bytes),
                         outage->backlog.count);
        assert_int_equal(bytes, outage->backlog.bytes);
    }
    assert_true(bytes <= MAX_BYTES);
    outage->most_bytes = bytes > outage->most_bytes ? bytes : outage->most_bytes;
    assert_int_equal(outage->backlog.count, outage->accepted - outage->dropped);
}

// Drops what must make room, in the order in which it came.
static void make_room(struct outage *outage, const struct picture *picture, int64_t now_ns)
{
    struct fault why;
    struct backlog_entry *entry;
    while ((entry = backlog_shed(&outage->backlog, picture, now_ns, &why)) != NULL) {
        assert_int_equal(entry->picture->seq, outage->oldest_seq++);
        backlog_entry_destroy(entry);
        outage->dropped++;
        look(outage);
    }
}

static void shoot(struct outage *outage, int64_t now_ns)
{
    struct fault fault;
    struct picture picture;
    spool_folder_picture(&picture, outage->accepted + 1, size_of(outage->accepted + 1));
    make_room(outage, NULL, now_ns);
    make_room(outage, &picture, now_ns);
    assert_true(backlog_put(&outage->backlog, &picture, false, now_ns, &fault));
    picture_fini(&picture);
    outage->accepted++;
    look(outage);
}

static void drain(struct outage *outage)
{
    struct fault fault;
    backlog_link_up(&outage->backlog);
    uint64_t left = outage->backlog.count;
    for (uint64_t i = 0; i < left; i++) {
        struct backlog_entry *entry =
            i == 0 ? backlog_next_live(&outage->backlog) : backlog_next_late(&outage->backlog);
        uint64_t seq = i == 0 ? outage->accepted : outage->oldest_seq + i - 1;
        assert_non_null(entry);
        assert_true(backlog_begin(&outage->backlog, entry, &fault));
        spool_folder_assert_picture(entry->picture, seq, size_of(seq));
        backlog_take(&outage->backlog, entry, true);
        backlog_entry_destroy(entry);
    }
    assert_int_equal(outage->backlog.bytes, 0);
    print_message("%d pictures: %ju dropped, %ju delivered, %ju of %d bytes at the most\n", SHOTS,
                  (uintmax_t)outage->dropped, (uintmax_t)left, (uintmax_t)outage->most_bytes,
                  MAX_BYTES);
    assert_int_equal(outage->dropped + left, SHOTS);
    backlog_fini(&outage->backlog);
    spool_folder_remove(outage->folder);
}

static void a_day(bool on_disk, int64_t max_age_s)
{
    struct outage outage;
    begin(&outage, on_disk, max_age_s);
    for (int i = 0; i < SHOTS; i++) {
        shoot(&outage, TIMING_S((int64_t)i * INTERVAL_S));
    }
    assert_true(outage.dropped > 0);
    if (max_age_s == DAY_S) {
        assert_true(outage.most_bytes > MAX_BYTES - 20500); // one more would not have fitted
    } else {
        assert_int_equal(outage.backlog.count, max_age_s / INTERVAL_S);
    }
    drain(&outage);
}

static void test_bounded_in_bytes_on_the_disk(void **state)
{
    (void)state;
    a_day(true, DAY_S);
}

static void test_bounded_in_age_on_the_disk(void **state)
{
    (void)state;
    a_day(true, 600);
}

static void test_bounded_in_bytes_in_memory(void **state)
{
    (void)state;
    a_day(false, DAY_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounded_in_bytes_on_the_disk),
        cmocka_unit_test(test_bounded_in_age_on_the_disk),
        cmocka_unit_test(test_bounded_in_bytes_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
