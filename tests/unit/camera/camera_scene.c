#include "camera_scene.h"

#include "base/timing.h"
#include "resources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void on_online(void *context, const struct camera_info *info)
{
    struct camera_scene *scene = context;
    scene->online++;
    scene->pid = info->pid;
    snprintf(scene->library, sizeof scene->library, "%s", info->library);
}

static void on_offline(void *context, const struct fault *why)
{
    struct camera_scene *scene = context;
    assert_false(camera_is_online(scene->camera));
    scene->offline++;
    snprintf(scene->reason, sizeof scene->reason, "%s", why->text);
}

static void on_frame(void *context, uint64_t shot, struct frame *frame)
{
    struct camera_scene *scene = context;
    assert_int_equal(shot, scene->frames + scene->failed + 1);
    scene->frames++;
    scene->frame = frame;
}

static void on_failed(void *context, uint64_t shot, const struct fault *why)
{
    struct camera_scene *scene = context;
    assert_int_equal(shot, scene->frames + scene->failed + 1);
    scene->failed++;
    snprintf(scene->failure, sizeof scene->failure, "%s", why->text);
}

static void on_healing(void *context, const struct fault *why)
{
    struct camera_scene *scene = context;
    scene->healings++;
    snprintf(scene->healing, sizeof scene->healing, "%s", why->text);
}

static void on_log(void *context, uint32_t level, const char *text)
{
    struct camera_scene *scene = context;
    assert_int_equal(level, 6);
    scene->lines++;
    snprintf(scene->line, sizeof scene->line, "%s", text);
}

static const struct camera_events events = {
    .online = on_online,
    .offline = on_offline,
    .frame = on_frame,
    .failed = on_failed,
    .healing = on_healing,
    .log = on_log,
};

// Generous where a good driver is waited for, on a slow machine too.
static const struct camera_deadlines patient = {
    .stage_ms = 10000,
    .stall_ms = 10000,
    .stop_ms = 10000,
    .waiting_ms = 10000,
    .ping_interval_ms = 5000,
    .pong_ms = 10000,
    .exit_ms = 10000,
    .end_ms = 20,
    .retry_first_ms = 2,
    .retry_cap_ms = 20,
};

int camera_begin(void **state)
{
    static struct camera_scene scene;
    scene = (struct camera_scene){.fds_before = resources_open_fds()};
    scene.settings = (struct settings_camera){
        .driver = "fake",
        .color_space = "auto",
        .awb = "auto",
        .metering = "auto",
        .af_mode = "auto",
        .hdr = "auto",
        .standby = "warm",
        .freshness = "after-trigger",
        .timeout_s = CAMERA_PATIENCE_S,
    };
    struct fault fault;
    scene.loop = loop_create(&fault);
    scene.camera =
        camera_create(scene.loop, &scene.settings, FAKE_DRIVERS, 1, &events, &scene, &fault);
    camera_set_deadlines(scene.camera, &patient);
    unsetenv("FAKE_DRIVER");
    *state = &scene;
    return 0;
}

int camera_end(void **state)
{
    struct camera_scene *scene = *state;
    if (scene->camera == NULL) {
        return 0; // a test that ended it failed before it began anew
    }
    if (scene->frame != NULL) {
        camera_give_back(scene->camera, scene->frame);
    }
    camera_destroy(scene->camera);
    scene->camera = NULL;
    loop_destroy(scene->loop);
    assert_int_equal(resources_open_fds(), scene->fds_before);
    assert_false(resources_have_child());
    return 0;
}

void camera_wait_for(struct camera_scene *scene, const unsigned *counter, unsigned count)
{
    int64_t until_ns = timing_now_ns() + TIMING_S(CAMERA_PATIENCE_S);
    while (*counter < count) {
        struct fault fault;
        assert_true(loop_turn(scene->loop, until_ns, &fault));
        assert_true(timing_now_ns() < until_ns);
    }
}

void camera_wait_for_restarts(struct camera_scene *scene, uint32_t restarts)
{
    int64_t until_ns = timing_now_ns() + TIMING_S(CAMERA_PATIENCE_S);
    while (camera_health(scene->camera).restarts < restarts) {
        struct fault fault;
        assert_true(loop_turn(scene->loop, until_ns, &fault));
        assert_true(timing_now_ns() < until_ns);
    }
}

void camera_behave(const char *behaviour)
{
    setenv("FAKE_DRIVER", behaviour, 1);
}

void camera_start_as(struct camera_scene *scene, const char *behaviour)
{
    camera_behave(behaviour);
    camera_start(scene->camera);
}

void camera_take(struct camera_scene *scene)
{
    bool is_any_good = strcmp(scene->settings.freshness, "latest") == 0;
    camera_shoot(scene->camera, scene->frames + scene->failed + 1,
                 is_any_good ? 0 : timing_now_ns());
}

void camera_return(struct camera_scene *scene)
{
    struct frame *frame = scene->frame;
    scene->frame = NULL;
    camera_give_back(scene->camera, frame);
}

void assert_shot_survives(struct camera_scene *scene)
{
    camera_behave("");
    camera_wait_for(scene, &scene->frames, scene->frames + 1);
    assert_int_equal(scene->failed, 0);
    camera_return(scene);
}

void assert_recovers(struct camera_scene *scene)
{
    camera_behave("");
    camera_wait_for(scene, &scene->online, scene->online + 1);
    for (int i = 0; i < 2; i++) {
        camera_take(scene);
        camera_wait_for(scene, &scene->frames, scene->frames + 1);
        assert_int_equal(scene->frame->planes[0].data[252], 1);
        camera_return(scene);
    }
}
