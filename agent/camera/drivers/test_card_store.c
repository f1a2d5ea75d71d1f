// Pixel formats, written. Pure.
#include "camera/drivers/test_card_store.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

// In 16 bit fixed point. The factors of luma add up to 1 and those of chroma to 0, so grey stays
// grey.
static uint8_t luma(const uint8_t *rgb)
{
    return (uint8_t)((19595 * rgb[0] + 38470 * rgb[1] + 7471 * rgb[2] + 32768) >> 16);
}

enum { CHROMA_MIDDLE = (128 << 16) + 32767 };

static uint8_t blue_chroma(const int rgb[3])
{
    return (uint8_t)((-11059 * rgb[0] - 21709 * rgb[1] + 32768 * rgb[2] + CHROMA_MIDDLE) >> 16);
}

static uint8_t red_chroma(const int rgb[3])
{
    return (uint8_t)((32768 * rgb[0] - 27439 * rgb[1] - 5329 * rgb[2] + CHROMA_MIDDLE) >> 16);
}

static void mean_of_4(const uint8_t *first, const uint8_t *second, int mean[3])
{
    for (int i = 0; i < 3; i++) {
        mean[i] = (first[i] + first[i + 3] + second[i] + second[i + 3] + 2) >> 2;
    }
}

static uint8_t *place(const struct test_card_target *target, int plane, uint32_t x_bytes,
                      uint32_t y)
{
    return target->planes[plane] + (size_t)target->strides[plane] * y + x_bytes;
}

static void store_luma(const struct test_card_target *target, uint32_t x, uint32_t y,
                       uint32_t width, const uint8_t *rgb)
{
    uint8_t *out = place(target, 0, x, y);
    for (uint32_t i = 0; i < width; i++) {
        out[i] = luma(rgb + (size_t)3 * i);
    }
}

static void store_yuv420(const struct test_card_target *target, uint32_t x, uint32_t y,
                         uint32_t width, const uint8_t *first, const uint8_t *second)
{
    uint8_t *u = place(target, 1, x / 2, y / 2);
    uint8_t *v = place(target, 2, x / 2, y / 2);
    for (uint32_t i = 0; i < (width + 1) / 2; i++) {
        int mean[3];
        mean_of_4(first + (size_t)6 * i, second + (size_t)6 * i, mean);
        u[i] = blue_chroma(mean);
        v[i] = red_chroma(mean);
    }
}

static void store_nv12(const struct test_card_target *target, uint32_t x, uint32_t y,
                       uint32_t width, const uint8_t *first, const uint8_t *second)
{
    uint8_t *uv = place(target, 1, x, y / 2);
    for (uint32_t i = 0; i < (width + 1) / 2; i++) {
        int mean[3];
        mean_of_4(first + (size_t)6 * i, second + (size_t)6 * i, mean);
        *uv++ = blue_chroma(mean);
        *uv++ = red_chroma(mean);
    }
}

static void store_yuyv(const struct test_card_target *target, uint32_t x, uint32_t y,
                       uint32_t width, const uint8_t *rgb)
{
    uint8_t *out = place(target, 0, 2 * x, y);
    for (uint32_t i = 0; i < (width + 1) / 2; i++, rgb += 6) {
        int mean[3];
        mean_of_4(rgb, rgb, mean);
        *out++ = luma(rgb);
        *out++ = blue_chroma(mean);
        *out++ = luma(rgb + 3);
        *out++ = red_chroma(mean);
    }
}

static void store_rgb(const struct test_card_target *target, uint32_t x, uint32_t y, uint32_t width,
                      const uint8_t *rgb)
{
    enum pixel_format format = target->format;
    uint32_t size = format == PIXEL_FORMAT_RGB888 || format == PIXEL_FORMAT_BGR888 ? 3 : 4;
    // libcamera's names are those of little endian words: "RGB" has B in the first byte
    int red = format == PIXEL_FORMAT_RGB888 || format == PIXEL_FORMAT_XRGB8888 ? 2 : 0;
    uint8_t *out = place(target, 0, size * x, y);
    for (uint32_t i = 0; i < width; i++, rgb += 3, out += size) {
        out[red] = rgb[0];
        out[1] = rgb[1];
        out[2 - red] = rgb[2];
    }
}

static void store_row(const struct test_card_target *target, uint32_t x, uint32_t y, uint32_t width,
                      const uint8_t *rgb)
{
    switch (target->format) {
    case PIXEL_FORMAT_YUV420:
    case PIXEL_FORMAT_NV12:
        store_luma(target, x, y, width, rgb);
        return;
    case PIXEL_FORMAT_YUYV:
        store_yuyv(target, x, y, width, rgb);
        return;
    case PIXEL_FORMAT_RGB888:
    case PIXEL_FORMAT_BGR888:
    case PIXEL_FORMAT_XRGB8888:
    case PIXEL_FORMAT_XBGR8888:
        store_rgb(target, x, y, width, rgb);
        return;
    case PIXEL_FORMAT_NONE:
    case PIXEL_FORMAT_MJPEG:
    case PIXEL_FORMAT_COUNT:
        break;
    }
    assert(false && "a format that holds no pixels");
}

static void repeat_last_pixel(uint8_t *rgb, uint32_t width)
{
    memcpy(rgb + (size_t)3 * width, rgb + (size_t)3 * (width - 1), 3);
}

void test_card_store(const struct test_card_target *target, uint32_t x, uint32_t y, uint32_t width,
                     uint8_t *first, uint8_t *second)
{
    repeat_last_pixel(first, width);
    store_row(target, x, y, width, first);
    if (second != NULL) {
        repeat_last_pixel(second, width);
        store_row(target, x, y + 1, width, second);
    } else {
        second = first;
    }
    if (target->format == PIXEL_FORMAT_YUV420) {
        store_yuv420(target, x, y, width, first, second);
    } else if (target->format == PIXEL_FORMAT_NV12) {
        store_nv12(target, x, y, width, first, second);
    }
}
