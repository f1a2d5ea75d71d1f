// Buffers and loans: which descriptors are taken, which frames are lent, and how long pixels live.
#include "camera/driver_pool.h"

#include "messages.h"
#include "resources.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOW_NS = 1000 };

struct scene {
    struct driver_pool *pool;
    struct driver_message buffer;
    struct driver_message frame;
    int fds_before;
};

static void make_pool(struct scene *scene, enum pixel_format format)
{
    struct driver_message configured;
    struct fault fault;
    message_make(&configured, DRIVER_CONFIGURED);
    configured.configured.format = format;
    message_make(&scene->buffer, DRIVER_BUFFER);
    message_make(&scene->frame, DRIVER_FRAME);
    scene->pool = driver_pool_create(&configured.configured, &fault);
    assert_non_null(scene->pool);
}

static int begin(void **state)
{
    static struct scene scene;
    scene.fds_before = resources_open_fds();
    make_pool(&scene, PIXEL_FORMAT_YUYV);
    *state = &scene;
    return 0;
}

static int end(void **state)
{
    struct scene *scene = *state;
    driver_pool_abandon(scene->pool);
    assert_int_equal(resources_open_fds(), scene->fds_before);
    return 0;
}

// Offers `fd` as the next buffer, and closes it, as whoever received it does.
static bool add(struct scene *scene, int fd)
{
    struct fault fault = {.kind = FAULT_NONE};
    bool added = driver_pool_add(scene->pool, &scene->buffer.buffer, &fd, &fault);
    assert_true(added || (fault.kind == FAULT_CAMERA && fault.text[0] != '\0'));
    scene->buffer.buffer.index += added ? 1 : 0;
    close(fd);
    return added;
}

static bool add_good(struct scene *scene)
{
    return add(scene, message_memfd(MESSAGES_PLANE_SIZE, true));
}

static struct frame *lend(struct scene *scene)
{
    struct fault fault = {.kind = FAULT_NONE};
    struct frame *frame = driver_pool_lend(scene->pool, &scene->frame.frame, NOW_NS, &fault);
    assert_true(frame != NULL || (fault.kind == FAULT_CAMERA && fault.text[0] != '\0'));
    return frame;
}

static void sealed_memfds_fill_the_pool(void **state)
{
    struct scene *scene = *state;
    assert_true(add_good(scene));
    assert_false(driver_pool_is_full(scene->pool));
    assert_true(add_good(scene));
    assert_true(driver_pool_is_full(scene->pool));
    assert_false(add_good(scene));
}

static void what_could_shrink_under_the_reader_is_refused(void **state)
{
    struct scene *scene = *state;
    assert_false(add(scene, message_memfd(MESSAGES_PLANE_SIZE, false)));

    FILE *file = tmpfile();
    assert_int_equal(ftruncate(fileno(file), MESSAGES_PLANE_SIZE), 0);
    assert_false(add(scene, fcntl(fileno(file), F_DUPFD_CLOEXEC, 0)));
    fclose(file);

    assert_false(add(scene, open("/dev/zero", O_RDONLY | O_CLOEXEC)));
    assert_false(add(scene, open("/proc/self/mem", O_RDONLY | O_CLOEXEC)));
    assert_true(add_good(scene)); // a refusal leaves the place as it was
}

static void a_sealed_memfd_that_is_too_small_is_refused(void **state)
{
    assert_false(add(*state, message_memfd(MESSAGES_PLANE_SIZE - 1, true)));
    assert_false(add(*state, message_memfd(0, true)));
}

static void buffers_come_in_order(void **state)
{
    struct scene *scene = *state;
    scene->buffer.buffer.index = 1;
    assert_false(add_good(scene));
    scene->buffer.buffer.index = UINT32_MAX;
    assert_false(add_good(scene));
    scene->buffer.buffer.index = 0;
    assert_true(add_good(scene));
    scene->buffer.buffer.index = 0;
    assert_false(add_good(scene));
}

static void a_frame_shows_what_is_in_the_buffer(void **state)
{
    struct scene *scene = *state;
    assert_true(add_good(scene));
    scene->frame.frame.sequence = 17;
    scene->frame.frame.captured_is_estimate = 5;
    struct frame *frame = lend(scene);
    assert_non_null(frame);
    assert_int_equal(frame->width, MESSAGES_WIDTH);
    assert_int_equal(frame->format, PIXEL_FORMAT_YUYV);
    assert_int_equal(frame->sequence, 17);
    assert_true(frame->captured_is_estimate);
    assert_int_equal(frame->planes[0].size, MESSAGES_PLANE_SIZE);
    assert_int_equal(frame->planes[0].stride, 2 * MESSAGES_WIDTH);
    assert_int_equal(frame->planes[0].data[252], 1);
    assert_true(driver_pool_owns(scene->pool, frame));
    assert_false(driver_pool_owns(NULL, frame));
    assert_true(driver_pool_give_back(frame));
}

