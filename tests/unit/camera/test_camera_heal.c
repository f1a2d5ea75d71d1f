// The ladder: what stalls is mended by the least that helps, what runs meanwhile goes on, and what
// is not there is waited for.
#include "camera_scene.h"

#include "base/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct camera_deadlines quick(void)
{
    return (struct camera_deadlines){
        .stage_ms = 10000,
        .stall_ms = 20, // five frames of the fake driver are 200 ms
        .stop_ms = 10000,
        .waiting_ms = 10000,
        .ping_interval_ms = 5,
        .pong_ms = 10000,
        .exit_ms = 10000,
        .linger_ms = 1,
        .end_ms = 20,
        .retry_first_ms = 2,
        .retry_cap_ms = 20,
    };
}

static void start(struct camera_scene *scene, const struct camera_deadlines *deadlines,
                  const char *behaviour)
{
    camera_set_deadlines(scene->camera, deadlines);
    camera_start_as(scene, behaviour);
}

static void a_shot_goes_on_when_its_stream_is_started_anew(void **state)
{
    struct camera_scene *scene = *state;
    struct camera_deadlines deadlines = quick();
    start(scene, &deadlines, "shoot:stalled");
    camera_wait_for(scene, &scene->online, 1);
    int pid = scene->pid;
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, 1);
    assert_int_equal(scene->healings, 1);
    assert_string_equal(scene->healing, "no frame within 0.2 s: the camera has stalled");
    assert_int_equal(scene->offline + scene->failed, 0);
    assert_int_equal(scene->online, 1);
    assert_int_equal(camera_health(scene->camera).stream_restarts, 1);
    assert_int_equal(camera_health(scene->camera).restarts, 0);
    camera_return(scene);
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, 2);
    assert_int_equal(scene->pid, pid);
}

// A webcam does not tell how long a frame takes.
static void a_stream_without_a_pace_is_started_anew_at_a_third_of_the_shots_time(void **state)
{
    struct camera_scene *scene = *state;
    struct camera_deadlines deadlines = quick();
    scene->settings.timeout_s = 3;
    start(scene, &deadlines, "shoot:stalled-paceless");
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, 1);
    assert_string_equal(scene->healing, "no frame within 1.0 s: the camera has stalled");
    assert_int_equal(scene->healings, 1);
    assert_int_equal(scene->offline + scene->failed, 0);
}

static void a_stream_that_stalls_again_costs_the_driver_its_life(void **state)
{
    struct camera_scene *scene = *state;
    struct camera_deadlines deadlines = quick();
    start(scene, &deadlines, "shoot:ignored");
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->offline, 1);
    assert_int_equal(scene->healings, 1);
    assert_non_null(strstr(scene->reason, "started anew, and again: no frame within 0.2 s"));
    assert_shot_survives(scene);
    assert_int_equal(camera_health(scene->camera).restarts, 1);
}

static void a_stop_that_hangs_does_not_hang_the_agent(void **state)
{
    struct camera_scene *scene = *state;
    struct camera_deadlines deadlines = quick();
    deadlines.stop_ms = 100;
    start(scene, &deadlines, "stop:hang");
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->offline, 1);
    assert_int_equal(scene->healings, 1);
    assert_string_equal(scene->reason, "the fake driver did not stop the camera in time");
    assert_shot_survives(scene);
}

static void a_stream_that_stalls_between_shots_is_started_anew(void **state)
{
    struct camera_scene *scene = *state;
    struct camera_deadlines deadlines = quick();
    start(scene, &deadlines, "ping:stalled");
    camera_wait_for(scene, &scene->healings, 1);
    assert_non_null(strstr(scene->healing, "between pictures"));
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, 1);
    assert_int_equal(scene->offline, 0);
}

static void a_dead_stream_is_found_without_a_shot(void **state)
{
    struct camera_scene *scene = *state;
    struct camera_deadlines deadlines = quick();
    start(scene, &deadlines, "ping:dead");
    camera_wait_for(scene, &scene->offline, 1);
    assert_int_equal(scene->healings, 1);
    assert_non_null(strstr(scene->reason, "started anew, and again"));
    assert_recovers(scene);
}

static void a_camera_that_is_not_there_is_waited_for(void **state)
{
    struct camera_scene *scene = *state;
    struct camera_deadlines deadlines = quick();
    start(scene, &deadlines, "configure:waiting");
    camera_wait_for(scene, &scene->offline, 1);
    assert_string_equal(scene->reason, "there is no camera");
    assert_false(camera_is_online(scene->camera));
    camera_wait_for(scene, &scene->online, 1);
    assert_int_equal(camera_health(scene->camera).restarts, 0);
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, 1);
}

