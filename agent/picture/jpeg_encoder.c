// libjpeg's compressor behind a bool. Publisher thread. Its errors come back by longjmp to the one
// setjmp in guarded(); it must never print, and never exit.
#include "picture/jpeg_encoder.h"

#include "picture/frame_check.h"
#include "picture/jpeg_strip.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h> // jpeglib.h needs it
#include <stdlib.h>

#include <jpeglib.h>

#include <jerror.h>

enum { ROOM_LEAST = 32 * 1024 }; // for a JPEG of which nothing is expected

struct jpeg_encoder {
    struct jpeg_compress_struct libjpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_destination_mgr destination;
    struct jpeg_strip strip;
    jmp_buf escape;
    struct bytes *out;     // where the destination writes
    size_t expected_bytes; // of the present call
    struct fault *fault;   // of the present call
};

// What guarded() runs: inputs of one call, whichever it needs.
struct job {
    const struct frame *frame;
    const struct jpeg_options *options;
};

typedef void (*guarded_fn)(struct jpeg_encoder *encoder, const struct job *job);

static void on_error(j_common_ptr libjpeg)
{
    struct jpeg_encoder *encoder = libjpeg->client_data;
    char text[JMSG_LENGTH_MAX];
    libjpeg->err->format_message(libjpeg, text);
    fault_set(encoder->fault, FAULT_PICTURE, libjpeg->err->msg_code, "libjpeg: %s", text);
    longjmp(encoder->escape, 1);
}

static void on_message(j_common_ptr libjpeg, int level)
{
    (void)libjpeg;
    (void)level;
}

static void destination_offer(struct jpeg_encoder *encoder, size_t more)
{
    if (!bytes_reserve(encoder->out, more, encoder->fault)) {
        longjmp(encoder->escape, 1);
    }
    encoder->destination.next_output_byte = encoder->out->data + encoder->out->len;
    encoder->destination.free_in_buffer = encoder->out->room - encoder->out->len;
}

static void destination_init(j_compress_ptr libjpeg)
{
    struct jpeg_encoder *encoder = libjpeg->client_data;
    destination_offer(encoder, encoder->expected_bytes + encoder->expected_bytes / 8);
}

static boolean destination_full(j_compress_ptr libjpeg)
{
    struct jpeg_encoder *encoder = libjpeg->client_data;
    encoder->out->len = encoder->out->room;
    destination_offer(encoder, 1); // doubles
    return TRUE;
}

static void destination_end(j_compress_ptr libjpeg)
{
    struct jpeg_encoder *encoder = libjpeg->client_data;
    encoder->out->len = encoder->out->room - encoder->destination.free_in_buffer;
}

// The only setjmp. Nothing between it and libjpeg holds anything that would need to be freed.
static bool guarded(struct jpeg_encoder *encoder, guarded_fn run, const struct job *job,
                    struct fault *fault)
{
    encoder->fault = fault;
    if (setjmp(encoder->escape) != 0) {
        return false;
    }
    run(encoder, job);
    return true;
}

static void create(struct jpeg_encoder *encoder, const struct job *job)
{
    (void)job;
    jpeg_create_compress(&encoder->libjpeg);
    encoder->libjpeg.dest = &encoder->destination;
}

struct jpeg_encoder *jpeg_encoder_create(struct fault *fault)
{
    struct jpeg_encoder *encoder = calloc(1, sizeof *encoder);
    if (encoder == NULL) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for the JPEG encoder");
        return NULL;
    }
    jpeg_strip_init(&encoder->strip);
    encoder->destination.init_destination = destination_init;
    encoder->destination.empty_output_buffer = destination_full;
    encoder->destination.term_destination = destination_end;
    encoder->libjpeg.err = jpeg_std_error(&encoder->errors);
    encoder->libjpeg.client_data = encoder;
    encoder->errors.error_exit = on_error;
    encoder->errors.emit_message = on_message;
    if (!guarded(encoder, create, NULL, fault)) {
        jpeg_encoder_destroy(encoder);
        return NULL;
    }
    return encoder;
}

void jpeg_encoder_destroy(struct jpeg_encoder *encoder)
{
    if (encoder == NULL) {
        return;
    }
    jpeg_destroy_compress(&encoder->libjpeg);
    jpeg_strip_fini(&encoder->strip);
    free(encoder);
}

static bool is_ycbcr(enum pixel_format format)
{
    return format == PIXEL_FORMAT_YUV420 || format == PIXEL_FORMAT_NV12 ||
           format == PIXEL_FORMAT_YUYV;
}

static J_COLOR_SPACE color_space_of(enum pixel_format format)
{
    switch (format) {
    case PIXEL_FORMAT_RGB888:
        return JCS_EXT_BGR;
    case PIXEL_FORMAT_BGR888:
        return JCS_EXT_RGB;
    case PIXEL_FORMAT_XRGB8888:
        return JCS_EXT_BGRX;
    case PIXEL_FORMAT_XBGR8888:
        return JCS_EXT_RGBX;
    default:
        return JCS_YCbCr;
    }
}

static enum subsampling subsampling_for(enum pixel_format format, enum subsampling wish)
{
    if (format == PIXEL_FORMAT_YUV420 || format == PIXEL_FORMAT_NV12) {
        return SUBSAMPLING_420;
    }
    return format == PIXEL_FORMAT_YUYV && wish == SUBSAMPLING_444 ? SUBSAMPLING_422 : wish;
}

