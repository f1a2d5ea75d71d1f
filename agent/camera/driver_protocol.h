// What the agent and a camera driver say to each other.
//
// A driver is a child process. It finds one end of a SOCK_SEQPACKET socket pair on descriptor
// DRIVER_FD; a message is one packet: a struct driver_message of at most DRIVER_MESSAGE_MAX bytes,
// whose `size` is the packet's length. Numbers are in the machine's own byte order, since both ends
// are built together and run on one machine; DRIVER_HELLO proves the version. Text is UTF-8, ends
// with NUL inside its array. Descriptors travel beside DRIVER_BUFFER (SCM_RIGHTS).
//
//   driver                                 agent
//   hello           ───────────────────▶
//                   ◀───────────────────  list                       (only for --list-cameras)
//   camera … list-end  ────────────────▶
//                   ◀───────────────────  configure
//   configured, buffer … (or failed) ──▶
//   (or waiting … appeared) ───────────▶                              then configure again
//                   ◀───────────────────  start
//   started (or failed) ───────────────▶
//                   ◀───────────────────  shoot {shot, not_before}
//   frame {shot, buffer} (or failed) ──▶                              the buffer is on loan now
//                   ◀───────────────────  give-back {buffer}
//                   ◀───────────────────  ping
//   pong {frames, waiting} ────────────▶                              how the stream fares
//   lost            ───────────────────▶                              the camera has gone
//                   ◀───────────────────  stop
//   stopped         ───────────────────▶                              start may follow
//
// The agent may close the socket at any time; the driver then ends by itself. The agent believes
// nothing: every number is checked (driver_check.c), and a driver that breaks the protocol, or a
// deadline, is killed and started again. log may be sent at any time.
#pragma once

#include "camera/frame.h"

#include <stdint.h>

enum {
    DRIVER_FD = 3,
    DRIVER_PROTOCOL_VERSION = 2,
    DRIVER_MESSAGE_MAX = 4096,
    DRIVER_BUFFERS_MAX = 16,
};

enum driver_message_type {
    // from the driver
    DRIVER_HELLO = 1,
    DRIVER_CAMERA,
    DRIVER_LIST_END,
    DRIVER_CONFIGURED,
    DRIVER_BUFFER,
    DRIVER_STARTED,
    DRIVER_FRAME,
    DRIVER_FAILED,
    DRIVER_LOST,
    DRIVER_PONG,
    DRIVER_STOPPED,
    DRIVER_LOG,
    DRIVER_WAITING,
    DRIVER_APPEARED,
    // from the agent
    DRIVER_LIST = 101,
    DRIVER_CONFIGURE,
    DRIVER_START,
    DRIVER_SHOOT,
    DRIVER_GIVE_BACK,
    DRIVER_PING,
    DRIVER_STOP,
};

struct driver_hello {
    uint32_t protocol; // DRIVER_PROTOCOL_VERSION
    char driver[16];   // "pattern"
    char library[112]; // what stands behind it, with its version: "libcamera 0.4.0"
};

struct driver_camera { // one a camera, for --list-cameras
    uint32_t index;
    char id[256];
    char model[64];
    char location[32];
    char details[2048]; // for people: formats and sizes, a line each
};

// What a camera can be told about its pictures; NAN leaves it to the camera. Words are numbers: the
// place of the word in the list that the settings have for it (settings_table.c).
enum driver_control {
    DRIVER_CONTROL_EXPOSURE_US,
    DRIVER_CONTROL_GAIN,
    DRIVER_CONTROL_EV,
    DRIVER_CONTROL_AWB, // enum driver_awb
    DRIVER_CONTROL_AWB_RED,
    DRIVER_CONTROL_AWB_BLUE,
    DRIVER_CONTROL_METERING, // enum driver_metering
    DRIVER_CONTROL_FLICKER_PERIOD_US,
    DRIVER_CONTROL_BRIGHTNESS,
    DRIVER_CONTROL_CONTRAST,
    DRIVER_CONTROL_SATURATION,
    DRIVER_CONTROL_SHARPNESS,
    DRIVER_CONTROL_AF_MODE,       // enum driver_af_mode
    DRIVER_CONTROL_LENS_POSITION, // dioptres; 0 is infinity
    DRIVER_CONTROL_ROI_X,         // fractions of the whole
    DRIVER_CONTROL_ROI_Y,
    DRIVER_CONTROL_ROI_WIDTH,
    DRIVER_CONTROL_ROI_HEIGHT,
    DRIVER_CONTROL_HDR, // enum driver_hdr
    DRIVER_CONTROL_COUNT,
};

enum driver_awb {
    DRIVER_AWB_AUTO, // what NAN says, too
    DRIVER_AWB_INCANDESCENT,
    DRIVER_AWB_TUNGSTEN,
    DRIVER_AWB_FLUORESCENT,
    DRIVER_AWB_INDOOR,
    DRIVER_AWB_DAYLIGHT,
    DRIVER_AWB_CLOUDY,
    DRIVER_AWB_COUNT,
};

enum driver_metering {
    DRIVER_METERING_AUTO, // likewise
    DRIVER_METERING_CENTRE,
    DRIVER_METERING_SPOT,
    DRIVER_METERING_MATRIX,
    DRIVER_METERING_COUNT,
};

