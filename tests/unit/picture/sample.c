// Synthetic frames for tests. Arithmetic in double on purpose: it shares nothing with the code that
// it judges.
#include "sample.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <jpeglib.h>

static uint8_t to_byte(double value)
{
    return (uint8_t)lrint(fmin(fmax(value, 0), 255));
}

static struct image image_create(uint32_t width, uint32_t height)
{
    struct image image = {width, height, malloc((size_t)width * height * 3)};
    assert_non_null(image.rgb);
    return image;
}

struct image image_scene(uint32_t width, uint32_t height)
{
    struct image image = image_create(width, height);
    double *across = calloc(width, sizeof *across);
    assert_non_null(across);
    // a tiny one is a crop: halved chroma could not carry a whole scene in a few pixels
    double reach = fmax(fmax(width, height), 160);
    for (uint32_t x = 0; x < width; x++) {
        across[x] = sin(x / reach * 9) + 0.05 * sin(x * 0.7);
    }
    uint8_t *to = image.rgb;
    for (uint32_t y = 0; y < height; y++) {
        double down = cos(y / reach * 7) + 0.05 * sin(y * 0.6);
        for (uint32_t x = 0; x < width; x++) {
            *to++ = to_byte(128 + 50 * across[x] + 40 * down);
            *to++ = to_byte(120 + 60 * across[x] * down);
            *to++ = to_byte(110 - 45 * across[x] + 45 * down);
        }
    }
    free(across);
    return image;
}

struct image image_flat(uint32_t width, uint32_t height, const uint8_t rgb[static 3])
{
    struct image image = image_create(width, height);
    for (size_t i = 0; i < (size_t)width * height * 3; i++) {
        image.rgb[i] = rgb[i % 3];
    }
    return image;
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

static double random_share(uint32_t *state)
{
    return next_random(state) / 16777216.0;
}

static void put_disc(struct image *image, double center_x, double center_y, double radius,
                     const double color[static 3], double shade)
{
    long top = lrint(fmax(center_y - radius, 0));
    long bottom = lrint(fmin(center_y + radius, image->height - 1.0));
    for (long y = top; y <= bottom; y++) {
        double half = sqrt(fmax(radius * radius - pow((double)y - center_y, 2), 0));
        long left = lrint(fmax(center_x - half, 0));
        long right = lrint(fmin(center_x + half, image->width - 1.0));
        for (long x = left; x <= right; x++) {
            uint8_t *to = image->rgb + ((size_t)y * image->width + (size_t)x) * 3;
            for (int c = 0; c < 3; c++) {
                to[c] = to_byte(color[c] + shade * ((double)x - center_x));
            }
        }
    }
}

static void add_noise(struct image *image, double noise, uint32_t seed)
{
    for (size_t i = 0; i < (size_t)image->width * image->height * 3; i++) {
        double sum = random_share(&seed) + random_share(&seed) + random_share(&seed) - 1.5;
        image->rgb[i] = to_byte(image->rgb[i] + 2 * noise * sum);
    }
}

struct image image_photo(uint32_t width, uint32_t height, uint32_t seed, uint32_t at, double noise,
                         uint32_t noise_seed)
{
    enum { DISCS = 1200 };
    static const uint8_t grey[3] = {120, 120, 120};
    struct image image = image_flat(width, height, grey);
    for (int i = 0; i < DISCS; i++) { // the large ones first
        double radius = width * 0.4 * pow(i + 1.0, -0.6);
        double x = random_share(&seed) * width + at;
        double y = random_share(&seed) * height;
        double color[3];
        for (int c = 0; c < 3; c++) {
            color[c] = 25 + 205 * random_share(&seed);
        }
        put_disc(&image, fmod(x, width), y, fmax(radius, 1.5), color, random_share(&seed) - 0.5);
    }
    add_noise(&image, noise, noise_seed);
    return image;
}

struct image image_noise(uint32_t width, uint32_t height, uint32_t seed)
{
    struct image image = image_create(width, height);
    for (size_t i = 0; i < (size_t)width * height * 3; i++) {
        image.rgb[i] = (uint8_t)(next_random(&seed) >> 8);
    }
    return image;
}

struct image image_halved(const struct image *image)
{
    struct image half = image_create((image->width + 1) / 2, (image->height + 1) / 2);
    for (uint32_t y = 0; y < half.height; y++) {
        for (uint32_t x = 0; x < half.width; x++) {
            for (uint32_t c = 0; c < 3; c++) {
                double sum = 0;
                for (uint32_t i = 0; i < 4; i++) {
                    uint32_t from_x = 2 * x + i % 2 < image->width ? 2 * x + i % 2 : 2 * x;
                    uint32_t from_y = 2 * y + i / 2 < image->height ? 2 * y + i / 2 : 2 * y;
                    sum += image->rgb[((size_t)from_y * image->width + from_x) * 3 + c];
                }
                half.rgb[((size_t)y * half.width + x) * 3 + c] = to_byte(sum / 4);
            }
        }
    }
    return half;
}

void image_fini(struct image *image)
{
    free(image->rgb);
}

double image_psnr(const struct image *a, const struct image *b)
{
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    size_t count = (size_t)a->width * a->height * 3;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double off = a->rgb[i] - b->rgb[i];
        sum += off * off;
    }
    return sum > 0 ? 10 * log10(255.0 * 255.0 * (double)count / sum) : INFINITY;
}

