// The table of requests: who is known, for how long, and who goes when it is full.
#include "requests.h"

#include "base/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct requests requests;

static int end(void **state)
{
    (void)state;
    requests_fini(&requests);
    return 0;
}

static struct command command_of(enum command_verb verb, const char *id)
{
    struct command command = {.verb = verb, .count = 1};
    snprintf(command.request_id, sizeof command.request_id, "%s", id);
    return command;
}

static struct request *add(const char *id, int64_t now_ns)
{
    struct command command = command_of(COMMAND_SNAPSHOT, id);
    struct reply_address to = {0};
    return requests_add(&requests, &command, &to, now_ns);
}

static struct request *find(enum command_verb verb, const char *id, int64_t now_ns)
{
    struct command command = command_of(verb, id);
    return requests_find(&requests, &command, now_ns);
}

static void a_request_is_known_by_verb_and_id(void **state)
{
    (void)state;
    struct request *a = add("a", 0);
    assert_ptr_equal(find(COMMAND_SNAPSHOT, "a", 1), a);
    assert_null(find(COMMAND_CONFIG, "a", 1));
    assert_null(find(COMMAND_SNAPSHOT, "b", 1));
    add("", 0);
    assert_null(find(COMMAND_SNAPSHOT, "", 1));
    requests_remove(&requests, a);
    assert_null(find(COMMAND_SNAPSHOT, "a", 1));
}

static void one_that_has_ended_is_known_for_ten_minutes(void **state)
{
    (void)state;
    struct request *a = add("a", 0);
    assert_ptr_equal(find(COMMAND_SNAPSHOT, "a", TIMING_S(1000)), a); // it still runs
    a->state = REQUEST_ENDED;
    assert_ptr_equal(find(COMMAND_SNAPSHOT, "a", TIMING_S(599)), a);
    assert_null(find(COMMAND_SNAPSHOT, "a", TIMING_S(600)));
}

static void the_oldest_that_has_ended_makes_room(void **state)
{
    (void)state;
    for (int i = 0; i < REQUESTS_MAX; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        assert_non_null(add(id, i));
    }
    assert_null(add("x", 100)); // all are running
    find(COMMAND_SNAPSHOT, "7", 100)->state = REQUEST_ENDED;
    find(COMMAND_SNAPSHOT, "5", 100)->state = REQUEST_ENDED;
    assert_non_null(add("x", 100));
    assert_null(find(COMMAND_SNAPSHOT, "5", 100));
    assert_non_null(find(COMMAND_SNAPSHOT, "7", 100));
}

static void askers_are_kept_apart_and_bounded(void **state)
{
    (void)state;
    struct request *a = add("a", 0);
    struct reply_address to = {.topic = "client", .correlation = {1}, .correlation_len = 1};
    struct reply_address plain = {0};
    assert_true(request_add_asker(a, &plain)); // is there already
    for (int i = 1; i < REQUEST_ASKERS_MAX; i++) {
        to.correlation[0] = (uint8_t)i;
        assert_true(request_add_asker(a, &to));
        assert_true(request_add_asker(a, &to));
    }
    to.correlation[0] = REQUEST_ASKERS_MAX;
    assert_false(request_add_asker(a, &to));
    assert_string_equal(a->askers->to.topic, ""); // the first stays the first
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_request_is_known_by_verb_and_id, end),
        cmocka_unit_test_teardown(one_that_has_ended_is_known_for_ten_minutes, end),
        cmocka_unit_test_teardown(the_oldest_that_has_ended_makes_room, end),
        cmocka_unit_test_teardown(askers_are_kept_apart_and_bounded, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
