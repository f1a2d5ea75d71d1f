// The card: every part at its place, at any size, in every format, and readable by a program.
#include "camera/drivers/test_card.h"

#include "card_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct test_card_state STATE = {
    .counter = 1234567, .monotonic_ms = 987654321, .wall_ms = 1770000000123};

#define WALL_MS_MAX (INT64_MAX / 1000000)

static const enum pixel_format FORMATS[] = {
    PIXEL_FORMAT_YUV420, PIXEL_FORMAT_NV12,     PIXEL_FORMAT_YUYV,     PIXEL_FORMAT_RGB888,
    PIXEL_FORMAT_BGR888, PIXEL_FORMAT_XRGB8888, PIXEL_FORMAT_XBGR8888,
};

enum { FORMAT_COUNT = sizeof FORMATS / sizeof FORMATS[0] };

// Large enough for any format, with a row to spare after each plane.
struct canvas {
    uint8_t *memory;
    size_t size;
    struct test_card_target target;
    struct card_view view;
};

static struct canvas canvas_create(enum pixel_format format, uint32_t width, uint32_t height)
{
    uint32_t stride = (width + 1) * 4 + 12;
    size_t plane = (size_t)stride * (height + 2);
    struct canvas canvas = {.size = 3 * plane};
    canvas.memory = malloc(canvas.size);
    assert_non_null(canvas.memory);
    memset(canvas.memory, 0x55, canvas.size);
    canvas.target.format = format;
    canvas.view = (struct card_view){.format = format, .width = width, .height = height};
    for (size_t i = 0; i < FRAME_PLANES_MAX; i++) {
        canvas.target.planes[i] = canvas.memory + i * plane;
        canvas.target.strides[i] = stride;
        canvas.view.planes[i] = canvas.target.planes[i];
        canvas.view.strides[i] = stride;
    }
    return canvas;
}

static void expect_rgb(uint32_t width, uint32_t height, uint32_t x, uint32_t y, int r, int g, int b)
{
    struct test_card card;
    test_card_init(&card, width, height);
    uint8_t rgb[3];
    test_card_rgb(&card, &STATE, y, x, x + 1, rgb);
    assert_int_equal(rgb[0], r);
    assert_int_equal(rgb[1], g);
    assert_int_equal(rgb[2], b);
}

static void test_bars_are_the_classic_eight(void **state)
{
    (void)state;
    static const uint8_t bars[8][3] = {{255, 255, 255}, {255, 255, 0}, {0, 255, 255}, {0, 255, 0},
                                       {255, 0, 255},   {255, 0, 0},   {0, 0, 255},   {0, 0, 0}};
    for (uint32_t i = 0; i < 8; i++) {
        expect_rgb(1920, 1080, 120 + 240 * i, 10, bars[i][0], bars[i][1], bars[i][2]);
        expect_rgb(64, 48, 4 + 8 * i, 2, bars[i][0], bars[i][1], bars[i][2]);
    }
}

static void test_bars_fade_to_their_luma(void **state)
{
    (void)state;
    struct test_card card;
    test_card_init(&card, 1920, 1080);
    expect_rgb(1920, 1080, 120 + 240 * 5, card.bars_end - 1, 77, 76, 76); // red: 0.299 * 255
}

static void test_ramp_goes_from_black_to_white(void **state)
{
    (void)state;
    struct test_card card;
    test_card_init(&card, 641, 481);
    expect_rgb(641, 481, 0, card.bars_end, 0, 0, 0);
    expect_rgb(641, 481, 320, card.bars_end, 127, 127, 127);
    expect_rgb(641, 481, 640, card.ramp_end - 1, 255, 255, 255);
}

static void expect_layout(uint32_t width, uint32_t height)
{
    struct test_card card;
    test_card_init(&card, width, height);
    bool ok = card.bars_end > 0 && card.ramp_end > card.bars_end &&
              card.stripes_end >= card.ramp_end && card.box.y0 >= card.stripes_end &&
              card.box.x1 <= width && card.box.x0 < card.box.x1 && card.box.y1 <= card.motion.y0 &&
              card.motion.y1 == card.code.y0 && card.code.y0 <= height;
    ok = ok && card.counter.scale >= 1 && card.counter.x >= card.box.x0 &&
         card.counter.x + 48 * card.counter.scale <= card.box.x1;
    bool has_code = width >= 128 && height >= 96;
    ok = ok && (has_code ? card.code_row >= 2 : card.code_row == 0);
    if (!ok) {
        fail_msg("the layout of %ux%u is wrong", width, height);
    }
}

