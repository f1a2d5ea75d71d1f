// publisher.h on a machine whose networks come and go all the time, as those of containers do:
// every change hurries the next attempt, but why there is no link is told all the same.
#include "cmocka_all.h"

#include "delivery/route_watch.h"
#include "rig.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int always; // readable
static atomic_bool is_restless;
static atomic_uint looks;

// The linker puts these in place of route_watch.c's; see CMakeLists.txt.
int __wrap_route_watch_fd(const struct route_watch *watch);
bool __wrap_route_watch_take(struct route_watch *watch);

int __wrap_route_watch_fd(const struct route_watch *watch)
{
    (void)watch;
    return always;
}

bool __wrap_route_watch_take(struct route_watch *watch)
{
    (void)watch;
    return is_restless && (atomic_fetch_add(&looks, 1) & 1) != 0;
}

static void test_a_restless_network_does_not_keep_the_reason(void **state)
{
    struct rig *rig = *state;
    fake_broker_down(rig->broker);
    is_restless = true;
    rig_start(rig);
    struct news_link down = rig_link(rig, NEWS_LINK_DOWN);
    assert_non_null(strstr(down.why.text, "cannot reach the broker"));
    is_restless = false;
    fake_broker_up(rig->broker);
    rig_skip(rig, NEWS_LINK_UP);
}

static int make_restless(void **state)
{
    (void)state;
    always = eventfd(1, EFD_CLOEXEC);
    return always < 0;
}

static int end(void **state)
{
    (void)state;
    return close(always);
}

int main(void)
{
    const struct CMUnitTest tests[] = {rig_test(test_a_restless_network_does_not_keep_the_reason)};
    return cmocka_run_group_tests(tests, make_restless, end);
}
