// outbox.h: what waits, what is replaced and what is dropped.
#include "cmocka_all.h"

#include "delivery/outbox.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct outbox *make(void)
{
    struct fault fault;
    struct outbox *outbox = outbox_create(&fault);
    assert_non_null(outbox);
    return outbox;
}

static bool is_readable(const struct outbox *outbox)
{
    struct pollfd polled = {outbox_fd(outbox), POLLIN, 0};
    struct timespec now = {0};
    return ppoll(&polled, 1, &now, NULL) == 1;
}

static void assert_event(struct outbox *outbox, const char *text)
{
    char *event = outbox_take_event(outbox);
    assert_string_equal(event, text);
    free(event);
}

static void test_newest_document_waits(void **state)
{
    (void)state;
    struct outbox *outbox = make();
    assert_false(is_readable(outbox));
    outbox_put_document(outbox, DOCUMENT_STATE, strdup("old"));
    outbox_put_document(outbox, DOCUMENT_STATE, strdup("new"));
    assert_true(is_readable(outbox));
    outbox_clear(outbox);
    assert_false(is_readable(outbox));
    char *text = outbox_take_document(outbox, DOCUMENT_STATE);
    assert_string_equal(text, "new");
    free(text);
    assert_null(outbox_take_document(outbox, DOCUMENT_STATE));
    outbox_destroy(outbox);
}

static void test_events_keep_their_order(void **state)
{
    (void)state;
    struct outbox *outbox = make();
    outbox_put_event(outbox, strdup("1"));
    outbox_put_event(outbox, strdup("2"));
    char *first = outbox_take_event(outbox);
    outbox_return_event(outbox, first); // it could not be sent
    assert_event(outbox, "1");
    assert_event(outbox, "2");
    assert_null(outbox_take_event(outbox));
    outbox_destroy(outbox);
}

static void test_oldest_events_are_dropped_and_counted(void **state)
{
    (void)state;
    struct outbox *outbox = make();
    for (int i = 0; i < OUTBOX_EVENTS_MAX + 2; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        outbox_put_event(outbox, strdup(text));
    }
    assert_int_equal(outbox_events_dropped(outbox), 2);
    outbox_return_event(outbox, strdup("oldest of all"));
    assert_int_equal(outbox_events_dropped(outbox), 3);
    assert_event(outbox, "2");
    outbox_destroy(outbox);
}

static void put_reply(struct outbox *outbox, int number)
{
    struct reply *reply = malloc(sizeof *reply + 16);
    assert_non_null(reply);
    *reply = (struct reply){0};
    snprintf(reply->text, 16, "%d", number);
    outbox_put_reply(outbox, reply);
}

static void test_replies_are_bounded_too(void **state)
{
    (void)state;
    struct outbox *outbox = make();
    for (int i = 0; i < OUTBOX_REPLIES_MAX + 2; i++) {
        put_reply(outbox, i);
    }
    assert_int_equal(outbox_replies_dropped(outbox), 2);
    assert_int_equal(outbox_events_dropped(outbox), 0);
    struct reply *reply = outbox_take_reply(outbox);
    assert_string_equal(reply->text, "2");
    outbox_return_reply(outbox, reply);
    reply = outbox_take_reply(outbox);
    assert_string_equal(reply->text, "2");
    free(reply);
    outbox_destroy(outbox); // with what nobody took
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest_document_waits),
        cmocka_unit_test(test_events_keep_their_order),
        cmocka_unit_test(test_oldest_events_are_dropped_and_counted),
        cmocka_unit_test(test_replies_are_bounded_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
