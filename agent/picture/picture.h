// From shot to picture: the attempt, and what is published. Plain data.
#pragma once

#include "base/bytes.h"
#include "camera/frame.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    PICTURE_ID_SIZE = 64,
    PICTURE_REQUEST_ID_SIZE = 65, // 1 to 64 printable ASCII characters
    PICTURE_SHA256_SIZE = 65,     // hexadecimal
};

enum trigger {
    TRIGGER_TIMER,
    TRIGGER_COMMAND,
    TRIGGER_START,
};

// "timer", "command", "start"
const char *trigger_name(enum trigger trigger);

// The forms a picture takes on the wire.
enum picture_form {
    PICTURE_FORM_BASE64,   // bare RFC 4648, padded, no line breaks, no prefix
    PICTURE_FORM_RAW,      // the JPEG itself
    PICTURE_FORM_ENVELOPE, // the meta object with a last member "image": base64
};

// Of the chroma, where the frame leaves a choice: RGB formats take any, YUYV takes 4:2:0 (the mean
// of two rows) or stays 4:2:2, YUV420 and NV12 stay 4:2:0. Chroma is never made up.
enum subsampling {
    SUBSAMPLING_420,
    SUBSAMPLING_422,
    SUBSAMPLING_444,
};

enum {
    REPLY_TOPIC_MAX = 256,
    REPLY_CORRELATION_MAX = 128,
};

// Where the answer to a command goes.
struct reply_address {
    char topic[REPLY_TOPIC_MAX + 1]; // MQTT 5's Response Topic; "": P/ID/reply
    uint8_t correlation[REPLY_CORRELATION_MAX];
    size_t correlation_len; // 0: none
};

// What a shot's frame is made into.
struct develop_settings {
    int quality; // 1 to 100; the best
    enum subsampling subsampling;
    int min_quality;    // down to which a bound on the bytes is met without halving the size
    uint64_t max_bytes; // of JPEG; 0: no bound of the settings
    uint32_t max_width; // the sides are halved until both fit; 0: no bound
    uint32_t max_height;
    bool exif;              // what is known of the picture goes into it
    enum picture_form form; // on P/ID/image
};

// The attempt. The agent makes it when it decides to shoot; with its frame it goes to the
// publisher, which hands it back in its news when the pixels are no longer needed.
struct shot {
    char id[PICTURE_ID_SIZE]; // unique for ever; the same on a duplicate
    uint64_t seq;             // counts this agent's shots from 1
    enum trigger trigger;
    char request_id[PICTURE_REQUEST_ID_SIZE]; // "": none
    int64_t triggered_ns;                     // monotonic: when the command came or the timer fired
    int64_t arrived_ns;                       // monotonic: when the driver handed the frame over
    struct frame *frame;                      // on loan; NULL before it came
    struct develop_settings develop;
    char *captured_event; // JSON for P/ID/event once the picture is accepted; owned; taken by the
                          // picture
    struct reply_address *reply_image; // the picture goes there too; owned, and taken likewise;
                                       // NULL: nowhere
    const char *camera_model;          // borrowed; NULL: not known
    unsigned orientation; // how the picture is to be turned, as EXIF counts; 0 and 1: as it is
    // Of JPEG, that the wire lets through; 0: no bound. The publisher sets it just before the shot
    // is developed, from the broker's maximum packet size by picture_jpeg_budget.
    uint64_t max_jpeg_bytes;
};

// What is published. Owned by whoever holds it; a finished picture never changes.
struct picture {
    char id[PICTURE_ID_SIZE];
    uint64_t seq;
    enum trigger trigger;
    char request_id[PICTURE_REQUEST_ID_SIZE];
    char captured_at[32];             // RFC 3339
    int64_t captured_ns;              // monotonic
    char sha256[PICTURE_SHA256_SIZE]; // of the JPEG
    uint32_t width;
    uint32_t height;
    struct bytes jpeg;
    struct bytes meta; // the JSON object for P/ID/meta, not terminated
    enum picture_form form;
    char *captured_event;              // owned; NULL once sent
    struct reply_address *reply_image; // owned; NULL: none, or it has been there
};

void picture_init(struct picture *picture);
void picture_fini(struct picture *picture); // NULL parts are fine

// Frees the shot with what it owns; NULL is fine. Its frame must have been given back.
void shot_free(struct shot *shot);
