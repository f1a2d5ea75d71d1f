// The pattern driver as the agent sees it: the card, on its grid, in every format.
#include "base/timing.h"
#include "camera/camera.h"
#include "camera/driver_check.h"
#include "card_reader.h"
#include "driver_rig.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { LOUD = 0xEB };

static struct driver_configure wish_of(uint32_t width, uint32_t height, const char *format)
{
    struct driver_configure wish = {.width = width, .height = height, .fps = 120};
    snprintf(wish.format, sizeof wish.format, "%s", format);
    return wish;
}

static struct card_view view_of(const struct driver_rig *rig, uint32_t buffer)
{
    struct card_view view = {.format = (enum pixel_format)rig->configured.format,
                             .width = rig->configured.width,
                             .height = rig->configured.height};
    for (uint32_t i = 0; i < rig->configured.plane_count; i++) {
        view.planes[i] = rig_plane(rig, buffer, i);
        view.strides[i] = rig->buffers[buffer].planes[i].stride;
    }
    return view;
}

// What lies beside the pixels must be there, and must not look like them.
static void expect_loud_padding(const struct driver_rig *rig, uint32_t buffer)
{
    for (uint32_t i = 0; i < rig->configured.plane_count; i++) {
        uint32_t row_bytes;
        uint32_t rows;
        driver_plane_needs((enum pixel_format)rig->configured.format, i, rig->configured.width,
                           rig->configured.height, &row_bytes, &rows);
        uint32_t stride = rig->buffers[buffer].planes[i].stride;
        assert_true(stride > row_bytes && stride % 64 == 0);
        const uint8_t *plane = rig_plane(rig, buffer, i);
        for (uint32_t y = 0; y < rows; y++) {
            assert_int_equal(plane[(size_t)stride * y + row_bytes], LOUD);
            assert_int_equal(plane[(size_t)stride * (y + 1) - 1], LOUD);
        }
        assert_int_equal(plane[(size_t)stride * rows], LOUD);
    }
}

static void expect_card(const struct driver_rig *rig, const struct driver_frame *frame)
{
    struct card_view view = view_of(rig, frame->buffer);
    struct test_card_state state = {0};
    if (view.width < 128 || view.height < 96) {
        // the counter alone
        state.counter = frame->sequence;
    } else {
        assert_true(card_read(&view, &state));
        assert_int_equal(state.counter, frame->sequence);
        assert_int_equal(state.monotonic_ms, frame->captured_ns / 1000000);
        int64_t wall_ms = timing_wall_at(frame->captured_ns) / 1000000;
        assert_in_range(state.wall_ms, wall_ms - 1000, wall_ms + 1000);
    }
    card_expect(&view, &state);
    expect_loud_padding(rig, frame->buffer);
}

static void test_shows_the_card(void **state)
{
    (void)state;
    static const char *const formats[] = {"auto",   "YUV420", "NV12",     "YUYV",
                                          "RGB888", "BGR888", "XRGB8888", "XBGR8888"};
    static const uint32_t sizes[][2] = {{64, 48}, {65, 49}, {128, 96}, {161, 121}, {640, 481}};
    for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            struct driver_rig rig;
            rig_open(&rig, "pattern");
            struct driver_configure wish = wish_of(sizes[s][0], sizes[s][1], formats[f]);
            rig_stream(&rig, &wish);
            assert_int_equal(rig.configured.width, wish.width);
            assert_int_equal(rig.configured.height, wish.height);
            assert_string_equal(pixel_format_name((enum pixel_format)rig.configured.format),
                                f == 0 ? "NV12" : formats[f]);
            assert_int_equal(rig.configured.encoding, COLOR_ENCODING_REC601);
            assert_int_equal(rig.configured.range, COLOR_RANGE_FULL);
            for (int shot = 0; shot < 2; shot++) { // the second into a buffer that is drawn late
                rig_shoot(&rig, 0);
                struct driver_frame frame = rig_frame(&rig);
                assert_true(isnan(frame.facts.exposure_us) && isnan(frame.facts.lux));
                expect_card(&rig, &frame);
            }
            rig_close(&rig);
        }
    }
}

