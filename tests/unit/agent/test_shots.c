// The way of a shot: who waits, who is told, and that whoever asked is answered exactly once.
#include "shots_scene.h"

#include "base/timing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- one shot

static void a_command_is_exposed_after_it_came(void **state)
{
    (void)state;
    command_at("door-17", 12345);
    assert_int_equal(scene.asked, 1);
    assert_int_equal(scene.not_before_ns, 12345);
    assert_int_equal(scene.shots.stage, SHOTS_EXPOSING);
    expose();
    assert_int_equal(scene.shots.stage, SHOTS_DEVELOPING);
    struct shot *shot = scene.developing;
    assert_int_equal(shot->trigger, TRIGGER_COMMAND);
    assert_string_equal(shot->request_id, "door-17");
    assert_int_equal(shot->triggered_ns, 12345);
    assert_true(shot->arrived_ns >= scene.frame.captured_ns);
    assert_ptr_equal(shot->frame, &scene.frame);
    develop(true);
    assert_int_equal(scene.shots.stage, SHOTS_IDLE);
    assert_int_equal(scene.event_count, 0); // "captured" travels with the picture
    assert_int_equal(scene.reporter.counters.captured, 1);
    assert_int_equal(scene.reporter.counters.failed, 0);
}

static void the_captured_event_tells_of_the_exposure(void **state)
{
    (void)state;
    command("door-17");
    expose();
    json_t *event = json_loads(scene.developing->captured_event, 0, NULL);
    char at[TIMING_RFC3339_SIZE];
    timing_rfc3339(timing_wall_at(scene.frame.captured_ns), at);
    assert_memory_equal(json_string_value(json_object_get(event, "at")), at, 16); // to the minute
    json_object_del(event, "at");
    json_t *expected =
        json_pack("{s:s, s:s, s:i, s:s, s:s}", "event_type", "captured", "id", scene.developing->id,
                  "seq", 1, "trigger", "command", "request_id", "door-17");
    assert_true(json_equal(event, expected));
    json_decref(expected);
    json_decref(event);
}

static void a_timed_shot_is_for_when_it_was_due(void **state)
{
    (void)state;
    timer_due(777);
    assert_int_equal(scene.not_before_ns, 777);
    expose();
    assert_int_equal(scene.developing->trigger, TRIGGER_TIMER);
    assert_string_equal(scene.developing->request_id, "");
}

static void ids_are_unique_over_shots_and_runs(void **state)
{
    (void)state;
    char first[PICTURE_ID_SIZE], second[PICTURE_ID_SIZE];
    command("");
    expose();
    snprintf(first, sizeof first, "%s", scene.developing->id);
    develop(true);
    command("");
    expose();
    snprintf(second, sizeof second, "%s", scene.developing->id);
    assert_string_not_equal(first, second);
    assert_int_equal(scene.developing->seq, 2);
    assert_string_equal(strrchr(second, '-'), "-2");
    scene_end(state);
    scene_begin(state);
    command("");
    expose();
    assert_string_not_equal(scene.developing->id, first);
}

static void a_shot_that_fails_is_told_with_its_reason(void **state)
{
    (void)state;
    command("door-17");
    fail_shot("the sensor does not answer");
    assert_int_equal(scene.event_count, 1);
    assert_event(0, "failed", "door-17", "the sensor does not answer");
    assert_string_equal(event_text(0, "trigger"), "command");
    assert_string_equal(event_text(0, "id") + 16, "-1");
    assert_int_equal(scene.shots.stage, SHOTS_IDLE);
    assert_int_equal(scene.reporter.counters.failed, 1);
}

static void a_picture_that_is_not_accepted_is_told(void **state)
{
    (void)state;
    command("door-17");
    expose();
    develop(false);
    assert_int_equal(scene.event_count, 1);
    assert_event(0, "failed", "door-17", "no JPEG");
    assert_int_equal(scene.reporter.counters.failed, 1);
}

static void a_picture_that_cannot_be_made_to_fit_is_skipped(void **state)
{
    (void)state;
    command("door-17");
    expose();
    develop_with(false, EMSGSIZE);
    assert_event(0, "skipped", "door-17", "no JPEG");
    assert_int_equal(scene.reporter.counters.skipped, 1);
    assert_int_equal(scene.reporter.counters.failed, 0);
}

// ---- several

static void commands_wait_their_turn_in_order(void **state)
{
    (void)state;
    const char *const ids[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++) {
        command_at(ids[i], 100 + i);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(scene.asked, i + 1);
        assert_int_equal(scene.not_before_ns, 100 + i);
        expose();
        assert_int_equal(scene.asked, i + 1); // not while developing either
        assert_string_equal(scene.developing->request_id, ids[i]);
        develop(true);
    }
    assert_int_equal(scene.event_count, 0);
}

