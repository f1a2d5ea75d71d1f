// Never above the budget, never more than three encodes, one where the scene stays, and what comes
// out is the picture.
#include "picture/fit.h"

#include "picture/jpeg_encoder.h"
#include "picture/size_model.h"
#include "sample.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// jpeg_encoder_encode as the linker puts it in place of the encoder's: counts.
static unsigned encodes;

bool __real_jpeg_encoder_encode(struct jpeg_encoder *encoder, const struct frame *frame,
                                const struct jpeg_options *options, struct bytes *jpeg,
                                struct fault *fault);
bool __wrap_jpeg_encoder_encode(struct jpeg_encoder *encoder, const struct frame *frame,
                                const struct jpeg_options *options, struct bytes *jpeg,
                                struct fault *fault);

bool __wrap_jpeg_encoder_encode(struct jpeg_encoder *encoder, const struct frame *frame,
                                const struct jpeg_options *options, struct bytes *jpeg,
                                struct fault *fault)
{
    encodes++;
    return __real_jpeg_encoder_encode(encoder, frame, options, jpeg, fault);
}

static const enum pixel_format formats[] = {PIXEL_FORMAT_YUV420, PIXEL_FORMAT_NV12,
                                            PIXEL_FORMAT_YUYV, PIXEL_FORMAT_RGB888};

static const struct develop_settings usual = {.quality = 90, .min_quality = 40};

static int setup(void **state)
{
    struct fault fault;
    *state = fitter_create(&fault);
    return *state == NULL;
}

static int teardown(void **state)
{
    fitter_destroy(*state);
    return 0;
}

struct fitted {
    bool fits;
    struct fault fault;
    struct fit_result result;
    struct bytes jpeg;
};

// With every promise checked that holds for all pictures.
static struct fitted fit(struct fitter *fitter, const struct fit_job *job)
{
    struct fitted fitted = {.fits = false};
    bytes_init(&fitted.jpeg);
    encodes = 0;
    fitted.fits = fitter_fit(fitter, job, &fitted.jpeg, &fitted.result, &fitted.fault);
    assert_true(encodes <= FIT_ENCODES_MAX);
    if (!fitted.fits) {
        assert_int_equal(fitted.jpeg.len, 0);
        assert_int_equal(fitted.fault.kind, FAULT_PICTURE);
        return fitted;
    }
    int least = job->settings->min_quality;
    int best = job->settings->quality;
    assert_true(job->budget == 0 || fitted.jpeg.len <= job->budget);
    assert_true(fitted.result.quality <= best);
    assert_true(fitted.result.quality >= (least < best ? least : best));
    assert_int_equal(fitted.result.encodes, encodes);
    return fitted;
}

