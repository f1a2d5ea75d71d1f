#include "card_reader.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

// Luma of YCbCr formats; green of the others, which tells black from white as well.
static uint8_t brightness(const struct card_view *view, uint32_t x, uint32_t y)
{
    const uint8_t *row = view->planes[0] + (size_t)view->strides[0] * y;
    switch (view->format) {
    case PIXEL_FORMAT_YUYV:
        return row[2 * x];
    case PIXEL_FORMAT_RGB888:
    case PIXEL_FORMAT_BGR888:
        return row[3 * x + 1];
    case PIXEL_FORMAT_XRGB8888:
    case PIXEL_FORMAT_XBGR8888:
        return row[4 * x + 1];
    default:
        return row[x];
    }
}

static bool read_row(const struct card_view *view, uint32_t index, int64_t *value)
{
    uint32_t by_width = view->width / 64;
    uint32_t by_height = view->height / 48;
    uint32_t size = (by_width < by_height ? by_width : by_height) / 2 * 2;
    uint32_t y = view->height - (3 - index) * size + size / 2;
    uint8_t bytes[8] = {0};
    for (uint32_t bit = 0; bit < 64; bit++) {
        bool white = brightness(view, (2 * bit + 1) * view->width / 128, y) >= 128;
        bytes[bit / 8] = (uint8_t)(bytes[bit / 8] << 1 | white);
    }
    uint32_t sum = index;
    *value = 0;
    for (int i = 1; i < 7; i++) {
        sum += bytes[i];
        *value = *value << 8 | bytes[i];
    }
    return bytes[0] == 0x9A && bytes[7] == (sum & 0xFF);
}

bool card_read(const struct card_view *view, struct test_card_state *state)
{
    int64_t counter;
    bool ok = read_row(view, 0, &counter) && read_row(view, 1, &state->monotonic_ms) &&
              read_row(view, 2, &state->wall_ms);
    state->counter = ok ? (uint64_t)counter : 0;
    return ok;
}

struct color {
    double r, g, b;
};

static void expect_near(const struct card_view *view, uint32_t plane, uint32_t at, uint32_t y,
                        double wanted)
{
    double is = view->planes[plane][(size_t)view->strides[plane] * y + at];
    if (fabs(is - wanted) > 1) {
        fail_msg("%ux%u, format %d: plane %u, byte %u of row %u is %g, not %g", view->width,
                 view->height, (int)view->format, plane, at, y, is, wanted);
    }
}

static struct color color_at(const uint8_t *row, uint32_t x)
{
    return (struct color){row[3 * x], row[3 * x + 1], row[3 * x + 2]};
}

static double luma(struct color c)
{
    return 0.299 * c.r + 0.587 * c.g + 0.114 * c.b;
}

static double blue(struct color c)
{
    return 128 + (c.b - luma(c)) / 1.772;
}

static double red(struct color c)
{
    return 128 + (c.r - luma(c)) / 1.402;
}

static struct color mean(struct color a, struct color b)
{
    return (struct color){(a.r + b.r) / 2, (a.g + b.g) / 2, (a.b + b.b) / 2};
}

static void expect_chroma(const struct card_view *view, uint32_t x, uint32_t y, struct color c)
{
    switch (view->format) {
    case PIXEL_FORMAT_YUV420:
        expect_near(view, 1, x / 2, y / 2, blue(c));
        expect_near(view, 2, x / 2, y / 2, red(c));
        return;
    case PIXEL_FORMAT_NV12:
        expect_near(view, 1, x, y / 2, blue(c));
        expect_near(view, 1, x + 1, y / 2, red(c));
        return;
    case PIXEL_FORMAT_YUYV:
        expect_near(view, 0, 2 * x + 1, y, blue(c));
        expect_near(view, 0, 2 * x + 3, y, red(c));
        return;
    default:
        return;
    }
}

static void expect_pixel(const struct card_view *view, uint32_t x, uint32_t y, struct color c)
{
    switch (view->format) {
    case PIXEL_FORMAT_YUV420:
    case PIXEL_FORMAT_NV12:
        expect_near(view, 0, x, y, luma(c));
        return;
    case PIXEL_FORMAT_YUYV:
        expect_near(view, 0, 2 * x, y, luma(c));
        return;
    case PIXEL_FORMAT_RGB888:
    case PIXEL_FORMAT_XRGB8888: {
        uint32_t at = (view->format == PIXEL_FORMAT_RGB888 ? 3 : 4) * x;
        expect_near(view, 0, at, y, c.b);
        expect_near(view, 0, at + 1, y, c.g);
        expect_near(view, 0, at + 2, y, c.r);
        return;
    }
    default: {
        uint32_t at = (view->format == PIXEL_FORMAT_BGR888 ? 3 : 4) * x;
        expect_near(view, 0, at, y, c.r);
        expect_near(view, 0, at + 1, y, c.g);
        expect_near(view, 0, at + 2, y, c.b);
        return;
    }
    }
}

// What lies beyond the edge is what lies at the edge.
static void expect_pair(const struct card_view *view, uint32_t y, const uint8_t *first,
                        const uint8_t *second, bool is_two_rows)
{
    for (uint32_t x = 0; x < view->width; x++) {
        expect_pixel(view, x, y, color_at(first, x));
        if (is_two_rows) {
            expect_pixel(view, x, y + 1, color_at(second, x));
        }
        if (x % 2 == 1) {
            continue;
        }
        uint32_t right = x + 1 < view->width ? x + 1 : x;
        struct color above = mean(color_at(first, x), color_at(first, right));
        struct color below = mean(color_at(second, x), color_at(second, right));
        if (view->format == PIXEL_FORMAT_YUYV) {
            expect_chroma(view, x, y, above);
        } else {
            expect_chroma(view, x, y, mean(above, below));
        }
    }
}

void card_expect(const struct card_view *view, const struct test_card_state *state)
{
    struct test_card card;
    test_card_init(&card, view->width, view->height);
    uint8_t *rows = malloc((size_t)6 * view->width);
    assert_non_null(rows);
    uint8_t *second = rows + (size_t)3 * view->width;
    for (uint32_t y = 0; y < view->height; y += 2) {
        bool is_two_rows = y + 1 < view->height;
        test_card_rgb(&card, state, y, 0, view->width, rows);
        test_card_rgb(&card, state, is_two_rows ? y + 1 : y, 0, view->width, second);
        expect_pair(view, y, rows, second, is_two_rows);
    }
    free(rows);
}
