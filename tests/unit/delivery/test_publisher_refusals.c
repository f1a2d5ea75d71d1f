// publisher.h: what becomes of what the broker refuses, in words or by breaking the connection.
#include "cmocka_all.h"

#include "rig.h"

#include <stdlib.h>
#include <string.h>

static struct news_picture expect_refused(struct rig *rig, const char *why)
{
    struct news_picture dropped = rig_picture(rig, NEWS_DROPPED);
    assert_true(dropped.refused);
    assert_non_null(strstr(dropped.why.text, why));
    return dropped;
}

static void test_refused_for_good(void **state)
{
    struct rig *rig = *state;
    fake_broker_refuse(rig->broker, "/image", 0x87, 1, false);
    rig_start(rig);
    rig_shoot(rig);
    struct news_picture dropped = expect_refused(rig, "Not authorized");
    assert_string_equal(dropped.id, "id-1");
    rig_shoot(rig); // the next one is not blocked, and the connection lives
    struct news_picture sent = rig_picture(rig, NEWS_SENT);
    assert_string_equal(sent.id, "id-2");
    assert_int_equal(fake_broker_connections(rig->broker), 1);
}

static void test_quota_is_retried(void **state)
{
    struct rig *rig = *state;
    fake_broker_refuse(rig->broker, "/image", 0x97, 1, false);
    rig_start(rig);
    rig_shoot(rig);
    rig_find(rig, "/image");
    rig_find(rig, "/meta");
    rig_expect(rig, "p/cam/image", "image:1 ", true);
    rig_skip(rig, NEWS_SENT);
    assert_int_equal(fake_broker_connections(rig->broker), 1);
}

static void test_unspecific_refusals_end(void **state)
{
    struct rig *rig = *state;
    fake_broker_refuse(rig->broker, "/image", 0x83, 3, false);
    rig_start(rig);
    rig_shoot(rig);
    expect_refused(rig, "");
}

static void test_disconnected_for_a_picture(void **state)
{
    struct rig *rig = *state;
    fake_broker_refuse(rig->broker, "/image", 0x95, 1, true);
    rig_start(rig);
    rig_shoot(rig);
    expect_refused(rig, "Packet too large");
    struct news_link down = rig_link(rig, NEWS_LINK_DOWN);
    assert_non_null(strstr(down.why.text, "Packet too large"));
    rig_shoot(rig);
    rig_skip(rig, NEWS_SENT);
}

static void test_larger_than_the_broker_takes(void **state)
{
    struct rig *rig = *state;
    fake_broker_limit(rig->broker, 5000);
    rig->picture_size = 6000;
    rig_link_up(rig);
    rig_shoot(rig);
    struct news_picture dropped = expect_refused(rig, "5000");
    assert_non_null(strstr(dropped.why.text, "its packet has 6"));
    rig->picture_size = 4000;
    rig_shoot(rig);
    rig_skip(rig, NEWS_SENT);
    assert_int_equal(fake_broker_connections(rig->broker), 1);
}

// A document that is too large is left out; it must not break the connection for ever.
static void test_document_larger_than_the_broker_takes(void **state)
{
    struct rig *rig = *state;
    fake_broker_limit(rig->broker, 300);
    rig->picture_size = 10;
    rig_link_up(rig);
    char *text = calloc(1, 400);
    memset(text, 'x', 399);
    publisher_put_document(rig->publisher, DOCUMENT_STATE, text);
    rig_shoot(rig);
    rig_skip(rig, NEWS_SENT);
    assert_int_equal(fake_broker_connections(rig->broker), 1);
}

static void test_poison_picture_on_3_1_1(void **state)
{
    struct rig *rig = *state;
    fake_broker_set(rig->broker, FAKE_CLOSES_PICTURE, true);
    strcpy(rig->settings.mqtt.version, "3.1.1");
    rig_start(rig);
    rig_shoot(rig);
    expect_refused(rig, "too large");
    rig_find(rig, "/image");
    rig_find(rig, "/image");
    fake_broker_set(rig->broker, FAKE_CLOSES_PICTURE, false);
    rig_shoot(rig);
    rig_expect_later(rig, "p/cam/image", "image:2 ", true);
}

// An event that the broker never takes must not hold up what comes after it.
static void test_refused_event_blocks_nothing(void **state)
{
    struct rig *rig = *state;
    fake_broker_refuse(rig->broker, "/event", 0x83, 1, false);
    rig_start(rig);
    publisher_put_event(rig->publisher, strdup("{1}"));
    publisher_put_event(rig->publisher, strdup("{2}"));
    rig_expect_later(rig, "p/cam/event", "{1}", false);
    rig_expect_later(rig, "p/cam/event", "{2}", false);
}

// The meta is refused: the picture goes without it.
static void test_refused_meta_does_not_stop_its_picture(void **state)
{
    struct rig *rig = *state;
    fake_broker_refuse(rig->broker, "/meta", 0x87, 1, false);
    rig_start(rig);
    rig_shoot(rig);
    rig_skip(rig, NEWS_SENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(test_refused_for_good),
        rig_test(test_quota_is_retried),
        rig_test(test_unspecific_refusals_end),
        rig_test(test_disconnected_for_a_picture),
        rig_test(test_larger_than_the_broker_takes),
        rig_test(test_document_larger_than_the_broker_takes),
        rig_test(test_poison_picture_on_3_1_1),
        rig_test(test_refused_event_blocks_nothing),
        rig_test(test_refused_meta_does_not_stop_its_picture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
