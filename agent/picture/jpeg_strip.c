// Rows of a YCbCr frame as libjpeg takes them. Publisher thread. Never reads outside the samples of
// a plane.
#include "picture/jpeg_strip.h"

#include <math.h>
#include <string.h>

void jpeg_strip_init(struct jpeg_strip *strip)
{
    *strip = (struct jpeg_strip){0};
}

void jpeg_strip_fini(struct jpeg_strip *strip)
{
    bytes_fini(&strip->scratch);
}

static int32_t fixed(double value)
{
    return (int32_t)lrint(value * 65536);
}

// From the definition of YCbCr: Cr = (R - Y) / 2(1 - kr), Cb = (B - Y) / 2(1 - kb), with kr and kb
// of ITU-R BT.601, BT.709 and BT.2020 (non-constant luminance). R, G and B stay the same.
static struct jpeg_strip_matrix matrix_of(enum color_encoding encoding, enum color_range range)
{
    static const double kr[COLOR_ENCODING_COUNT] = {0.299, 0.2126, 0.2627};
    static const double kb[COLOR_ENCODING_COUNT] = {0.114, 0.0722, 0.0593};
    double r = kr[encoding];
    double b = kb[encoding];
    double to_r = kr[COLOR_ENCODING_REC601];
    double to_b = kb[COLOR_ENCODING_REC601];
    double green = (1 - to_r - to_b) / (1 - r - b);

    double luma_cr = 2 * (1 - r) * (to_r - green * r);
    double luma_cb = 2 * (1 - b) * (to_b - green * b);
    double chroma = range == COLOR_RANGE_LIMITED ? 255.0 / 224 : 1;
    return (struct jpeg_strip_matrix){
        .luma_zero = range == COLOR_RANGE_LIMITED ? 16 : 0,
        .luma = fixed(range == COLOR_RANGE_LIMITED ? 255.0 / 219 : 1),
        .luma_cb = fixed(chroma * luma_cb),
        .luma_cr = fixed(chroma * luma_cr),
        .cb_cb = fixed(chroma * (2 * (1 - b) - luma_cb) / (2 * (1 - to_b))),
        .cb_cr = fixed(chroma * -luma_cr / (2 * (1 - to_b))),
        .cr_cb = fixed(chroma * -luma_cb / (2 * (1 - to_r))),
        .cr_cr = fixed(chroma * (2 * (1 - r) - luma_cr) / (2 * (1 - to_r))),
    };
}

bool jpeg_strip_begin(struct jpeg_strip *strip, const struct frame *frame, bool halve_down,
                      struct fault *fault)
{
    uint32_t scratch_width = (frame->width + 15) / 16 * 16;
    bytes_clear(&strip->scratch);
    if (!bytes_reserve(&strip->scratch, (size_t)scratch_width * 2 * JPEG_STRIP_ROWS_MAX, fault)) {
        return false;
    }
    strip->frame = frame;
    strip->luma_rows = frame->format != PIXEL_FORMAT_YUYV || halve_down ? 16 : 8;
    strip->chroma_width = (frame->width + 1) / 2;
    strip->scratch_width = scratch_width;
    strip->converts = frame->encoding != COLOR_ENCODING_REC601 || frame->range != COLOR_RANGE_FULL;
    strip->matrix = matrix_of(frame->encoding, frame->range);
    return true;
}

static const uint8_t *row_at(const struct frame *frame, uint32_t plane, uint32_t row)
{
    return frame->planes[plane].data + (size_t)frame->planes[plane].stride * row;
}

// libjpeg reads these rows, but its prototypes know no const
static uint8_t *borrow(const uint8_t *row)
{
    return (uint8_t *)(uintptr_t)row;
}

static void pad(uint8_t *row, uint32_t width, uint32_t padded)
{
    memset(row + width, row[width - 1], padded - width);
}

static void take_every(uint8_t *restrict to, const uint8_t *restrict from, uint32_t count,
                       uint32_t step)
{
    for (uint32_t i = 0; i < count; i++) {
        to[i] = from[(size_t)i * step];
    }
}

static void take_apart(uint8_t *restrict cb, uint8_t *restrict cr, const uint8_t *restrict from,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        cb[i] = from[2 * i];
        cr[i] = from[2 * i + 1];
    }
}

static void take_yuyv_mean(uint8_t *restrict cb, uint8_t *restrict cr,
                           const uint8_t *restrict above, const uint8_t *restrict below,
                           uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        cb[i] = (uint8_t)((above[4 * i + 1] + below[4 * i + 1] + 1) / 2);
        cr[i] = (uint8_t)((above[4 * i + 3] + below[4 * i + 3] + 1) / 2);
    }
}

static uint8_t *luma_row(const struct jpeg_strip *strip, uint32_t row, uint8_t *scratch)
{
    const struct frame *frame = strip->frame;
    const uint8_t *from = row_at(frame, 0, row);
    if (frame->format == PIXEL_FORMAT_YUYV) {
        take_every(scratch, from, frame->width, 2);
    } else if (strip->converts || frame->width % 8 != 0) {
        memcpy(scratch, from, frame->width);
    } else {
        return borrow(from);
    }
    pad(scratch, frame->width, strip->scratch_width);
    return scratch;
}

