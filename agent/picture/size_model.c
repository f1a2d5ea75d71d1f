// A power law in the step of the quantiser. Pure.
#include "picture/size_model.h"

#include <math.h>

// Of 4:2:0 with the standard Huffman tables: 32 bits for 16 x 16 pixels without detail.
static const double floor_bytes_per_pixel = 4.0 / 256;
// Detail that is not there at all still needs a logarithm.
static const double detail_least = 1e-5;
// A larger size than the last picture's must be expected well within the aim, so that a scene on
// the edge does not change its size from one picture to the next.
static const double hysteresis = 0.9;

// What photographs have; at quality 90, 0.15 to 0.45 bytes of detail a pixel.
static const double usual_level = 1.4;
static const double usual_slope = 0.8;
static const double usual_gain = 0.25;
// A log of bytes so far from what was expected is another scene.
static const double surprise = 0.5;

void size_model_init(struct size_model *model)
{
    *model = (struct size_model){.level = usual_level, .slope = usual_slope, .gain = usual_gain};
}

// Minus the log of libjpeg's scale of its tables in percent. Their entries are 1 at the least,
// which the 4 stand for.
static double fineness(int quality)
{
    double scale = quality < 50 ? 5000.0 / quality : 200.0 - 2.0 * quality;
    return -log(scale + 4);
}

uint32_t size_halved(uint32_t side, unsigned halvings)
{
    return (uint32_t)((side + (UINT64_C(1) << halvings) - 1) >> halvings);
}

static double pixels(const struct size_limits *limits, unsigned halvings)
{
    return (double)size_halved(limits->width, halvings) * size_halved(limits->height, halvings);
}

static double floor_bytes(const struct size_limits *limits, unsigned halvings)
{
    return (double)limits->header_bytes + floor_bytes_per_pixel * pixels(limits, halvings);
}

uint64_t size_least(const struct size_limits *limits)
{
    return (uint64_t)floor_bytes(limits, limits->halvings_max);
}

// The log of the detail bytes per pixel.
static double detail_at(const struct size_model *model, int quality, unsigned halvings)
{
    return model->level + model->slope * fineness(quality) + model->gain * halvings;
}

static struct size_plan expect(const struct size_model *model, const struct size_limits *limits,
                               int quality, unsigned halvings)
{
    return (struct size_plan){
        .quality = quality,
        .halvings = halvings,
        .bytes = floor_bytes(limits, halvings) +
                 exp(detail_at(model, quality, halvings)) * pixels(limits, halvings),
    };
}

struct size_plan size_model_plan(const struct size_model *model, const struct size_limits *limits,
                                 double aim)
{
    for (unsigned halvings = 0; halvings <= limits->halvings_max; halvings++) {
        double most = (double)limits->budget * aim * (halvings < model->halvings ? hysteresis : 1);
        for (int quality = limits->quality_max; quality >= limits->quality_min; quality--) {
            struct size_plan plan = expect(model, limits, quality, halvings);
            if (limits->budget == 0 || plan.bytes <= most) {
                return plan;
            }
        }
    }
    return expect(model, limits, limits->quality_min, limits->halvings_max);
}

static double within(double value, double least, double most)
{
    return fmin(fmax(value, least), most);
}

// From two points of one frame.
static void learn_shape(struct size_model *model, const struct size_point *point)
{
    double finer = fineness(point->quality) - fineness(model->last.quality);
    double more = point->detail - model->last.detail;
    int smaller = (int)point->halvings - (int)model->last.halvings;
    if (smaller != 0) {
        model->gain = within((more - model->slope * finer) / smaller, -1.2, 1);
    } else if (point->quality != model->last.quality) {
        model->slope = within(more / finer, 0.3, 2);
    }
}

void size_model_learn(struct size_model *model, const struct size_limits *limits,
                      const struct size_plan *plan, uint64_t bytes)
{
    double detail_bytes = (double)bytes - floor_bytes(limits, plan->halvings);
    double detail = log(fmax(detail_bytes / pixels(limits, plan->halvings), detail_least));
    struct size_point point = {plan->quality, plan->halvings, detail};
    if (model->has_last) {
        learn_shape(model, &point);
    } else if (fabs(detail - detail_at(model, plan->quality, plan->halvings)) > surprise) {
        model->slope = usual_slope;
        model->gain = usual_gain;
    }
    model->level += detail - detail_at(model, plan->quality, plan->halvings);
    model->halvings = plan->halvings;
    model->last = point;
    model->has_last = true;
}

void size_model_next_frame(struct size_model *model)
{
    model->has_last = false;
}