enum driver_af_mode {
    DRIVER_AF_AUTO, // continuous where there is a lens, manual where its position is given
    DRIVER_AF_CONTINUOUS,
    DRIVER_AF_MANUAL,
    DRIVER_AF_OFF, // the lens is left alone
    DRIVER_AF_COUNT,
};

enum driver_hdr {
    DRIVER_HDR_AUTO, // likewise
    DRIVER_HDR_OFF,
    DRIVER_HDR_SINGLE,
    DRIVER_HDR_MULTI,
    DRIVER_HDR_NIGHT,
    DRIVER_HDR_COUNT,
};

struct driver_configure {
    uint32_t width; // the wish; DRIVER_CONFIGURED says what it became
    uint32_t height;
    double fps;           // while a shot is open, and until the camera has settled
    double idle_fps;      // otherwise; 0: as fps
    uint32_t settle_ms;   // how long the first shot after a start waits for AE, AWB and AF at most
    uint32_t keep_latest; // 1: the newest frame is kept for a shot that takes one of before it
    uint32_t rotation;    // 0, 90, 180 or 270 degrees clockwise, after the flips
    uint32_t hflip;       // 1: mirrored
    uint32_t vflip;
    uint32_t reserved;
    double controls[DRIVER_CONTROL_COUNT];
    char select[256]; // camera id, index or model; "" is the first
    char format[16];  // "auto" or one name of enum pixel_format
    char path[1024];  // files driver: its folder
};

struct driver_plane {
    uint32_t offset; // into the descriptor
    uint32_t length; // bytes; the frame's planes lie within
    uint32_t stride; // bytes a row; 0 for MJPEG
    uint32_t fd;     // which of the packet's descriptors, from 0
};

struct driver_configured {
    uint32_t width;
    uint32_t height;
    uint32_t format;   // enum pixel_format
    uint32_t encoding; // enum color_encoding
    uint32_t range;    // enum color_range
    uint32_t plane_count;
    uint32_t buffer_count;    // as many DRIVER_BUFFER follow, in order; 2 to DRIVER_BUFFERS_MAX
    uint32_t orientation;     // what is left of rotation, hflip and vflip, as EXIF counts: 1 to 8
    double frame_interval_ms; // of the stream; 0: unknown
    char id[256];
    char model[64];
    char unsupported[256]; // the settings that this camera does not have: "gain, hdr"
};

// Passed once. A memfd is sealed against shrinking (F_SEAL_SHRINK), so that a driver that dies or
// lies cannot take the pages away from under the encoder; a dma-buf cannot shrink.
struct driver_buffer {
    uint32_t index;
    uint32_t plane_count;
    struct driver_plane planes[FRAME_PLANES_MAX];
    uint32_t fd_count; // of the packet's descriptors
};

struct driver_shoot {
    uint64_t shot;         // named again in DRIVER_FRAME or DRIVER_FAILED
    int64_t not_before_ns; // monotonic: the exposure of the frame begins at or after this; 0: any
                           // frame of this stream will do
};

struct driver_frame {
    uint64_t shot;
    int64_t captured_ns;           // monotonic, start of exposure
    uint32_t captured_is_estimate; // 1: no usable time from the camera; this is when the buffer
                                   // was queued
    uint32_t buffer;
    uint32_t sequence;
    uint32_t settling;               // enum settling
    uint32_t used[FRAME_PLANES_MAX]; // bytes a plane; 0: all of it (raw formats only)
    uint32_t settle_ms;              // from the start of the stream until it had settled
    struct frame_facts facts;
};

struct driver_failed {
    uint64_t shot; // the shot that failed; 0: the configure, start or list that was asked for
    int32_t code;  // an errno, or 0
    uint32_t reserved;
    char text[320]; // one sentence with the cure where one is known
};

struct driver_lost { // the camera is gone; the driver ends after this
    char text[320];
};

// Instead of a failed configure: there is no such camera now, and DRIVER_APPEARED will tell when
// there may be one.
struct driver_waiting {
    int32_t code; // ENODEV: there is nothing; ENXIO: what there is cannot be used, or not yet
    uint32_t reserved;
    char text[320];
};

struct driver_pong {
    uint64_t frames;    // completed since the start of the stream, whether usable or not
    int64_t waiting_ns; // how long the camera has owed the next one; 0: it owes none
};

struct driver_log {
    uint32_t level; // enum log_level
    uint32_t reserved;
    char text[512];
};

struct driver_give_back {
    uint32_t buffer;
};

struct driver_message {
    uint32_t type; // enum driver_message_type
    uint32_t size; // of the whole message: the head and the body that the type has
    union {
        struct driver_hello hello;
        struct driver_camera camera;
        struct driver_configure configure;
        struct driver_configured configured;
        struct driver_buffer buffer;
        struct driver_shoot shoot;
        struct driver_frame frame;
        struct driver_failed failed;
        struct driver_lost lost;
        struct driver_log log;
        struct driver_give_back give_back;
        struct driver_waiting waiting;
        struct driver_pong pong;
    };
};

#ifdef __cplusplus
static_assert(sizeof(struct driver_message) <= DRIVER_MESSAGE_MAX, "a message is one small packet");
#else
_Static_assert(sizeof(struct driver_message) <= DRIVER_MESSAGE_MAX,
               "a message is one small packet");
#endif
