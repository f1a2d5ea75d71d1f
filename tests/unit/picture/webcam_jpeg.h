// A webcam's JPEG for tests, and the knife to change it with. Fails the test on a mistake of its
// own.
#pragma once

#include "base/bytes.h"

enum { MARKER_SOF0 = 0xC0, MARKER_DHT = 0xC4, MARKER_SOS = 0xDA, MARKER_DQT = 0xDB };

struct webcam_jpeg {
    struct bytes jpeg;   // 48x40, with its Huffman tables
    struct bytes tables; // the standard ones
};

// For cmocka: *state becomes the one there is.
int webcam_jpeg_setup(void **state);
int webcam_jpeg_teardown(void **state);

// Where the first segment of this kind begins and ends, and how long the one at `at` is.
size_t jpeg_find(const struct bytes *jpeg, uint8_t marker);
size_t jpeg_behind(const struct bytes *jpeg, uint8_t marker);
size_t jpeg_segment_size(const struct bytes *jpeg, size_t at);

// Copies: without every segment of this kind before the scan, with something put in.
struct bytes jpeg_without(const struct bytes *jpeg, uint8_t marker);
struct bytes jpeg_with(const struct bytes *jpeg, size_t at, const void *what, size_t size);

void assert_same_bytes(const struct bytes *a, const struct bytes *b);
