// The policy of commands, with shots.c behind it and a camera and a publisher that the test plays.
#include "commands.h"
#include "shots_scene.h"

#include "base/timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct loop *loop;
static struct commands commands;
static struct shutter shutter;
static struct identify identify;
static json_t *replies[EVENTS_MAX];
static char topics[EVENTS_MAX][REPLY_TOPIC_MAX + 1];
static size_t reply_count;
static unsigned restarts;
static bool is_hidden;

void publisher_put_reply(struct publisher *publisher, const struct reply_address *to,
                         const char *text)
{
    (void)publisher;
    assert_true(reply_count < EVENTS_MAX);
    snprintf(topics[reply_count], sizeof topics[0], "%s", to->topic);
    replies[reply_count] = json_loads(text, 0, NULL);
    assert_non_null(replies[reply_count++]);
}

void publisher_hide_pictures(struct publisher *publisher, bool hidden)
{
    (void)publisher;
    is_hidden = hidden;
}

void camera_restart(struct camera *camera)
{
    (void)camera;
    restarts++;
}

void camera_start(struct camera *camera)
{
    camera_open(camera);
}

void camera_open(struct camera *camera)
{
    (void)camera;
    scene.is_online = true;
}

void camera_shut(struct camera *camera, const struct fault *why)
{
    (void)camera;
    lose_camera(why->text);
}

static int begin(void **state)
{
    struct fault fault;
    if (scene_begin(state) != 0 || (loop = loop_create(&fault)) == NULL) {
        return -1;
    }
    reply_count = 0;
    restarts = 0;
    struct settings *settings = &scene.settings;
    snprintf(settings->device.id, sizeof settings->device.id, "cam");
    snprintf(settings->camera.shutter, sizeof settings->camera.shutter, "open");
    snprintf(settings->commands.allow, sizeof settings->commands.allow,
             "snapshot, restart, identify, shutter, config");
    settings->commands.per_s = 100;
    settings->commands.burst = 100;
    settings->picture.quality = 90;
    shutter_init(&shutter, NULL, NULL, &scene.reporter);
    identify_init(&identify, loop, &scene.reporter, "/nonexistent");
    commands = (struct commands){
        .loop = loop,
        .reporter = &scene.reporter,
        .shots = &scene.shots,
        .shutter = &shutter,
        .identify = &identify,
    };
    commands_init(&commands);
    scene.shots.listener = (struct shots_listener){commands_shot_over, &commands};
    return 0;
}

static int end(void **state)
{
    for (size_t i = 0; i < reply_count; i++) {
        json_decref(replies[i]);
    }
    commands_fini(&commands);
    identify_fini(&identify);
    loop_destroy(loop);
    return scene_end(state);
}

static void send_to(enum audience audience, const char *reply_topic, const char *verb,
                    const char *payload)
{
    size_t len = strlen(payload);
    struct news_command *news = calloc(1, sizeof *news + len);
    assert_non_null(news);
    snprintf(news->topic, sizeof news->topic, "command/%s", verb);
    snprintf(news->reply_to.topic, sizeof news->reply_to.topic, "%s", reply_topic);
    news->audience = audience;
    news->arrived_ns = timing_now_ns();
    news->full_len = news->len = len;
    memcpy(news->payload, payload, len);
    commands_message(&commands, news);
    free(news);
}

static void tell(const char *verb, const char *payload)
{
    send_to(AUDIENCE_DEVICE, "", verb, payload);
}

static const char *text_of(size_t index, const char *key)
{
    assert_true(index < reply_count);
    const char *text = json_string_value(json_object_get(replies[index], key));
    return text != NULL ? text : "";
}

static void assert_reply(size_t index, const char *request_id, const char *result, const char *code)
{
    assert_string_equal(text_of(index, "device"), "cam");
    assert_string_equal(text_of(index, "request_id"), request_id);
    assert_string_equal(text_of(index, "result"), result);
    assert_string_equal(text_of(index, "code"), code);
}

