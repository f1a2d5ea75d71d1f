// publisher_destroy while Paho hangs in the resolver, which holds Paho's global lock.
#include "cmocka_all.h"

#include "base/timing.h"
#include "rig.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { WAIT_S = 30 };

extern atomic_int slow_dns_calls; // tests/support/slow_dns.c

static void wait_until_it_hangs(int calls_before)
{
    int64_t deadline_ns = timing_now_ns() + TIMING_S(WAIT_S);
    while (atomic_load(&slow_dns_calls) == calls_before) {
        assert_true(timing_now_ns() < deadline_ns);
        struct timespec pause = {0, 1000000};
        ppoll(NULL, 0, &pause, NULL);
    }
}

static void test_ends_once_the_resolver_gives_up(void **state)
{
    (void)state;
    setenv("SLOW_DNS_MS", "500", 1);
    struct rig rig;
    rig_init(&rig, 1);
    rig_start(&rig);
    struct news_link *down = rig_wait(&rig, NEWS_LINK_DOWN);
    assert_string_equal(down->url, "tcp://127.0.0.1:1");
    free(down);
    rig_shoot(&rig); // goes on without a link
    rig_end(&rig);
}

// The last test: what it leaves behind ends with the process, as the header says.
static void test_deadline_holds_while_the_resolver_hangs(void **state)
{
    (void)state;
    static struct rig rig; // stays where the stuck threads can see it
    setenv("SLOW_DNS_MS", "60000", 1);
    int calls_before = atomic_load(&slow_dns_calls);
    rig_init(&rig, 1);
    rig_start(&rig);
    rig_shoot(&rig);
    wait_until_it_hangs(calls_before);
    int64_t begun_ns = timing_now_ns();
    assert_false(publisher_destroy(rig.publisher, begun_ns + TIMING_S(1)));
    int64_t took_ns = timing_now_ns() - begun_ns;
    assert_in_range(took_ns, TIMING_S(1), TIMING_S(1) + TIMING_MS(500));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends_once_the_resolver_gives_up),
        cmocka_unit_test(test_deadline_holds_while_the_resolver_hangs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