static void a_failure_lets_the_next_command_go_on(void **state)
{
    (void)state;
    command("a");
    command("b");
    fail_shot("the sensor does not answer");
    assert_int_equal(scene.asked, 2);
    expose();
    assert_string_equal(scene.developing->request_id, "b");
    command("c");
    develop(false);
    assert_int_equal(scene.asked, 3);
}

static void a_seventeenth_command_is_refused_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 3; round++) { // the ring goes round
        command("first");
        for (int i = 0; i < SHOTS_WAITING_MAX; i++) {
            command("waits");
        }
        size_t events = scene.event_count;
        command("too many");
        assert_int_equal(scene.event_count, events + 1);
        assert_event(events, "failed", "too many", "16 snapshots are waiting already");
        for (int i = 0; i <= SHOTS_WAITING_MAX; i++) {
            expose();
            develop(true);
        }
        assert_int_equal(scene.shots.stage, SHOTS_IDLE);
    }
    assert_int_equal(scene.asked, 3 * (1 + SHOTS_WAITING_MAX));
}

static void a_command_without_a_camera_is_refused_with_the_reason(void **state)
{
    (void)state;
    scene.is_online = false;
    command("a");
    assert_event(0, "failed", "a", "the camera is offline: it has not started yet");
    lose_camera("unplugged");
    command("b");
    assert_event(1, "failed", "b", "the camera is offline: unplugged");
    assert_int_equal(scene.asked, 0);
    assert_int_equal(scene.reporter.counters.failed, 2);
}

static void a_camera_that_goes_fails_all_who_wait_once(void **state)
{
    (void)state;
    command("a");
    command("b");
    command("c");
    lose_camera("unplugged");
    assert_int_equal(scene.event_count, 3);
    assert_event(0, "failed", "a", "unplugged");
    assert_event(1, "failed", "b", "unplugged");
    assert_event(2, "failed", "c", "unplugged");
    assert_int_equal(scene.shots.waiting_count, 0);
    assert_int_equal(scene.reporter.counters.failed, 3);

    scene.is_online = true;
    command("d");
    assert_int_equal(scene.asked, 2);
}

static void a_camera_that_goes_leaves_the_frame_that_it_gave(void **state)
{
    (void)state;
    command("a");
    expose();
    command("b");
    lose_camera("unplugged");
    assert_int_equal(scene.event_count, 1);
    assert_event(0, "failed", "b", "unplugged");
    develop(true);
    assert_int_equal(scene.reporter.counters.failed, 1);
    assert_int_equal(scene.shots.stage, SHOTS_IDLE);
}

static void a_camera_that_fails_at_once_is_one_failure(void **state)
{
    (void)state;
    scene.fails_at_once = true;
    command("a");
    assert_int_equal(scene.event_count, 1);
    assert_event(0, "failed", "a", "does not listen");
    assert_int_equal(scene.shots.stage, SHOTS_IDLE);

    scene.is_online = true;
    timer_due(1);
    assert_int_equal(scene.event_count, 2);
    assert_event(1, "failed", "", "does not listen");
}

static void a_camera_that_fails_at_once_on_a_waiting_command_fails_the_rest(void **state)
{
    (void)state;
    command("a");
    command("b");
    command("c");
    expose();
    scene.fails_at_once = true;
    develop(true);
    assert_int_equal(scene.event_count, 2);
    assert_event(0, "failed", "b", "does not listen");
    assert_event(1, "failed", "c", "does not listen");
    assert_int_equal(scene.shots.stage, SHOTS_IDLE);
    assert_int_equal(scene.shots.waiting_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHOTS_TEST(a_command_is_exposed_after_it_came),
        SHOTS_TEST(the_captured_event_tells_of_the_exposure),
        SHOTS_TEST(a_timed_shot_is_for_when_it_was_due),
        SHOTS_TEST(ids_are_unique_over_shots_and_runs),
        SHOTS_TEST(a_shot_that_fails_is_told_with_its_reason),
        SHOTS_TEST(a_picture_that_is_not_accepted_is_told),
        SHOTS_TEST(a_picture_that_cannot_be_made_to_fit_is_skipped),
        SHOTS_TEST(commands_wait_their_turn_in_order),
        SHOTS_TEST(a_failure_lets_the_next_command_go_on),
        SHOTS_TEST(a_seventeenth_command_is_refused_at_once),
        SHOTS_TEST(a_command_without_a_camera_is_refused_with_the_reason),
        SHOTS_TEST(a_camera_that_goes_fails_all_who_wait_once),
        SHOTS_TEST(a_camera_that_goes_leaves_the_frame_that_it_gave),
        SHOTS_TEST(a_camera_that_fails_at_once_is_one_failure),
        SHOTS_TEST(a_camera_that_fails_at_once_on_a_waiting_command_fails_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