uint8_t *sample_map(struct sample *sample, uint32_t plane, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (size + page - 1) / page * page;
    uint8_t *start =
        mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(start != MAP_FAILED);
    assert_int_equal(mprotect(start + room, page, PROT_NONE), 0);
    sample->maps[plane].start = start;
    sample->maps[plane].size = room + page;
    sample->frame.planes[plane].data = start + room - size;
    sample->frame.planes[plane].size = size;
    return start + room - size;
}

void sample_fini(struct sample *sample)
{
    for (int i = 0; i < FRAME_PLANES_MAX; i++) {
        if (sample->maps[i].start != NULL) {
            munmap(sample->maps[i].start, sample->maps[i].size);
        }
    }
}

static uint8_t *plane_create(struct sample *sample, uint32_t row_bytes, uint32_t rows,
                             uint32_t padding)
{
    uint32_t plane = sample->frame.plane_count++;
    uint32_t stride = row_bytes + padding;
    size_t size = (size_t)stride * (rows - 1) + row_bytes;
    uint8_t *data = sample_map(sample, plane, size);
    uint32_t noise = 12345;
    for (size_t i = 0; padding > 0 && i < size; i++) {
        noise = noise * 1664525 + 1013904223;
        data[i] = (uint8_t)(noise >> 24);
    }
    sample->frame.planes[plane].stride = stride;
    return data;
}

struct ycbcr {
    double y, cb, cr;
};

static struct ycbcr ycbcr_of(const struct image *image, uint32_t x, uint32_t y,
                             enum color_encoding encoding, enum color_range range)
{
    static const double weights[COLOR_ENCODING_COUNT][3] = {
        {0.299, 0.587, 0.114}, {0.2126, 0.7152, 0.0722}, {0.2627, 0.6780, 0.0593}};
    const double *k = weights[encoding];
    // beyond the edge there is the edge
    x = x < image->width ? x : image->width - 1;
    y = y < image->height ? y : image->height - 1;
    const uint8_t *rgb = image->rgb + ((size_t)y * image->width + x) * 3;

    double luma = k[0] * rgb[0] + k[1] * rgb[1] + k[2] * rgb[2];
    double cb = (rgb[2] - luma) / (2 * (1 - k[2]));
    double cr = (rgb[0] - luma) / (2 * (1 - k[0]));
    if (range == COLOR_RANGE_LIMITED) {
        return (struct ycbcr){16 + luma * 219 / 255, 128 + cb * 224 / 255, 128 + cr * 224 / 255};
    }
    return (struct ycbcr){luma, 128 + cb, 128 + cr};
}

// Where the samples of one component go: the plane, and the bytes from one to the next.
struct component {
    uint8_t *data;
    uint32_t stride;
    uint32_t step;
};

static void fill_ycbcr(const struct sample *sample, const struct image *image,
                       struct component parts[static 3], uint32_t chroma_rows)
{
    enum color_encoding encoding = sample->frame.encoding;
    enum color_range range = sample->frame.range;
    for (uint32_t y = 0; y < image->height; y += chroma_rows) {
        for (uint32_t x = 0; x < image->width; x += 2) {
            double cb = 0;
            double cr = 0;
            for (uint32_t i = 0; i < 2 * chroma_rows; i++) {
                uint32_t at_x = x + i % 2;
                uint32_t at_y = y + i / 2;
                struct ycbcr c = ycbcr_of(image, at_x, at_y, encoding, range);
                cb += c.cb / (2 * chroma_rows);
                cr += c.cr / (2 * chroma_rows);
                // YUYV has a luma sample beyond an odd width, the others do not
                bool in = at_y < image->height && (at_x < image->width || parts[0].step == 2);
                if (in) {
                    parts[0].data[(size_t)parts[0].stride * at_y + at_x * parts[0].step] =
                        to_byte(c.y);
                }
            }
            size_t row = y / chroma_rows;
            parts[1].data[parts[1].stride * row + x / 2 * parts[1].step] = to_byte(cb);
            parts[2].data[parts[2].stride * row + x / 2 * parts[2].step] = to_byte(cr);
        }
    }
}

