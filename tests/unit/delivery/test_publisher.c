// publisher.h against a broker that misbehaves on purpose.
#include "cmocka_all.h"

#include "base/timing.h"
#include "delivery/paho_pacing.h"
#include "rig.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

static void test_order_of_one_shot(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    publisher_put_document(rig->publisher, DOCUMENT_HEALTH, strdup("{h}"));
    rig_skip(rig, NEWS_LINK_UP);
    rig_expect(rig, "p/cam/status", "online", true);
    rig_expect(rig, "p/cam/health", "{h}", true);

    struct news_shot done = rig_shoot(rig);
    assert_true(done.accepted);
    assert_int_equal(done.bytes, 1000);
    rig_expect(rig, "p/cam/meta", "meta:1", true);
    rig_expect(rig, "p/cam/image", "image:1 ", true);
    rig_expect(rig, "p/cam/event", "event:1", false);
    struct news_picture sent = rig_picture(rig, NEWS_SENT);
    assert_string_equal(sent.id, "id-1");
    assert_false(sent.late);
    rig_end(rig);
    struct fake_publish last = rig_expect(rig, "p/cam/status", "offline", true);
    assert_int_equal(last.qos, 1);
    assert_int_equal(last.version, 5);
}

static void test_qos_and_retain_are_the_settings(void **state)
{
    struct rig *rig = *state;
    rig->settings.mqtt.qos = 0;
    rig->settings.mqtt.retain = false;
    rig_link_up(rig);
    rig_shoot(rig);
    rig_skip(rig, NEWS_SENT);
    struct fake_publish image = rig_find(rig, "/image");
    assert_int_equal(image.qos, 0);
    assert_false(image.retain);
    struct fake_publish event = rig_find(rig, "/event");
    assert_int_equal(event.qos, 1);
}

static void test_failed_shot_comes_back(void **state)
{
    struct rig *rig = *state;
    rig->develop_fails = true;
    rig_start(rig);
    struct news_shot done = rig_shoot(rig);
    assert_false(done.accepted);
    assert_string_equal(done.fault.text, "the film tore");
    assert_int_equal(publisher_counters(rig->publisher).backlog, 0);
}

static void test_outage(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    publisher_put_document(rig->publisher, DOCUMENT_CAMERA, strdup("online"));
    rig_skip(rig, NEWS_LINK_UP);
    rig_expect(rig, "p/cam/status", "online", true);
    rig_expect(rig, "p/cam/camera", "online", true);
    fake_broker_down(rig->broker);
    struct news_link down = rig_link(rig, NEWS_LINK_DOWN);
    assert_string_equal(down.why.text, "the connection to the broker broke");
    assert_in_range(down.retry_ms, 500, 1000);
    for (int i = 0; i < 3; i++) {
        assert_true(rig_shoot(rig).accepted);
    }
    publisher_put_document(rig->publisher, DOCUMENT_CAMERA, strdup("offline"));
    publisher_put_event(rig->publisher, strdup("{e}"));
    fake_broker_up(rig->broker);
    rig_skip(rig, NEWS_LINK_UP);
    rig_expect(rig, "p/cam/status", "online", true);
    rig_expect(rig, "p/cam/camera", "offline", true);
    rig_expect(rig, "p/cam/meta", "meta:3", true);
    rig_expect(rig, "p/cam/image", "image:3 ", true);
    rig_expect(rig, "p/cam/event", "event:3", false);
    rig_expect(rig, "p/cam/event", "{e}", false);
    rig_expect(rig, "p/cam/late", "late:1 ", false);
    rig_expect(rig, "p/cam/event", "event:1", false);
    rig_expect(rig, "p/cam/late", "late:2 ", false);
    rig_expect(rig, "p/cam/event", "event:2", false);
    for (int i = 0; i < 3; i++) {
        struct news_picture sent = rig_picture(rig, NEWS_SENT);
        assert_int_equal(sent.late, i > 0);
    }
    assert_int_equal(publisher_counters(rig->publisher).reconnects, 1);
}

