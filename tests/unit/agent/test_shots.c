// The way of a shot, with a camera and a publisher that the test plays: who waits, who is skipped,
// and that whoever asked is answered exactly once.
#include "shots.h"

#include "base/log.h"
#include "base/timing.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { EVENTS_MAX = 64 };

// ---- the camera and the publisher of the test

static struct scene {
    struct reporter reporter;
    struct shots shots;
    struct settings settings;
    bool is_online;
    bool fails_at_once; // camera_shoot finds that the driver has died
    unsigned asked;     // shots of the camera
    uint64_t seq;       // of the newest
    int64_t not_before_ns;
    unsigned given_back;
    struct shot *developing;
    json_t *events[EVENTS_MAX];
    size_t event_count;
    struct frame frame;
} scene;

bool camera_is_online(const struct camera *camera)
{
    (void)camera;
    return scene.is_online;
}

// As camera.c goes offline: the shot first, then the camera.
static void lose_camera(const char *text)
{
    struct fault fault;
    fault_set(&fault, FAULT_CAMERA, 0, "%s", text);
    scene.is_online = false;
    if (scene.shots.stage == SHOTS_EXPOSING) {
        shots_failed(&scene.shots, scene.seq, &fault);
    }
    reporter_camera(&scene.reporter, NULL, &fault);
    shots_camera_offline(&scene.shots, &fault);
}

void camera_shoot(struct camera *camera, uint64_t shot, int64_t not_before_ns)
{
    (void)camera;
    scene.asked++;
    scene.seq = shot;
    scene.not_before_ns = not_before_ns;
    if (scene.fails_at_once) {
        lose_camera("the driver does not listen");
    }
}

void camera_give_back(struct camera *camera, struct frame *frame)
{
    (void)camera;
    assert_ptr_equal(frame, &scene.frame);
    scene.given_back++;
}

void publisher_put_shot(struct publisher *publisher, struct shot *shot)
{
    (void)publisher;
    assert_null(scene.developing);
    scene.developing = shot;
}

void publisher_put_event(struct publisher *publisher, char *text)
{
    (void)publisher;
    assert_true(scene.event_count < EVENTS_MAX);
    scene.events[scene.event_count] = json_loads(text, 0, NULL);
    assert_non_null(scene.events[scene.event_count++]);
    free(text);
}

void publisher_put_document(struct publisher *publisher, enum document document, char *text)
{
    (void)publisher;
    (void)document;
    free(text);
}

struct publisher_counters publisher_counters(const struct publisher *publisher)
{
    (void)publisher;
    return (struct publisher_counters){0};
}

// ---- what happens to them

static void timer_due(int64_t due_ns)
{
    shots_due(&scene.shots, TRIGGER_TIMER, due_ns, &scene.settings.picture);
}

static int begin(void **state)
{
    (void)state;
    struct fault fault;
    scene = (struct scene){.is_online = true};
    log_threshold(LOG_LEVEL_ERROR);
    reporter_init(&scene.reporter, &scene.settings, NULL);
    return shots_init(&scene.shots, NULL, NULL, &scene.reporter, &fault) ? 0 : -1;
}

static void free_shot(struct shot *shot)
{
    if (shot != NULL) {
        free(shot->captured_event);
        free(shot);
    }
}

static int end(void **state)
{
    (void)state;
    shots_fini(&scene.shots);
    free_shot(scene.developing);
    for (size_t i = 0; i < scene.event_count; i++) {
        json_decref(scene.events[i]);
    }
    return 0;
}

static void expose(void)
{
    scene.frame.captured_ns = timing_now_ns();
    shots_frame(&scene.shots, scene.seq, &scene.frame);
}

static void develop_with(bool accepted, int code)
{
    struct news_shot news = {.shot = scene.developing, .accepted = accepted};
    fault_set(&news.fault, FAULT_PICTURE, code, "no JPEG");
    scene.developing = NULL;
    unsigned given_back = scene.given_back;
    shots_done(&scene.shots, &news);
    assert_int_equal(scene.given_back, given_back + 1);
    free_shot(news.shot);
}

static void develop(bool accepted)
{
    develop_with(accepted, 0);
}

static void fail_shot(const char *text)
{
    struct fault fault;
    fault_set(&fault, FAULT_CAMERA, 0, "%s", text);
    shots_failed(&scene.shots, scene.seq, &fault);
}

static const char *event_text(size_t index, const char *key)
{
    assert_true(index < scene.event_count);
    const char *text = json_string_value(json_object_get(scene.events[index], key));
    return text != NULL ? text : "";
}

static void assert_event(size_t index, const char *type, const char *request_id, const char *said)
{
    assert_string_equal(event_text(index, "event_type"), type);
    assert_string_equal(event_text(index, "request_id"), request_id);
    assert_non_null(strstr(event_text(index, "reason"), said));
}

static void command(const char *request_id)
{
    shots_command(&scene.shots, request_id, timing_now_ns());
}

// ---- one shot

static void a_command_is_exposed_after_it_came(void **state)
{
    (void)state;
    shots_command(&scene.shots, "door-17", 12345);
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
    end(state);
    begin(state);
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
        shots_command(&scene.shots, ids[i], 100 + i);
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

// ---- the timer

static void a_timed_shot_that_cannot_be_is_skipped_and_told_once(void **state)
{
    (void)state;
    command("a");
    for (int i = 0; i < 5; i++) {
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

static void a_command_goes_before_the_next_timed_shot(void **state)
{
    (void)state;
    timer_due(1);
    command("a");
    expose();
    develop(true);
    timer_due(2);
    expose();
    assert_string_equal(scene.developing->request_id, "a");
    assert_int_equal(scene.reporter.counters.skipped, 1);
}

#define SHOTS_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

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
        SHOTS_TEST(a_timed_shot_that_cannot_be_is_skipped_and_told_once),
        SHOTS_TEST(a_timed_shot_without_a_camera_is_skipped),
        SHOTS_TEST(a_command_goes_before_the_next_timed_shot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