static uint64_t accepted; // the seq of the newest picture
static char asked_by[PICTURE_REQUEST_ID_SIZE];

static void take(void)
{
    expose();
    accepted = scene.developing->seq;
    memcpy(asked_by, scene.developing->request_id, sizeof asked_by);
    develop(true); // which may begin the next
}

// What the broker makes of the newest picture.
static void deliver(bool is_sent)
{
    struct news_picture news = {.seq = accepted};
    memcpy(news.request_id, asked_by, sizeof news.request_id);
    snprintf(news.id, sizeof news.id, "id-%d", (int)accepted);
    fault_set(&news.why, FAULT_LINK, 0, "the broker does not want it");
    commands_picture(&commands, &news, is_sent);
}

static void take_and_deliver(void)
{
    take();
    deliver(true);
}

// ---- replies

static void a_snapshot_is_answered_when_it_is_delivered(void **state)
{
    (void)state;
    tell("snapshot", "{\"request_id\":\"a\"}");
    take();
    assert_int_equal(reply_count, 0);
    deliver(true);
    assert_int_equal(reply_count, 1);
    assert_reply(0, "a", "done", "");
    json_t *picture = json_array_get(json_object_get(replies[0], "pictures"), 0);
    assert_string_equal(json_string_value(json_object_get(picture, "id")), "id-1");
}

static void what_went_wrong_is_told(void **state)
{
    (void)state;
    tell("snapshot", "{\"request_id\":\"a\"}");
    fail_shot("the sensor does not answer");
    assert_reply(0, "a", "failed", "no_picture");
    assert_string_equal(text_of(0, "reason"), "the sensor does not answer");
    tell("snapshot", "{\"request_id\":\"b\"}");
    take();
    deliver(false);
    assert_reply(1, "b", "failed", "not_delivered");
    scene.is_online = false;
    tell("snapshot", "{\"request_id\":\"c\"}");
    assert_reply(2, "c", "failed", "no_camera");
    tell("snapshot", "{\"request_id\":\"d\",\"quality\":0}");
    assert_reply(3, "d", "refused", "bad_value");
    tell("format", "{\"request_id\":\"e\"}");
    assert_reply(4, "e", "refused", "unknown_verb");
}

static void a_camera_that_fails_at_once_is_one_answer(void **state)
{
    (void)state;
    scene.fails_at_once = true;
    tell("snapshot", "{\"request_id\":\"a\"}");
    assert_int_equal(reply_count, 1);
    assert_reply(0, "a", "failed", "no_picture");
    scene.is_online = true;
    tell("snapshot", "{\"request_id\":\"b\",\"count\":20}");
    assert_int_equal(reply_count, 2);
    assert_reply(1, "b", "failed", "no_camera");
}

static void nobody_is_answered_who_did_not_ask(void **state)
{
    (void)state;
    tell("snapshot", "");
    take_and_deliver();
    tell("snapshot", "{\"x\":1}");
    assert_int_equal(reply_count, 0);
    send_to(AUDIENCE_DEVICE, "client/7", "snapshot", "");
    take_and_deliver();
    assert_reply(0, "", "done", "");
    assert_string_equal(topics[0], "client/7");
    for (size_t i = 0; i < REQUESTS_MAX; i++) {
        assert_null(commands.requests.all[i]); // nothing is kept of them
    }
}

// A slow link keeps the pictures waiting, and not the commands.
static void what_nobody_waits_for_ends_with_its_picture(void **state)
{
    (void)state;
    for (int i = 0; i < REQUESTS_MAX + 1; i++) {
        tell("snapshot", "");
        take(); // and it is not delivered
    }
    assert_int_equal(accepted, REQUESTS_MAX + 1);
    for (size_t i = 0; i < REQUESTS_MAX; i++) {
        assert_null(commands.requests.all[i]);
    }
    deliver(true);
    assert_int_equal(reply_count, 0);
}

// ---- once

