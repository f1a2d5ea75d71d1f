// From a shot to a picture. Publisher thread; does not touch the loan of the frame.
#include "picture/develop.h"

#include "base/timing.h"
#include "picture/digest.h"
#include "picture/envelope.h"
#include "picture/exif.h"
#include "picture/fit.h"
#include "picture/jpeg_decode.h"
#include "picture/mjpeg.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct developer {
    struct fitter *fitter;
    struct bytes huffman_tables; // what MJPEG may lack
    struct bytes exif;           // of a JPEG that is passed through
    char boot_id[TIMING_BOOT_ID_SIZE];
};

struct developer *developer_create(struct fault *fault)
{
    struct developer *developer = calloc(1, sizeof *developer);
    if (developer == NULL) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory to develop pictures");
        return NULL;
    }
    timing_boot_id(developer->boot_id);
    developer->fitter = fitter_create(fault);
    if (developer->fitter == NULL ||
        !fitter_huffman_tables(developer->fitter, &developer->huffman_tables, fault)) {
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
    fitter_destroy(developer->fitter);
    bytes_fini(&developer->huffman_tables);
    bytes_fini(&developer->exif);
    free(developer);
}

static uint64_t budget_of(const struct shot *shot)
{
    uint64_t ours = shot->develop.max_bytes;
    uint64_t theirs = shot->max_jpeg_bytes;
    return ours == 0 || (theirs != 0 && theirs < ours) ? theirs : ours;
}

static bool is_to_be_turned(const struct shot *shot)
{
    return shot->orientation > 1;
}

static struct exif_facts exif_facts_of(const struct shot *shot, const struct picture *picture)
{
    return (struct exif_facts){
        .width = picture->width,
        .height = picture->height,
        .orientation = is_to_be_turned(shot) ? shot->orientation : 1,
        .model = shot->camera_model,
        .captured_at = picture->captured_at,
        .camera = &shot->frame->facts,
    };
}

// The camera's JPEG as `picture` takes it if it is small enough.
static bool pass_through(struct developer *developer, const struct shot *shot,
                         struct picture *picture, struct fault *fault)
{
    struct mjpeg mjpeg;
    const struct frame_plane *plane = &shot->frame->planes[0];
    if (!mjpeg_check(plane->data, shot->frame->plane_count > 0 ? plane->size : 0, &mjpeg, fault)) {
        return false;
    }
    picture->width = mjpeg.width;
    picture->height = mjpeg.height;
    struct mjpeg_extras extras = {.tables = &developer->huffman_tables};
    if (shot->develop.exif && is_to_be_turned(shot)) {
        struct exif_facts facts = exif_facts_of(shot, picture);
        bytes_clear(&developer->exif);
        if (!exif_append(&facts, &developer->exif, fault)) {
            return false;
        }
        extras.exif = &developer->exif;
    }
    return mjpeg_append(plane->data, &mjpeg, &extras, &picture->jpeg, fault) &&
           jpeg_decode_check(picture->jpeg.data, picture->jpeg.len, fault);
}

// Compresses the frame or, where that is NULL, the JPEG anew.
static bool compress(struct developer *developer, const struct shot *shot,
                     const struct frame *frame, const struct bytes *original,
                     struct picture *picture, struct fit_result *result, struct fault *fault)
{
    struct exif_facts facts = exif_facts_of(shot, picture);
    struct fit_job job = {
        .frame = frame,
        .original = original,
        .width = picture->width,
        .height = picture->height,
        .budget = budget_of(shot),
        .settings = &shot->develop,
        .exif = shot->develop.exif ? &facts : NULL,
    };
    if (!fitter_fit(developer->fitter, &job, &picture->jpeg, result, fault)) {
        return false;
    }
    picture->width = result->width;
    picture->height = result->height;
    return true;
}

static bool make_jpeg(struct developer *developer, const struct shot *shot, struct picture *picture,
                      struct envelope_facts *facts, struct fault *fault)
{
    const struct frame *frame = shot->frame;
    struct fit_result result = {.quality = 0};
    bool ok = true;
    if (frame->format == PIXEL_FORMAT_MJPEG) {
        ok = pass_through(developer, shot, picture, fault);
        facts->from_bytes = picture->jpeg.len;
    } else {
        picture->width = frame->width;
        picture->height = frame->height;
    }
    facts->from_width = picture->width;
    facts->from_height = picture->height;
    facts->budget = budget_of(shot);
    bool is_made = frame->format == PIXEL_FORMAT_MJPEG &&
                   fit_is_small_enough(&shot->develop, picture->width, picture->height) &&
                   (facts->budget == 0 || picture->jpeg.len <= facts->budget);
    if (ok && !is_made) {
        struct bytes original = picture->jpeg;
        bytes_init(&picture->jpeg);
        ok = compress(developer, shot, frame->format == PIXEL_FORMAT_MJPEG ? NULL : frame,
                      &original, picture, &result, fault);
        bytes_fini(&original);
    }
    facts->quality = result.quality;
    facts->encodes = result.encodes;
    return ok;
}

static bool develop(struct developer *developer, const struct shot *shot, struct picture *picture,
                    struct fault *fault)
{
    const struct frame *frame = shot->frame;

    memcpy(picture->id, shot->id, sizeof picture->id);
    picture->seq = shot->seq;
    picture->trigger = shot->trigger;
    picture->form = shot->develop.form;
    memcpy(picture->request_id, shot->request_id, sizeof picture->request_id);
    picture->captured_ns = frame->captured_ns;
    timing_rfc3339(timing_wall_at(frame->captured_ns), picture->captured_at);

    struct envelope_facts facts = {
        .best_quality = shot->develop.quality,
        .clock_synced = timing_clock_synced(),
        .boot_id = developer->boot_id,
    };
    int64_t begun_ns = timing_now_ns();
    if (!make_jpeg(developer, shot, picture, &facts, fault)) {
        return false;
    }
    facts.encode_ns = timing_now_ns() - begun_ns;
    if (!digest_sha256(picture->jpeg.data, picture->jpeg.len, picture->sha256, fault)) {
        return false;
    }
    facts.finished_ns = timing_now_ns();
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
    picture->reply_image = shot->reply_image;
    shot->reply_image = NULL;
    return true;
}
