// A camera, a developer and a file. One thread, its own loop.
#include "snapshot.h"

#include "base/file.h"
#include "base/log.h"
#include "base/timing.h"
#include "camera/camera.h"
#include "develop_settings.h"
#include "picture/develop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PATIENCE_S = 30 }; // for the camera to come online

struct snapshot {
    const struct settings *settings;
    struct loop *loop;
    struct camera *camera;
    struct developer *developer;
    struct picture picture;
    bool done;
    bool good;
    struct fault *fault;
};

static void finish(struct snapshot *snapshot, bool good)
{
    snapshot->done = true;
    snapshot->good = good;
}

static void on_online(void *context, const struct camera_info *info)
{
    struct snapshot *snapshot = context;
    log_info("camera: %s \"%s\" %s, %ux%u %s (%s)", info->driver, info->id, info->model,
             info->width, info->height, info->format_name, info->library);
    camera_shoot(snapshot->camera, 1, timing_now_ns());
}

static void on_offline(void *context, const struct fault *why)
{
    struct snapshot *snapshot = context;
    *snapshot->fault = *why;
    finish(snapshot, false);
}

static void on_frame(void *context, uint64_t seq, struct frame *frame)
{
    struct snapshot *snapshot = context;
    struct shot shot = {
        .id = "snapshot",
        .seq = seq,
        .trigger = TRIGGER_COMMAND,
        .triggered_ns = frame->captured_ns,
        .arrived_ns = timing_now_ns(),
        .frame = frame,
        .develop = develop_settings_of(&snapshot->settings->picture),
    };
    finish(snapshot,
           developer_develop(snapshot->developer, &shot, &snapshot->picture, snapshot->fault));
    camera_give_back(snapshot->camera, frame);
}

static void on_failed(void *context, uint64_t shot, const struct fault *why)
{
    (void)shot;
    on_offline(context, why);
}

static void on_healing(void *context, const struct fault *why)
{
    (void)context;
    log_warning("the camera's stream is started anew: %s", why->text);
}

static void on_log(void *context, uint32_t level, const char *text)
{
    (void)context;
    log_line(level == LOG_LEVEL_ERROR ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG, "driver: %s", text);
}

static const struct camera_events events = {
    .online = on_online,
    .offline = on_offline,
    .frame = on_frame,
    .failed = on_failed,
    .healing = on_healing,
    .log = on_log,
};

static bool take(struct snapshot *snapshot)
{
    int64_t until_ns = timing_now_ns() + TIMING_S(PATIENCE_S);
    camera_start(snapshot->camera);
    while (!snapshot->done) {
        if (!loop_turn(snapshot->loop, until_ns, snapshot->fault)) {
            return false;
        }
        if (!snapshot->done && timing_now_ns() >= until_ns) {
            return fault_set(snapshot->fault, FAULT_CAMERA, ETIMEDOUT, "no picture within %d s",
                             PATIENCE_S);
        }
    }
    return snapshot->good;
}

bool snapshot_run(const struct settings *settings, const char *drivers_path, const char *path,
                  struct fault *fault)
{
    struct snapshot snapshot = {.settings = settings, .fault = fault};
    picture_init(&snapshot.picture);
    bool good = (snapshot.loop = loop_create(fault)) != NULL &&
                (snapshot.developer = developer_create(fault)) != NULL &&
                (snapshot.camera = camera_create(snapshot.loop, &settings->camera, drivers_path, 1,
                                                 &events, &snapshot, fault)) != NULL &&
                take(&snapshot);
    camera_destroy(snapshot.camera);
    developer_destroy(snapshot.developer);
    loop_destroy(snapshot.loop);
    good = good && file_replace(path, &snapshot.picture.jpeg, fault);
    if (good) {
        log_info("%s: %ux%u, %zu bytes, captured at %s", path, snapshot.picture.width,
                 snapshot.picture.height, snapshot.picture.jpeg.len, snapshot.picture.captured_at);
    }
    picture_fini(&snapshot.picture);
    return good;
}
