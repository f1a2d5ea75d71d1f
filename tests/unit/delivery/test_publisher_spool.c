// publisher.h with spool.mode = "disk": what outlives it, what is told of the disk, the pace of
// late pictures, and how large a picture may be.
#include "cmocka_all.h"

#include "base/timing.h"
#include "fake_broker.h"
#include "rig.h"
#include "spool_folder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char folder[PATH_MAX];

static int begin(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    spool_folder_make(folder);
    return 0;
}

static int end(void **state)
{
    (void)state;
    spool_folder_remove(folder);
    return 0;
}

static void use_disk(struct rig *rig, struct fake_broker *broker)
{
    uint64_t seq = rig->seq;
    rig_init(rig, fake_broker_port(broker));
    rig->seq = seq;
    strcpy(rig->settings.spool.mode, "disk");
    memcpy(rig->settings.spool.path, folder, strlen(folder) + 1);
}

static size_t files(void)
{
    return spool_folder_count(folder, ".picture", NULL);
}

static void test_what_was_accepted_outlives_the_publisher(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_down(broker);
    struct rig rig = {0};
    use_disk(&rig, broker);
    rig_start(&rig);
    for (int i = 0; i < 3; i++) {
        assert_true(rig_shoot(&rig).accepted);
    }
    assert_int_equal(files(), 3);
    rig_end(&rig);
    assert_int_equal(files(), 3);

    fake_broker_up(broker);
    use_disk(&rig, broker);
    rig_start(&rig);
    struct news_link *up = rig_wait(&rig, NEWS_LINK_UP);
    assert_int_equal(up->backlog, 3);
    free(up);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        struct news_picture *sent = rig_wait(&rig, NEWS_SENT);
        assert_int_equal(sent->seq, seq);
        assert_true(sent->late);
        free(sent);
    }
    size_t index = 0;
    assert_memory_equal(fake_broker_next(broker, "/late", &index).head, "late:1 ", 7);
    assert_memory_equal(fake_broker_next(broker, "/event", &index).head, "event:1", 7);
    assert_true(rig_shoot(&rig).accepted);
    struct news_picture *sent = rig_wait(&rig, NEWS_SENT);
    assert_false(sent->late); // a live view goes on
    free(sent);
    rig_end(&rig);
    assert_int_equal(files(), 0);
    fake_broker_end(broker);
}