static void chroma_row(struct jpeg_strip *strip, uint32_t first_row, uint32_t i, uint8_t *cb,
                       uint8_t *cr)
{
    const struct frame *frame = strip->frame;
    uint32_t width = strip->chroma_width;
    uint32_t row = (strip->luma_rows == 16 ? first_row / 2 : first_row) + i;

    if (frame->format == PIXEL_FORMAT_YUYV) {
        uint32_t above = strip->luma_rows == 16 ? 2 * row : row;
        uint32_t below = strip->luma_rows == 16 && above + 1 < frame->height ? above + 1 : above;
        take_yuyv_mean(cb, cr, row_at(frame, 0, above), row_at(frame, 0, below), width);
    } else if (frame->format == PIXEL_FORMAT_NV12) {
        take_apart(cb, cr, row_at(frame, 1, row), width);
    } else if (strip->converts || width % 8 != 0) {
        memcpy(cb, row_at(frame, 1, row), width);
        memcpy(cr, row_at(frame, 2, row), width);
    } else {
        strip->rows[1][i] = borrow(row_at(frame, 1, row));
        strip->rows[2][i] = borrow(row_at(frame, 2, row));
        return;
    }
    pad(cb, width, strip->scratch_width / 2);
    pad(cr, width, strip->scratch_width / 2);
    strip->rows[1][i] = cb;
    strip->rows[2][i] = cr;
}

static uint8_t to_sample(int32_t value)
{
    int32_t rounded = (value + 32768) >> 16;
    return (uint8_t)(rounded < 0 ? 0 : rounded > 255 ? 255 : rounded);
}

// `width` counts chroma samples; each has two of luma beside it.
static void convert_luma(const struct jpeg_strip_matrix *matrix, uint8_t *restrict luma,
                         const uint8_t *restrict cb, const uint8_t *restrict cr, uint32_t width)
{
    struct jpeg_strip_matrix m = *matrix;
    for (uint32_t i = 0; i < width; i++) {
        int32_t more = m.luma_cb * (cb[i] - 128) + m.luma_cr * (cr[i] - 128);
        luma[2 * i] = to_sample(m.luma * (luma[2 * i] - m.luma_zero) + more);
        luma[2 * i + 1] = to_sample(m.luma * (luma[2 * i + 1] - m.luma_zero) + more);
    }
}

static void convert_chroma(const struct jpeg_strip_matrix *matrix, uint8_t *restrict cb,
                           uint8_t *restrict cr, uint32_t width)
{
    struct jpeg_strip_matrix m = *matrix;
    for (uint32_t i = 0; i < width; i++) {
        int32_t b = cb[i] - 128;
        int32_t r = cr[i] - 128;
        cb[i] = to_sample(m.cb_cb * b + m.cb_cr * r + (128 << 16));
        cr[i] = to_sample(m.cr_cb * b + m.cr_cr * r + (128 << 16));
    }
}

static void convert(struct jpeg_strip *strip, uint32_t luma_rows, uint32_t chroma_rows)
{
    uint32_t width = strip->scratch_width / 2;
    for (uint32_t i = 0; i < luma_rows; i++) {
        uint32_t beside = strip->luma_rows == 16 ? i / 2 : i;
        convert_luma(&strip->matrix, strip->rows[0][i], strip->rows[1][beside],
                     strip->rows[2][beside], width);
    }
    for (uint32_t i = 0; i < chroma_rows; i++) {
        convert_chroma(&strip->matrix, strip->rows[1][i], strip->rows[2][i], width);
    }
}

static void repeat_last(uint8_t **rows, uint32_t count)
{
    for (uint32_t i = count; i < JPEG_STRIP_ROWS_MAX; i++) {
        rows[i] = rows[count - 1];
    }
}

void jpeg_strip_make(struct jpeg_strip *strip, uint32_t first_row)
{
    uint32_t left = strip->frame->height - first_row;
    uint32_t luma_rows = left < strip->luma_rows ? left : strip->luma_rows;
    uint32_t chroma_rows = strip->luma_rows == 16 ? (luma_rows + 1) / 2 : luma_rows;
    size_t width = strip->scratch_width;
    uint8_t *luma = strip->scratch.data;
    uint8_t *cb = luma + width * JPEG_STRIP_ROWS_MAX;
    uint8_t *cr = cb + width / 2 * JPEG_STRIP_ROWS_MAX;

    for (uint32_t i = 0; i < luma_rows; i++) {
        strip->rows[0][i] = luma_row(strip, first_row + i, luma + width * i);
    }
    for (uint32_t i = 0; i < chroma_rows; i++) {
        chroma_row(strip, first_row, i, cb + width / 2 * i, cr + width / 2 * i);
    }
    if (strip->converts) {
        convert(strip, luma_rows, chroma_rows);
    }
    repeat_last(strip->rows[0], luma_rows);
    repeat_last(strip->rows[1], chroma_rows);
    repeat_last(strip->rows[2], chroma_rows);
}
