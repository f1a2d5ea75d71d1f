// How large a JPEG will be at a quality and a size: what was learnt from the pictures before. Pure.
//
// The bytes of a picture are its headers, a floor (what blocks without any detail take) and what
// the detail takes. Over the step of the quantiser the last is close to a power law, so that
//     log(detail bytes per pixel) = level + slope * fineness(quality) + gain * halvings
// `level` follows every picture; `slope` and `gain` are measured where one frame was encoded twice,
// and start from what photographs have, again after every change of the scene. So a scene that
// stays costs one encode, a new one a second, and rarely a third.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct size_point {
    int quality;
    unsigned halvings;
    double detail; // log of the detail bytes per pixel
};

struct size_model {
    double level;
    double slope;
    double gain;       // a picture halved has less noise but denser edges
    unsigned halvings; // of the last picture
    bool has_last;     // point of this frame
    struct size_point last;
};

// What may be tried.
struct size_limits {
    uint64_t budget; // bytes of the whole JPEG; 0: no bound
    uint32_t width;  // not halved
    uint32_t height;
    uint64_t header_bytes; // in every JPEG
    int quality_min;
    int quality_max;
    unsigned halvings_max;
};

struct size_plan {
    int quality;
    unsigned halvings; // of both sides, rounded up
    double bytes;      // expected
};

void size_model_init(struct size_model *model);

// A side after so many halvings.
uint32_t size_halved(uint32_t side, unsigned halvings);

// What the smallest and dullest of the JPEGs within the limits has, at the least.
uint64_t size_least(const struct size_limits *limits);

// The largest picture, and of that the finest, that is expected within `aim` (a share of 1) of the
// budget; the smallest and coarsest where none is.
struct size_plan size_model_plan(const struct size_model *model, const struct size_limits *limits,
                                 double aim);

// What came of a plan. Call size_model_next_frame between frames.
void size_model_learn(struct size_model *model, const struct size_limits *limits,
                      const struct size_plan *plan, uint64_t bytes);
void size_model_next_frame(struct size_model *model);
