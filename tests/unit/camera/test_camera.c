// The camera and its shots: each is answered once, whatever becomes of the driver, and a frame
// lives as long as its loan.
#include "camera_scene.h"

#include "base/timing.h"
#include "messages.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void a_good_driver_gives_a_frame_a_shot(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "");
    camera_wait_for(scene, &scene->online, 1);
    assert_true(camera_is_online(scene->camera));
    assert_string_equal(scene->library, "fake 1.0");
    for (unsigned i = 1; i <= 20; i++) {
        camera_take(scene);
        camera_wait_for(scene, &scene->frames, i);
        camera_return(scene);
    }
    assert_int_equal(camera_health(scene->camera).restarts, 0);
    assert_int_equal(scene->offline + scene->failed, 0);
}

static void a_shot_that_is_ignored_ends_at_its_deadline(void **state)
{
    struct camera_scene *scene = *state;
    scene->settings.timeout_s = 0.1;
    camera_start_as(scene, "shoot:ignored");
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->offline, 1);
    assert_int_equal(scene->failed, 1);
    assert_string_equal(scene->failure,
                        "no frame within 0.1 s (camera.timeout_s): the camera has stalled");
    scene->settings.timeout_s = CAMERA_PATIENCE_S;
    assert_recovers(scene);
}

static void a_failed_shot_is_not_the_end_but_three_are(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "shoot:failed-shot");
    camera_wait_for(scene, &scene->online, 1);
    for (unsigned i = 1; i <= 3; i++) {
        assert_true(camera_is_online(scene->camera));
        camera_take(scene);
        camera_wait_for(scene, &scene->failed, i);
        assert_non_null(strstr(scene->failure, "the sensor does not answer"));
        assert_int_equal(camera_health(scene->camera).restarts, 0);
    }
    camera_wait_for(scene, &scene->offline, 1);
    assert_string_equal(scene->reason, "3 shots failed in a row: the sensor does not answer");
    assert_recovers(scene);
    assert_int_equal(scene->failed, 3);
}

static void a_failure_without_a_word_has_a_reason_all_the_same(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "shoot:failed-without-a-word");
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->failed, 1);
    assert_non_null(strstr(scene->failure, "did not say why"));
}

static void a_frame_too_many_is_the_end(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "shoot:twice");
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->offline, 1);
    assert_int_equal(scene->frames, 1);
    assert_int_equal(scene->failed, 0);
    assert_non_null(strstr(scene->reason, "not asked for"));
}

static void a_frame_in_a_buffer_on_loan_is_the_end(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "shoot:lent");
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->offline, 1);
    assert_non_null(strstr(scene->reason, "buffer 0, which is not its to send"));
    assert_int_equal(scene->frame->planes[0].data[250], 250);
    camera_return(scene);
    assert_shot_survives(scene);
}

static void a_frame_outlives_its_driver(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "shoot:last");
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, 1);
    camera_wait_for(scene, &scene->offline, 1);
    assert_non_null(strstr(scene->reason, "ended with status 3"));
    struct frame *frame = scene->frame;
    scene->frame = NULL;
    assert_recovers(scene);
    assert_int_equal(frame->planes[0].data[MESSAGES_PLANE_SIZE - 1],
                     (MESSAGES_PLANE_SIZE - 1) % 251);
    camera_give_back(scene->camera, frame); // of two drivers ago
}

static void a_killed_driver_is_told_by_its_signal_though_a_shot_runs(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "");
    camera_wait_for(scene, &scene->online, 1);
    kill(scene->pid, SIGKILL);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)scene->pid, &info, WEXITED | WNOWAIT), 0);
    camera_take(scene); // nobody knows yet
    camera_wait_for(scene, &scene->offline, 1);
    assert_string_equal(scene->reason, "the fake driver was killed by signal 9 (Killed)");
    assert_shot_survives(scene);
}

static void last_words_count_more_than_the_end(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "give-back:lost");
    camera_wait_for(scene, &scene->online, 1);
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, 1);
    camera_return(scene);
    camera_take(scene); // which the driver may not have read any more
    camera_wait_for(scene, &scene->offline, 1);
    assert_string_equal(scene->reason, "the camera was unplugged");
    assert_int_equal(scene->failed, 1);
}

static void a_driver_that_answers_stays_online(void **state)
{
    struct camera_scene *scene = *state;
    struct camera_deadlines deadlines = {
        .stage_ms = 10000, .ping_interval_ms = 1, .pong_ms = 10000};
    camera_set_deadlines(scene->camera, &deadlines);
    camera_start_as(scene, "ping:line");
    camera_wait_for(scene, &scene->lines, 10); // one a ping
    assert_int_equal(scene->online, 1);
    assert_int_equal(scene->offline, 0);
    camera_take(scene);
    camera_wait_for(scene, &scene->frames, 1);
}

static void a_flood_of_lines_is_cut(void **state)
{
    struct camera_scene *scene = *state;
    camera_start_as(scene, "start:flood");
    camera_wait_for(scene, &scene->online, 1);
    assert_int_equal(scene->lines, 20);
    assert_string_equal(scene->line, "line");
}

static void a_good_driver_is_let_end_by_itself(void **state)
{
    struct camera_scene *scene = *state;
    const char *mark = FAKE_DRIVERS "/still2mqtt-camera-fake.mark";
    close(open(mark, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    struct camera_deadlines deadlines = {.stage_ms = 10000, .end_ms = 10000};
    camera_set_deadlines(scene->camera, &deadlines);
    camera_start_as(scene, "");
    camera_wait_for(scene, &scene->online, 1);
    camera_end(state);
    assert_int_not_equal(access(mark, F_OK), 0);
    camera_begin(state);
}

#define CAMERA_TEST(name) cmocka_unit_test_setup_teardown(name, camera_begin, camera_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CAMERA_TEST(a_good_driver_gives_a_frame_a_shot),
        CAMERA_TEST(a_shot_that_is_ignored_ends_at_its_deadline),
        CAMERA_TEST(a_failed_shot_is_not_the_end_but_three_are),
        CAMERA_TEST(a_failure_without_a_word_has_a_reason_all_the_same),
        CAMERA_TEST(a_frame_too_many_is_the_end),
        CAMERA_TEST(a_frame_in_a_buffer_on_loan_is_the_end),
        CAMERA_TEST(a_frame_outlives_its_driver),
        CAMERA_TEST(a_killed_driver_is_told_by_its_signal_though_a_shot_runs),
        CAMERA_TEST(last_words_count_more_than_the_end),
        CAMERA_TEST(a_driver_that_answers_stays_online),
        CAMERA_TEST(a_flood_of_lines_is_cut),
        CAMERA_TEST(a_good_driver_is_let_end_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
