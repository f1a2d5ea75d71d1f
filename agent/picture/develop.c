// From a shot to a picture. Publisher thread; does not touch the loan of the frame.
#include "picture/develop.h"

#include "base/timing.h"
#include "picture/envelope.h"
#include "picture/jpeg_encoder.h"
#include "picture/mjpeg.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct developer {
    struct develop_settings settings;
    struct jpeg_encoder *encoder;
    struct bytes huffman_tables; // what MJPEG may lack
    char boot_id[TIMING_BOOT_ID_SIZE];
};

struct developer *developer_create(const struct develop_settings *settings, struct fault *fault)
{
    struct developer *developer = calloc(1, sizeof *developer);
    if (developer == NULL) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory to develop pictures");
        return NULL;
    }
    developer->settings = *settings;
    timing_boot_id(developer->boot_id);
    developer->encoder = jpeg_encoder_create(fault);
    if (developer->encoder == NULL ||
        !jpeg_encoder_huffman_tables(developer->encoder, &developer->huffman_tables, fault)) {
        developer_destroy(developer);
        return NULL;
    }
    return developer;
}

void developer_destroy(struct developer *developer)
{
    if (developer == NULL) {
        return;
    }
    jpeg_encoder_destroy(developer->encoder);
    bytes_fini(&developer->huffman_tables);
    free(developer);
}

static bool pass_through(const struct developer *developer, const struct frame *frame,
                         struct picture *picture, struct fault *fault)
{
    struct mjpeg mjpeg;
    const struct frame_plane *plane = &frame->planes[0];
    if (!mjpeg_check(plane->data, frame->plane_count > 0 ? plane->size : 0, &mjpeg, fault)) {
        return false;
    }
    picture->width = mjpeg.width;
    picture->height = mjpeg.height;
    return mjpeg_append(plane->data, &mjpeg, &developer->huffman_tables, &picture->jpeg, fault);
}

static bool compress(const struct developer *developer, const struct frame *frame,
                     struct picture *picture, struct fault *fault)
{
    picture->width = frame->width;
    picture->height = frame->height;
    return jpeg_encoder_encode(developer->encoder, frame, &developer->settings, &picture->jpeg,
                               fault);
}

static bool digest(const struct bytes *jpeg, char sha256[static PICTURE_SHA256_SIZE],
                   struct fault *fault)
{
    uint8_t sum[32];
    if (EVP_Digest(jpeg->data, jpeg->len, sum, NULL, EVP_sha256(), NULL) != 1) {
        return fault_set(fault, FAULT_SYSTEM, 0, "libcrypto has no SHA-256");
    }
    for (size_t i = 0; i < sizeof sum; i++) {
        snprintf(sha256 + 2 * i, 3, "%02x", sum[i]);
    }
    return true;
}

static bool develop(const struct developer *developer, const struct shot *shot,
                    struct picture *picture, struct fault *fault)
{
    const struct frame *frame = shot->frame;
    bool passed_through = frame->format == PIXEL_FORMAT_MJPEG;

    memcpy(picture->id, shot->id, sizeof picture->id);
    picture->seq = shot->seq;
    picture->trigger = shot->trigger;
    memcpy(picture->request_id, shot->request_id, sizeof picture->request_id);
    picture->captured_ns = frame->captured_ns;
    timing_rfc3339(timing_wall_at(frame->captured_ns), picture->captured_at);

    int64_t begun_ns = timing_now_ns();
    if (!(passed_through ? pass_through : compress)(developer, frame, picture, fault)) {
        return false;
    }
    int64_t encode_ns = timing_now_ns() - begun_ns;
    if (!digest(&picture->jpeg, picture->sha256, fault)) {
        return false;
    }
    struct envelope_facts facts = {
        .quality = passed_through ? 0 : developer->settings.quality,
        .clock_synced = timing_clock_synced(),
        .boot_id = developer->boot_id,
        .encode_ns = encode_ns,
        .finished_ns = timing_now_ns(),
    };
    return envelope_meta(shot, picture, &facts, &picture->meta, fault);
}

bool developer_develop(struct developer *developer, struct shot *shot, struct picture *picture,
                       struct fault *fault)
{
    if (!develop(developer, shot, picture, fault)) {
        picture_fini(picture);
        return false;
    }
    picture->captured_event = shot->captured_event;
    shot->captured_event = NULL;
    return true;
}