static void test_refused_by_the_broker_leaves_no_file(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_refuse(broker, "/image", 0x87, 1, false);
    struct rig rig = {0};
    use_disk(&rig, broker);
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_UP);
    rig_shoot(&rig);
    struct news_picture *dropped = rig_wait(&rig, NEWS_DROPPED);
    assert_true(dropped->refused);
    assert_int_equal(dropped->trigger, TRIGGER_TIMER);
    free(dropped);
    rig_end(&rig);
    assert_int_equal(files(), 0);
    fake_broker_end(broker);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_a_disk_that_fails_is_told_and_so_is_its_end(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_down(broker);
    struct rig rig = {0};
    use_disk(&rig, broker);
    rig_start(&rig);
    limit_files(100);
    rig_put_shot(&rig);
    struct news_spool *news = rig_wait(&rig, NEWS_SPOOL);
    assert_int_equal(news->why.kind, FAULT_SYSTEM);
    assert_non_null(strstr(news->why.text, "File too large"));
    free(news);
    struct news_shot *done = rig_wait(&rig, NEWS_SHOT_DONE); // after it
    assert_true(done->accepted);
    news_drop((struct mail){NEWS_SHOT_DONE, done});
    assert_int_equal(publisher_counters(rig.publisher).backlog, 1);
    limit_files(RLIM_INFINITY);
    news = rig_wait(&rig, NEWS_SPOOL); // without another picture
    assert_int_equal(news->why.kind, FAULT_NONE);
    free(news);
    assert_int_equal(files(), 1);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_a_damaged_file_is_told_and_holds_nothing_up(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_down(broker);
    struct rig rig = {0};
    use_disk(&rig, broker);
    rig_start(&rig);
    rig_shoot(&rig);
    rig_shoot(&rig);
    rig_end(&rig);
    char path[PATH_MAX];
    assert_true(snprintf(path, sizeof path, "%.200s/0000000000000001.picture", folder) > 0);
    assert_int_equal(truncate(path, 10), 0);

    fake_broker_up(broker);
    use_disk(&rig, broker);
    rig_start(&rig);
    struct news_picture *dropped = rig_wait(&rig, NEWS_DROPPED);
    assert_string_equal(dropped->id, "");
    assert_non_null(strstr(dropped->why.text, "cut short"));
    free(dropped);
    struct news_picture *sent = rig_wait(&rig, NEWS_SENT);
    assert_int_equal(sent->seq, 2);
    free(sent);
    assert_int_equal(publisher_counters(rig.publisher).quarantined, 1);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_a_spool_in_use_refuses_to_start(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    struct rig rig = {0};
    use_disk(&rig, broker);
    rig_start(&rig);
    struct fault fault;
    struct publisher_hooks hooks = {0};
    assert_null(publisher_create(&rig.settings, NULL, &hooks, rig.news, &fault));
    assert_int_equal(fault.kind, FAULT_CONFIG);
    rig_end(&rig);
    fake_broker_end(broker);
}

// Late pictures keep their distance, and a live one does not wait for its turn among them.
static void test_pace_of_late_pictures(void **state)
{
    (void)state;
    enum { LATE = 4, PER_S = 5 };
    struct fake_broker *broker = fake_broker_start();
    fake_broker_down(broker);
    struct rig rig = {0};
    use_disk(&rig, broker);
    rig.settings.spool.late_per_s = PER_S;
    rig_start(&rig);
    for (int i = 0; i <= LATE; i++) {
        rig_shoot(&rig);
    }
    fake_broker_up(broker);
    rig_skip(&rig, NEWS_SENT); // the newest
    rig_skip(&rig, NEWS_SENT);
    int64_t first_ns = timing_now_ns();
    rig_shoot(&rig);
    struct news_picture *sent = rig_wait(&rig, NEWS_SENT);
    assert_false(sent->late);
    free(sent);
    for (int i = 1; i < LATE; i++) {
        sent = rig_wait(&rig, NEWS_SENT);
        assert_true(sent->late);
        assert_int_equal(sent->seq, i + 1);
        free(sent);
    }
    // less a little for the way of the first one's news
    assert_true(timing_now_ns() - first_ns > TIMING_S(LATE - 1) / PER_S - TIMING_MS(150));
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_a_shot_is_told_what_the_broker_takes(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_limit(broker, 10000);
    struct rig rig = {0};
    use_disk(&rig, broker);
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_UP);
    rig_shoot(&rig);
    rig_skip(&rig, NEWS_SENT);
    // the envelope of `late` has the larger wrapping, and it may come to that
    assert_in_range(rig.max_jpeg_bytes, (10000 - 700) / 2, 10000 / 2);
    fake_broker_limit(broker, 100);
    fake_broker_down(broker);
    fake_broker_up(broker);
    rig_skip(&rig, NEWS_LINK_DOWN);
    rig_skip(&rig, NEWS_LINK_UP);
    rig_shoot(&rig);
    assert_int_equal(rig.max_jpeg_bytes, 1); // 0 would be no bound
    rig_end(&rig);
    fake_broker_end(broker);
}

#define SPOOL_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SPOOL_TEST(test_what_was_accepted_outlives_the_publisher),
        SPOOL_TEST(test_refused_by_the_broker_leaves_no_file),
        SPOOL_TEST(test_a_disk_that_fails_is_told_and_so_is_its_end),
        SPOOL_TEST(test_a_damaged_file_is_told_and_holds_nothing_up),
        SPOOL_TEST(test_a_spool_in_use_refuses_to_start),
        SPOOL_TEST(test_pace_of_late_pictures),
        SPOOL_TEST(test_a_shot_is_told_what_the_broker_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
