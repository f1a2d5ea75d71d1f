// JPEG to YUV420 with libjpeg. Any thread; keeps nothing. libjpeg's errors come back by longjmp, so
// what must be let go of lives in struct decoder.
#include "picture/jpeg_decode.h"

#include <assert.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

enum { EXTRANEOUS_BYTES_MAX = 16 };

struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf escape;
    char text[JMSG_LENGTH_MAX];
    uint8_t *rows[2]; // libjpeg's pool frees them
};

static struct decoder *decoder_of(j_common_ptr jpeg)
{
    return jpeg->client_data;
}

static void on_error(j_common_ptr jpeg)
{
    struct decoder *decoder = decoder_of(jpeg);
    jpeg->err->format_message(jpeg, decoder->text);
    longjmp(decoder->escape, 1);
}

// A warning is data that was made up: a picture that is damaged. But for a few bytes between the
// scan and what follows it, which some webcams leave in every picture, and which nobody sees; many
// are what a damaged scan has left over.
static void on_message(j_common_ptr jpeg, int level)
{
    const struct jpeg_error_mgr *errors = jpeg->err;
    bool is_harmless =
        errors->msg_code == JWRN_EXTRANEOUS_DATA && errors->msg_parm.i[0] <= EXTRANEOUS_BYTES_MAX;
    if (level < 0 && !is_harmless) {
        on_error(jpeg);
    }
}

static void open_decoder(struct decoder *decoder, const uint8_t *data, size_t len)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    jpeg_create_decompress(jpeg);
    jpeg_mem_src(jpeg, data, len);
    jpeg_read_header(jpeg, TRUE);
}

static bool check(const struct decoder *decoder, uint32_t width, uint32_t height,
                  struct fault *fault)
{
    const struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    if (jpeg->image_width != width || jpeg->image_height != height) {
        return fault_set(fault, FAULT_PICTURE, 0, "the JPEG has %ux%u pixels, not %ux%u",
                         jpeg->image_width, jpeg->image_height, width, height);
    }
    if (jpeg->jpeg_color_space != JCS_YCbCr && jpeg->jpeg_color_space != JCS_GRAYSCALE) {
        return fault_set(fault, FAULT_PICTURE, 0, "the JPEG is neither YCbCr nor grey");
    }
    return true;
}

static void start(struct decoder *decoder, unsigned halvings)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    jpeg->scale_num = 1;
    jpeg->scale_denom = 1U << halvings;
    jpeg->out_color_space = jpeg->jpeg_color_space;
    // repeated chroma samples, whose mean is the sample again
    jpeg->do_fancy_upsampling = FALSE;
    jpeg_start_decompress(jpeg);
    size_t size = ((size_t)jpeg->output_width + 1) * (size_t)jpeg->output_components;
    for (int i = 0; i < 2; i++) {
        decoder->rows[i] = jpeg->mem->alloc_large((j_common_ptr)jpeg, JPOOL_IMAGE, size);
    }
}

static void read_row(struct decoder *decoder, uint8_t *row)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    jpeg_read_scanlines(jpeg, &row, 1);
    size_t pixel = (size_t)jpeg->output_components;
    memcpy(row + jpeg->output_width * pixel, row + (jpeg->output_width - 1) * pixel, pixel);
}

static void put_luma(const uint8_t *row, uint32_t width, int components, uint8_t *out)
{
    for (uint32_t x = 0; x < width; x++, row += components) {
        out[x] = *row;
    }
}

static void put_chroma(const uint8_t *first, const uint8_t *second, uint32_t half_width, uint8_t *u,
                       uint8_t *v)
{
    for (uint32_t x = 0; x < half_width; x++, first += 6, second += 6) {
        u[x] = (uint8_t)((first[1] + first[4] + second[1] + second[4] + 2) >> 2);
        v[x] = (uint8_t)((first[2] + first[5] + second[2] + second[5] + 2) >> 2);
    }
}

static void read_rows(struct decoder *decoder, uint8_t *const planes[3], const uint32_t strides[3])
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    uint32_t width = jpeg->output_width;
    uint32_t half_width = (width + 1) / 2;
    for (uint32_t y = 0; y < jpeg->output_height; y++) {
        uint8_t *row = decoder->rows[y & 1];
        read_row(decoder, row);
        put_luma(row, width, jpeg->output_components, planes[0] + (size_t)strides[0] * y);
        bool is_last = y + 1 == jpeg->output_height;
        if ((y & 1) == 0 && !is_last) {
            continue;
        }
        uint8_t *u = planes[1] + (size_t)strides[1] * (y / 2);
        uint8_t *v = planes[2] + (size_t)strides[2] * (y / 2);
        if (jpeg->output_components == 3) {
            put_chroma(decoder->rows[0], row, half_width, u, v);
        } else {
            memset(u, 128, half_width);
            memset(v, 128, half_width);
        }
    }
    jpeg_finish_decompress(jpeg);
}

