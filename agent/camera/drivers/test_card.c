// The test card as a function of place and state. Pure; one thread as good as another.
#include "camera/drivers/test_card.h"

#include "base/timing.h"
#include "camera/drivers/test_card_store.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    GREY = 96, // the ground of everything below the bars
    GLYPH_WIDTH = 6,
    GLYPH_HEIGHT = 7,
    COUNTER_DIGITS = 8,
    TIME_LETTERS = 24, // 2026-01-31T23:59:59.123Z
    CODE_ROWS = 3,
    BAR_COUNT = 8,
    CODE_BITS = 64,
    STRIPE_CELLS = 8,
};

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

// The black box, centred, its lower edge at `bottom`, with the texts in it.
static void place_box(struct test_card *card, uint32_t bottom)
{
    uint32_t scale = larger(1, smaller(card->width / 128, card->height / 48));
    bool has_time = card->width >= 152 && card->height >= 96;
    uint32_t time_scale = has_time ? larger(1, smaller(card->width / 240, card->height / 96)) : 0;
    uint32_t margin = larger(2, scale);
    uint32_t counter_width = GLYPH_WIDTH * COUNTER_DIGITS * scale;
    uint32_t time_width = GLYPH_WIDTH * TIME_LETTERS * time_scale;
    uint32_t width = larger(counter_width, time_width) + 2 * margin;
    uint32_t height = GLYPH_HEIGHT * scale + 2 * margin;
    if (has_time) {
        height += GLYPH_HEIGHT * time_scale + margin;
    }
    uint32_t x0 = (card->width - width) / 2;
    uint32_t y0 = bottom - height;
    card->box = (struct test_card_area){x0, y0, x0 + width, bottom};
    card->counter = (struct test_card_text){(card->width - counter_width) / 2, y0 + margin, scale};
    card->time = (struct test_card_text){(card->width - time_width) / 2,
                                         y0 + 2 * margin + GLYPH_HEIGHT * scale, time_scale};
}

void test_card_init(struct test_card *card, uint32_t width, uint32_t height)
{
    *card = (struct test_card){.width = width, .height = height};
    card->bars_end = height * 2 / 5;
    card->ramp_end = card->bars_end + height / 10;
    bool has_code = width >= 128 && height >= 96;
    card->code_row = has_code ? smaller(width / CODE_BITS, height / 48) & ~1U : 0;
    card->code = (struct test_card_area){0, height - CODE_ROWS * card->code_row, width, height};
    uint32_t motion_height = larger(4, height / 16);
    uint32_t gap = motion_height / 2;
    card->motion = (struct test_card_area){0, card->code.y0 - motion_height, width, card->code.y0};
    place_box(card, card->motion.y0 - gap);
    assert(card->box.y0 >= card->ramp_end + gap);
    card->stripes_end = card->box.y0 - gap;
}

static void fill(uint8_t *rgb, uint32_t begin, uint32_t end, uint8_t grey)
{
    memset(rgb + (size_t)3 * begin, grey, (size_t)3 * (end - begin));
}

// A span of a whole row, as far as it lies within what is asked for.
static void fill_span(uint32_t x0, uint32_t x1, uint8_t *rgb, uint32_t begin, uint32_t end,
                      uint8_t grey)
{
    begin = larger(begin, x0);
    end = smaller(end, x1);
    if (begin < end) {
        fill(rgb, begin - x0, end - x0, grey);
    }
}

// Each bar turns into the next over 32 pixels, or half a bar where bars are narrow.
static void bar_color(uint32_t width, uint32_t x, double color[3])
{
    // white, yellow, cyan, green, magenta, red, blue, black: a bit each of R, G, B
    static const uint8_t bars[BAR_COUNT] = {7, 6, 3, 2, 5, 4, 1, 0};
    double soft = 32.0 * BAR_COUNT / width;
    soft = soft > 0.5 ? 0.5 : soft;
    double place = (x + 0.5) * BAR_COUNT / width;
    uint32_t left = place < 0.5 ? 0 : smaller((uint32_t)(place - 0.5), BAR_COUNT - 2);
    double share = 0.5 + (place - (left + 1)) / soft; // of the bar right of the nearest edge
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    for (int i = 0; i < 3; i++) {
        double from = bars[left] >> (2 - i) & 1;
        double to = bars[left + 1] >> (2 - i) & 1;
        color[i] = 255 * (from + (to - from) * share);
    }
}

