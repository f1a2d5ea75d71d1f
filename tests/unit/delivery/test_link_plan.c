// Which broker comes next, in which version, and how long after.
#include "delivery/link_plan.h"

#include "base/timing.h"
#include "delivery/reason.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct settings_mqtt mqtt;
static struct link_plan plan;

static void begin(const char *url, const char *version)
{
    mqtt = (struct settings_mqtt){.client_id = "still2mqtt-cam"};
    snprintf(mqtt.url, sizeof mqtt.url, "%s", url);
    snprintf(mqtt.version, sizeof mqtt.version, "%s", version);
    link_plan_init(&plan, &mqtt);
}

static void expect(const char *host, bool is_v5)
{
    assert_string_equal(plan.url.host, host);
    assert_int_equal(plan.is_v5, is_v5);
}

static void one_broker_that_is_away(void **state)
{
    (void)state;
    begin("mqtt://a", "auto");
    expect("a", true);
    for (int i = 0; i < 5; i++) {
        struct link_verdict verdict = link_plan_failed(&plan, -1, false);
        assert_false(verdict.retry_now || verdict.is_silent || verdict.is_rival);
        expect("a", true);
    }
}

static void a_broker_that_wants_the_older_version(void **state)
{
    (void)state;
    static const int codes[] = {1, 0x84};
    for (size_t i = 0; i < 2; i++) {
        begin("mqtt://a", "auto");
        struct link_verdict verdict = link_plan_failed(&plan, codes[i], false);
        assert_true(verdict.retry_now && verdict.is_silent);
        expect("a", false);
        // it refuses the password: the version stays
        assert_false(link_plan_failed(&plan, 4, false).retry_now);
        expect("a", false);
        // it is away, and may come back as a newer one
        link_plan_failed(&plan, -1, false);
        expect("a", true);
    }
    begin("mqtt://a", "5");
    assert_false(link_plan_failed(&plan, 0x84, false).retry_now);
    expect("a", true);
    begin("mqtt://a", "3.1.1");
    expect("a", false);
    link_plan_failed(&plan, -1, false);
    expect("a", false);
}

static void a_broker_that_just_hangs_up(void **state)
{
    (void)state;
    begin("mqtt://a", "auto");
    assert_false(link_plan_failed(&plan, -1, true).retry_now);
    expect("a", true);
    assert_true(link_plan_failed(&plan, -1, true).retry_now);
    expect("a", false);
    link_plan_up(&plan, TIMING_S(1));
    link_plan_lost(&plan, 0, true, TIMING_S(100));
    expect("a", false);
}

static void several_are_tried_in_order(void **state)
{
    (void)state;
    begin("mqtt://a  mqtts://b ws://c/d", "auto");
    expect("a", true);
    struct link_verdict verdict = link_plan_failed(&plan, -1, false);
    assert_true(verdict.retry_now && !verdict.is_silent);
    expect("b", true);
    assert_string_equal(plan.text, "mqtts://b");
    link_plan_failed(&plan, 5, false);
    expect("c", true);
    verdict = link_plan_failed(&plan, -1, false);
    assert_false(verdict.retry_now);
    expect("a", true);
    // the second round says one thing, at its end: an outage of a week is no flood in the log
    verdict = link_plan_failed(&plan, -1, false);
    assert_true(verdict.retry_now && verdict.is_silent);
    assert_true(link_plan_failed(&plan, -1, false).is_silent);
    assert_false(link_plan_failed(&plan, -1, false).is_silent);
    link_plan_failed(&plan, -1, false);
    link_plan_up(&plan, TIMING_S(1));
    // what ends begins with the first again
    verdict = link_plan_lost(&plan, 0, true, TIMING_S(500));
    assert_false(verdict.retry_now || verdict.is_silent);
    expect("a", true);
    assert_false(link_plan_failed(&plan, -1, false).is_silent);
}

static void several_and_an_older_one_among_them(void **state)
{
    (void)state;
    begin("mqtt://a mqtt://b", "auto");
    assert_true(link_plan_failed(&plan, -1, true).retry_now);
    expect("a", true);
    assert_true(link_plan_failed(&plan, -1, true).retry_now);
    expect("a", false);
    assert_true(link_plan_failed(&plan, -1, true).retry_now);
    expect("b", true);
    assert_true(link_plan_failed(&plan, 0x84, false).retry_now);
    expect("b", false);
    assert_false(link_plan_failed(&plan, -1, false).retry_now);
    expect("a", true);
}

static void a_rival_is_not_fought(void **state)
{
    (void)state;
    begin("mqtt://a", "auto");
    int64_t now_ns = TIMING_S(1000);
    uint32_t longest_ms = 0;
    for (int i = 0; i < 8; i++) {
        link_plan_up(&plan, now_ns);
        now_ns += TIMING_S(40);
        struct link_verdict verdict = link_plan_lost(&plan, REASON_TAKEN_OVER, true, now_ns);
        assert_true(verdict.is_rival);
        assert_in_range(verdict.rest_ms, 30000, 960000);
        longest_ms = verdict.rest_ms > longest_ms ? verdict.rest_ms : longest_ms;
    }
    assert_true(longest_ms >= 480000); // it goes on growing
    // half an hour without a fight
    link_plan_up(&plan, now_ns);
    now_ns += TIMING_S(1800);
    assert_in_range(link_plan_lost(&plan, REASON_TAKEN_OVER, true, now_ns).rest_ms, 30000, 60000);
}

static void a_rival_that_is_not_named_shows_by_short_lives(void **state)
{
    (void)state;
    begin("mqtt://a", "3.1.1");
    int64_t now_ns = TIMING_S(1000);
    for (int i = 1; i <= 4; i++) {
        link_plan_up(&plan, now_ns);
        now_ns += TIMING_S(2);
        struct link_verdict verdict = link_plan_lost(&plan, 0, true, now_ns);
        assert_int_equal(verdict.is_rival, i >= 3);
        assert_int_equal(verdict.rest_ms >= 30000, i >= 3);
    }
    link_plan_up(&plan, now_ns);
    now_ns += TIMING_S(60);
    assert_false(link_plan_lost(&plan, 0, true, now_ns).is_rival);
    // a network that breaks is none
    for (int i = 0; i < 5; i++) {
        link_plan_up(&plan, now_ns);
        assert_false(link_plan_lost(&plan, 0, false, now_ns + 1).is_rival);
    }
}

static void expect_uri(const char *url, const char *expected)
{
    begin(url, "auto");
    char uri[BROKER_URL_SIZE * 2];
    link_plan_uri(&plan, uri, sizeof uri);
    assert_string_equal(uri, expected);
}

static void the_uri_is_one_that_paho_knows(void **state)
{
    (void)state;
    expect_uri("mqtt://a", "tcp://a:1883");
    expect_uri("mqtts://a:42", "ssl://a:42");
    expect_uri("mqtts://[::1]", "ssl://[::1]:8883");
    expect_uri("ws://a/mqtt", "ws://a:80/mqtt");
    expect_uri("wss://[fd00::2]:9001/mqtt", "wss://[fd00::2]:9001/mqtt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_broker_that_is_away),
        cmocka_unit_test(a_broker_that_wants_the_older_version),
        cmocka_unit_test(a_broker_that_just_hangs_up),
        cmocka_unit_test(several_are_tried_in_order),
        cmocka_unit_test(several_and_an_older_one_among_them),
        cmocka_unit_test(a_rival_is_not_fought),
        cmocka_unit_test(a_rival_that_is_not_named_shows_by_short_lives),
        cmocka_unit_test(the_uri_is_one_that_paho_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
