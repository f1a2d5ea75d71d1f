// The camera against a driver that misbehaves in every way there is: it goes offline once, says
// why, answers the shot that runs exactly once, comes back, and leaves nothing behind.
#include "camera_scene.h"

#include "base/timing.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

// What goes wrong without a shot: the behaviour, and what the reason must tell.
static const char *const unprompted[][2] = {
    {"hello:exit", "the fake driver ended with status 3"},
    {"hello:unloadable", "cannot be loaded: a library that it was built for has gone"},
    {"hello:abort", "the fake driver was killed by signal 6 (Aborted)"},
    {"hello:garbage", "the driver sent"},
    {"hello:oversized", "too long"},
    {"hello:empty", "the fake driver ended with status 0"}, // as if the driver had hung up
    {"hello:version", "speaks protocol 3"},
    {"hello:turn", "out of turn"},
    {"hello:uninvited", "2 descriptors"},
    {"hello:failed", "no such camera"},
    {"configure:exit", "ended with status 3"},
    {"configure:abort", "killed by signal 6"},
    {"configure:failed", "no such camera"},
    {"configure:lost", "unplugged"},
    {"configure:lost-without-a-word", "did not say why"},
    {"configure:garbage", "the driver sent"},
    {"configure:huge", "100064x48"},
    {"buffers:exit", "ended with status 3"},
    {"buffers:garbage", "the driver sent"},
    {"buffers:unsealed", "not sealed"},
    {"buffers:small", "do not lie in"},
    {"buffers:stride", "stride 127 and 6144 bytes are too small for 48 rows of 128 bytes"},
    {"buffers:extra", "too long"},
    {"buffers:bare", "0 descriptors"},
    {"buffers:turn", "out of turn"},
    {"start:exit", "ended with status 3"},
    {"start:failed", "no such camera"},
    {"start:unasked", "not asked for"},
    {"start:lost", "unplugged"},
};

static void whatever_goes_wrong_is_told_once_and_mended(void **state)
{
    for (size_t i = 0; i < sizeof unprompted / sizeof unprompted[0]; i++) {
        struct camera_scene *scene = *state;
        print_message("%s\n", unprompted[i][0]);
        camera_start_as(scene, unprompted[i][0]);
        camera_wait_for(scene, &scene->offline, 1);
        assert_non_null(strstr(scene->reason, unprompted[i][1]));
        if (scene->online == 0) { // the same reason again is no news
            camera_wait_for_restarts(scene, 3);
            assert_int_equal(scene->offline, 1);
        }
        assert_recovers(scene);
        camera_end(state);
        camera_begin(state);
    }
}

// What goes wrong over a shot. While the shot has its time, the next driver gets it.
static const char *const prompted[][2] = {
    {"shoot:exit", "ended with status 3"},
    {"shoot:abort", "killed by signal 6"},
    {"shoot:garbage", "the driver sent"},
    {"shoot:wrong-shot", "not asked for"},
    {"shoot:future", "of the time"},
    {"shoot:stale", "before it was asked for"},
    {"shoot:ancient", "before it was started"},
    {"shoot:short", "a frame with 6143 bytes in plane 0"},
    {"shoot:failed", "not asked for"},
    {"shoot:failed-another", "not asked for"},
    {"shoot:oversized", "too long"},
};

static void a_shot_that_goes_wrong_is_for_the_next_driver(void **state)
{
    for (size_t i = 0; i < sizeof prompted / sizeof prompted[0]; i++) {
        struct camera_scene *scene = *state;
        print_message("%s\n", prompted[i][0]);
        camera_start_as(scene, prompted[i][0]);
        camera_wait_for(scene, &scene->online, 1);
        camera_take(scene);
        camera_wait_for(scene, &scene->offline, 1);
        assert_non_null(strstr(scene->reason, prompted[i][1]));
        assert_shot_survives(scene);
        assert_int_equal(scene->online, 2);
        camera_take(scene);
        camera_wait_for(scene, &scene->frames, 2);
        assert_int_equal(scene->failed, 0);
        assert_int_equal(scene->offline, 1);
        assert_int_equal(camera_health(scene->camera).restarts, 1);
        camera_end(state);
        camera_begin(state);
    }
}

// What no other driver can mend.
static const char *const final[][2] = {
    {"shoot:lost", "unplugged"},
    {"shoot:lost-without-a-word", "did not say why"},
};

static void a_shot_of_a_camera_that_has_gone_fails_at_once(void **state)
{
    for (size_t i = 0; i < sizeof final / sizeof final[0]; i++) {
        struct camera_scene *scene = *state;
        print_message("%s\n", final[i][0]);
        camera_start_as(scene, final[i][0]);
        camera_wait_for(scene, &scene->online, 1);
        camera_take(scene);
        camera_wait_for(scene, &scene->offline, 1);
        assert_non_null(strstr(scene->reason, final[i][1]));
        assert_string_equal(scene->failure, scene->reason);
        assert_int_equal(scene->failed, 1);
        assert_recovers(scene);
        assert_int_equal(scene->failed, 1);
        assert_int_equal(scene->offline, 1);
        camera_end(state);
        camera_begin(state);
    }
}

static void a_shot_whose_time_has_passed_fails_with_the_reason_of_the_outage(void **state)
{
    struct camera_scene *scene = *state;
    scene->settings.timeout_s = 0.2;
    camera_start_as(scene, "shoot:exit");
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->offline, 1);
    camera_behave("hello:exit");
    camera_wait_for(scene, &scene->failed, 1);
    assert_string_equal(scene->failure, "the fake driver ended with status 3");
    assert_true(camera_health(scene->camera).restarts > 0);
    assert_int_equal(scene->offline, 1);
    scene->settings.timeout_s = CAMERA_PATIENCE_S;
    assert_recovers(scene);
}

