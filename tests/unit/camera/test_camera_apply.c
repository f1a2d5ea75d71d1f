// Other settings for a camera that runs: its driver is started anew with them, whatever it was at.
#include "camera_scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct settings_camera other_settings(const struct camera_scene *scene)
{
    struct settings_camera other = scene->settings;
    other.exposure_us = 1000;
    return other;
}

static void the_same_settings_leave_it_alone(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "");
    camera_wait_for(scene, &scene->online, 1);
    int pid = scene->pid;
    struct settings_camera same = scene->settings;
    assert_false(camera_apply(scene->camera, &same));
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, 1);
    camera_return(scene);
    assert_int_equal(scene->pid, pid);
    camera_apply(scene->camera, &scene->settings);
}

static void it_stays_online_and_the_shot_is_for_the_new_driver(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "");
    camera_wait_for(scene, &scene->online, 1);
    struct settings_camera other = other_settings(scene);
    camera_take(scene);
    assert_true(camera_apply(scene->camera, &other));
    assert_true(camera_is_online(scene->camera));
    camera_wait_for(scene, &scene->frames, 1);
    camera_return(scene);
    assert_int_equal(scene->offline + scene->failed, 0);
    assert_true(camera_apply(scene->camera, &scene->settings));
    camera_take(scene); // while there is no driver
    camera_wait_for(scene, &scene->frames, 2);
    camera_return(scene);
    assert_int_equal(scene->offline + scene->failed, 0);
}

static void a_frame_on_loan_outlives_it(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "");
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, 1);
    struct settings_camera other = other_settings(scene);
    assert_true(camera_apply(scene->camera, &other));
    camera_return(scene);
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, 2);
    camera_return(scene);
    camera_apply(scene->camera, &scene->settings);
}

static void one_that_does_not_come_back_is_offline(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "");
    camera_wait_for(scene, &scene->online, 1);
    camera_behave("configure:failed");
    struct settings_camera other = other_settings(scene);
    assert_true(camera_apply(scene->camera, &other));
    camera_wait_for(scene, &scene->offline, 1);
    assert_false(camera_is_online(scene->camera));
    // and the way back
    camera_behave("");
    assert_true(camera_apply(scene->camera, &scene->settings));
    camera_wait_for(scene, &scene->online, 2);
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, 1);
    camera_return(scene);
}

static void a_driver_that_hangs_is_got_rid_of(void **state)
{
    struct camera_scene *scene = *state;
    struct camera_deadlines deadlines = {
        .stage_ms = 10000,
        .stall_ms = 10000,
        .stop_ms = 10000,
        .waiting_ms = 10000,
        .ping_interval_ms = 5000,
        .pong_ms = 10000,
        .exit_ms = 20,
        .end_ms = 20,
        .retry_first_ms = 2,
        .retry_cap_ms = 20,
    };
    camera_set_deadlines(scene->camera, &deadlines);
    camera_start_as(scene, "hello:hang");
    struct settings_camera other = other_settings(scene);
    camera_behave("");
    assert_true(camera_apply(scene->camera, &other));
    camera_wait_for(scene, &scene->online, 1);
    assert_true(camera_apply(scene->camera, &scene->settings));
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, 1);
    camera_return(scene);
    assert_int_equal(scene->offline, 0);
}

static void a_camera_at_rest_is_started_to_see_that_it_works(void **state)
{
    struct camera_scene *scene = *state;
    snprintf(scene->settings.standby, sizeof scene->settings.standby, "cold");
    camera_start_as(scene, "");
    camera_wait_for(scene, &scene->online, 1);
    while (!camera_is_resting(scene->camera)) {
        struct fault fault;
        assert_true(loop_turn(scene->loop, INT64_MAX, &fault));
    }
    camera_behave("configure:failed");
    struct settings_camera other = other_settings(scene);
    assert_true(camera_apply(scene->camera, &other));
    camera_wait_for(scene, &scene->offline, 1);
    camera_behave("");
    assert_true(camera_apply(scene->camera, &scene->settings));
    camera_wait_for(scene, &scene->online, 2);
}

#define CAMERA_TEST(test) cmocka_unit_test_setup_teardown(test, camera_begin, camera_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CAMERA_TEST(the_same_settings_leave_it_alone),
        CAMERA_TEST(it_stays_online_and_the_shot_is_for_the_new_driver),
        CAMERA_TEST(a_frame_on_loan_outlives_it),
        CAMERA_TEST(one_that_does_not_come_back_is_offline),
        CAMERA_TEST(a_driver_that_hangs_is_got_rid_of),
        CAMERA_TEST(a_camera_at_rest_is_started_to_see_that_it_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
