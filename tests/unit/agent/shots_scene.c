// Plays the camera and the publisher for shots.c.
#include "shots_scene.h"

#include "base/log.h"
#include "base/timing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scene scene;

static void on_over(void *context, uint64_t ticket, const struct shot *shot,
                    const struct fault *why)
{
    (void)context;
    assert_true(scene.over_count < EVENTS_MAX);
    scene.overs[scene.over_count++] =
        (struct over){ticket, shot != NULL ? shot->seq : 0, why == NULL};
}

void assert_over(size_t index, uint64_t ticket, bool good)
{
    assert_true(index < scene.over_count);
    assert_int_equal(scene.overs[index].ticket, ticket);
    assert_int_equal(scene.overs[index].good, good);
}

bool camera_is_online(const struct camera *camera)
{
    (void)camera;
    return scene.is_online;
}

// As camera.c goes offline: the shot first, then the camera.
void lose_camera(const char *text)
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

void timer_due(int64_t due_ns)
{
    shots_due(&scene.shots, TRIGGER_TIMER, due_ns, &scene.settings.picture);
}

int scene_begin(void **state)
{
    (void)state;
    struct fault fault;
    scene = (struct scene){.is_online = true};
    log_threshold(LOG_LEVEL_ERROR);
    reporter_init(&scene.reporter, &scene.settings, NULL);
    struct shots_listener listener = {on_over, NULL};
    return shots_init(&scene.shots, NULL, NULL, &scene.reporter, listener, &fault) ? 0 : -1;
}

int scene_end(void **state)
{
    (void)state;
    shots_fini(&scene.shots);
    shot_free(scene.developing);
    for (size_t i = 0; i < scene.event_count; i++) {
        json_decref(scene.events[i]);
    }
    return 0;
}

void expose(void)
{
    scene.frame.captured_ns = timing_now_ns();
    shots_frame(&scene.shots, scene.seq, &scene.frame);
}

void develop_with(bool accepted, int code)
{
    struct news_shot news = {.shot = scene.developing, .accepted = accepted};
    fault_set(&news.fault, FAULT_PICTURE, code, "no JPEG");
    scene.developing = NULL;
    unsigned given_back = scene.given_back;
    shots_done(&scene.shots, &news);
    assert_int_equal(scene.given_back, given_back + 1);
    shot_free(news.shot);
}

void develop(bool accepted)
{
    develop_with(accepted, 0);
}

void fail_shot(const char *text)
{
    struct fault fault;
    fault_set(&fault, FAULT_CAMERA, 0, "%s", text);
    shots_failed(&scene.shots, scene.seq, &fault);
}

const char *event_text(size_t index, const char *key)
{
    assert_true(index < scene.event_count);
    const char *text = json_string_value(json_object_get(scene.events[index], key));
    return text != NULL ? text : "";
}

void assert_event(size_t index, const char *type, const char *request_id, const char *said)
{
    assert_string_equal(event_text(index, "event_type"), type);
    assert_string_equal(event_text(index, "request_id"), request_id);
    assert_non_null(strstr(event_text(index, "reason"), said));
}

// Each with a quality of its own, so that none is like another.
void command_at(const char *request_id, int64_t arrived_ns)
{
    static int quality;
    struct shots_wish wish = {.develop = {.quality = ++quality}};
    struct fault fault;
    scene.ticket = shots_command(&scene.shots, &wish, request_id, arrived_ns, &fault);
    shots_go(&scene.shots);
}

void command(const char *request_id)
{
    command_at(request_id, timing_now_ns());
}