static void the_same_request_is_carried_out_once(void **state)
{
    (void)state;
    tell("snapshot", "{\"request_id\":\"a\"}");
    send_to(AUDIENCE_DEVICE, "client/7", "snapshot", "{\"request_id\":\"a\"}");
    assert_int_equal(reply_count, 0); // it still runs
    take_and_deliver();
    assert_int_equal(reply_count, 2);
    assert_string_equal(topics[0], "");
    assert_string_equal(topics[1], "client/7");
    assert_true(json_equal(replies[0], replies[1]));
    tell("snapshot", "{\"request_id\":\"a\",\"quality\":20}");
    assert_int_equal(reply_count, 3);
    assert_true(json_equal(replies[0], replies[2]));
    assert_int_equal(scene.asked, 1);
    assert_int_equal(scene.reporter.counters.commands, 1);
}

static void one_picture_answers_all_who_waited_for_it(void **state)
{
    (void)state;
    tell("snapshot", "{\"request_id\":\"first\"}");
    for (int i = 0; i < 30; i++) {
        char payload[40];
        snprintf(payload, sizeof payload, "{\"request_id\":\"%d\"}", i);
        tell("snapshot", payload);
    }
    take_and_deliver();
    assert_int_equal(reply_count, 1);
    take_and_deliver();
    assert_int_equal(scene.asked, 2);
    assert_int_equal(reply_count, 31);
    assert_int_equal(scene.event_count, 29); // that of "0" came with the picture
    assert_event(0, "captured", "1", "");
    assert_string_equal(event_text(28, "id"), "id-2");
    for (size_t i = 1; i < 31; i++) {
        assert_string_equal(text_of(i, "result"), "done");
        assert_true(json_equal(json_object_get(replies[i], "pictures"),
                               json_object_get(replies[1], "pictures")));
    }
}

// ---- wishes

static void a_burst_goes_on_until_it_is_done(void **state)
{
    (void)state;
    tell("snapshot", "{\"request_id\":\"a\",\"count\":3,\"max_width\":320}");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(scene.asked, i + 1);
        take_and_deliver();
    }
    assert_int_equal(reply_count, 1);
    assert_reply(0, "a", "done", "");
    assert_int_equal(json_array_size(json_object_get(replies[0], "pictures")), 3);
}

static void a_burst_waits_for_its_gaps(void **state)
{
    (void)state;
    tell("snapshot", "{\"request_id\":\"a\",\"count\":2,\"gap_s\":0.01}");
    int64_t begun_ns = timing_now_ns();
    take_and_deliver();
    struct fault fault;
    while (scene.asked == 1) {
        assert_true(loop_turn(loop, begun_ns + TIMING_S(20), &fault));
        assert_true(timing_now_ns() < begun_ns + TIMING_S(20));
    }
    take_and_deliver();
    assert_reply(0, "a", "done", "");
}

static void what_a_burst_lost_is_told(void **state)
{
    (void)state;
    tell("snapshot", "{\"request_id\":\"a\",\"count\":3}");
    take_and_deliver();
    fail_shot("torn");
    take_and_deliver();
    assert_reply(0, "a", "failed", "no_picture");
    assert_int_equal(json_array_size(json_object_get(replies[0], "pictures")), 2);
}

static void a_spread_is_waited_for(void **state)
{
    (void)state;
    tell("snapshot", "{\"request_id\":\"a\",\"spread_ms\":600000}"); // to one: at once
    assert_int_equal(scene.asked, 1);
    take_and_deliver();
    send_to(AUDIENCE_ALL, "", "snapshot", "{\"request_id\":\"b\",\"spread_ms\":600000}");
    assert_int_equal(scene.asked, 1);
    int64_t sent_ns = timing_now_ns();
    send_to(AUDIENCE_GROUP, "", "snapshot", "{\"request_id\":\"c\",\"spread_ms\":20}");
    struct fault fault;
    while (scene.asked == 1) {
        assert_true(loop_turn(loop, sent_ns + TIMING_S(20), &fault));
        assert_true(timing_now_ns() < sent_ns + TIMING_S(20));
    }
    assert_true(scene.not_before_ns >= sent_ns);
    take_and_deliver();
    assert_reply(1, "c", "done", "");
}

