// The loop: which callbacks a round runs, in which order, and what they may do to each other.
#include "base/loop.h"

#include "base/timing.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
    struct loop *loop;
    char seen[64]; // one letter a callback
    int timers[3];
    int fds[2];
    int calls;
    short revents;
};

struct actor {
    struct scene *scene;
    char letter;
};

static int begin(void **state)
{
    static struct scene scene;
    struct fault fault;
    scene = (struct scene){.loop = loop_create(&fault), .fds = {-1, -1}};
    *state = &scene;
    return scene.loop == NULL ? -1 : 0;
}

static int end(void **state)
{
    struct scene *scene = *state;
    loop_destroy(scene->loop);
    for (int i = 0; i < 2; i++) {
        if (scene->fds[i] >= 0) {
            close(scene->fds[i]);
        }
    }
    return 0;
}

static void see(void *context)
{
    struct actor *actor = context;
    size_t len = strlen(actor->scene->seen);
    snprintf(actor->scene->seen + len, sizeof actor->scene->seen - len, "%c", actor->letter);
}

// One round of what is ready now.
static void turn(struct scene *scene)
{
    struct fault fault;
    assert_true(loop_turn(scene->loop, 0, &fault));
}

static void timers_fire_in_the_order_of_their_times(void **state)
{
    struct scene *scene = *state;
    struct actor actors[] = {{scene, 'a'}, {scene, 'b'}, {scene, 'c'}, {scene, 'd'}};
    const int64_t at_ns[] = {30, 10, 20, INT64_MAX - 1};
    for (int i = 0; i < 4; i++) {
        loop_timer_set(scene->loop, loop_timer_add(scene->loop, see, &actors[i]), at_ns[i]);
    }
    turn(scene);
    assert_string_equal(scene->seen, "bca");
    turn(scene); // once each
    assert_string_equal(scene->seen, "bca");
    assert_false(loop_timer_is_set(scene->loop, 0));
    assert_true(loop_timer_is_set(scene->loop, 3));
}

static void rearm_in_the_past(void *context)
{
    struct scene *scene = context;
    scene->calls++;
    loop_timer_set(scene->loop, scene->timers[0], 1);
}

static void a_timer_that_always_is_due_leaves_the_loop_its_other_work(void **state)
{
    struct scene *scene = *state;
    struct actor other = {scene, 'x'};
    scene->timers[0] = loop_timer_add(scene->loop, rearm_in_the_past, scene);
    int timer = loop_timer_add(scene->loop, see, &other);
    loop_timer_set(scene->loop, scene->timers[0], 1);
    loop_timer_set(scene->loop, timer, 2);
    turn(scene);
    turn(scene);
    turn(scene);
    assert_in_range(scene->calls, 3, 6);
    assert_string_equal(scene->seen, "x");
}

static void clear_the_other(void *context)
{
    struct scene *scene = context;
    scene->calls++;
    loop_timer_clear(scene->loop, scene->timers[0]);
    loop_timer_clear(scene->loop, scene->timers[1]);
}

static void a_timer_cleared_within_the_round_does_not_fire(void **state)
{
    struct scene *scene = *state;
    for (int i = 0; i < 2; i++) {
        scene->timers[i] = loop_timer_add(scene->loop, clear_the_other, scene);
        loop_timer_set(scene->loop, scene->timers[i], 1);
    }
    turn(scene);
    assert_int_equal(scene->calls, 1);
}

static void note(void *context, short revents)
{
    struct scene *scene = context;
    scene->calls++;
    scene->revents = revents;
}

static void drop_both(void *context, short revents)
{
    note(context, revents);
    struct scene *scene = context;
    loop_unwatch(scene->loop, scene->fds[0]);
    loop_unwatch(scene->loop, scene->fds[1]);
}

static void open_ready(struct scene *scene)
{
    for (int i = 0; i < 2; i++) {
        scene->fds[i] = eventfd(1, EFD_CLOEXEC);
        assert_true(scene->fds[i] >= 0);
    }
}

static void a_watch_dropped_within_the_round_is_not_called(void **state)
{
    struct scene *scene = *state;
    open_ready(scene);
    for (int i = 0; i < 2; i++) {
        loop_watch(scene->loop, scene->fds[i], POLLIN, drop_both, scene);
    }
    turn(scene);
    turn(scene);
    assert_int_equal(scene->calls, 1);
}

