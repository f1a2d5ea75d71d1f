// publisher.h: what becomes of what the broker refuses, in words or by breaking the connection.
#include "cmocka_all.h"

#include "fake_broker.h"
#include "rig.h"

#include <stdlib.h>
#include <string.h>

static void test_refused_for_good(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_refuse(broker, "/image", 0x87, 1, false);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    rig_shoot(&rig);
    struct news_picture *dropped = rig_wait(&rig, NEWS_DROPPED);
    assert_string_equal(dropped->id, "id-1");
    assert_true(dropped->refused);
    assert_non_null(strstr(dropped->why.text, "Not authorized"));
    free(dropped);
    rig_shoot(&rig); // the next one is not blocked, and the connection lives
    struct news_picture *sent = rig_wait(&rig, NEWS_SENT);
    assert_string_equal(sent->id, "id-2");
    free(sent);
    assert_int_equal(fake_broker_connections(broker), 1);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_quota_is_retried(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_refuse(broker, "/image", 0x97, 1, false);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    rig_shoot(&rig);
    size_t index = 0;
    fake_broker_next(broker, "/image", &index);
    fake_broker_next(broker, "/meta", &index);
    struct fake_publish image = fake_broker_wait(broker, index++);
    assert_string_equal(image.topic, "p/cam/image");
    assert_memory_equal(image.head, "image:1 ", 8);
    rig_skip(&rig, NEWS_SENT);
    assert_int_equal(fake_broker_connections(broker), 1);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_unspecific_refusals_end(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_refuse(broker, "/image", 0x83, 3, false);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    rig_shoot(&rig);
    struct news_picture *dropped = rig_wait(&rig, NEWS_DROPPED);
    assert_true(dropped->refused);
    free(dropped);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_disconnected_for_a_picture(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_refuse(broker, "/image", 0x95, 1, true);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    rig_shoot(&rig);
    struct news_picture *dropped = rig_wait(&rig, NEWS_DROPPED);
    assert_true(dropped->refused);
    assert_non_null(strstr(dropped->why.text, "Packet too large"));
    free(dropped);
    struct news_link *down = rig_wait(&rig, NEWS_LINK_DOWN);
    assert_non_null(strstr(down->why.text, "Packet too large"));
    free(down);
    rig_shoot(&rig);
    rig_skip(&rig, NEWS_SENT);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_larger_than_the_broker_takes(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_limit(broker, 5000);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig.picture_size = 6000;
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_UP);
    rig_shoot(&rig);
    struct news_picture *dropped = rig_wait(&rig, NEWS_DROPPED);
    assert_true(dropped->refused);
    assert_non_null(strstr(dropped->why.text, "5000"));
    assert_non_null(strstr(dropped->why.text, "its packet has 6"));
    free(dropped);
    rig.picture_size = 4000;
    rig_shoot(&rig);
    rig_skip(&rig, NEWS_SENT);
    assert_int_equal(fake_broker_connections(broker), 1);
    rig_end(&rig);
    fake_broker_end(broker);
}

// A document that is too large is left out; it must not break the connection for ever.
static void test_document_larger_than_the_broker_takes(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_limit(broker, 300);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig.picture_size = 10;
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_UP);
    char *text = calloc(1, 400);
    memset(text, 'x', 399);
    publisher_put_document(rig.publisher, DOCUMENT_STATE, text);
    rig_shoot(&rig);
    rig_skip(&rig, NEWS_SENT);
    assert_int_equal(fake_broker_connections(broker), 1);
    rig_end(&rig);
    fake_broker_end(broker);
}

static void test_poison_picture_on_3_1_1(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_set(broker, FAKE_CLOSES_PICTURE, true);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    strcpy(rig.settings.mqtt.version, "3.1.1");
    rig_start(&rig);
    rig_shoot(&rig);
    struct news_picture *dropped = rig_wait(&rig, NEWS_DROPPED);
    assert_true(dropped->refused);
    assert_non_null(strstr(dropped->why.text, "too large"));
    free(dropped);
    size_t index = 0;
    fake_broker_next(broker, "/image", &index);
    fake_broker_next(broker, "/image", &index);
    fake_broker_set(broker, FAKE_CLOSES_PICTURE, false);
    rig_shoot(&rig);
    struct fake_publish next = fake_broker_next(broker, "/image", &index);
    assert_memory_equal(next.head, "image:2 ", 8);
    rig_end(&rig);
    fake_broker_end(broker);
}

// An event that the broker never takes must not hold up what comes after it.
static void test_refused_event_blocks_nothing(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_refuse(broker, "/event", 0x83, 1, false);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    publisher_put_event(rig.publisher, strdup("{1}"));
    publisher_put_event(rig.publisher, strdup("{2}"));
    size_t index = 0;
    assert_memory_equal(fake_broker_next(broker, "/event", &index).head, "{1}", 3);
    assert_memory_equal(fake_broker_next(broker, "/event", &index).head, "{2}", 3);
    rig_end(&rig);
    fake_broker_end(broker);
}

// The meta is refused: the picture goes without it.
static void test_refused_meta_does_not_stop_its_picture(void **state)
{
    (void)state;
    struct fake_broker *broker = fake_broker_start();
    fake_broker_refuse(broker, "/meta", 0x87, 1, false);
    struct rig rig;
    rig_init(&rig, fake_broker_port(broker));
    rig_start(&rig);
    rig_shoot(&rig);
    rig_skip(&rig, NEWS_SENT);
    rig_end(&rig);
    fake_broker_end(broker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_for_good),
        cmocka_unit_test(test_quota_is_retried),
        cmocka_unit_test(test_unspecific_refusals_end),
        cmocka_unit_test(test_disconnected_for_a_picture),
        cmocka_unit_test(test_larger_than_the_broker_takes),
        cmocka_unit_test(test_document_larger_than_the_broker_takes),
        cmocka_unit_test(test_poison_picture_on_3_1_1),
        cmocka_unit_test(test_refused_event_blocks_nothing),
        cmocka_unit_test(test_refused_meta_does_not_stop_its_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