// ---- bounds

static void commands_that_come_too_fast_are_refused(void **state)
{
    (void)state;
    scene.settings.commands.per_s = 0.1;
    scene.settings.commands.burst = 2;
    tell("config", "{\"request_id\":\"a\"}");
    tell("config", "{\"request_id\":\"b\"}");
    tell("config", "{\"request_id\":\"c\"}");
    assert_reply(1, "b", "done", "");
    assert_reply(2, "c", "refused", "too_fast");
    tell("config", "{\"request_id\":\"a\"}"); // an answer that is known costs nothing
    assert_reply(3, "a", "done", "");
    assert_int_equal(scene.reporter.counters.commands_refused, 1);
}

static void verbs_that_are_not_allowed_are_refused(void **state)
{
    (void)state;
    snprintf(scene.settings.commands.allow, sizeof scene.settings.commands.allow, "identify");
    tell("snapshot", "{\"request_id\":\"a\"}");
    assert_reply(0, "a", "refused", "not_allowed");
    tell("identify", "{\"request_id\":\"b\"}");
    assert_reply(1, "b", "done", "");
    assert_true(scene.reporter.is_identifying);
    assert_int_equal(scene.asked, 0);
}

// ---- the other verbs

static void the_shutter_ends_what_runs(void **state)
{
    (void)state;
    tell("snapshot", "{\"request_id\":\"a\"}");
    tell("snapshot", "{\"request_id\":\"b\",\"quality\":10}");
    tell("shutter", "{\"request_id\":\"s\",\"state\":\"closed\"}");
    assert_true(is_hidden);
    assert_reply(0, "a", "failed", "no_picture");
    assert_reply(1, "b", "failed", "no_picture");
    assert_reply(2, "s", "done", "");
    tell("snapshot", "{\"request_id\":\"c\"}");
    assert_reply(3, "c", "failed", "shutter_closed");
    tell("shutter", "{\"state\":\"open\"}");
    assert_false(is_hidden);
    tell("snapshot", "{\"request_id\":\"d\"}");
    take_and_deliver();
    assert_reply(4, "d", "done", "");
}

static void an_agent_that_has_just_started_is_not_restarted(void **state)
{
    (void)state;
    tell("restart", "{\"request_id\":\"a\",\"what\":\"agent\"}");
    assert_reply(0, "a", "failed", "busy");
    assert_false(commands.wants_restart);
    scene.reporter.started_ns = timing_now_ns() - TIMING_S(11);
    tell("restart", "{\"request_id\":\"b\",\"what\":\"agent\"}");
    assert_reply(1, "b", "done", "");
    assert_true(commands.wants_restart);
    tell("restart", "{\"request_id\":\"c\",\"what\":\"camera\"}");
    assert_int_equal(restarts, 1);
}

#define COMMANDS_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        COMMANDS_TEST(a_snapshot_is_answered_when_it_is_delivered),
        COMMANDS_TEST(what_went_wrong_is_told),
        COMMANDS_TEST(a_camera_that_fails_at_once_is_one_answer),
        COMMANDS_TEST(nobody_is_answered_who_did_not_ask),
        COMMANDS_TEST(what_nobody_waits_for_ends_with_its_picture),
        COMMANDS_TEST(the_same_request_is_carried_out_once),
        COMMANDS_TEST(one_picture_answers_all_who_waited_for_it),
        COMMANDS_TEST(a_burst_goes_on_until_it_is_done),
        COMMANDS_TEST(a_burst_waits_for_its_gaps),
        COMMANDS_TEST(what_a_burst_lost_is_told),
        COMMANDS_TEST(a_spread_is_waited_for),
        COMMANDS_TEST(commands_that_come_too_fast_are_refused),
        COMMANDS_TEST(verbs_that_are_not_allowed_are_refused),
        COMMANDS_TEST(the_shutter_ends_what_runs),
        COMMANDS_TEST(an_agent_that_has_just_started_is_not_restarted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
