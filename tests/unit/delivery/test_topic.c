// topic.h: what is made of P and ID, and what is read off the wire.
#include "cmocka_all.h"

#include "delivery/topic.h"

#include <string.h>

static void test_make(void **state)
{
    (void)state;
    char topic[TOPIC_SIZE];
    topic_make(topic, "still2mqtt", "garden", "image");
    assert_string_equal(topic, "still2mqtt/garden/image");
}

static void test_make_longest(void **state)
{
    (void)state;
    char prefix[SETTINGS_TOPIC_SIZE] = {0};
    char id[SETTINGS_ID_SIZE] = {0};
    memset(prefix, 'p', sizeof prefix - 1);
    memset(id, 'i', sizeof id - 1);
    char topic[TOPIC_SIZE];
    topic_make(topic, prefix, id, "command/+");
    assert_int_equal(strlen(topic), 128 + 1 + 64 + 1 + 9);
}

static struct settings settings_of_test(void)
{
    return (struct settings){
        .device = {.id = "cam", .groups = "out, north"},
        .mqtt = {.prefix = "p"},
    };
}

static void test_filters(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "p/cam/command/+", "p/cam/set/+",        "p/cam/unset/+",    "p/@all/command/+",
        "p/@all/set/+",    "p/@all/unset/+",     "p/@out/command/+", "p/@out/set/+",
        "p/@out/unset/+",  "p/@north/command/+", "p/@north/set/+",   "p/@north/unset/+"};
    struct settings settings = settings_of_test();
    assert_int_equal(topic_filter_count(&settings), sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        char filter[TOPIC_SIZE];
        topic_filter(&settings, i, filter);
        assert_string_equal(filter, expected[i]);
    }
}

static bool is_for_us(const char *topic, size_t len, enum audience *audience, char *suffix,
                      size_t size)
{
    struct settings settings = settings_of_test();
    return topic_for_us(&settings, topic, len, audience, suffix, size);
}

static void assert_for_us(const char *topic, enum audience expected, const char *expected_suffix)
{
    enum audience audience;
    char suffix[32];
    assert_true(is_for_us(topic, strlen(topic), &audience, suffix, sizeof suffix));
    assert_int_equal(audience, expected);
    assert_string_equal(suffix, expected_suffix);
}

static void test_for_us(void **state)
{
    (void)state;
    assert_for_us("p/cam/command/snapshot", AUDIENCE_DEVICE, "command/snapshot");
    assert_for_us("p/@all/command/snapshot", AUDIENCE_ALL, "command/snapshot");
    assert_for_us("p/@north/set/picture.quality", AUDIENCE_GROUP, "set/picture.quality");
    enum audience audience;
    char suffix[32];
    assert_true(is_for_us("p/cam/command/snapshot", 15, &audience, suffix, sizeof suffix));
    assert_string_equal(suffix, "command/s"); // len decides
}

static void test_not_for_us(void **state)
{
    (void)state;
    static const char *const topics[] = {"p/camera/command",
                                         "p/cam/",
                                         "p/cam",
                                         "p/ca/command",
                                         "p",
                                         "p/",
                                         "",
                                         "q/cam/command/x",
                                         "pp/cam/command/x",
                                         "p//command/x",
                                         "p/@/command/x",
                                         "p/@sou/command/x",
                                         "p/@out,/command/x",
                                         "p/@out, north/command/x",
                                         "p/all/command/x",
                                         "p/@cam/command/x"};
    enum audience audience;
    char suffix[32];
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        if (is_for_us(topics[i], strlen(topics[i]), &audience, suffix, sizeof suffix)) {
            fail_msg("%s", topics[i]);
        }
    }
    assert_false(is_for_us("p/cam/a\0b", 9, &audience, suffix, sizeof suffix));
}

static void test_for_us_cuts_at_a_character(void **state)
{
    (void)state;
    enum audience audience;
    char suffix[6];
    const char *topic = "p/cam/abc\xE2\x82\xAC"; // abc€
    assert_true(is_for_us(topic, strlen(topic), &audience, suffix, sizeof suffix));
    assert_string_equal(suffix, "abc");
}

static bool may_reply(const char *topic)
{
    return topic_is_for_reply("p", "cam", topic, strlen(topic));
}

static void test_where_a_reply_may_go(void **state)
{
    (void)state;
    assert_true(may_reply("clients/7/answers"));
    assert_true(may_reply("tür"));
    assert_true(may_reply("p/cam/reply"));
    assert_true(may_reply("p/cam/reply/client-7"));
    assert_true(may_reply("pp/cam/image"));
    char longest[REPLY_TOPIC_MAX + 2];
    memset(longest, 'x', sizeof longest);
    assert_true(topic_is_for_reply("p", "cam", longest, REPLY_TOPIC_MAX));
    assert_false(topic_is_for_reply("p", "cam", longest, REPLY_TOPIC_MAX + 1));
}

// Whoever may send commands must not have the agent write where only it may.
static void test_where_no_reply_may_go(void **state)
{
    (void)state;
    static const char *const topics[] = {"",
                                         "a/+",
                                         "#",
                                         "a/#/b",
                                         "$SYS/x",
                                         "p",
                                         "p/",
                                         "p/cam/image",
                                         "p/cam/replying",
                                         "p/cam/command/restart",
                                         "p/other/reply",
                                         "p/@all/command/snapshot",
                                         "a\nb",
                                         "a\x7F",
                                         "\xFF",
                                         "\xED\xA0\x80"};
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        if (may_reply(topics[i])) {
            fail_msg("%s", topics[i]);
        }
    }
    assert_false(topic_is_for_reply("p", "cam", "a\0b", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_make_longest),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_for_us),
        cmocka_unit_test(test_not_for_us),
        cmocka_unit_test(test_for_us_cuts_at_a_character),
        cmocka_unit_test(test_where_a_reply_may_go),
        cmocka_unit_test(test_where_no_reply_may_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