static void fill_rgb(const struct image *image, uint8_t *data, uint32_t stride, uint32_t step,
                     bool blue_first)
{
    for (uint32_t y = 0; y < image->height; y++) {
        for (uint32_t x = 0; x < image->width; x++) {
            const uint8_t *rgb = image->rgb + ((size_t)y * image->width + x) * 3;
            uint8_t *to = data + (size_t)stride * y + (size_t)step * x;
            to[0] = rgb[blue_first ? 2 : 0];
            to[1] = rgb[1];
            to[2] = rgb[blue_first ? 0 : 2];
            if (step == 4) {
                to[3] = (uint8_t)(x * 31); // never to be seen
            }
        }
    }
}

struct sample sample_create(const struct image *image, enum pixel_format format,
                            enum color_encoding encoding, enum color_range range, uint32_t padding)
{
    uint32_t width = image->width;
    uint32_t height = image->height;
    uint32_t half_width = (width + 1) / 2;
    uint32_t half_height = (height + 1) / 2;
    struct sample sample = {.frame = {.width = width,
                                      .height = height,
                                      .format = format,
                                      .encoding = encoding,
                                      .range = range}};
    if (format == PIXEL_FORMAT_YUV420) {
        uint8_t *y = plane_create(&sample, width, height, padding);
        uint8_t *cb = plane_create(&sample, half_width, half_height, padding);
        uint8_t *cr = plane_create(&sample, half_width, half_height, padding);
        struct component parts[3] = {
            {y, width + padding, 1}, {cb, half_width + padding, 1}, {cr, half_width + padding, 1}};
        fill_ycbcr(&sample, image, parts, 2);
    } else if (format == PIXEL_FORMAT_NV12) {
        uint8_t *y = plane_create(&sample, width, height, padding);
        uint8_t *c = plane_create(&sample, 2 * half_width, half_height, padding);
        uint32_t stride = 2 * half_width + padding;
        struct component parts[3] = {{y, width + padding, 1}, {c, stride, 2}, {c + 1, stride, 2}};
        fill_ycbcr(&sample, image, parts, 2);
    } else if (format == PIXEL_FORMAT_YUYV) {
        uint8_t *data = plane_create(&sample, 4 * half_width, height, padding);
        uint32_t stride = 4 * half_width + padding;
        struct component parts[3] = {
            {data, stride, 2}, {data + 1, stride, 4}, {data + 3, stride, 4}};
        fill_ycbcr(&sample, image, parts, 1);
    } else {
        uint32_t step = format == PIXEL_FORMAT_RGB888 || format == PIXEL_FORMAT_BGR888 ? 3 : 4;
        uint8_t *data = plane_create(&sample, step * width, height, padding);
        bool blue_first = format == PIXEL_FORMAT_RGB888 || format == PIXEL_FORMAT_XRGB8888;
        fill_rgb(image, data, step * width + padding, step, blue_first);
    }
    return sample;
}

static void refuse(j_common_ptr libjpeg)
{
    char text[JMSG_LENGTH_MAX];
    libjpeg->err->format_message(libjpeg, text);
    fail_msg("libjpeg cannot decode it: %s", text);
}

static void refuse_warning(j_common_ptr libjpeg, int level)
{
    if (level < 0) {
        refuse(libjpeg);
    }
}

struct decoded decode(const struct bytes *jpeg)
{
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct libjpeg = {.err = jpeg_std_error(&errors)};
    errors.error_exit = refuse;
    errors.emit_message = refuse_warning;
    jpeg_create_decompress(&libjpeg);
    jpeg_save_markers(&libjpeg, JPEG_APP0 + 1, 0xFFFF);
    jpeg_mem_src(&libjpeg, jpeg->data, jpeg->len);
    assert_int_equal(jpeg_read_header(&libjpeg, TRUE), JPEG_HEADER_OK);
    libjpeg.out_color_space = JCS_RGB;
    libjpeg.dct_method = JDCT_ISLOW;

    struct decoded decoded = {
        .image = image_create(libjpeg.image_width, libjpeg.image_height),
        .horizontal = libjpeg.comp_info[0].h_samp_factor,
        .vertical = libjpeg.comp_info[0].v_samp_factor,
        .has_jfif = libjpeg.saw_JFIF_marker,
    };
    struct fault fault;
    if (libjpeg.marker_list != NULL) {
        assert_null(libjpeg.marker_list->next);
        assert_true(bytes_append(&decoded.exif, libjpeg.marker_list->data,
                                 libjpeg.marker_list->data_length, &fault));
    }
    jpeg_start_decompress(&libjpeg);
    while (libjpeg.output_scanline < libjpeg.output_height) {
        JSAMPROW row =
            decoded.image.rgb + (size_t)libjpeg.output_scanline * decoded.image.width * 3;
        jpeg_read_scanlines(&libjpeg, &row, 1);
    }
    jpeg_finish_decompress(&libjpeg);
    jpeg_destroy_decompress(&libjpeg);
    return decoded;
}

void decoded_fini(struct decoded *decoded)
{
    image_fini(&decoded->image);
    bytes_fini(&decoded->exif);
}
