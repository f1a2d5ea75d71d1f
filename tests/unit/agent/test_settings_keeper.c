// What keeps changed settings: the main thread goes on while the disk does not.
#include "settings_keeper.h"

#include "base/timing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_S = 20, SAVES_TOO_MANY = 20 };

static int gate[2]; // a save waits for a byte of it
static _Atomic unsigned saved_quality;
static _Atomic bool is_broken;

bool __wrap_settings_overlay_save(const struct settings_overlay *overlay,
                                  const struct settings *base, struct fault *fault);

bool __wrap_settings_overlay_save(const struct settings_overlay *overlay,
                                  const struct settings *base, struct fault *fault)
{
    (void)base;
    char byte;
    if (read(gate[0], &byte, 1) != 1) {
        return fault_set(fault, FAULT_SYSTEM, errno, "the gate is gone");
    }
    if (is_broken) {
        return fault_set(fault, FAULT_SYSTEM, EIO, "broken");
    }
    saved_quality = overlay->values.picture.quality;
    return true;
}

struct scene {
    struct loop *loop;
    struct settings_keeper *keeper;
    struct settings base;
    unsigned kept;
    struct fault why; // of the newest
};

static void on_kept(void *context, const struct fault *why)
{
    struct scene *scene = context;
    scene->kept++;
    scene->why = *why;
}

static int begin(void **state)
{
    static struct scene scene;
    struct fault fault;
    scene = (struct scene){.base.device.id = "a"};
    is_broken = false;
    saved_quality = 0;
    if (pipe(gate) != 0) {
        return -1;
    }
    scene.loop = loop_create(&fault);
    scene.keeper = settings_keeper_create(scene.loop, &scene.base, on_kept, &scene, &fault);
    *state = &scene;
    return scene.keeper != NULL ? 0 : -1;
}

static int end(void **state)
{
    struct scene *scene = *state;
    settings_keeper_destroy(scene->keeper);
    loop_destroy(scene->loop);
    close(gate[0]);
    close(gate[1]);
    return 0;
}

static void save(struct scene *scene, unsigned quality)
{
    struct settings_overlay changes = {.values.picture.quality = quality};
    settings_keeper_save(scene->keeper, &changes);
}

static void open_gate(unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        assert_int_equal(write(gate[1], "x", 1), 1);
    }
}

static void wait_kept(struct scene *scene, unsigned count)
{
    int64_t until_ns = timing_now_ns() + TIMING_S(PATIENCE_S);
    struct fault fault;
    while (scene->kept < count) {
        assert_true(loop_turn(scene->loop, until_ns, &fault));
        assert_true(timing_now_ns() < until_ns);
    }
    assert_int_equal(scene->kept, count);
}

static void a_save_is_told(void **state)
{
    struct scene *scene = *state;
    save(scene, 50);
    assert_int_equal(scene->kept, 0);
    open_gate(1);
    wait_kept(scene, 1);
    assert_int_equal(scene->why.kind, FAULT_NONE);
    assert_int_equal(saved_quality, 50);
}

static void a_broken_disk_is_told(void **state)
{
    struct scene *scene = *state;
    is_broken = true;
    save(scene, 50);
    open_gate(1);
    wait_kept(scene, 1);
    assert_string_equal(scene->why.text, "broken");
}

static void only_the_newest_is_told(void **state)
{
    struct scene *scene = *state;
    save(scene, 50);
    save(scene, 60);
    save(scene, 70);
    open_gate(3);
    wait_kept(scene, 1);
    assert_int_equal(saved_quality, 70);
}

static void a_disk_that_hangs_holds_nobody_up(void **state)
{
    struct scene *scene = *state;
    for (unsigned i = 0; i < SAVES_TOO_MANY; i++) {
        save(scene, i);
    }
    assert_true(scene->kept > 0);
    assert_non_null(strstr(scene->why.text, "the disk does not answer"));
    open_gate(SAVES_TOO_MANY); // so that the end finds it well
}

static void the_end_waits_for_a_save_under_way(void **state)
{
    struct scene *scene = *state;
    save(scene, 50);
    open_gate(1);
    settings_keeper_destroy(scene->keeper);
    scene->keeper = NULL;
    assert_int_equal(saved_quality, 50);
}

#define KEEPER_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEEPER_TEST(a_save_is_told),
        KEEPER_TEST(a_broken_disk_is_told),
        KEEPER_TEST(only_the_newest_is_told),
        KEEPER_TEST(a_disk_that_hangs_holds_nobody_up),
        KEEPER_TEST(the_end_waits_for_a_save_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
