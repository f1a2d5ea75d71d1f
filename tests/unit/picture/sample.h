// Pictures made of arithmetic, as frames of every format, and back from JPEG.
#pragma once

#include "base/bytes.h"
#include "camera/frame.h"

struct image {
    uint32_t width;
    uint32_t height;
    uint8_t *rgb; // 3 bytes a pixel, no padding
};

// Smooth shades with a little texture: what a lens leaves of a scene.
struct image image_scene(uint32_t width, uint32_t height);
struct image image_flat(uint32_t width, uint32_t height, const uint8_t rgb[static 3]);
// What a camera sees: overlapping discs of all sizes, shaded, under noise of the sensor. `at`
// moves the scene and `noise_seed` renews the noise, as from one frame to the next.
struct image image_photo(uint32_t width, uint32_t height, uint32_t seed, uint32_t at, double noise,
                         uint32_t noise_seed);
struct image image_noise(uint32_t width, uint32_t height, uint32_t seed);
void image_fini(struct image *image);

// Peak signal to noise over R, G and B, in dB. The sizes are the same.
double image_psnr(const struct image *a, const struct image *b);

struct sample {
    struct frame frame;
    struct {
        void *start;
        size_t size;
    } maps[FRAME_PLANES_MAX];
};

// The image as a frame whose planes each end, with their last sample, at a page that cannot be
// read. Rows are `padding` bytes longer than they need to be, filled with noise.
struct sample sample_create(const struct image *image, enum pixel_format format,
                            enum color_encoding encoding, enum color_range range, uint32_t padding);
void sample_fini(struct sample *sample);

// A plane of `size` readable bytes before a page that cannot be read.
uint8_t *sample_map(struct sample *sample, uint32_t plane, size_t size);

struct decoded {
    struct image image;
    int horizontal; // sampling factors of luma; chroma's are 1
    int vertical;
    bool has_jfif;
    struct bytes exif; // "Exif", two NULs and the block; empty: none
};

// Fails the test where libjpeg has an error or a warning.
struct decoded decode(const struct bytes *jpeg);
void decoded_fini(struct decoded *decoded);

// Every two by two pixels become their mean, the last of an odd side their own.
struct image image_halved(const struct image *image);