// A RabbitMQ cluster does so while one of its nodes is away.
static void test_broker_that_closes_on_a_subscription_of_qos_1(void **state)
{
    struct rig *rig = *state;
    fake_broker_set(rig->broker, FAKE_CLOSES_QOS_1, true);
    rig_link_up(rig);
    rig_skip(rig, NEWS_LINK_DOWN);
    rig_skip(rig, NEWS_LINK_UP);
    assert_true(rig_shoot(rig).accepted);
    rig_skip(rig, NEWS_SENT);
    fake_broker_send(rig->broker, "p/cam/command/snapshot", 2, false);
    rig_skip(rig, NEWS_COMMAND);
    assert_int_equal(publisher_counters(rig->publisher).reconnects, 1);

    // the next connection tries anew
    fake_broker_down(rig->broker);
    rig_skip(rig, NEWS_LINK_DOWN);
    fake_broker_up(rig->broker);
    rig_skip(rig, NEWS_LINK_UP);
    rig_skip(rig, NEWS_LINK_DOWN);
    rig_skip(rig, NEWS_LINK_UP);
}

// All its clients are to come back one after the other; what only we have lost comes back at once.
static void test_a_broker_that_left_is_not_stormed(void **state)
{
    struct rig *rig = *state;
    rig->settings.mqtt.reconnect_spread_s = 3600;
    rig_link_up(rig);
    rig_shoot(rig);
    rig_skip(rig, NEWS_SENT);
    rig_find(rig, "/event"); // and nothing is under way that the end would cut short
    fake_broker_down(rig->broker);
    assert_in_range(rig_link(rig, NEWS_LINK_DOWN).retry_ms, 1001, 3600000);
}

static void test_broker_absent_at_start(void **state)
{
    struct rig *rig = *state;
    fake_broker_down(rig->broker);
    rig_start(rig);
    struct news_link down = rig_link(rig, NEWS_LINK_DOWN);
    assert_non_null(strstr(down.why.text, "cannot reach the broker"));
    rig_shoot(rig);
    assert_int_equal(publisher_counters(rig->publisher).backlog, 1);
    assert_int_equal(publisher_counters(rig->publisher).backlog_bytes, 1000);
    fake_broker_up(rig->broker);
    struct news_link up = rig_link(rig, NEWS_LINK_UP);
    assert_string_equal(up.version, "5");
    assert_int_equal(up.backlog, 1);
    rig_skip(rig, NEWS_SENT);
}

// Unacknowledged when the link breaks: sent again, meta first, with the same id.
static void test_unacknowledged_goes_again(void **state)
{
    struct rig *rig = *state;
    fake_broker_set(rig->broker, FAKE_NO_ACK, true);
    rig_link_up(rig);
    rig_shoot(rig);
    rig_find(rig, "/image");
    fake_broker_down(rig->broker);
    rig_skip(rig, NEWS_LINK_DOWN);
    assert_int_equal(fake_broker_count(rig->broker), rig->seen); // nothing after it
    fake_broker_set(rig->broker, FAKE_NO_ACK, false);
    fake_broker_up(rig->broker);
    rig_expect_later(rig, "p/cam/meta", "meta:1", true);
    rig_expect(rig, "p/cam/image", "image:1 ", true);
    rig_skip(rig, NEWS_SENT);
}

static void test_image_overtaken_during_the_outage_is_late(void **state)
{
    struct rig *rig = *state;
    fake_broker_set(rig->broker, FAKE_NO_ACK, true);
    rig_link_up(rig);
    rig_shoot(rig);
    rig_find(rig, "/image");
    fake_broker_down(rig->broker);
    rig_skip(rig, NEWS_LINK_DOWN);
    rig_shoot(rig);
    fake_broker_set(rig->broker, FAKE_NO_ACK, false);
    fake_broker_up(rig->broker);
    rig_expect_later(rig, "p/cam/image", "image:2 ", true);
    rig_expect_later(rig, "p/cam/late", "late:1 ", false);
}

