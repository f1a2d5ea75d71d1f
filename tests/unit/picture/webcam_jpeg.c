// One small JPEG, made anew for every test.
#include "webcam_jpeg.h"

#include "picture/jpeg_encoder.h"
#include "sample.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

int webcam_jpeg_setup(void **state)
{
    static struct webcam_jpeg webcam;
    struct fault fault;
    struct jpeg_encoder *encoder = jpeg_encoder_create(&fault);
    struct image image = image_scene(48, 40);
    struct sample sample =
        sample_create(&image, PIXEL_FORMAT_NV12, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    struct jpeg_options options = {75, SUBSAMPLING_420, NULL, 0};
    webcam = (struct webcam_jpeg){0};
    bool made = jpeg_encoder_encode(encoder, &sample.frame, &options, &webcam.jpeg, &fault) &&
                jpeg_encoder_huffman_tables(encoder, &webcam.tables, &fault);
    sample_fini(&sample);
    image_fini(&image);
    jpeg_encoder_destroy(encoder);
    *state = &webcam;
    return !made;
}

int webcam_jpeg_teardown(void **state)
{
    struct webcam_jpeg *webcam = *state;
    bytes_fini(&webcam->jpeg);
    bytes_fini(&webcam->tables);
    return 0;
}

size_t jpeg_segment_size(const struct bytes *jpeg, size_t at)
{
    return 2 + ((size_t)jpeg->data[at + 2] << 8 | jpeg->data[at + 3]);
}

size_t jpeg_find(const struct bytes *jpeg, uint8_t marker)
{
    size_t at = 2;
    while (jpeg->data[at + 1] != marker) {
        at += jpeg_segment_size(jpeg, at);
        assert_true(at < jpeg->len);
    }
    return at;
}

size_t jpeg_behind(const struct bytes *jpeg, uint8_t marker)
{
    size_t at = jpeg_find(jpeg, marker);
    return at + jpeg_segment_size(jpeg, at);
}

static void append(struct bytes *copy, const void *what, size_t size)
{
    struct fault fault;
    assert_true(bytes_append(copy, what, size, &fault));
}

struct bytes jpeg_without(const struct bytes *jpeg, uint8_t marker)
{
    struct bytes copy;
    bytes_init(&copy);
    append(&copy, jpeg->data, 2);
    size_t at = 2;
    for (; jpeg->data[at + 1] != MARKER_SOS; at += jpeg_segment_size(jpeg, at)) {
        if (jpeg->data[at + 1] != marker) {
            append(&copy, jpeg->data + at, jpeg_segment_size(jpeg, at));
        }
    }
    append(&copy, jpeg->data + at, jpeg->len - at);
    return copy;
}

struct bytes jpeg_with(const struct bytes *jpeg, size_t at, const void *what, size_t size)
{
    struct bytes copy;
    bytes_init(&copy);
    append(&copy, jpeg->data, at);
    append(&copy, what, size);
    append(&copy, jpeg->data + at, jpeg->len - at);
    return copy;
}

void assert_same_bytes(const struct bytes *a, const struct bytes *b)
{
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->data, b->data, a->len);
}
