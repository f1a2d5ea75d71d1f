// publisher.h against a broker that misbehaves on purpose.
#include "cmocka_all.h"

#include "base/timing.h"
#include "delivery/paho_pacing.h"
#include "fake_broker.h"
#include "rig.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

static void assert_publish(const struct fake_publish *publish, const char *topic, const char *head,
                           bool retain)
{
    assert_string_equal(publish->topic, topic);
    assert_memory_equal(publish->head, head, strlen(head));
    assert_int_equal(publish->retain, retain);
}

static void assert_next(struct fake_broker *broker, size_t *index, const char *topic,
                        const char *head, bool retain)
{
    struct fake_publish publish = fake_broker_wait(broker, (*index)++);
    assert_publish(&publish, topic, head, retain);
}

static void test_order_of_one_shot(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    publisher_put_document(rig.publisher, DOCUMENT_HEALTH, strdup("{h}"));
    rig_skip(&rig, NEWS_LINK_UP);
    size_t index = 0;
    assert_next(broker, &index, "p/cam/status", "online", true);
    assert_next(broker, &index, "p/cam/health", "{h}", true);

    struct news_shot done = rig_shoot(&rig);
    assert_true(done.accepted);
    assert_int_equal(done.bytes, 1000);
    assert_next(broker, &index, "p/cam/meta", "meta:1", true);
    assert_next(broker, &index, "p/cam/image", "image:1 ", true);
    assert_next(broker, &index, "p/cam/event", "event:1", false);
    struct news_picture *sent = rig_wait(&rig, NEWS_SENT);
    assert_string_equal(sent->id, "id-1");
    assert_false(sent->late);
    free(sent);
    rig_end(&rig);
    struct fake_publish last = fake_broker_wait(broker, index++);
    assert_publish(&last, "p/cam/status", "offline", true);
    assert_int_equal(last.qos, 1);
    assert_int_equal(last.version, 5);
    fake_broker_end(broker);
}