static void falls_back(struct rig *rig, enum fake_fault fault)
{
    fake_broker_set(rig->broker, fault, true);
    rig_start(rig);
    struct news_link up = rig_link(rig, NEWS_LINK_UP);
    assert_string_equal(up.version, "3.1.1");
    rig_shoot(rig);
    rig_skip(rig, NEWS_SENT);
    assert_int_equal(rig_find(rig, "/image").version, 4);
    fake_broker_send(rig->broker, "p/cam/command/snapshot", 2, false);
    struct news_command *command = rig_wait(rig, NEWS_COMMAND);
    assert_string_equal(command->topic, "command/snapshot");
    free(command);
}

static void test_falls_back_when_refused(void **state)
{
    falls_back(*state, FAKE_REFUSES_5);
}

static void test_falls_back_when_closed(void **state)
{
    falls_back(*state, FAKE_CLOSES_5);
}

static void test_version_3_1_1_is_forced(void **state)
{
    struct rig *rig = *state;
    strcpy(rig->settings.mqtt.version, "3.1.1");
    rig_link_up(rig);
    assert_int_equal(fake_broker_wait(rig->broker, 0).version, 4);
}

static void test_version_5_is_forced(void **state)
{
    struct rig *rig = *state;
    fake_broker_set(rig->broker, FAKE_REFUSES_5, true);
    strcpy(rig->settings.mqtt.version, "5");
    rig_start(rig);
    struct news_link down = rig_link(rig, NEWS_LINK_DOWN);
    assert_non_null(strstr(down.why.text, "does not speak this version"));
}

// Without this libpaho would not be bound to our poll(), and large pictures would take seconds.
static void test_large_pictures_are_paced(void **state)
{
    struct rig *rig = *state;
    rig->picture_size = 16 * 1024 * 1024;
    rig_link_up(rig);
    uint64_t before = paho_pacing_count();
    rig_shoot(rig);
    rig_skip(rig, NEWS_SENT);
    assert_true(paho_pacing_count() > before);
    assert_int_equal(rig_find(rig, "/image").len, rig->picture_size);
}

static void test_bounds_are_told(void **state)
{
    struct rig *rig = *state;
    fake_broker_down(rig->broker);
    rig->settings.spool.max_bytes = 2000;
    rig_start(rig);
    for (int i = 0; i < 2; i++) {
        assert_true(rig_shoot(rig).accepted);
    }
    rig_put_shot(rig);
    struct news_picture dropped = rig_picture(rig, NEWS_DROPPED);
    assert_string_equal(dropped.id, "id-1");
    assert_false(dropped.refused);
    rig_skip(rig, NEWS_SHOT_DONE);
    assert_int_equal(publisher_counters(rig->publisher).backlog_bytes, 2000);
}

static void test_captive_broker(void **state)
{
    struct rig *rig = *state;
    fake_broker_set(rig->broker, FAKE_SILENT, true);
    rig_start(rig);
    int64_t begun_ns = timing_now_ns();
    struct news_link down = rig_link(rig, NEWS_LINK_DOWN);
    assert_string_equal(down.why.text, "no answer from the broker within 5 s");
    assert_true(timing_now_ns() - begun_ns < TIMING_S(10));
}

// The connection looks well, but no acknowledgement comes.
static void test_silent_broker(void **state)
{
    struct rig *rig = *state;
    rig_link_up(rig);
    fake_broker_set(rig->broker, FAKE_NO_ACK, true);
    rig_shoot(rig);
    struct news_link down = rig_link(rig, NEWS_LINK_DOWN);
    assert_string_equal(down.why.text, "no acknowledgement from the broker in time");
    fake_broker_set(rig->broker, FAKE_NO_ACK, false);
    struct news_picture sent = rig_picture(rig, NEWS_SENT);
    assert_int_equal(sent.seq, 1);
}

static void test_keepalive_is_what_the_broker_asks_for(void **state)
{
    struct rig *rig = *state;
    fake_broker_ask_keepalive(rig->broker, 7);
    rig_link_up(rig);
    assert_int_equal(fake_broker_keepalive(rig->broker), 30);
    fake_broker_down(rig->broker);
    fake_broker_up(rig->broker);
    rig_skip(rig, NEWS_LINK_UP);
    assert_int_equal(fake_broker_keepalive(rig->broker), 7);
}