static void must_not_run(void *context, short revents)
{
    (void)context;
    (void)revents;
    fail_msg("a watch was called for what was ready before it was there");
}

// The descriptor of another watch is closed, and its number is taken by a new one.
static void replace_the_other(void *context, short revents)
{
    note(context, revents);
    struct scene *scene = context;
    loop_unwatch(scene->loop, scene->fds[0]);
    loop_unwatch(scene->loop, scene->fds[1]);
    close(scene->fds[1]);
    int fd = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(fd, scene->fds[1]);
    loop_watch(scene->loop, fd, POLLIN, must_not_run, scene);
}

static void a_new_watch_of_the_same_number_waits_for_its_own_news(void **state)
{
    struct scene *scene = *state;
    open_ready(scene);
    loop_watch(scene->loop, scene->fds[0], POLLIN, replace_the_other, scene);
    loop_watch(scene->loop, scene->fds[1], POLLIN, must_not_run, scene);
    turn(scene);
    turn(scene);
    assert_int_equal(scene->calls, 1);
}

static void a_hang_up_is_told_though_nobody_asked(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, scene->fds), 0);
    loop_watch(scene->loop, scene->fds[0], 0, note, scene);
    turn(scene);
    assert_int_equal(scene->calls, 0);
    close(scene->fds[1]);
    scene->fds[1] = -1;
    turn(scene);
    assert_int_equal(scene->calls, 1);
    assert_true((scene->revents & POLLHUP) != 0);
    loop_unwatch(scene->loop, scene->fds[0]);
}

static void a_turn_ends_at_its_deadline_and_not_before(void **state)
{
    struct scene *scene = *state;
    struct fault fault;
    int64_t until_ns = timing_now_ns() + TIMING_MS(5);
    assert_true(loop_turn(scene->loop, until_ns, &fault));
    assert_true(timing_now_ns() >= until_ns);
}

static void stop(void *context)
{
    struct scene *scene = context;
    scene->calls++;
    loop_stop(scene->loop);
}

static void stop_on_event(void *context, short revents)
{
    (void)revents;
    stop(context);
}

static void nothing_runs_after_stop(void **state)
{
    struct scene *scene = *state;
    struct fault fault;
    open_ready(scene);
    loop_watch(scene->loop, scene->fds[0], POLLIN, stop_on_event, scene);
    loop_watch(scene->loop, scene->fds[1], POLLIN, must_not_run, scene);
    loop_timer_set(scene->loop, loop_timer_add(scene->loop, stop, scene), 1);
    assert_true(loop_run(scene->loop, &fault));
    assert_true(loop_run(scene->loop, &fault));
    assert_int_equal(scene->calls, 1);
}

static void every_place_for_a_watch_can_be_used_again(void **state)
{
    struct scene *scene = *state;
    open_ready(scene);
    int copies[LOOP_WATCHES_MAX];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < LOOP_WATCHES_MAX; i++) {
            copies[i] = dup(scene->fds[0]);
            loop_watch(scene->loop, copies[i], POLLIN, note, scene);
        }
        turn(scene);
        for (int i = 0; i < LOOP_WATCHES_MAX; i++) {
            loop_unwatch(scene->loop, copies[i]);
            close(copies[i]);
        }
    }
    assert_int_equal(scene->calls, 3 * LOOP_WATCHES_MAX);
}

#define LOOP_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(timers_fire_in_the_order_of_their_times),
        LOOP_TEST(a_timer_that_always_is_due_leaves_the_loop_its_other_work),
        LOOP_TEST(a_timer_cleared_within_the_round_does_not_fire),
        LOOP_TEST(a_watch_dropped_within_the_round_is_not_called),
        LOOP_TEST(a_new_watch_of_the_same_number_waits_for_its_own_news),
        LOOP_TEST(a_hang_up_is_told_though_nobody_asked),
        LOOP_TEST(a_turn_ends_at_its_deadline_and_not_before),
        LOOP_TEST(nothing_runs_after_stop),
        LOOP_TEST(every_place_for_a_watch_can_be_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