static void draw_bars(const struct test_card *card, uint32_t y, uint32_t x0, uint32_t x1,
                      uint8_t *rgb)
{
    // the upper half in full colour, then fading
    double saturation = 2 - 2 * (y + 0.5) / card->bars_end;
    saturation = saturation > 1 ? 1 : saturation;
    for (uint32_t x = x0; x < x1; x++) {
        double color[3];
        bar_color(card->width, x, color);
        double luma = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2];
        for (int i = 0; i < 3; i++) {
            *rgb++ = (uint8_t)(luma + saturation * (color[i] - luma) + 0.5);
        }
    }
}

static void draw_ramp(const struct test_card *card, uint32_t x0, uint32_t x1, uint8_t *rgb)
{
    for (uint32_t x = x0; x < x1; x++) {
        fill(rgb, x - x0, x - x0 + 1, (uint8_t)(x * 255 / (card->width - 1)));
    }
}

static void draw_stripes(const struct test_card *card, uint32_t y, uint32_t x0, uint32_t x1,
                         uint8_t *rgb)
{
    for (uint32_t x = x0; x < x1; x++) {
        uint32_t cell = x * STRIPE_CELLS / card->width;
        uint32_t along = cell < STRIPE_CELLS / 2 ? x : y - card->ramp_end;
        bool bright = along >> (cell % (STRIPE_CELLS / 2)) & 1;
        fill(rgb, x - x0, x - x0 + 1, bright ? 224 : 32);
    }
}

static void draw_motion(const struct test_card *card, uint64_t counter, uint32_t x0, uint32_t x1,
                        uint8_t *rgb)
{
    uint32_t block = 2 * (card->motion.y1 - card->motion.y0);
    block = smaller(block, card->width / 2);
    uint32_t step = larger(2, card->width / 64);
    uint32_t x = (uint32_t)(counter * step % (card->width - block + 1));
    fill_span(x0, x1, rgb, x, x + block, 240);
}

static void draw_code(const struct test_card *card, const struct test_card_state *state, uint32_t y,
                      uint32_t x0, uint32_t x1, uint8_t *rgb)
{
    const uint64_t values[CODE_ROWS] = {state->counter, (uint64_t)state->monotonic_ms,
                                        (uint64_t)state->wall_ms};
    uint32_t row = (y - card->code.y0) / card->code_row;
    uint64_t value = values[row] & 0xFFFFFFFFFFFFU;
    uint32_t check = row;
    for (int shift = 0; shift < 48; shift += 8) {
        check += (uint32_t)(value >> shift & 0xFF);
    }
    uint64_t word = (uint64_t)TEST_CARD_SYNC << 56 | value << 8 | (check & 0xFF);
    for (uint32_t bit = 0; bit < CODE_BITS; bit++) {
        bool white = word >> (CODE_BITS - 1 - bit) & 1;
        fill_span(x0, x1, rgb, bit * card->width / CODE_BITS, (bit + 1) * card->width / CODE_BITS,
                  white ? 255 : 0);
    }
}

static const uint8_t *glyph(char letter)
{
    static const char letters[] = "0123456789-:.TZ";
    static const uint8_t dots[sizeof letters][GLYPH_HEIGHT] = {
        {0x0E, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0E}, // 0
        {0x04, 0x0C, 0x04, 0x04, 0x04, 0x04, 0x0E}, // 1
        {0x0E, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1F}, // 2
        {0x1F, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0E}, // 3
        {0x02, 0x06, 0x0A, 0x12, 0x1F, 0x02, 0x02}, // 4
        {0x1F, 0x10, 0x1E, 0x01, 0x01, 0x11, 0x0E}, // 5
        {0x06, 0x08, 0x10, 0x1E, 0x11, 0x11, 0x0E}, // 6
        {0x1F, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08}, // 7
        {0x0E, 0x11, 0x11, 0x0E, 0x11, 0x11, 0x0E}, // 8
        {0x0E, 0x11, 0x11, 0x0F, 0x01, 0x02, 0x0C}, // 9
        {0x00, 0x00, 0x00, 0x0E, 0x00, 0x00, 0x00}, // -
        {0x00, 0x0C, 0x0C, 0x00, 0x0C, 0x0C, 0x00}, // :
        {0x00, 0x00, 0x00, 0x00, 0x00, 0x0C, 0x0C}, // .
        {0x1F, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04}, // T
        {0x1F, 0x01, 0x02, 0x04, 0x08, 0x10, 0x1F}, // Z
        {0},                                        // anything else
    };
    const char *place = strchr(letters, letter);
    return dots[place == NULL ? sizeof letters - 1 : (size_t)(place - letters)];
}