// "latest" takes a frame of before the shot, but none of before the driver.
static void the_latest_frame_is_of_this_driver(void **state)
{
    struct camera_scene *scene = *state;
    snprintf(scene->settings.freshness, sizeof scene->settings.freshness, "latest");
    camera_start_as(scene, "shoot:ancient");
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->offline, 1);
    assert_non_null(strstr(scene->reason, "before it was started"));
}

// A driver that says nothing, and how long it may; the reason shows that it was that deadline.
static const struct {
    const char *behaviour;
    const char *reason;
    struct camera_deadlines deadlines;
} silences[] = {
    {"hello:hang", "say hello in time", {.stage_ms = 300, .exit_ms = 9000}},
    {"configure:hang", "configure the camera in time", {.stage_ms = 300, .exit_ms = 9000}},
    {"buffers:half", "hand over its buffers in time", {.stage_ms = 300, .exit_ms = 9000}},
    {"start:hang", "start the camera in time", {.stage_ms = 300, .exit_ms = 9000}},
    {"hello:close", "end after closing its socket", {.stage_ms = 9000, .exit_ms = 20}},
    {"start:close", "end after closing its socket", {.stage_ms = 9000, .exit_ms = 20}},
    {"ping:close", "end after closing its socket", {.stage_ms = 9000, .exit_ms = 20}},
    {"ping:hang", "did not answer for 0.2 s", {.stage_ms = 9000, .exit_ms = 9000}},
    {"start:silent", "did not answer for 0.2 s", {.stage_ms = 9000, .exit_ms = 9000}},
};

static void silence_ends_at_its_deadline(void **state)
{
    for (size_t i = 0; i < sizeof silences / sizeof silences[0]; i++) {
        struct camera_scene *scene = *state;
        print_message("%s\n", silences[i].behaviour);
        struct camera_deadlines deadlines = silences[i].deadlines;
        deadlines.ping_interval_ms = 20;
        deadlines.pong_ms = 200;
        deadlines.end_ms = 20;
        deadlines.retry_first_ms = 2;
        deadlines.retry_cap_ms = 20;
        camera_set_deadlines(scene->camera, &deadlines);
        camera_start_as(scene, silences[i].behaviour);
        // a machine that is too slow for so short a deadline meets another one first
        while (strstr(scene->reason, silences[i].reason) == NULL) {
            camera_wait_for(scene, &scene->offline, scene->offline + 1);
        }
        assert_int_equal(scene->failed, 0);
        camera_end(state);
        camera_begin(state);
    }
}

static void a_driver_that_is_not_there_is_named_with_the_cure(void **state)
{
    struct camera_scene *scene = *state;
    snprintf(scene->settings.driver, sizeof scene->settings.driver, "missing");
    camera_start(scene->camera);
    assert_int_equal(scene->offline, 1);
    assert_non_null(strstr(scene->reason, "still2mqtt-camera-missing"));
    camera_wait_for_restarts(scene, 4);
    assert_int_equal(scene->offline, 1);
    snprintf(scene->settings.driver, sizeof scene->settings.driver, "fake");
    assert_recovers(scene);
}

static void a_driver_that_may_not_be_run_is_named(void **state)
{
    struct camera_scene *scene = *state;
    snprintf(scene->settings.driver, sizeof scene->settings.driver, "plain");
    const char *path = FAKE_DRIVERS "/still2mqtt-camera-plain";
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    camera_start(scene->camera);
    unlink(path);
    assert_int_equal(scene->offline, 1);
    assert_non_null(strstr(scene->reason, "Permission denied"));
}

static void it_can_be_destroyed_at_any_time(void **state)
{
    const char *const behaviours[] = {"hello:hang", "configure:hang", "buffers:half", "start:hang",
                                      "",           "hello:exit",     "shoot:ignored"};
    for (size_t i = 0; i < sizeof behaviours / sizeof behaviours[0]; i++) {
        for (int turns = 0; turns < 6; turns++) {
            struct camera_scene *scene = *state;
            camera_start_as(scene, behaviours[i]);
            for (int turn = 0; turn < turns; turn++) {
                struct fault fault;
                assert_true(loop_turn(scene->loop, timing_now_ns() + TIMING_MS(20), &fault));
            }
            if (camera_is_online(scene->camera)) {
                camera_take(scene);
            }
            camera_end(state);
            camera_begin(state);
        }
    }
}

#define CAMERA_TEST(name) cmocka_unit_test_setup_teardown(name, camera_begin, camera_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CAMERA_TEST(whatever_goes_wrong_is_told_once_and_mended),
        CAMERA_TEST(a_shot_that_goes_wrong_is_for_the_next_driver),
        CAMERA_TEST(a_shot_of_a_camera_that_has_gone_fails_at_once),
        CAMERA_TEST(a_shot_whose_time_has_passed_fails_with_the_reason_of_the_outage),
        CAMERA_TEST(the_latest_frame_is_of_this_driver),
        CAMERA_TEST(silence_ends_at_its_deadline),
        CAMERA_TEST(a_driver_that_is_not_there_is_named_with_the_cure),
        CAMERA_TEST(a_driver_that_may_not_be_run_is_named),
        CAMERA_TEST(it_can_be_destroyed_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