static void write_strips(struct jpeg_encoder *encoder)
{
    struct jpeg_compress_struct *libjpeg = &encoder->libjpeg;
    struct jpeg_strip *strip = &encoder->strip;
    JSAMPARRAY planes[3] = {strip->rows[0], strip->rows[1], strip->rows[2]};
    while (libjpeg->next_scanline < libjpeg->image_height) {
        jpeg_strip_make(strip, libjpeg->next_scanline);
        jpeg_write_raw_data(libjpeg, planes, strip->luma_rows);
    }
}

static void write_scanlines(struct jpeg_compress_struct *libjpeg, const struct frame_plane *plane)
{
    while (libjpeg->next_scanline < libjpeg->image_height) {
        const uint8_t *row = plane->data + (size_t)plane->stride * libjpeg->next_scanline;
        JSAMPROW rows[1] = {(JSAMPROW)(uintptr_t)row}; // read only, but libjpeg knows no const
        jpeg_write_scanlines(libjpeg, rows, 1);
    }
}

static void write_exif(struct jpeg_compress_struct *libjpeg, const struct bytes *exif)
{
    enum { HEAD = 4 }; // marker and length, which libjpeg writes itself
    if (exif != NULL) {
        jpeg_write_marker(libjpeg, JPEG_APP0 + 1, exif->data + HEAD, (unsigned)exif->len - HEAD);
    }
}

static void compress(struct jpeg_encoder *encoder, const struct job *job)
{
    struct jpeg_compress_struct *libjpeg = &encoder->libjpeg;
    const struct frame *frame = job->frame;
    bool raw = is_ycbcr(frame->format);
    enum subsampling subsampling = subsampling_for(frame->format, job->options->subsampling);
    J_COLOR_SPACE color_space = color_space_of(frame->format);

    if (raw &&
        !jpeg_strip_begin(&encoder->strip, frame, subsampling == SUBSAMPLING_420, encoder->fault)) {
        longjmp(encoder->escape, 1);
    }
    libjpeg->image_width = frame->width;
    libjpeg->image_height = frame->height;
    libjpeg->in_color_space = color_space;
    libjpeg->input_components = color_space == JCS_EXT_BGRX || color_space == JCS_EXT_RGBX ? 4 : 3;
    jpeg_set_defaults(libjpeg);
    jpeg_set_quality(libjpeg, job->options->quality, TRUE);
    libjpeg->comp_info[0].h_samp_factor = subsampling == SUBSAMPLING_444 ? 1 : 2;
    libjpeg->comp_info[0].v_samp_factor = subsampling == SUBSAMPLING_420 ? 2 : 1;
    libjpeg->raw_data_in = raw;
    libjpeg->write_JFIF_header = job->options->exif == NULL;

    jpeg_start_compress(libjpeg, TRUE);
    write_exif(libjpeg, job->options->exif);
    if (raw) {
        write_strips(encoder);
    } else {
        write_scanlines(libjpeg, &frame->planes[0]);
    }
    jpeg_finish_compress(libjpeg);
}

bool jpeg_encoder_encode(struct jpeg_encoder *encoder, const struct frame *frame,
                         const struct jpeg_options *options, struct bytes *jpeg,
                         struct fault *fault)
{
    if (!frame_check(frame, fault)) {
        return false;
    }
    size_t before = jpeg->len;
    encoder->out = jpeg;
    encoder->expected_bytes =
        options->expected_bytes > ROOM_LEAST ? options->expected_bytes : ROOM_LEAST;
    if (!guarded(encoder, compress, &(struct job){frame, options}, fault)) {
        jpeg_abort_compress(&encoder->libjpeg);
        jpeg->len = before;
        return false;
    }
    return true;
}

static void write_tables(struct jpeg_encoder *encoder, const struct job *job)
{
    (void)job;
    encoder->libjpeg.in_color_space = JCS_YCbCr;
    encoder->libjpeg.input_components = 3;
    jpeg_set_defaults(&encoder->libjpeg);
    jpeg_suppress_tables(&encoder->libjpeg, FALSE);
    jpeg_write_tables(&encoder->libjpeg);
}

// A tables-only stream is SOI, DQT and DHT segments, EOI.
static bool append_huffman_tables(const struct bytes *stream, struct bytes *tables,
                                  struct fault *fault)
{
    size_t at = 2;
    while (at + 4 <= stream->len) {
        const uint8_t *segment = stream->data + at;
        size_t size = 2 + ((size_t)segment[2] << 8 | segment[3]);
        if (size > stream->len - at) {
            break;
        }
        if (segment[1] == 0xC4 && !bytes_append(tables, segment, size, fault)) {
            return false;
        }
        at += size;
    }
    return true;
}

bool jpeg_encoder_huffman_tables(struct jpeg_encoder *encoder, struct bytes *tables,
                                 struct fault *fault)
{
    struct bytes stream;
    bytes_init(&stream);
    encoder->out = &stream;
    encoder->expected_bytes = ROOM_LEAST;
    bool done = guarded(encoder, write_tables, NULL, fault) &&
                append_huffman_tables(&stream, tables, fault);
    bytes_fini(&stream);
    return done;
}