static void a_buffer_is_lent_to_one_at_a_time(void **state)
{
    struct scene *scene = *state;
    assert_true(add_good(scene));
    struct frame *frame = lend(scene);
    assert_non_null(frame);
    assert_null(lend(scene));
    driver_pool_give_back(frame);
    frame = lend(scene);
    assert_non_null(frame);
    driver_pool_give_back(frame);
}

static void a_frame_that_cannot_be_is_refused(void **state)
{
    struct scene *scene = *state;
    assert_null(lend(scene)); // no buffers yet
    assert_true(add_good(scene));
    const struct driver_frame good = scene->frame.frame;
#define REFUSE_FRAME(member, value)          \
    do {                                     \
        scene->frame.frame = good;           \
        scene->frame.frame.member = (value); \
        assert_null(lend(scene));            \
    } while (0)
    REFUSE_FRAME(buffer, 1);
    REFUSE_FRAME(buffer, UINT32_MAX);
    REFUSE_FRAME(captured_ns, NOW_NS + 1);
    REFUSE_FRAME(captured_ns, INT64_MAX);
    REFUSE_FRAME(captured_ns, 0);
    REFUSE_FRAME(captured_ns, INT64_MIN);
    REFUSE_FRAME(used[0], MESSAGES_PLANE_SIZE + 1);
    REFUSE_FRAME(used[0], MESSAGES_PLANE_SIZE - 1);
    REFUSE_FRAME(used[0], 1);
    scene->frame.frame = good;
    scene->frame.frame.captured_ns = NOW_NS;
    scene->frame.frame.used[0] = MESSAGES_PLANE_SIZE;
    struct frame *frame = lend(scene);
    assert_non_null(frame);
    driver_pool_give_back(frame);
}

static void a_jpeg_says_how_long_it_is(void **state)
{
    struct scene *scene = *state;
    driver_pool_abandon(scene->pool);
    make_pool(scene, PIXEL_FORMAT_MJPEG);
    assert_true(add_good(scene));
    scene->frame.frame.used[0] = 0;
    assert_null(lend(scene));
    scene->frame.frame.used[0] = 100;
    struct frame *frame = lend(scene);
    assert_non_null(frame);
    assert_int_equal(frame->planes[0].size, 100);
    driver_pool_give_back(frame);
}

static void pixels_outlive_the_driver_until_the_last_loan_ends(void **state)
{
    struct scene *scene = *state;
    assert_true(add_good(scene) && add_good(scene));
    struct frame *first = lend(scene);
    scene->frame.frame.buffer = 1;
    struct frame *second = lend(scene);
    driver_pool_abandon(scene->pool);
    scene->pool = NULL;
    assert_int_equal(first->planes[0].data[250], 250);
    assert_false(driver_pool_give_back(first));
    assert_int_equal(second->planes[0].data[251], 0);
    assert_false(driver_pool_give_back(second)); // the pool goes with it: LSan and ASan see to that
}

static void a_buffer_may_lie_in_two_descriptors(void **state)
{
    struct scene *scene = *state;
    struct driver_configured configured = {.width = 64,
                                           .height = 48,
                                           .format = PIXEL_FORMAT_NV12,
                                           .plane_count = 2,
                                           .buffer_count = 2};
    struct driver_buffer buffer = {
        .plane_count = 2, .planes = {{100, 64 * 48, 64, 0}, {0, 64 * 24, 64, 1}}, .fd_count = 2};
    struct fault fault;
    struct driver_pool *pool = driver_pool_create(&configured, &fault);
    int fds[] = {message_memfd(64 * 48 + 100, true), message_memfd(64 * 24, false)};
    // the second is refused after the first was mapped
    assert_false(driver_pool_add(pool, &buffer, fds, &fault));
    assert_int_equal(fcntl(fds[1], F_ADD_SEALS, F_SEAL_SHRINK), 0);
    assert_true(driver_pool_add(pool, &buffer, fds, &fault));
    struct frame *frame = driver_pool_lend(pool, &scene->frame.frame, NOW_NS, &fault);
    assert_int_equal(frame->planes[0].data[0], 100);
    assert_int_equal(frame->planes[1].data[0], 0);
    close(fds[0]);
    close(fds[1]);
    driver_pool_give_back(frame);
    driver_pool_abandon(pool);
}

#define POOL_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        POOL_TEST(sealed_memfds_fill_the_pool),
        POOL_TEST(what_could_shrink_under_the_reader_is_refused),
        POOL_TEST(a_sealed_memfd_that_is_too_small_is_refused),
        POOL_TEST(buffers_come_in_order),
        POOL_TEST(a_frame_shows_what_is_in_the_buffer),
        POOL_TEST(a_buffer_is_lent_to_one_at_a_time),
        POOL_TEST(a_frame_that_cannot_be_is_refused),
        POOL_TEST(a_jpeg_says_how_long_it_is),
        POOL_TEST(pixels_outlive_the_driver_until_the_last_loan_ends),
        POOL_TEST(a_buffer_may_lie_in_two_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