static struct fitted fit_image(struct fitter *fitter, const struct image *image,
                               enum pixel_format format, uint64_t budget,
                               const struct develop_settings *settings)
{
    struct sample sample = sample_create(image, format, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    struct fitted fitted = fit(fitter, &(struct fit_job){.frame = &sample.frame,
                                                         .width = image->width,
                                                         .height = image->height,
                                                         .budget = budget,
                                                         .settings = settings});
    sample_fini(&sample);
    return fitted;
}

static void fitted_fini(struct fitted *fitted)
{
    bytes_fini(&fitted->jpeg);
}

static struct decoded reference_of(const struct image *image, enum pixel_format format,
                                   const struct jpeg_options *options)
{
    struct fault fault;
    struct jpeg_encoder *encoder = jpeg_encoder_create(&fault);
    struct sample sample = sample_create(image, format, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    struct bytes jpeg;
    bytes_init(&jpeg);
    assert_non_null(encoder);
    assert_true(__real_jpeg_encoder_encode(encoder, &sample.frame, options, &jpeg, &fault));
    struct decoded decoded = decode(&jpeg);
    bytes_fini(&jpeg);
    sample_fini(&sample);
    jpeg_encoder_destroy(encoder);
    return decoded;
}

// What was fitted, against the picture halved as often by arithmetic and encoded alike.
static void assert_looks_like(const struct fitted *fitted, const struct image *image,
                              enum pixel_format format, enum subsampling subsampling, double least)
{
    struct decoded decoded = decode(&fitted->jpeg);
    struct image small = {image->width, image->height, NULL};
    while (small.width > fitted->result.width) {
        struct image half = image_halved(small.rgb == NULL ? image : &small);
        image_fini(&small);
        small = half;
    }
    struct jpeg_options options = {fitted->result.quality, subsampling, NULL, 0};
    struct decoded expected = reference_of(small.rgb == NULL ? image : &small, format, &options);
    assert_int_equal(decoded.image.height, fitted->result.height);
    double psnr = image_psnr(&decoded.image, &expected.image);
    if (psnr < least) {
        fail_msg("%ux%u at quality %d: %.1f dB", fitted->result.width, fitted->result.height,
                 fitted->result.quality, psnr);
    }
    image_fini(&small);
    decoded_fini(&decoded);
    decoded_fini(&expected);
}

static void without_a_budget_one_encode_at_the_best(void **state)
{
    for (int i = 0; i < 3; i++) {
        struct image image =
            i == 1 ? image_noise(320, 240, 1) : image_photo(320, 240, 5, 0, 4, (uint32_t)i);
        struct fitted fitted = fit_image(*state, &image, PIXEL_FORMAT_NV12, 0, &usual);
        assert_true(fitted.fits);
        assert_int_equal(encodes, 1);
        assert_int_equal(fitted.result.quality, 90);
        assert_int_equal(fitted.result.width, 320);
        fitted_fini(&fitted);
        image_fini(&image);
    }
}

// Moving scenes under new noise: one encode from the second picture on, near the budget.
static void a_scene_that_stays_costs_one_encode(void **state)
{
    static const uint64_t budgets[] = {100000, 60000, 40000, 25000, 12000};
    (void)state;
    for (int f = 0; f < 4; f++) {
        for (int b = 0; b < 5; b++) {
            void *fitter;
            setup(&fitter);
            for (uint32_t i = 0; i < 8; i++) {
                struct image image = image_photo(640, 480, 7, i * 5, 4, i + 1);
                struct fitted fitted = fit_image(fitter, &image, formats[f], budgets[b], &usual);
                assert_true(fitted.fits);
                assert_true(i < 2 || encodes == 1);
                bool is_at_best = fitted.result.quality == 90;
                assert_true(i < 2 || is_at_best ||
                            (double)fitted.jpeg.len >= 0.85 * (double)budgets[b]);
                if (i == 7) {
                    assert_looks_like(&fitted, &image, formats[f], SUBSAMPLING_420, 32);
                }
                fitted_fini(&fitted);
                image_fini(&image);
            }
            teardown(&fitter);
        }
    }
}

static struct image image_of(int kind, uint32_t width, uint32_t height)
{
    static const uint8_t colour[3] = {30, 90, 150};
    switch (kind) {
    case 0:
        return image_noise(width, height, 1);
    case 1:
        return image_flat(width, height, colour);
    case 2:
        return image_photo(width, height, 9, 0, 4, 3);
    case 3:
        return image_photo(width, height, 11, 0, 25, 3);
    case 4:
        return image_scene(width, height);
    default:
        return image_photo(width, height, 13, 0, 0, 3);
    }
}

enum { KINDS = 6 };

// Whatever comes after whatever: it fits, and from the second of a kind on it nearly always costs
// one encode.
static void abrupt_changes_leave_nothing_behind(void **state)
{
    static const uint64_t budgets[] = {5000, 18000, 70000, 250000};
    struct image images[KINDS];
    for (int i = 0; i < KINDS; i++) {
        images[i] = image_of(i, 512, 384);
    }
    uint32_t random = 7;
    unsigned once = 0;
    unsigned all = 0;
    for (int i = 0; i < 160; i++) {
        random = random * 1664525 + 1013904223;
        const struct image *image = &images[(random >> 16) % KINDS];
        enum pixel_format format = formats[(random >> 24) % 4];
        for (int again = 0; again < 3; again++) {
            struct fitted fitted = fit_image(*state, image, format, budgets[(i / 10) % 4], &usual);
            if (!fitted.fits) {
                fail_msg("%s", fitted.fault.text);
            }
            all += again > 0;
            once += again > 0 && encodes == 1;
            fitted_fini(&fitted);
        }
    }
    assert_true(once >= all * 9 / 10);
    for (int i = 0; i < KINDS; i++) {
        image_fini(&images[i]);
    }
}

static void every_size_and_subsampling(void **state)
{
    static const uint32_t sizes[][2] = {{16, 16},   {31, 17},   {160, 120},
                                        {641, 479}, {64, 1500}, {1920, 1080}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct image image = image_of(2, sizes[s][0], sizes[s][1]);
        for (int f = 0; f < 4; f++) {
            for (int u = 0; u < 3; u++) {
                struct develop_settings settings = {
                    .quality = 95, .min_quality = 30, .subsampling = (enum subsampling)u};
                uint64_t budget = 1500 + (uint64_t)image.width * image.height / 20;
                struct fitted fitted = fit_image(*state, &image, formats[f], budget, &settings);
                assert_true(fitted.fits);
                assert_looks_like(&fitted, &image, formats[f], settings.subsampling, 32);
                fitted_fini(&fitted);
            }
        }
        image_fini(&image);
    }
}

static void halved_pictures_are_right(void **state)
{
    for (int f = 0; f < 4; f++) {
        struct image image = image_scene(637, 411);
        static const struct develop_settings fine = {
            .quality = 92, .min_quality = 92, .subsampling = SUBSAMPLING_444};
        uint32_t before = 638;
        for (uint64_t budget = 40000; budget > 1500; budget /= 3) {
            struct fitted fitted = fit_image(*state, &image, formats[f], budget, &fine);
            assert_true(fitted.fits);
            assert_true(fitted.result.width <= before);
            before = fitted.result.width;
            assert_looks_like(&fitted, &image, formats[f], SUBSAMPLING_444, 38);
            fitted_fini(&fitted);
        }
        assert_true(before < 200);
        image_fini(&image);
    }
}

static struct bytes jpeg_of(struct fitter *fitter, const struct image *image)
{
    struct fitted fitted =
        fit_image(fitter, image, PIXEL_FORMAT_RGB888, 0, &(struct develop_settings){.quality = 96});
    return fitted.jpeg;
}

// At sizes that libjpeg halves on the way, and at one that it cannot.
static void a_jpeg_is_compressed_again(void **state)
{
    struct image image = image_of(2, 957, 541);
    struct bytes original = jpeg_of(*state, &image);
    for (uint64_t budget = original.len; budget > 1600; budget = budget * 2 / 5) {
        struct fit_job job = {.original = &original,
                              .width = 957,
                              .height = 541,
                              .budget = budget,
                              .settings = &usual};
        struct fitted fitted = fit(*state, &job);
        assert_true(fitted.fits);
        assert_looks_like(&fitted, &image, PIXEL_FORMAT_YUV420, SUBSAMPLING_420, 26);
        fitted_fini(&fitted);
    }
    bytes_fini(&original);
    image_fini(&image);
}

static void a_jpeg_that_does_not_decode_is_a_fault(void **state)
{
    struct image image = image_of(2, 160, 120);
    struct bytes original = jpeg_of(*state, &image);
    for (size_t i = original.len / 2; i < original.len - 2; i++) {
        original.data[i] = (uint8_t)(i * 7) & 0x7F;
    }
    struct fit_job job = {
        .original = &original, .width = 160, .height = 120, .budget = 3000, .settings = &usual};
    struct fitted fitted = fit(*state, &job);
    assert_false(fitted.fits);
    assert_int_not_equal(fitted.fault.code, EMSGSIZE);
    bytes_fini(&original);
    image_fini(&image);
}

static void a_jpeg_of_absurd_size_is_a_fault(void **state)
{
    struct image image = image_of(2, 160, 120);
    struct bytes original = jpeg_of(*state, &image);
    for (size_t i = 0; i < original.len - 9; i++) {
        if (original.data[i] == 0xFF && original.data[i + 1] == 0xC0) {
            memset(original.data + i + 5, 0xFF, 1); // the sides' high bytes
            memset(original.data + i + 7, 0xFF, 1);
        }
    }
    struct fit_job job = {
        .original = &original, .width = 65440, .height = 65400, .budget = 3000, .settings = &usual};
    struct fitted fitted = fit(*state, &job);
    assert_false(fitted.fits);
    assert_non_null(strstr(fitted.fault.text, "claims"));
    bytes_fini(&original);
    image_fini(&image);
}

static void assert_too_large(const struct fitted *fitted, uint64_t budget)
{
    char bound[40];
    snprintf(bound, sizeof bound, "more than %u are", (unsigned)budget);
    assert_false(fitted->fits);
    assert_int_equal(fitted->fault.code, EMSGSIZE);
    assert_non_null(strstr(fitted->fault.text, bound));
    assert_non_null(strstr(fitted->fault.text, " bytes ("));
}

static void what_cannot_fit_is_said_in_figures(void **state)
{
    // not a byte above the headers: known without an encode
    struct image image = image_of(2, 320, 240);
    struct fitted fitted = fit_image(*state, &image, PIXEL_FORMAT_NV12, 300, &usual);
    assert_too_large(&fitted, 300);
    assert_int_equal(encodes, 0);
    image_fini(&image);

    // too narrow to be halved as often as it would take
    image = image_noise(17, 4000, 3);
    fitted = fit_image(*state, &image, PIXEL_FORMAT_YUV420, 2700, &usual);
    assert_too_large(&fitted, 2700);
    assert_true(encodes >= 1);
    image_fini(&image);

    // and the next picture is none the worse
    image = image_of(4, 320, 240);
    fitted = fit_image(*state, &image, PIXEL_FORMAT_NV12, 60000, &usual);
    assert_true(fitted.fits);
    assert_int_equal(fitted.result.quality, 90);
    fitted_fini(&fitted);
    image_fini(&image);
}

static void a_frame_that_lies_is_refused(void **state)
{
    struct image image = image_of(2, 320, 240);
    struct sample sample =
        sample_create(&image, PIXEL_FORMAT_YUV420, COLOR_ENCODING_REC601, COLOR_RANGE_FULL, 0);
    sample.frame.planes[2].size -= 1;
    struct fitted fitted = fit(*state, &(struct fit_job){.frame = &sample.frame,
                                                         .width = 320,
                                                         .height = 240,
                                                         .budget = 2000,
                                                         .settings = &usual});
    assert_false(fitted.fits);
    assert_int_equal(encodes, 0);
    sample_fini(&sample);
    image_fini(&image);
}

// However it is bounded: it is halved until both sides fit, and from there as ever.
static void a_smaller_size_is_met_by_halving(void **state)
{
    static const struct {
        uint32_t max_width, max_height, width, height;
    } rows[] = {{640, 480, 640, 480},  {639, 480, 320, 240}, {640, 479, 320, 240},
                {320, 0, 320, 240},    {0, 200, 160, 120},   {64, 48, 40, 30},
                {9999, 9999, 640, 480}};
    struct image image = image_scene(640, 480);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct develop_settings settings = usual;
        settings.max_width = rows[i].max_width;
        settings.max_height = rows[i].max_height;
        struct fitted fitted = fit_image(*state, &image, PIXEL_FORMAT_NV12, 0, &settings);
        assert_true(fitted.fits);
        assert_int_equal(fitted.result.width, rows[i].width);
        assert_int_equal(fitted.result.height, rows[i].height);
        assert_int_equal(fitted.result.quality, 90);
        assert_looks_like(&fitted, &image, PIXEL_FORMAT_NV12, SUBSAMPLING_420, 38);
        fitted_fini(&fitted);
    }
    image_fini(&image);
}

static void a_smaller_size_meets_its_budget_too(void **state)
{
    struct image image = image_photo(640, 480, 7, 0, 4, 1);
    struct develop_settings settings = usual;
    settings.max_width = 320;
    struct fitted fitted = fit_image(*state, &image, PIXEL_FORMAT_YUV420, 6000, &settings);
    assert_true(fitted.fits); // which fit() has held against the budget
    assert_true(fitted.result.width <= 320);
    fitted_fini(&fitted);
    settings.max_width = 0; // and the next one is whole again
    fitted = fit_image(*state, &image, PIXEL_FORMAT_YUV420, 0, &settings);
    assert_int_equal(fitted.result.width, 640);
    assert_looks_like(&fitted, &image, PIXEL_FORMAT_YUV420, SUBSAMPLING_420, 38);
    fitted_fini(&fitted);
    image_fini(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_budget_one_encode_at_the_best, setup, teardown),
        cmocka_unit_test_setup_teardown(a_smaller_size_is_met_by_halving, setup, teardown),
        cmocka_unit_test_setup_teardown(a_smaller_size_meets_its_budget_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_scene_that_stays_costs_one_encode, setup, teardown),
        cmocka_unit_test_setup_teardown(abrupt_changes_leave_nothing_behind, setup, teardown),
        cmocka_unit_test_setup_teardown(every_size_and_subsampling, setup, teardown),
        cmocka_unit_test_setup_teardown(halved_pictures_are_right, setup, teardown),
        cmocka_unit_test_setup_teardown(a_jpeg_is_compressed_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_jpeg_that_does_not_decode_is_a_fault, setup, teardown),
        cmocka_unit_test_setup_teardown(a_jpeg_of_absurd_size_is_a_fault, setup, teardown),
        cmocka_unit_test_setup_teardown(what_cannot_fit_is_said_in_figures, setup, teardown),
        cmocka_unit_test_setup_teardown(a_frame_that_lies_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