static void test_proxy_of_the_environment_is_not_obeyed(void **state)
{
    struct rig *rig = *state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    rig_link_up(rig);
}

static void test_commands(void **state)
{
    struct rig *rig = *state;
    strcpy(rig->settings.mqtt.version, "3.1.1");
    rig_link_up(rig);
    int64_t before_ns = timing_now_ns();

    fake_broker_send(rig->broker, "p/cam/command/snapshot", 4096, false);
    struct news_command *command = rig_wait(rig, NEWS_COMMAND);
    assert_string_equal(command->topic, "command/snapshot");
    assert_int_equal(command->len, 4096);
    assert_int_equal(command->payload[4095], '{');
    assert_false(command->retained);
    assert_true(command->arrived_ns >= before_ns);
    free(command);

    fake_broker_send(rig->broker, "p/cam/command/snapshot", 10 * 1000 * 1000, true);
    command = rig_wait(rig, NEWS_COMMAND);
    assert_int_equal(command->len, 0);
    assert_int_equal(command->full_len, 10 * 1000 * 1000);
    assert_true(command->retained);
    free(command);

    fake_broker_send(rig->broker, "other/cam/command/snapshot", 2, false); // never asked for
    fake_broker_send(rig->broker, "p/cam/command/x", 0, false);
    command = rig_wait(rig, NEWS_COMMAND);
    assert_string_equal(command->topic, "command/x");
    free(command);
}

static void test_command_flood_is_dropped_and_counted(void **state)
{
    struct rig *rig = *state;
    rig_link_up(rig);
    for (int i = 0; i < 200; i++) {
        fake_broker_send(rig->broker, "p/cam/command/snapshot", 2, false);
    }
    // what follows on the wire is still answered, and there is room for more important news
    publisher_put_document(rig->publisher, DOCUMENT_STATE, strdup("{}"));
    rig_find(rig, "/state");
    // nobody takes any mail meanwhile, so that exactly what fits is kept
    int64_t deadline_ns = timing_now_ns() + TIMING_S(20);
    while (publisher_counters(rig->publisher).commands_dropped < 200 - 48) {
        assert_true(timing_now_ns() < deadline_ns);
        sched_yield();
    }
    rig_shoot(rig);
    rig_skip(rig, NEWS_SENT);
}

static void test_destroy_without_a_link_is_quick(void **state)
{
    struct rig *rig = *state;
    fake_broker_down(rig->broker);
    rig_start(rig);
    rig_skip(rig, NEWS_LINK_DOWN);
    int64_t begun_ns = timing_now_ns();
    rig_end(rig);
    assert_true(timing_now_ns() - begun_ns < TIMING_S(2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(test_order_of_one_shot),
        rig_test(test_qos_and_retain_are_the_settings),
        rig_test(test_failed_shot_comes_back),
        rig_test(test_outage),
        rig_test(test_broker_that_closes_on_a_subscription_of_qos_1),
        rig_test(test_a_broker_that_left_is_not_stormed),
        rig_test(test_broker_absent_at_start),
        rig_test(test_unacknowledged_goes_again),
        rig_test(test_image_overtaken_during_the_outage_is_late),
        rig_test(test_falls_back_when_refused),
        rig_test(test_falls_back_when_closed),
        rig_test(test_version_3_1_1_is_forced),
        rig_test(test_version_5_is_forced),
        rig_test(test_large_pictures_are_paced),
        rig_test(test_bounds_are_told),
        rig_test(test_captive_broker),
        rig_test(test_silent_broker),
        rig_test(test_keepalive_is_what_the_broker_asks_for),
        rig_test(test_proxy_of_the_environment_is_not_obeyed),
        rig_test(test_commands),
        rig_test(test_command_flood_is_dropped_and_counted),
        rig_test(test_destroy_without_a_link_is_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