static void a_wait_without_end_begins_anew_and_is_no_news(void **state)
{
    struct camera_scene *scene = *state;
    struct camera_deadlines deadlines = quick();
    deadlines.waiting_ms = 5;
    deadlines.ping_interval_ms = 50000;                        // it never appears
    deadlines.retry_first_ms = deadlines.retry_cap_ms = 50000; // and there is no second wait
    start(scene, &deadlines, "configure:waiting");
    camera_wait_for_restarts(scene, 3);
    assert_int_equal(scene->offline, 1);
    assert_int_equal(scene->online, 0);
}

static void a_camera_that_is_not_ready_is_looked_at_again_soon(void **state)
{
    struct camera_scene *scene = *state;
    struct camera_deadlines deadlines = quick();
    deadlines.waiting_ms = deadlines.ping_interval_ms = 50000;
    start(scene, &deadlines, "configure:not-ready");
    camera_wait_for_restarts(scene, 3);
    assert_int_equal(scene->offline, 1);
    assert_recovers(scene);
}

static void a_camera_that_was_unplugged_is_looked_for_within_seconds(void **state)
{
    struct camera_scene *scene = *state;
    struct camera_deadlines deadlines = quick();
    deadlines.retry_first_ms = deadlines.retry_cap_ms = 50000;
    start(scene, &deadlines, "shoot:lost");
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->failed, 1);
    assert_string_equal(scene->failure, "the camera was unplugged");
    assert_recovers(scene);
}

// ---- cold

static void turn_until_rested(struct camera_scene *scene)
{
    int64_t until_ns = timing_now_ns() + TIMING_S(CAMERA_PATIENCE_S);
    while (!camera_is_resting(scene->camera)) {
        struct fault fault;
        assert_true(loop_turn(scene->loop, until_ns, &fault));
        assert_true(timing_now_ns() < until_ns);
    }
}

static void start_cold(struct camera_scene *scene)
{
    struct camera_deadlines deadlines = quick();
    snprintf(scene->settings.standby, sizeof scene->settings.standby, "cold");
    start(scene, &deadlines, "");
    camera_wait_for(scene, &scene->online, 1);
}

static void a_cold_camera_rests_between_shots(void **state)
{
    struct camera_scene *scene = *state;
    start_cold(scene);
    for (unsigned i = 1; i <= 5; i++) {
        turn_until_rested(scene);
        assert_true(camera_is_online(scene->camera));
        camera_take(scene);
        camera_wait_for(scene, &scene->frames, i);
        struct frame *frame = scene->frame;
        turn_until_rested(scene); // the loan outlives the driver
        assert_int_equal(frame->planes[0].data[252], 1);
        camera_return(scene);
    }
    assert_int_equal(scene->online, 1);
    assert_int_equal(scene->offline + scene->failed, 0);
    assert_int_equal(camera_health(scene->camera).restarts, 0);
}

static void a_shot_that_comes_while_the_camera_closes_wakes_it(void **state)
{
    struct camera_scene *scene = *state;
    start_cold(scene);
    for (unsigned turns = 0; turns < 8; turns++) {
        struct fault fault;
        for (unsigned turn = 0; turn < turns; turn++) {
            assert_true(loop_turn(scene->loop, timing_now_ns() + TIMING_MS(2), &fault));
        }
        camera_take(scene);
        camera_wait_for(scene, &scene->frames, turns + 1);
        camera_return(scene);
    }
    assert_int_equal(scene->offline + scene->failed, 0);
}

static void a_cold_camera_that_does_not_wake_is_offline_and_comes_back(void **state)
{
    struct camera_scene *scene = *state;
    start_cold(scene);
    turn_until_rested(scene);
    camera_behave("configure:failed");
    camera_take(scene);
    camera_wait_for(scene, &scene->offline, 1);
    assert_int_equal(scene->failed, 1);
    assert_string_equal(scene->failure, "no such camera");
    assert_recovers(scene);
}

#define CAMERA_TEST(name) cmocka_unit_test_setup_teardown(name, camera_begin, camera_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CAMERA_TEST(a_shot_goes_on_when_its_stream_is_started_anew),
        CAMERA_TEST(a_stream_without_a_pace_is_started_anew_at_a_third_of_the_shots_time),
        CAMERA_TEST(a_stream_that_stalls_again_costs_the_driver_its_life),
        CAMERA_TEST(a_stop_that_hangs_does_not_hang_the_agent),
        CAMERA_TEST(a_stream_that_stalls_between_shots_is_started_anew),
        CAMERA_TEST(a_dead_stream_is_found_without_a_shot),
        CAMERA_TEST(a_camera_that_is_not_there_is_waited_for),
        CAMERA_TEST(a_wait_without_end_begins_anew_and_is_no_news),
        CAMERA_TEST(a_camera_that_is_not_ready_is_looked_at_again_soon),
        CAMERA_TEST(a_camera_that_was_unplugged_is_looked_for_within_seconds),
        CAMERA_TEST(a_cold_camera_rests_between_shots),
        CAMERA_TEST(a_shot_that_comes_while_the_camera_closes_wakes_it),
        CAMERA_TEST(a_cold_camera_that_does_not_wake_is_offline_and_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