static void draw_text(const struct test_card_text *place, const char *text, uint32_t y, uint32_t x0,
                      uint32_t x1, uint8_t *rgb)
{
    if (place->scale == 0 || y < place->y || y >= place->y + GLYPH_HEIGHT * place->scale) {
        return;
    }
    uint32_t dot_row = (y - place->y) / place->scale;
    uint32_t x = place->x;
    for (; *text != '\0'; text++, x += GLYPH_WIDTH * place->scale) {
        uint8_t dots = glyph(*text)[dot_row];
        for (uint32_t i = 0; i < GLYPH_WIDTH - 1; i++) {
            if (dots >> (GLYPH_WIDTH - 2 - i) & 1) {
                fill_span(x0, x1, rgb, x + i * place->scale, x + (i + 1) * place->scale, 255);
            }
        }
    }
}

static void draw_box(const struct test_card *card, const struct test_card_state *state, uint32_t y,
                     uint32_t x0, uint32_t x1, uint8_t *rgb)
{
    fill_span(x0, x1, rgb, card->box.x0, card->box.x1, 0);
    char counter[32];
    snprintf(counter, sizeof counter, "%08llu", (unsigned long long)(state->counter % 100000000));
    draw_text(&card->counter, counter, y, x0, x1, rgb);
    char time[TIMING_RFC3339_SIZE];
    timing_rfc3339(state->wall_ms * 1000000, time);
    time[TIME_LETTERS] = '\0'; // of the year 10000 and later, as much as fits
    draw_text(&card->time, time, y, x0, x1, rgb);
}

void test_card_rgb(const struct test_card *card, const struct test_card_state *state, uint32_t y,
                   uint32_t x0, uint32_t x1, uint8_t *rgb)
{
    if (y < card->bars_end) {
        draw_bars(card, y, x0, x1, rgb);
    } else if (y < card->ramp_end) {
        draw_ramp(card, x0, x1, rgb);
    } else if (y < card->stripes_end) {
        draw_stripes(card, y, x0, x1, rgb);
    } else if (y >= card->code.y0) {
        draw_code(card, state, y, x0, x1, rgb);
    } else {
        fill(rgb, 0, x1 - x0, GREY);
        if (y >= card->box.y0 && y < card->box.y1) {
            draw_box(card, state, y, x0, x1, rgb);
        } else if (y >= card->motion.y0) {
            draw_motion(card, state->counter, x0, x1, rgb);
        }
    }
}

// Chroma is shared by two columns, and by two rows: an area is widened to whole pairs.
static void draw_area(const struct test_card *card, const struct test_card_state *state,
                      const struct test_card_target *target, const struct test_card_area *area)
{
    uint8_t rows[2][3 * (TEST_CARD_WIDTH_MAX + 1)];
    uint32_t x0 = area->x0 & ~1U;
    uint32_t x1 = smaller((area->x1 + 1) & ~1U, card->width);
    for (uint32_t y = area->y0 & ~1U; y < area->y1; y += 2) {
        bool is_pair = y + 1 < card->height;
        test_card_rgb(card, state, y, x0, x1, rows[0]);
        if (is_pair) {
            test_card_rgb(card, state, y + 1, x0, x1, rows[1]);
        }
        test_card_store(target, x0, y, x1 - x0, rows[0], is_pair ? rows[1] : NULL);
    }
}

void test_card_draw(const struct test_card *card, const struct test_card_state *state,
                    const struct test_card_target *target)
{
    draw_area(card, state, target, &(struct test_card_area){0, 0, card->width, card->height});
}

void test_card_update(const struct test_card *card, const struct test_card_state *state,
                      const struct test_card_target *target)
{
    draw_area(card, state, target, &card->box);
    draw_area(card, state, target, &card->motion);
    draw_area(card, state, target, &card->code);
}