static struct decoder *create(struct fault *fault)
{
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL) {
        fault_set(fault, FAULT_SYSTEM, 0, "no memory for a JPEG decoder");
        return NULL;
    }
    decoder->jpeg.err = jpeg_std_error(&decoder->errors);
    decoder->errors.error_exit = on_error;
    decoder->errors.emit_message = on_message;
    decoder->jpeg.client_data = decoder;
    return decoder;
}

static void destroy(struct decoder *decoder)
{
    jpeg_destroy_decompress(&decoder->jpeg);
    free(decoder);
}

// What is done with an open decoder.
struct job {
    uint32_t width;
    uint32_t height;
    unsigned halvings;
    uint8_t *const *planes;
    const uint32_t *strides;
};

typedef bool (*job_fn)(struct decoder *decoder, struct job *job, struct fault *fault);

// The one place to which libjpeg's errors come back.
static bool run(const uint8_t *jpeg, size_t len, job_fn work, struct job *job, struct fault *fault)
{
    struct decoder *decoder = create(fault);
    if (decoder == NULL) {
        return false;
    }
    if (setjmp(decoder->escape) != 0) {
        fault_set(fault, FAULT_PICTURE, 0, "the JPEG is damaged: %s", decoder->text);
        destroy(decoder);
        return false;
    }
    open_decoder(decoder, jpeg, len);
    bool ok = work(decoder, job, fault);
    destroy(decoder);
    return ok;
}

static bool tell_size(struct decoder *decoder, struct job *job, struct fault *fault)
{
    (void)fault;
    job->width = decoder->jpeg.image_width;
    job->height = decoder->jpeg.image_height;
    return true;
}

bool jpeg_decode_size(const uint8_t *jpeg, size_t len, uint32_t *width, uint32_t *height,
                      struct fault *fault)
{
    struct job job = {0};
    if (!run(jpeg, len, tell_size, &job, fault)) {
        return false;
    }
    *width = job.width;
    *height = job.height;
    return true;
}

// Every code is read, next to no pixel is made.
static bool read_codes(struct decoder *decoder, struct job *job, struct fault *fault)
{
    (void)job;
    (void)fault;
    start(decoder, JPEG_DECODE_HALVINGS_MAX);
    while (decoder->jpeg.output_scanline < decoder->jpeg.output_height) {
        read_row(decoder, decoder->rows[0]);
    }
    jpeg_finish_decompress(&decoder->jpeg);
    return true;
}

bool jpeg_decode_check(const uint8_t *jpeg, size_t len, struct fault *fault)
{
    return run(jpeg, len, read_codes, NULL, fault);
}

static bool read_pixels(struct decoder *decoder, struct job *job, struct fault *fault)
{
    if (!check(decoder, job->width, job->height, fault)) {
        return false;
    }
    start(decoder, job->halvings);
    read_rows(decoder, job->planes, job->strides);
    return true;
}

bool jpeg_decode_yuv420(const uint8_t *jpeg, size_t len, uint32_t width, uint32_t height,
                        uint8_t *const planes[3], const uint32_t strides[3], struct fault *fault)
{
    struct job job = {.width = width, .height = height, .planes = planes, .strides = strides};
    return run(jpeg, len, read_pixels, &job, fault);
}

bool jpeg_decode_frame(const uint8_t *jpeg, size_t len, unsigned halvings, struct bytes *pixels,
                       struct frame *frame, struct fault *fault)
{
    assert(halvings <= JPEG_DECODE_HALVINGS_MAX);
    uint32_t width;
    uint32_t height;
    if (!jpeg_decode_size(jpeg, len, &width, &height, fault)) {
        return false;
    }
    if ((uint64_t)width * height > JPEG_DECODE_PIXELS_MAX) {
        return fault_set(fault, FAULT_PICTURE, 0, "the JPEG claims to have %ux%u pixels", width,
                         height);
    }
    uint32_t small_width = (width + (1U << halvings) - 1) >> halvings;
    uint32_t small_height = (height + (1U << halvings) - 1) >> halvings;
    uint32_t half_width = (small_width + 1) / 2;
    size_t luma = (size_t)small_width * small_height;
    size_t chroma = (size_t)half_width * ((small_height + 1) / 2);
    bytes_clear(pixels);
    if (!bytes_reserve(pixels, luma + 2 * chroma, fault)) {
        return false;
    }
    uint8_t *planes[3] = {pixels->data, pixels->data + luma, pixels->data + luma + chroma};
    const uint32_t strides[3] = {small_width, half_width, half_width};
    struct job job = {width, height, halvings, planes, strides};
    if (!run(jpeg, len, read_pixels, &job, fault)) {
        return false;
    }
    pixels->len = luma + 2 * chroma;
    *frame = (struct frame){
        .width = small_width,
        .height = small_height,
        .format = PIXEL_FORMAT_YUV420,
        .encoding = COLOR_ENCODING_REC601,
        .range = COLOR_RANGE_FULL,
        .plane_count = 3,
        .planes = {{planes[0], luma, strides[0]},
                   {planes[1], chroma, strides[1]},
                   {planes[2], chroma, strides[2]}},
    };
    return true;
}
