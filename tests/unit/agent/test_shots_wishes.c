// Timed shots among commands, and commands that are one shot.
#include "shots_scene.h"

#include "base/timing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- the timer

static void a_timed_shot_that_cannot_be_is_skipped_and_told_once(void **state)
{
    (void)state;
    timer_due(0);
    for (int i = 1; i < 6; i++) {
        timer_due(i);
    }
    assert_int_equal(scene.reporter.counters.skipped, 5);
    assert_int_equal(scene.event_count, 1);
    assert_event(0, "skipped", "", "a timer shot was due while another was still running");
    expose();
    timer_due(9); // while developing
    assert_int_equal(scene.event_count, 1);
    develop(true);

    timer_due(10);
    assert_int_equal(scene.asked, 2);
    timer_due(11); // another run of skips
    assert_int_equal(scene.event_count, 2);
    assert_int_equal(scene.reporter.counters.skipped, 7);
}

static void a_timed_shot_goes_before_the_commands_that_wait(void **state)
{
    (void)state;
    command("a");
    command("b");
    timer_due(77);
    timer_due(78); // there is one already
    assert_int_equal(scene.reporter.counters.skipped, 1);
    expose();
    develop(true);
    assert_int_equal(scene.not_before_ns, 77);
    expose();
    assert_int_equal(scene.developing->trigger, TRIGGER_TIMER);
    develop(true);
    expose();
    assert_string_equal(scene.developing->request_id, "b");
}

static void a_timed_shot_that_waits_goes_with_the_camera(void **state)
{
    (void)state;
    command("a");
    timer_due(77);
    lose_camera("unplugged");
    assert_int_equal(scene.reporter.counters.skipped, 1);
    scene.is_online = true;
    command("b");
    expose();
    assert_string_equal(scene.developing->request_id, "b");
}

static void a_closed_shutter_skips_nothing(void **state)
{
    (void)state;
    scene.reporter.shutter = "closed";
    timer_due(1);
    assert_int_equal(scene.asked, 0);
    assert_int_equal(scene.event_count, 0);
    assert_int_equal(scene.reporter.counters.skipped, 0);
}

// ---- wishes

static uint64_t wish_for(int quality, bool takes_latest, const struct reply_address *reply_image,
                         int64_t arrived_ns)
{
    struct shots_wish wish = {
        .develop = {.quality = quality},
        .takes_latest = takes_latest,
        .reply_image = reply_image,
    };
    struct fault fault;
    uint64_t ticket = shots_command(&scene.shots, &wish, "", arrived_ns, &fault);
    shots_go(&scene.shots);
    return ticket;
}

static void whoever_asked_is_told_once(void **state)
{
    (void)state;
    command("a");
    uint64_t a = scene.ticket;
    command("b");
    uint64_t b = scene.ticket;
    command("c");
    uint64_t c = scene.ticket;
    expose();
    develop(true);
    assert_over(0, a, true);
    assert_int_equal(scene.overs[0].seq, 1);
    fail_shot("the sensor does not answer");
    assert_over(1, b, false);
    lose_camera("unplugged");
    assert_over(2, c, false);
    timer_due(1);
    assert_int_equal(scene.over_count, 3);
    command("d");
    assert_int_equal(scene.ticket, 0); // refused
    assert_int_equal(scene.over_count, 3);
}

static void equal_wishes_that_wait_are_one_shot(void **state)
{
    (void)state;
    uint64_t first = wish_for(50, false, NULL, 100);
    uint64_t second = wish_for(50, false, NULL, 200);
    assert_int_not_equal(first, second); // the first is running already
    assert_int_equal(wish_for(50, false, NULL, 400), second);
    assert_int_equal(wish_for(50, false, NULL, 300), second);
    expose();
    develop(true);
    assert_int_equal(scene.not_before_ns, 400); // after the latest
    expose();
    develop(true);
    assert_int_equal(scene.asked, 2);
    assert_over(1, second, true);
}

static void other_wishes_are_other_shots(void **state)
{
    (void)state;
    struct reply_address to = {.topic = "client/7"};
    wish_for(50, false, NULL, 100);
    uint64_t tickets[] = {wish_for(50, false, NULL, 1), wish_for(51, false, NULL, 1),
                          wish_for(50, true, NULL, 1), wish_for(50, false, &to, 1),
                          wish_for(50, false, &to, 1)};
    for (int i = 0; i < 5; i++) {
        for (int k = 0; k < i; k++) {
            assert_int_not_equal(tickets[i], tickets[k]);
        }
    }
    expose();
    develop(true);
    expose();
    assert_int_equal(scene.developing->develop.quality, 50);
    assert_null(scene.developing->reply_image);
    develop(true);
    expose();
    assert_int_equal(scene.developing->develop.quality, 51);
    develop(true);
    assert_int_equal(scene.not_before_ns, 0); // any frame
    expose();
    develop(true);
    expose();
    assert_string_equal(scene.developing->reply_image->topic, "client/7");
}

static void a_timed_shot_without_a_camera_is_skipped(void **state)
{
    (void)state;
    scene.is_online = false;
    timer_due(1);
    timer_due(2);
    assert_int_equal(scene.event_count, 1);
    assert_event(0, "skipped", "", "the camera was offline");
    assert_int_equal(scene.reporter.counters.skipped, 2);
    assert_int_equal(scene.reporter.counters.failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHOTS_TEST(a_timed_shot_that_cannot_be_is_skipped_and_told_once),
        SHOTS_TEST(a_timed_shot_goes_before_the_commands_that_wait),
        SHOTS_TEST(a_timed_shot_that_waits_goes_with_the_camera),
        SHOTS_TEST(a_closed_shutter_skips_nothing),
        SHOTS_TEST(whoever_asked_is_told_once),
        SHOTS_TEST(equal_wishes_that_wait_are_one_shot),
        SHOTS_TEST(other_wishes_are_other_shots),
        SHOTS_TEST(a_timed_shot_without_a_camera_is_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
