// Plans, encodes, learns. Publisher thread; never more than FIT_ENCODES_MAX encodes a picture.
#include "picture/fit.h"

#include "picture/frame_check.h"
#include "picture/frame_shrink.h"
#include "picture/jpeg_decode.h"
#include "picture/jpeg_encoder.h"
#include "picture/size_model.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum {
    SIDE_MIN = 16,      // not halved below
    HEADER_BYTES = 607, // of libjpeg's JPEG, but for JFIF and EXIF
};

// Shares of the budget to aim at: less, the fewer encodes are left to mend a miss.
static const double aims[FIT_ENCODES_MAX] = {0.95, 0.9, 0.75};
// Worth another encode: so much more of a picture.
static const double worth_more = 1.4;

struct fitter {
    struct jpeg_encoder *encoder;
    struct size_model model;
    struct bytes decoded; // what the MJPEG holds
    struct bytes shrunk;
    struct bytes exif;
    unsigned exif_halvings;  // the size that it names
    unsigned first_halvings; // for max_width and max_height: all others come on top
    struct frame source;
    unsigned source_halvings;
    bool has_source;
};

struct fitter *fitter_create(struct fault *fault)
{
    struct fitter *fitter = calloc(1, sizeof *fitter);
    if (fitter == NULL) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory to encode pictures");
        return NULL;
    }
    size_model_init(&fitter->model);
    fitter->encoder = jpeg_encoder_create(fault);
    if (fitter->encoder == NULL) {
        fitter_destroy(fitter);
        return NULL;
    }
    return fitter;
}

void fitter_destroy(struct fitter *fitter)
{
    if (fitter == NULL) {
        return;
    }
    jpeg_encoder_destroy(fitter->encoder);
    bytes_fini(&fitter->decoded);
    bytes_fini(&fitter->shrunk);
    bytes_fini(&fitter->exif);
    free(fitter);
}

bool fitter_huffman_tables(struct fitter *fitter, struct bytes *tables, struct fault *fault)
{
    return jpeg_encoder_huffman_tables(fitter->encoder, tables, fault);
}

static unsigned halvings_max(uint32_t width, uint32_t height)
{
    uint32_t side = width < height ? width : height;
    unsigned halvings = 0;
    while (size_halved(side, halvings + 1) >= SIDE_MIN) {
        halvings++;
    }
    return halvings;
}

// Makes `source` the frame at this size, unless it is already.
static bool have_source(struct fitter *fitter, const struct fit_job *job, unsigned more_halvings,
                        struct fault *fault)
{
    unsigned halvings = fitter->first_halvings + more_halvings;
    if (fitter->has_source && fitter->source_halvings == halvings) {
        return true;
    }
    fitter->has_source = false;
    const struct frame *from = job->frame;
    struct frame decoded;
    unsigned left = halvings;
    if (from == NULL) {
        unsigned most = JPEG_DECODE_HALVINGS_MAX;
        unsigned on_the_way = halvings < most ? halvings : most;
        if (!jpeg_decode_frame(job->original->data, job->original->len, on_the_way,
                               &fitter->decoded, &decoded, fault)) {
            return false;
        }
        from = &decoded;
        left = halvings - on_the_way;
    }
    fitter->source = *from;
    if (left > 0 && !frame_shrink(from, left, &fitter->shrunk, &fitter->source, fault)) {
        return false;
    }
    fitter->source_halvings = halvings;
    fitter->has_source = true;
    return true;
}

static bool make_exif(struct fitter *fitter, const struct fit_job *job, unsigned halvings,
                      struct fault *fault)
{
    bytes_clear(&fitter->exif);
    if (job->exif == NULL) {
        return true;
    }
    fitter->exif_halvings = halvings;
    struct exif_facts facts = *job->exif;
    facts.width = size_halved(job->width, halvings);
    facts.height = size_halved(job->height, halvings);
    return exif_append(&facts, &fitter->exif, fault);
}

static bool encode(struct fitter *fitter, const struct fit_job *job, const struct size_plan *plan,
                   struct bytes *jpeg, struct fault *fault)
{
    if (!have_source(fitter, job, plan->halvings, fault) ||
        (plan->halvings != fitter->exif_halvings &&
         !make_exif(fitter, job, plan->halvings, fault))) {
        return false;
    }
    struct jpeg_options options = {
        .quality = plan->quality,
        .subsampling = job->settings->subsampling,
        .exif = job->exif != NULL ? &fitter->exif : NULL,
        .expected_bytes = (size_t)plan->bytes,
    };
    return jpeg_encoder_encode(fitter->encoder, &fitter->source, &options, jpeg, fault);
}

