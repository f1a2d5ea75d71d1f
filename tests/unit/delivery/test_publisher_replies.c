// Replies, pictures that are replies, and pictures that are hidden.
#include "cmocka_all.h"

#include "rig.h"

#include <stdlib.h>
#include <string.h>

static void test_a_reply_goes_where_it_is_asked_for(void **state)
{
    struct rig *rig = *state;
    rig_link_up(rig);
    struct reply_address to = {0};
    publisher_put_reply(rig->publisher, &to, "{a}");
    struct fake_publish reply = rig_expect_later(rig, "p/cam/reply", "{a}", false);
    assert_int_equal(reply.qos, 1);
    to = (struct reply_address){.topic = "client/7"};
    publisher_put_reply(rig->publisher, &to, "{b}");
    rig_expect_later(rig, "client/7", "{b}", false);
}

static void test_replies_wait_for_the_link(void **state)
{
    struct rig *rig = *state;
    fake_broker_down(rig->broker);
    rig_start(rig);
    rig_skip(rig, NEWS_LINK_DOWN);
    struct reply_address to = {0};
    publisher_put_reply(rig->publisher, &to, "{a}");
    publisher_put_reply(rig->publisher, &to, "{b}");
    fake_broker_up(rig->broker);
    rig_expect_later(rig, "p/cam/reply", "{a}", false);
    rig_expect_later(rig, "p/cam/reply", "{b}", false);
    assert_int_equal(publisher_counters(rig->publisher).replies_dropped, 0);
}

static void test_replies_go_before_goodbye(void **state)
{
    struct rig *rig = *state;
    rig_link_up(rig);
    struct reply_address to = {0};
    publisher_put_reply(rig->publisher, &to, "{ending}");
    rig_end(rig);
    rig_expect_later(rig, "p/cam/reply", "{ending}", false);
    rig_expect(rig, "p/cam/status", "offline", true);
}

static void test_the_picture_is_a_reply_once(void **state)
{
    struct rig *rig = *state;
    struct reply_address to = {.topic = "client/7", .correlation = {1, 0, 2}, .correlation_len = 3};
    rig->reply_image = &to;
    rig_link_up(rig);
    rig_shoot(rig);
    rig_expect_later(rig, "p/cam/image", "image:1 ", true);
    rig_expect(rig, "p/cam/event", "event:1", false);
    struct fake_publish reply = rig_expect(rig, "client/7", "image:1 ", false);
    assert_int_equal(reply.len, 1000);
    rig->reply_image = NULL;
    rig_shoot(rig);
    rig_expect(rig, "p/cam/meta", "meta:2", true);
    rig_expect(rig, "p/cam/image", "image:2 ", true);
    rig_expect(rig, "p/cam/event", "event:2", false);
}

static void test_hidden_pictures_are_cleared(void **state)
{
    struct rig *rig = *state;
    rig_link_up(rig);
    rig_shoot(rig);
    rig_expect_later(rig, "p/cam/event", "event:1", false);
    publisher_hide_pictures(rig->publisher, true);
    struct fake_publish meta = rig_expect(rig, "p/cam/meta", "", true);
    struct fake_publish image = rig_expect(rig, "p/cam/image", "", true);
    assert_int_equal(meta.len + image.len, 0);
    rig_shoot(rig); // one that was on its way
    rig_expect(rig, "p/cam/late", "late:2 ", false);
    rig_expect(rig, "p/cam/event", "event:2", false);
    publisher_hide_pictures(rig->publisher, false);
    rig_shoot(rig);
    rig_expect(rig, "p/cam/meta", "meta:3", true);
    rig_expect(rig, "p/cam/image", "image:3 ", true);
}

static void test_hidden_pictures_are_cleared_at_every_connect(void **state)
{
    struct rig *rig = *state;
    rig_link_up(rig);
    publisher_hide_pictures(rig->publisher, true);
    rig_expect_later(rig, "p/cam/image", "", true);
    fake_broker_down(rig->broker);
    rig_skip(rig, NEWS_LINK_DOWN);
    fake_broker_up(rig->broker);
    rig_expect_later(rig, "p/cam/meta", "", true);
    assert_int_equal(rig_expect(rig, "p/cam/image", "", true).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(test_a_reply_goes_where_it_is_asked_for),
        rig_test(test_replies_wait_for_the_link),
        rig_test(test_replies_go_before_goodbye),
        rig_test(test_the_picture_is_a_reply_once),
        rig_test(test_hidden_pictures_are_cleared),
        rig_test(test_hidden_pictures_are_cleared_at_every_connect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