static void test_qos_and_retain_are_the_settings(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig.settings.mqtt.qos = 0;
    rig.settings.mqtt.retain = false;
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_UP);
    rig_shoot(&rig);
    rig_skip(&rig, NEWS_SENT);
    size_t index = 0;
    struct fake_publish image = fake_broker_next(broker, "/image", &index);
    assert_int_equal(image.qos, 0);
    assert_false(image.retain);
    struct fake_publish event = fake_broker_next(broker, "/event", &index);
    assert_int_equal(event.qos, 1);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_failed_shot_comes_back(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig.develop_fails = true;
    rig_start(&rig);
    struct news_shot done = rig_shoot(&rig);
    assert_false(done.accepted);
    assert_string_equal(done.fault.text, "the film tore");
    assert_int_equal(publisher_counters(rig.publisher).backlog, 0);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_outage(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    publisher_put_document(rig.publisher, DOCUMENT_CAMERA, strdup("online"));
    rig_skip(&rig, NEWS_LINK_UP);
    fake_broker_wait(broker, 1);
    fake_broker_down(broker);
    struct news_link *down = rig_wait(&rig, NEWS_LINK_DOWN);
    assert_string_equal(down->why.text, "the connection to the broker broke");
    assert_in_range(down->retry_ms, 500, 1000);
    free(down);
    for (int i = 0; i < 3; i++) {
        assert_true(rig_shoot(&rig).accepted);
    }
    publisher_put_document(rig.publisher, DOCUMENT_CAMERA, strdup("offline"));
    publisher_put_event(rig.publisher, strdup("{e}"));
    fake_broker_up(broker);
    rig_skip(&rig, NEWS_LINK_UP);

    size_t index = 2;
    assert_next(broker, &index, "p/cam/status", "online", true);
    assert_next(broker, &index, "p/cam/camera", "offline", true);
    assert_next(broker, &index, "p/cam/meta", "meta:3", true);
    assert_next(broker, &index, "p/cam/image", "image:3 ", true);
    assert_next(broker, &index, "p/cam/event", "event:3", false);
    assert_next(broker, &index, "p/cam/event", "{e}", false);
    assert_next(broker, &index, "p/cam/late", "late:1 ", false);
    assert_next(broker, &index, "p/cam/event", "event:1", false);
    assert_next(broker, &index, "p/cam/late", "late:2 ", false);
    assert_next(broker, &index, "p/cam/event", "event:2", false);
    for (int i = 0; i < 3; i++) {
        struct news_picture *sent = rig_wait(&rig, NEWS_SENT);
        assert_int_equal(sent->late, i > 0);
        free(sent);
    }
    assert_int_equal(publisher_counters(rig.publisher).reconnects, 1);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_broker_absent_at_start(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_down(broker);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    struct news_link *down = rig_wait(&rig, NEWS_LINK_DOWN);
    assert_non_null(strstr(down->why.text, "cannot reach the broker"));
    free(down);
    rig_shoot(&rig);
    assert_int_equal(publisher_counters(rig.publisher).backlog, 1);
    assert_int_equal(publisher_counters(rig.publisher).backlog_bytes, 1000);
    fake_broker_up(broker);
    struct news_link *up = rig_wait(&rig, NEWS_LINK_UP);
    assert_string_equal(up->version, "5");
    assert_int_equal(up->backlog, 1);
    free(up);
    rig_skip(&rig, NEWS_SENT);
    rig_end(&rig);
    fake_broker_end(broker);
}

// Unacknowledged when the link breaks: sent again, meta first, with the same id.
static void test_unacknowledged_goes_again(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_set(broker, FAKE_NO_ACK, true);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_UP);
    rig_shoot(&rig);
    size_t index = 0;
    fake_broker_next(broker, "/image", &index);
    fake_broker_down(broker);
    rig_skip(&rig, NEWS_LINK_DOWN);
    assert_int_equal(fake_broker_count(broker), index); // nothing after it
    fake_broker_set(broker, FAKE_NO_ACK, false);
    fake_broker_up(broker);
    struct fake_publish meta = fake_broker_next(broker, "/meta", &index);
    assert_publish(&meta, "p/cam/meta", "meta:1", true);
    assert_next(broker, &index, "p/cam/image", "image:1 ", true);
    rig_skip(&rig, NEWS_SENT);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_image_overtaken_during_the_outage_is_late(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_set(broker, FAKE_NO_ACK, true);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_UP);
    rig_shoot(&rig);
    size_t index = 0;
    fake_broker_next(broker, "/image", &index);
    fake_broker_down(broker);
    rig_skip(&rig, NEWS_LINK_DOWN);
    rig_shoot(&rig);
    fake_broker_set(broker, FAKE_NO_ACK, false);
    fake_broker_up(broker);
    struct fake_publish image = fake_broker_next(broker, "/image", &index);
    assert_publish(&image, "p/cam/image", "image:2 ", true);
    struct fake_publish late = fake_broker_next(broker, "/late", &index);
    assert_publish(&late, "p/cam/late", "late:1 ", false);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void falls_back(enum fake_fault fault)
{
    struct fake_broker *broker = fake_broker_start();
    fake_broker_set(broker, fault, true);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    struct news_link *up = rig_wait(&rig, NEWS_LINK_UP);
    assert_string_equal(up->version, "3.1.1");
    free(up);
    rig_shoot(&rig);
    rig_skip(&rig, NEWS_SENT);
    size_t index = 0;
    assert_int_equal(fake_broker_next(broker, "/image", &index).version, 4);
    fake_broker_send(broker, "p/cam/command/snapshot", 2, false);
    struct news_command *command = rig_wait(&rig, NEWS_COMMAND);
    assert_string_equal(command->topic, "command/snapshot");
    free(command);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_falls_back_when_refused(void **state)
{
    (void)state;
    falls_back(FAKE_REFUSES_5);
}

static void test_falls_back_when_closed(void **state)
{
    (void)state;
    falls_back(FAKE_CLOSES_5);
}

static void test_version_is_forced(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    strcpy(rig.settings.mqtt.version, "3.1.1");
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_UP);
    assert_int_equal(fake_broker_wait(broker, 0).version, 4);
    rig_end(&rig);

    fake_broker_set(broker, FAKE_REFUSES_5, true);
    rig_init(&rig, fake_broker_port(broker));
    strcpy(rig.settings.mqtt.version, "5");
    rig_start(&rig);
    struct news_link *down = rig_wait(&rig, NEWS_LINK_DOWN);
    assert_non_null(strstr(down->why.text, "does not speak this version"));
    free(down);
    rig_end(&rig);
    fake_broker_end(broker);
}

// Without this libpaho would not be bound to our poll(), and large pictures would take seconds.
static void test_large_pictures_are_paced(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig.picture_size = 16 * 1024 * 1024;
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_UP);
    uint64_t before = paho_pacing_count();
    rig_shoot(&rig);
    rig_skip(&rig, NEWS_SENT);
    assert_true(paho_pacing_count() > before);
    size_t index = 0;
    assert_int_equal(fake_broker_next(broker, "/image", &index).len, rig.picture_size);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_bounds_are_told(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_down(broker);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig.settings.spool.max_bytes = 2000;
    rig_start(&rig);
    for (int i = 0; i < 2; i++) {
        assert_true(rig_shoot(&rig).accepted);
    }
    rig_put_shot(&rig);
    struct news_picture *dropped = rig_wait(&rig, NEWS_DROPPED);
    assert_string_equal(dropped->id, "id-1");
    assert_false(dropped->refused);
    free(dropped);
    rig_skip(&rig, NEWS_SHOT_DONE);
    assert_int_equal(publisher_counters(rig.publisher).backlog_bytes, 2000);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_captive_broker(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_set(broker, FAKE_SILENT, true);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    int64_t begun_ns = timing_now_ns();
    struct news_link *down = rig_wait(&rig, NEWS_LINK_DOWN);
    assert_string_equal(down->why.text, "no answer from the broker within 5 s");
    assert_true(timing_now_ns() - begun_ns < TIMING_S(10));
    free(down);
    rig_end(&rig);
    fake_broker_end(broker);
}

// The connection looks well, but no acknowledgement comes.
static void test_silent_broker(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_UP);
    fake_broker_set(broker, FAKE_NO_ACK, true);
    rig_shoot(&rig);
    struct news_link *down = rig_wait(&rig, NEWS_LINK_DOWN);
    assert_string_equal(down->why.text, "no acknowledgement from the broker in time");
    free(down);
    fake_broker_set(broker, FAKE_NO_ACK, false);
    struct news_picture *sent = rig_wait(&rig, NEWS_SENT);
    assert_int_equal(sent->seq, 1);
    free(sent);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_keepalive_is_what_the_broker_asks_for(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_ask_keepalive(broker, 7);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_UP);
    assert_int_equal(fake_broker_keepalive(broker), 30);
    fake_broker_down(broker);
    fake_broker_up(broker);
    fake_broker_wait_connections(broker, 2);
    assert_int_equal(fake_broker_keepalive(broker), 7);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_proxy_of_the_environment_is_not_obeyed(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    struct fake_broker *broker = fake_broker_start();
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    fake_broker_wait_connections(broker, 1);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_commands(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    strcpy(rig.settings.mqtt.version, "3.1.1");
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_UP);
    int64_t before_ns = timing_now_ns();

    fake_broker_send(broker, "p/cam/command/snapshot", 4096, false);
    struct news_command *command = rig_wait(&rig, NEWS_COMMAND);
    assert_string_equal(command->topic, "command/snapshot");
    assert_int_equal(command->len, 4096);
    assert_int_equal(command->payload[4095], '{');
    assert_false(command->retained);
    assert_true(command->arrived_ns >= before_ns);
    free(command);

    fake_broker_send(broker, "p/cam/command/snapshot", 10 * 1000 * 1000, true);
    command = rig_wait(&rig, NEWS_COMMAND);
    assert_int_equal(command->len, 0);
    assert_int_equal(command->full_len, 10 * 1000 * 1000);
    assert_true(command->retained);
    free(command);

    fake_broker_send(broker, "other/cam/command/snapshot", 2, false); // never asked for
    fake_broker_send(broker, "p/cam/command/x", 0, false);
    command = rig_wait(&rig, NEWS_COMMAND);
    assert_string_equal(command->topic, "command/x");
    free(command);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_command_flood_is_dropped_and_counted(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_UP);
    for (int i = 0; i < 200; i++) {
        fake_broker_send(broker, "p/cam/command/snapshot", 2, false);
    }
    // what follows on the wire is still answered, and there is room for more important news
    publisher_put_document(rig.publisher, DOCUMENT_STATE, strdup("{}"));
    size_t index = 0;
    fake_broker_next(broker, "/state", &index);
    // nobody takes any mail meanwhile, so that exactly what fits is kept
    int64_t deadline_ns = timing_now_ns() + TIMING_S(20);
    while (publisher_counters(rig.publisher).commands_dropped < 200 - 48) {
        assert_true(timing_now_ns() < deadline_ns);
        sched_yield();
    }
    rig_shoot(&rig);
    rig_skip(&rig, NEWS_SENT);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_destroy_without_a_link_is_quick(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_down(broker);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_DOWN);
    int64_t begun_ns = timing_now_ns();
    assert_true(publisher_destroy(rig.publisher, begun_ns + TIMING_S(30)));
    assert_true(timing_now_ns() - begun_ns < TIMING_S(2));
    mailbox_destroy(rig.news);
    fake_broker_end(broker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_one_shot),
        cmocka_unit_test(test_qos_and_retain_are_the_settings),
        cmocka_unit_test(test_failed_shot_comes_back),
        cmocka_unit_test(test_outage),
        cmocka_unit_test(test_broker_absent_at_start),
        cmocka_unit_test(test_unacknowledged_goes_again),
        cmocka_unit_test(test_image_overtaken_during_the_outage_is_late),
        cmocka_unit_test(test_falls_back_when_refused),
        cmocka_unit_test(test_falls_back_when_closed),
        cmocka_unit_test(test_version_is_forced),
        cmocka_unit_test(test_large_pictures_are_paced),
        cmocka_unit_test(test_bounds_are_told),
        cmocka_unit_test(test_captive_broker),
        cmocka_unit_test(test_silent_broker),
        cmocka_unit_test(test_keepalive_is_what_the_broker_asks_for),
        cmocka_unit_test(test_proxy_of_the_environment_is_not_obeyed),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_command_flood_is_dropped_and_counted),
        cmocka_unit_test(test_destroy_without_a_link_is_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