static bool does_not_fit(const struct fit_job *job, const char *what, uint64_t bytes,
                         const struct size_plan *plan, struct fault *fault)
{
    return fault_set(fault, FAULT_PICTURE, EMSGSIZE,
                     "the picture cannot be made small enough: %s %" PRIu64 " bytes (%" PRIu32
                     "x%" PRIu32 " at quality %d), and no more than %" PRIu64 " are let through",
                     what, bytes, size_halved(job->width, plan->halvings),
                     size_halved(job->height, plan->halvings), plan->quality, job->budget);
}

static bool is_within(const struct fit_job *job, uint64_t bytes)
{
    return job->budget == 0 || bytes <= job->budget;
}

static bool can_fit(const struct fit_job *job, const struct size_limits *limits,
                    struct fault *fault)
{
    struct size_plan least = {.quality = limits->quality_min, .halvings = limits->halvings_max};
    return is_within(job, size_least(limits)) ||
           does_not_fit(job, "the smallest would have", size_least(limits), &least, fault);
}

static bool is_same(const struct size_plan *a, const struct size_plan *b)
{
    return a->quality == b->quality && a->halvings == b->halvings;
}

// Encodes by the plan; what fits takes the place of what `jpeg` had.
static bool try_plan(struct fitter *fitter, const struct fit_job *job,
                     const struct size_limits *limits, const struct size_plan *plan,
                     struct bytes *jpeg, size_t *bytes, struct fault *fault)
{
    struct bytes made;
    bytes_init(&made);
    if (!encode(fitter, job, plan, &made, fault)) {
        bytes_fini(&made);
        return false;
    }
    *bytes = made.len;
    size_model_learn(&fitter->model, limits, plan, made.len);
    if (is_within(job, made.len)) {
        bytes_fini(jpeg);
        *jpeg = made;
    } else {
        bytes_fini(&made); // its room would be much too large for the next
    }
    return true;
}

static bool encode_to_fit(struct fitter *fitter, const struct fit_job *job,
                          const struct size_limits *limits, struct bytes *jpeg,
                          struct fit_result *result, struct fault *fault)
{
    struct size_plan plan = {0};
    size_t bytes = 0;
    bool fits = false;
    unsigned encodes = 0;
    for (; encodes < FIT_ENCODES_MAX; encodes++) {
        struct size_plan next = size_model_plan(&fitter->model, limits, aims[encodes]);
        bool is_worth_it = fits ? next.bytes >= worth_more * (double)jpeg->len
                                : encodes == 0 || !is_same(&next, &plan);
        if (!is_worth_it) {
            break;
        }
        if (!try_plan(fitter, job, limits, &next, jpeg, &bytes, fault)) {
            return fits;
        }
        plan = next;
        if (is_within(job, bytes)) {
            fits = true;
            result->quality = plan.quality;
            result->width = size_halved(job->width, plan.halvings);
            result->height = size_halved(job->height, plan.halvings);
        }
    }
    result->encodes = encodes;
    return fits || does_not_fit(job, "it still has", bytes, &plan, fault);
}

static bool is_small_enough(const struct develop_settings *settings, uint32_t width,
                            uint32_t height)
{
    return (settings->max_width == 0 || width <= settings->max_width) &&
           (settings->max_height == 0 || height <= settings->max_height);
}

bool fit_is_small_enough(const struct develop_settings *settings, uint32_t width, uint32_t height)
{
    return is_small_enough(settings, width, height) || halvings_max(width, height) == 0;
}

// The job as if the frame had come in the largest size that is wanted.
static struct fit_job begin_smaller(struct fitter *fitter, const struct fit_job *job)
{
    struct fit_job smaller = *job;
    unsigned most = halvings_max(job->width, job->height);
    unsigned halvings = 0;
    while (halvings < most && !is_small_enough(job->settings, smaller.width, smaller.height)) {
        halvings++;
        smaller.width = size_halved(job->width, halvings);
        smaller.height = size_halved(job->height, halvings);
    }
    fitter->first_halvings = halvings;
    return smaller;
}

bool fitter_fit(struct fitter *fitter, const struct fit_job *whole, struct bytes *jpeg,
                struct fit_result *result, struct fault *fault)
{
    struct fit_job smaller = begin_smaller(fitter, whole);
    const struct fit_job *job = &smaller;
    if (job->frame != NULL && !frame_check(job->frame, fault)) {
        return false;
    }
    // the size of an EXIF block does not depend on that of the picture
    if (!make_exif(fitter, job, 0, fault)) {
        return false;
    }
    int best = job->settings->quality;
    int least = job->settings->min_quality;
    struct size_limits limits = {
        .budget = job->budget,
        .width = job->width,
        .height = job->height,
        .header_bytes = HEADER_BYTES + fitter->exif.len,
        .quality_min = least < 1      ? 1
                       : least < best ? least
                                      : best,
        .quality_max = best,
        .halvings_max = halvings_max(job->width, job->height),
    };
    fitter->has_source = false;
    size_model_next_frame(&fitter->model);
    return can_fit(job, &limits, fault) && encode_to_fit(fitter, job, &limits, jpeg, result, fault);
}
