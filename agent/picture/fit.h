// From a frame to a JPEG within its bounds, in at most three encodes.
//
// Where a smaller size is wanted, the sides are halved until it is met. Quality goes down to its
// least, then the sides are halved, as often as need be. Which of these, size_model.h knows
// beforehand where the scene is that of the picture before: one encode. A miss is a measured point,
// and the next try starts from it. A picture that came out much smaller than it may be (a scene
// that got simpler) is tried once more, finer.
#pragma once

#include "picture/develop.h"
#include "picture/exif.h"

enum { FIT_ENCODES_MAX = 3 };

struct fitter; // keeps the encoder, the model of sizes and scratch from one picture to the next

struct fit_job {
    const struct frame *frame; // raw; NULL: `original` is decoded
    const struct bytes *original;
    uint32_t width; // of either
    uint32_t height;
    uint64_t budget; // bytes of JPEG; 0: no bound
    const struct develop_settings *settings;
    const struct exif_facts *exif; // width and height are put in here; NULL: no EXIF
};

struct fit_result {
    uint32_t width;
    uint32_t height;
    int quality;
    unsigned encodes;
};

struct fitter *fitter_create(struct fault *fault);
void fitter_destroy(struct fitter *fitter); // NULL is fine

// Appends to `jpeg`, which is empty, and empty again on failure. FAULT_PICTURE with the code
// EMSGSIZE: it cannot be made to fit.
__attribute__((warn_unused_result)) bool fitter_fit(struct fitter *fitter,
                                                    const struct fit_job *job, struct bytes *jpeg,
                                                    struct fit_result *result, struct fault *fault);

// Whether a picture of this size is as small as it is wanted, or cannot be made smaller.
bool fit_is_small_enough(const struct develop_settings *settings, uint32_t width, uint32_t height);

// See jpeg_encoder.h.
__attribute__((warn_unused_result)) bool
fitter_huffman_tables(struct fitter *fitter, struct bytes *tables, struct fault *fault);
