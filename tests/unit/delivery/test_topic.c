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

static void test_below(void **state)
{
    (void)state;
    char suffix[32];
    const char *topic = "p/cam/command/snapshot";
    assert_true(topic_below("p", "cam", topic, strlen(topic), suffix, sizeof suffix));
    assert_string_equal(suffix, "command/snapshot");
    assert_true(topic_below("p", "cam", topic, 15, suffix, sizeof suffix)); // len decides
    assert_string_equal(suffix, "command/s");
}

static void test_not_below(void **state)
{
    (void)state;
    char suffix[32];
    assert_false(topic_below("p", "cam", "p/camera/command", 16, suffix, sizeof suffix));
    assert_false(topic_below("p", "cam", "p/cam/", 6, suffix, sizeof suffix));
    assert_false(topic_below("p", "cam", "p/ca", 4, suffix, sizeof suffix));
    assert_false(topic_below("p", "cam", "p/cam/a\0b", 9, suffix, sizeof suffix));
}

static void test_below_cuts_at_a_character(void **state)
{
    (void)state;
    char suffix[6];
    const char *topic = "p/cam/abc\xE2\x82\xAC"; // abc€
    assert_true(topic_below("p", "cam", topic, strlen(topic), suffix, sizeof suffix));
    assert_string_equal(suffix, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_make_longest),
        cmocka_unit_test(test_below),
        cmocka_unit_test(test_not_below),
        cmocka_unit_test(test_below_cuts_at_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
