// The mailbox: order, room, and who is woken. The threads in here are for TSan.
#include "base/mailbox.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CAPACITY = 8, MANY = 20000 };

static _Atomic unsigned dropped; // a mail is dropped on the thread that posts it

static void drop(struct mail mail)
{
    free(mail.body);
    dropped++;
}

static int begin(void **state)
{
    struct fault fault;
    dropped = 0;
    *state = mailbox_create(CAPACITY, drop, &fault);
    return *state == NULL ? -1 : 0;
}

static int end(void **state)
{
    mailbox_destroy(*state);
    return 0;
}

static struct mail letter(unsigned kind)
{
    return (struct mail){.kind = kind, .body = malloc(8)}; // a leak is for LSan to see
}

static bool is_readable(const struct mailbox *mailbox)
{
    struct pollfd fd = {mailbox_fd(mailbox), POLLIN, 0};
    return poll(&fd, 1, 0) == 1;
}

static void assert_next(struct mailbox *mailbox, unsigned kind)
{
    struct mail mail;
    assert_true(mailbox_take(mailbox, &mail));
    assert_int_equal(mail.kind, kind);
    free(mail.body);
}

static void mail_comes_out_in_the_order_it_went_in(void **state)
{
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 5; i++) {
            mailbox_post(*state, letter(10 * round + i));
        }
        for (unsigned i = 0; i < 5; i++) {
            assert_next(*state, 10 * round + i);
        }
    }
    struct mail mail;
    assert_false(mailbox_take(*state, &mail));
}

static void it_is_readable_exactly_while_there_is_mail(void **state)
{
    assert_false(is_readable(*state));
    mailbox_post(*state, letter(1));
    mailbox_post(*state, letter(2));
    assert_true(is_readable(*state));
    assert_next(*state, 1);
    assert_true(is_readable(*state));
    assert_next(*state, 2);
    assert_false(is_readable(*state));
}

static void offers_leave_a_quarter_of_the_room_to_posts(void **state)
{
    for (unsigned i = 0; i < 6; i++) {
        assert_true(mailbox_offer(*state, letter(i)));
    }
    struct mail refused = letter(99);
    assert_false(mailbox_offer(*state, refused));
    mailbox_post(*state, letter(6));
    mailbox_post(*state, letter(7)); // would wait for ever, were there no room
    for (unsigned i = 0; i < 8; i++) {
        assert_next(*state, i);
    }
    assert_true(mailbox_offer(*state, refused));
}

static void a_closed_box_drops_what_is_in_it_and_what_comes(void **state)
{
    mailbox_post(*state, letter(1));
    mailbox_post(*state, letter(2));
    mailbox_close(*state);
    assert_int_equal(dropped, 2);
    assert_false(is_readable(*state));
    mailbox_post(*state, letter(3));
    assert_int_equal(dropped, 3);
    struct mail refused = letter(4);
    assert_false(mailbox_offer(*state, refused));
    free(refused.body);
    mailbox_close(*state);
    assert_int_equal(dropped, 3);
}

static void destroying_nothing_is_fine(void **state)
{
    (void)state;
    mailbox_destroy(NULL);
}

static void *post_many(void *context)
{
    for (unsigned i = 0; i < MANY; i++) {
        mailbox_post(context, letter(i));
    }
    return NULL;
}

static void *offer_many(void *context)
{
    for (unsigned i = 0; i < MANY; i++) {
        struct mail mail = letter(MANY);
        if (!mailbox_offer(context, mail)) {
            free(mail.body);
        }
    }
    return NULL;
}

static void posters_that_wait_are_woken_and_lose_nothing(void **state)
{
    pthread_t poster, offerer;
    assert_int_equal(pthread_create(&poster, NULL, post_many, *state), 0);
    assert_int_equal(pthread_create(&offerer, NULL, offer_many, *state), 0);
    for (unsigned next = 0; next < MANY;) {
        struct pollfd fd = {mailbox_fd(*state), POLLIN, 0};
        assert_int_equal(poll(&fd, 1, 10000), 1);
        struct mail mail;
        while (mailbox_take(*state, &mail)) {
            if (mail.kind != MANY) {
                assert_int_equal(mail.kind, next++);
            }
            free(mail.body);
        }
    }
    pthread_join(poster, NULL);
    pthread_join(offerer, NULL);
}

static void *post_one(void *context)
{
    mailbox_post(context, letter(100));
    return NULL;
}

static void a_poster_that_waits_is_woken_by_close(void **state)
{
    for (unsigned i = 0; i < CAPACITY; i++) {
        mailbox_post(*state, letter(i));
    }
    pthread_t posters[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&posters[i], NULL, post_one, *state), 0);
    }
    mailbox_close(*state); // whether they wait already or not
    for (int i = 0; i < 2; i++) {
        pthread_join(posters[i], NULL);
    }
    assert_int_equal(dropped, CAPACITY + 2);
}

#define MAILBOX_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MAILBOX_TEST(mail_comes_out_in_the_order_it_went_in),
        MAILBOX_TEST(it_is_readable_exactly_while_there_is_mail),
        MAILBOX_TEST(offers_leave_a_quarter_of_the_room_to_posts),
        MAILBOX_TEST(a_closed_box_drops_what_is_in_it_and_what_comes),
        MAILBOX_TEST(posters_that_wait_are_woken_and_lose_nothing),
        MAILBOX_TEST(a_poster_that_waits_is_woken_by_close),
        cmocka_unit_test(destroying_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
