// A camera that is shut, opened, and started anew because somebody wants it.
#include "camera_scene.h"

#include "base/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void shut(struct camera_scene *scene)
{
    struct fault why;
    fault_set(&why, FAULT_CAMERA, 0, "the shutter is closed");
    camera_shut(scene->camera, &why);
}

static void take_one(struct camera_scene *scene)
{
    unsigned frames = scene->frames;
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, frames + 1);
    camera_return(scene);
}

static void a_shut_camera_is_offline_until_it_is_opened(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "");
    camera_wait_for(scene, &scene->online, 1);
    take_one(scene);
    int pid = scene->pid;
    shut(scene);
    assert_int_equal(scene->offline, 1);
    assert_string_equal(scene->reason, "the shutter is closed");
    assert_false(camera_is_online(scene->camera));
    camera_open(scene->camera); // while its driver may still be ending
    camera_wait_for(scene, &scene->online, 2);
    assert_int_not_equal(scene->pid, pid);
    take_one(scene);
    assert_int_equal(scene->failed, 0);
}

static void a_shot_that_runs_fails_at_once(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "");
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    shut(scene);
    assert_int_equal(scene->failed, 1);
    assert_string_equal(scene->failure, "the shutter is closed");
    camera_open(scene->camera);
    camera_wait_for(scene, &scene->online, 2);
    take_one(scene);
}

static void a_frame_on_loan_outlives_the_shutter(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "");
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, 1);
    shut(scene);
    camera_return(scene);
    camera_open(scene->camera);
    camera_wait_for(scene, &scene->online, 2);
}

static void it_may_be_shut_from_the_start(void **state)
{
    struct camera_scene *scene = *state;
    camera_behave("");
    shut(scene);
    assert_int_equal(scene->offline, 1);
    camera_restart(scene->camera); // nothing to start
    camera_open(scene->camera);
    camera_wait_for(scene, &scene->online, 1);
    take_one(scene);
}

static void it_may_be_shut_on_its_way_up_and_down(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "hello:hang");
    shut(scene); // while it waits for the driver
    camera_behave("hello:exit");
    camera_open(scene->camera);
    camera_wait_for_restarts(scene, 2); // which fails and is tried again
    shut(scene);
    camera_behave("");
    camera_open(scene->camera);
    camera_wait_for(scene, &scene->online, 1);
    take_one(scene);
}

static void a_cold_camera_may_be_shut_at_rest(void **state)
{
    struct camera_scene *scene = *state;
    memcpy(scene->settings.standby, "cold", 5);
    camera_start_as(scene, "");
    camera_wait_for(scene, &scene->online, 1);
    struct fault fault;
    while (!camera_is_resting(scene->camera)) {
        assert_true(loop_turn(scene->loop, timing_now_ns() + TIMING_S(1), &fault));
    }
    shut(scene);
    assert_int_equal(scene->offline, 1);
    assert_false(camera_is_resting(scene->camera));
    camera_open(scene->camera);
    camera_wait_for(scene, &scene->online, 2);
    take_one(scene);
}

static void a_restart_keeps_the_camera_online(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "");
    camera_wait_for(scene, &scene->online, 1);
    take_one(scene);
    camera_restart(scene->camera);
    assert_true(camera_is_online(scene->camera));
    take_one(scene); // of the new driver
    assert_int_equal(scene->offline + scene->failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_shut_camera_is_offline_until_it_is_opened, camera_begin,
                                        camera_end),
        cmocka_unit_test_setup_teardown(a_shot_that_runs_fails_at_once, camera_begin, camera_end),
        cmocka_unit_test_setup_teardown(a_frame_on_loan_outlives_the_shutter, camera_begin,
                                        camera_end),
        cmocka_unit_test_setup_teardown(it_may_be_shut_from_the_start, camera_begin, camera_end),
        cmocka_unit_test_setup_teardown(it_may_be_shut_on_its_way_up_and_down, camera_begin,
                                        camera_end),
        cmocka_unit_test_setup_teardown(a_cold_camera_may_be_shut_at_rest, camera_begin,
                                        camera_end),
        cmocka_unit_test_setup_teardown(a_restart_keeps_the_camera_online, camera_begin,
                                        camera_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