static void test_layout_holds_at_every_size(void **state)
{
    (void)state;
    for (uint32_t width = TEST_CARD_WIDTH_MIN; width <= TEST_CARD_WIDTH_MAX; width += 37) {
        for (uint32_t height = TEST_CARD_HEIGHT_MIN; height <= TEST_CARD_HEIGHT_MAX; height++) {
            expect_layout(width, height);
        }
    }
    expect_layout(TEST_CARD_WIDTH_MAX, TEST_CARD_HEIGHT_MAX);
}

static void test_every_format_holds_the_same_card(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{64, 48},   {65, 49},   {127, 95},  {128, 96},
                                        {161, 121}, {320, 241}, {641, 480}, {1281, 721}};
    for (size_t f = 0; f < FORMAT_COUNT; f++) {
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            struct canvas canvas = canvas_create(FORMATS[f], sizes[s][0], sizes[s][1]);
            struct test_card card;
            test_card_init(&card, sizes[s][0], sizes[s][1]);
            test_card_draw(&card, &STATE, &canvas.target);
            card_expect(&canvas.view, &STATE);
            free(canvas.memory);
        }
    }
}

static void test_update_leaves_what_draw_makes(void **state)
{
    (void)state;
    static const uint32_t sizes[][2] = {{64, 48}, {65, 49}, {161, 121}, {641, 481}};
    const struct test_card_state other = {
        .counter = 88888888, .monotonic_ms = (INT64_C(1) << 48) - 1, .wall_ms = WALL_MS_MAX};
    for (size_t f = 0; f < FORMAT_COUNT; f++) {
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            struct canvas drawn = canvas_create(FORMATS[f], sizes[s][0], sizes[s][1]);
            struct canvas updated = canvas_create(FORMATS[f], sizes[s][0], sizes[s][1]);
            struct test_card card;
            test_card_init(&card, sizes[s][0], sizes[s][1]);
            test_card_draw(&card, &other, &updated.target);
            test_card_update(&card, &STATE, &updated.target);
            test_card_draw(&card, &STATE, &drawn.target);
            assert_memory_equal(updated.memory, drawn.memory, drawn.size);
            free(drawn.memory);
            free(updated.memory);
        }
    }
}

static void test_code_says_the_state(void **state)
{
    (void)state;
    static const struct test_card_state states[] = {
        {0, 0, 0},
        {1, 2, 3},
        {0xFFFFFFFF, 0x123456789ABC, 1770000000123},
        {0xFFFFFFFFFFFF, 0xFFFFFFFFFFFF, WALL_MS_MAX},
    };
    for (size_t f = 0; f < FORMAT_COUNT; f++) {
        struct canvas canvas = canvas_create(FORMATS[f], 131, 97);
        struct test_card card;
        test_card_init(&card, 131, 97);
        for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
            struct test_card_state read;
            test_card_draw(&card, &states[i], &canvas.target);
            assert_true(card_read(&canvas.view, &read));
            assert_int_equal(read.counter, states[i].counter);
            assert_int_equal(read.monotonic_ms, states[i].monotonic_ms);
            assert_int_equal(read.wall_ms, states[i].wall_ms);
        }
        free(canvas.memory);
    }
}

// The counter's box at the smallest size, dot by dot: '#' is white.
static void test_counter_is_readable(void **state)
{
    (void)state;
    static const char *const wanted[] = {
        ".###...###.", "#...#.#...#", "#..##.#...#", "#.#.#..###.",
        "##..#.#...#", "#...#.#...#", ".###...###.",
    };
    struct test_card card;
    test_card_init(&card, 64, 48);
    const struct test_card_state eight = {.counter = 8};
    for (uint32_t row = 0; row < 7; row++) {
        uint8_t rgb[3 * 11];
        uint32_t x = card.counter.x + 6 * 6; // the last two of eight digits: "08"
        test_card_rgb(&card, &eight, card.counter.y + row, x, x + 11, rgb);
        char dots[12] = "";
        for (size_t i = 0; i < 11; i++) {
            dots[i] = rgb[3 * i] == 255 ? '#' : '.';
        }
        assert_string_equal(dots, wanted[row]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bars_are_the_classic_eight),
        cmocka_unit_test(test_bars_fade_to_their_luma),
        cmocka_unit_test(test_ramp_goes_from_black_to_white),
        cmocka_unit_test(test_layout_holds_at_every_size),
        cmocka_unit_test(test_every_format_holds_the_same_card),
        cmocka_unit_test(test_update_leaves_what_draw_makes),
        cmocka_unit_test(test_code_says_the_state),
        cmocka_unit_test(test_counter_is_readable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