static void test_largest_size(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, "pattern");
    struct driver_configure wish = wish_of(TEST_CARD_WIDTH_MAX, TEST_CARD_HEIGHT_MAX, "auto");
    rig_stream(&rig, &wish);
    rig_shoot(&rig, 0);
    struct driver_frame frame = rig_frame(&rig);
    struct card_view view = view_of(&rig, frame.buffer);
    struct test_card_state card;
    assert_true(card_read(&view, &card));
    assert_int_equal(card.counter, frame.sequence);
    rig_close(&rig);
}

static void test_frames_are_fresh_and_on_the_grid(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, "pattern");
    struct driver_configure wish = wish_of(320, 240, "auto");
    int64_t before_start = timing_now_ns();
    rig_stream(&rig, &wish);
    struct driver_frame last = {0};
    for (int i = 0; i < 20; i++) {
        int64_t asked = timing_now_ns();
        int64_t not_before = asked + TIMING_MS(i % 5) * 7 - TIMING_MS(3);
        rig_shoot(&rig, not_before);
        struct driver_frame frame = rig_frame(&rig);
        assert_true(frame.captured_ns >= not_before && frame.captured_ns >= asked);
        assert_int_equal(frame.captured_is_estimate, 0);
        if (i == 0) {
            assert_true(frame.captured_ns > before_start);
        } else {
            double ticks = (double)(frame.captured_ns - last.captured_ns) * 120 / 1e9;
            assert_true(frame.sequence > last.sequence);
            assert_true(fabs(ticks - (frame.sequence - last.sequence)) < 1e-6);
        }
        rig_give_back(&rig, frame.buffer);
        last = frame;
    }
    rig_close(&rig);
}

// In no time at all: at the slowest rate the next tick is ten seconds away.
static void test_the_newest_tick_where_it_is_kept(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, "pattern");
    struct driver_configure wish = wish_of(128, 96, "auto");
    wish.fps = 0.1;
    wish.keep_latest = 1;
    rig_stream(&rig, &wish);
    int64_t asked = timing_now_ns();
    for (int i = 0; i < 3; i++) {
        rig_shoot(&rig, 0);
        struct driver_frame frame = rig_frame(&rig);
        assert_int_equal(frame.sequence, 0);
        assert_true(frame.captured_ns < asked); // and says so
        expect_card(&rig, &frame);
        rig_give_back(&rig, frame.buffer);
    }
    rig_shoot(&rig, asked); // that one is too old
    rig_expect_silence(&rig);
    rig_close(&rig);
}

static void test_leaves_every_turn_to_the_viewer(void **state)
{
    (void)state;
    static const struct {
        uint32_t rotation, hflip, vflip, orientation;
    } turns[] = {{0, 0, 0, 1}, {0, 1, 0, 2}, {180, 0, 0, 3}, {0, 1, 1, 3}, {90, 0, 0, 6}};
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        struct driver_rig rig;
        rig_open(&rig, "pattern");
        struct driver_configure wish = wish_of(128, 96, "auto");
        wish.rotation = turns[i].rotation;
        wish.hflip = turns[i].hflip;
        wish.vflip = turns[i].vflip;
        rig_stream(&rig, &wish);
        assert_int_equal(rig.configured.orientation, turns[i].orientation);
        rig_close(&rig);
    }
}

