// A frame: pixels in a camera's buffer, on loan to exactly one holder. Plain data; camera.h says
// who lends and how it is given back.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Named as libcamera names them (its fourccs are DRM's: little endian words, so that RGB888 lies as
// the bytes B, G, R in memory and XRGB8888 as B, G, R, X).
enum pixel_format {
    PIXEL_FORMAT_NONE,
    PIXEL_FORMAT_YUV420,   // planes Y, U, V; chroma halved both ways
    PIXEL_FORMAT_NV12,     // planes Y, UV interleaved; chroma halved both ways
    PIXEL_FORMAT_YUYV,     // one plane, Y U Y V; chroma halved across
    PIXEL_FORMAT_RGB888,   // bytes B, G, R
    PIXEL_FORMAT_BGR888,   // bytes R, G, B
    PIXEL_FORMAT_XRGB8888, // bytes B, G, R, X
    PIXEL_FORMAT_XBGR8888, // bytes R, G, B, X
    PIXEL_FORMAT_MJPEG,    // one plane that holds a JPEG; `size` is its length
    PIXEL_FORMAT_COUNT,
};

// What YCbCr samples mean. JPEG (JFIF) is BT.601 full range; anything else is converted on the way.
enum color_encoding {
    COLOR_ENCODING_REC601,
    COLOR_ENCODING_REC709,
    COLOR_ENCODING_REC2020,
    COLOR_ENCODING_COUNT,
};

enum color_range {
    COLOR_RANGE_FULL,
    COLOR_RANGE_LIMITED, // Y 16..235, CbCr 16..240
    COLOR_RANGE_COUNT,
};

enum convergence { // of AE, AWB, AF
    CONVERGENCE_UNKNOWN,
    CONVERGENCE_SEARCHING,
    CONVERGENCE_SETTLED,
    CONVERGENCE_LOCKED,
    CONVERGENCE_FAILED,
    CONVERGENCE_COUNT,
};

enum settling {            // how a stream fared since its start
    SETTLING_NOT_REPORTED, // the camera does not say; it was given its time
    SETTLING_CONVERGED,
    SETTLING_TIMED_OUT,
    SETTLING_COUNT,
};

// What the camera says of one frame. NAN: it did not say.
struct frame_facts {
    double exposure_us;
    double analogue_gain;
    double digital_gain;
    double color_temperature_k;
    double lux;
    double sensor_temperature_c;
    double lens_position; // dioptres
    uint32_t ae;          // enum convergence
    uint32_t awb;
    uint32_t af;
    uint32_t reserved; // zero
};

enum { FRAME_PLANES_MAX = 3 };

struct frame_plane {
    const uint8_t *data;
    size_t size;     // bytes that may be read from data; of MJPEG the length of the JPEG
    uint32_t stride; // bytes from one row to the next; 0 for MJPEG
};

struct frame {
    uint32_t width; // in pixels; of MJPEG what the camera announced, the JPEG itself decides
    uint32_t height;
    enum pixel_format format;
    enum color_encoding encoding;
    enum color_range range;
    uint32_t plane_count;
    struct frame_plane planes[FRAME_PLANES_MAX];
    uint32_t sequence;         // the camera's frame number
    int64_t captured_ns;       // monotonic; the start of exposure
    bool captured_is_estimate; // the camera gave no usable time: this is when its buffer was queued
    unsigned orientation;      // how it is to be turned for the eye, as EXIF counts: 1 to 8
    const char *camera_model;  // for as long as the loan lasts
    enum settling settling;    // when the first frame of this stream could be used
    uint32_t settle_ms;        // after its start
    struct frame_facts facts;
    uint32_t buffer; // the camera's; nobody else's business
    void *pool;
};