static void test_waits_while_every_buffer_is_on_loan(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, "pattern");
    struct driver_configure wish = wish_of(128, 96, "YUYV");
    rig_stream(&rig, &wish);
    bool is_lent[DRIVER_BUFFERS_MAX] = {false};
    for (uint32_t i = 0; i < rig.configured.buffer_count; i++) {
        rig_shoot(&rig, 0);
        struct driver_frame frame = rig_frame(&rig);
        assert_false(is_lent[frame.buffer]);
        is_lent[frame.buffer] = true;
    }
    rig_shoot(&rig, 0);
    int64_t some_frames_later = timing_now_ns() + TIMING_MS(50);
    while (timing_now_ns() < some_frames_later) {
        rig_expect_silence(&rig);
    }
    int64_t given_back = timing_now_ns();
    rig_give_back(&rig, 2);
    struct driver_frame frame = rig_frame(&rig);
    assert_int_equal(frame.buffer, 2);
    assert_true(frame.captured_ns >= given_back);
    expect_card(&rig, &frame);
    rig_close(&rig);
}

static void test_stops_and_starts_again(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, "pattern");
    struct driver_configure wish = wish_of(128, 96, "auto");
    rig_stream(&rig, &wish);
    rig_shoot(&rig, 0);
    struct driver_frame lent = rig_frame(&rig);
    rig_shoot(&rig, timing_now_ns() + TIMING_S(20)); // stays open; stop forgets it
    rig_send_word(&rig, DRIVER_STOP);
    rig_expect(&rig, DRIVER_STOPPED);
    rig_give_back(&rig, lent.buffer);
    rig_send_word(&rig, DRIVER_START);
    rig_expect(&rig, DRIVER_STARTED);
    int64_t asked = timing_now_ns();
    rig_shoot(&rig, 0);
    assert_true(rig_frame(&rig).captured_ns >= asked);
    rig_close(&rig);
}

static void test_lists_itself(void **state)
{
    (void)state;
    struct driver_rig rig;
    rig_open(&rig, "pattern");
    rig_send_word(&rig, DRIVER_LIST);
    rig_expect(&rig, DRIVER_CAMERA);
    assert_string_equal(rig.message.camera.id, "pattern");
    assert_string_equal(rig.message.camera.model, "Test card");
    rig_expect(&rig, DRIVER_LIST_END);
    rig_close(&rig);
}

static void test_refuses_what_it_cannot_be(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height;
        double fps;
        const char *format;
        const char *words;
    } cases[] = {
        {63, 48, 30, "auto", "camera.width"},
        {64, 47, 30, "auto", "camera.height"},
        {9153, 48, 30, "auto", "9153x48"},
        {0, 48, 30, "auto", "0x48"},
        {UINT32_MAX, UINT32_MAX, 30, "auto", "camera.width"},
        {64, 48, 0, "auto", "0 fps"},
        {64, 48, -1, "auto", "-1 fps"},
        {64, 48, NAN, "auto", "nan fps"},
        {64, 48, INFINITY, "auto", "inf fps"},
        {64, 48, 0.05, "auto", "camera.fps"},
        {64, 48, 121, "auto", "camera.fps"},
        {64, 48, 30, "MJPEG", "MJPEG"},
        {64, 48, 30, "none", "camera.format"},
        {64, 48, 30, "", "camera.format"},
    };
    struct driver_rig rig;
    rig_open(&rig, "pattern");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct driver_configure wish = wish_of(cases[i].width, cases[i].height, cases[i].format);
        wish.fps = cases[i].fps;
        rig_expect_refusal(&rig, &wish, cases[i].words);
    }
    struct driver_configure good = wish_of(64, 48, "auto");
    rig_stream(&rig, &good);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shows_the_card),
        cmocka_unit_test(test_largest_size),
        cmocka_unit_test(test_frames_are_fresh_and_on_the_grid),
        cmocka_unit_test(test_the_newest_tick_where_it_is_kept),
        cmocka_unit_test(test_leaves_every_turn_to_the_viewer),
        cmocka_unit_test(test_waits_while_every_buffer_is_on_loan),
        cmocka_unit_test(test_stops_and_starts_again),
        cmocka_unit_test(test_lists_itself),
        cmocka_unit_test(test_refuses_what_it_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
