// What is written reads back, by libexif's own reader; what is not known is not there.
#include "picture/exif.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libexif/exif-data.h>

static const struct frame_facts silent = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, 0, 0, 0, 0};

static struct exif_facts facts_of(const struct frame_facts *camera)
{
    return (struct exif_facts){
        .width = 1921,
        .height = 1081,
        .orientation = 6,
        .model = "imx708",
        .captured_at = "2026-01-31T23:59:58.123Z",
        .camera = camera,
    };
}

static ExifData *written(const struct exif_facts *facts)
{
    struct bytes segment;
    struct fault fault;
    bytes_init(&segment);
    assert_true(bytes_append_text(&segment, "head", &fault)); // it appends
    assert_true(exif_append(facts, &segment, &fault));
    const uint8_t *at = segment.data + 4;
    assert_int_equal(at[0], 0xFF);
    assert_int_equal(at[1], 0xE1);
    assert_int_equal(at[2] << 8 | at[3], segment.len - 4 - 2);
    assert_true(segment.len < 1024);
    ExifData *data = exif_data_new_from_data(at + 4, (unsigned)segment.len - 8);
    assert_non_null(data);
    bytes_fini(&segment);
    return data;
}

static ExifEntry *entry_of(ExifData *data, ExifIfd ifd, ExifTag tag)
{
    return exif_content_get_entry(data->ifd[ifd], tag);
}

static void assert_text(ExifData *data, ExifIfd ifd, ExifTag tag, const char *expected)
{
    ExifEntry *entry = entry_of(data, ifd, tag);
    assert_non_null(entry);
    assert_int_equal(entry->format, EXIF_FORMAT_ASCII);
    assert_string_equal((const char *)entry->data, expected);
    assert_int_equal(entry->components, strlen(expected) + 1);
}

static unsigned whole(ExifData *data, ExifIfd ifd, ExifTag tag)
{
    ExifEntry *entry = entry_of(data, ifd, tag);
    assert_non_null(entry);
    ExifByteOrder order = exif_data_get_byte_order(data);
    return entry->format == EXIF_FORMAT_SHORT ? exif_get_short(entry->data, order)
                                              : exif_get_long(entry->data, order);
}

static ExifRational rational(ExifData *data, ExifTag tag)
{
    ExifEntry *entry = entry_of(data, EXIF_IFD_EXIF, tag);
    assert_non_null(entry);
    return exif_get_rational(entry->data, exif_data_get_byte_order(data));
}

static void all_there_is_to_say(void **state)
{
    (void)state;
    const struct frame_facts camera = {
        .exposure_us = 8333.4, .analogue_gain = 2, .digital_gain = 1.25, .lens_position = 2};
    struct exif_facts facts = facts_of(&camera);
    ExifData *data = written(&facts);
    assert_text(data, EXIF_IFD_0, EXIF_TAG_MODEL, "imx708");
    assert_text(data, EXIF_IFD_0, EXIF_TAG_SOFTWARE, "still2mqtt " STILL2MQTT_VERSION);
    assert_int_equal(whole(data, EXIF_IFD_0, EXIF_TAG_ORIENTATION), 6);
    assert_text(data, EXIF_IFD_EXIF, EXIF_TAG_DATE_TIME_ORIGINAL, "2026:01:31 23:59:58");
    assert_text(data, EXIF_IFD_EXIF, EXIF_TAG_SUB_SEC_TIME_ORIGINAL, "123");
    assert_text(data, EXIF_IFD_EXIF, EXIF_TAG_OFFSET_TIME_ORIGINAL, "+00:00");
    assert_int_equal(rational(data, EXIF_TAG_EXPOSURE_TIME).numerator, 8333);
    assert_int_equal(rational(data, EXIF_TAG_EXPOSURE_TIME).denominator, 1000000);
    assert_int_equal(whole(data, EXIF_IFD_EXIF, EXIF_TAG_ISO_SPEED_RATINGS), 250);
    assert_int_equal(rational(data, EXIF_TAG_SUBJECT_DISTANCE).numerator, 500);
    assert_int_equal(rational(data, EXIF_TAG_SUBJECT_DISTANCE).denominator, 1000);
    assert_int_equal(whole(data, EXIF_IFD_EXIF, EXIF_TAG_PIXEL_X_DIMENSION), 1921);
    assert_int_equal(whole(data, EXIF_IFD_EXIF, EXIF_TAG_PIXEL_Y_DIMENSION), 1081);
    assert_int_equal(whole(data, EXIF_IFD_EXIF, EXIF_TAG_COLOR_SPACE), 1);
    // what the standard demands
    assert_non_null(entry_of(data, EXIF_IFD_0, EXIF_TAG_X_RESOLUTION));
    assert_non_null(entry_of(data, EXIF_IFD_0, EXIF_TAG_YCBCR_POSITIONING));
    assert_non_null(entry_of(data, EXIF_IFD_EXIF, EXIF_TAG_EXIF_VERSION));
    assert_non_null(entry_of(data, EXIF_IFD_EXIF, EXIF_TAG_COMPONENTS_CONFIGURATION));
    exif_data_unref(data);
}

static void what_is_not_known_is_left_out(void **state)
{
    (void)state;
    struct exif_facts facts = facts_of(&silent);
    facts.model = NULL;
    facts.captured_at = "-292277022657-01-27T08:29:52.000Z"; // a clock gone mad
    facts.orientation = 1;
    ExifData *data = written(&facts);
    static const ExifTag tags[] = {
        EXIF_TAG_DATE_TIME_ORIGINAL, EXIF_TAG_SUB_SEC_TIME_ORIGINAL, EXIF_TAG_OFFSET_TIME_ORIGINAL,
        EXIF_TAG_EXPOSURE_TIME,      EXIF_TAG_ISO_SPEED_RATINGS,     EXIF_TAG_SUBJECT_DISTANCE,
        EXIF_TAG_LIGHT_SOURCE,
    };
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        assert_null(entry_of(data, EXIF_IFD_EXIF, tags[i]));
    }
    assert_null(entry_of(data, EXIF_IFD_0, EXIF_TAG_MODEL));
    assert_null(entry_of(data, EXIF_IFD_0, EXIF_TAG_MAKE));
    assert_int_equal(data->ifd[EXIF_IFD_GPS]->count, 0);
    assert_int_equal(whole(data, EXIF_IFD_0, EXIF_TAG_ORIENTATION), 1);
    exif_data_unref(data);
}

static void lens_at_infinity(void **state)
{
    (void)state;
    struct frame_facts camera = silent;
    camera.lens_position = 0;
    struct exif_facts facts = facts_of(&camera);
    ExifData *data = written(&facts);
    assert_int_equal(rational(data, EXIF_TAG_SUBJECT_DISTANCE).numerator, 0xFFFFFFFF);
    exif_data_unref(data);
}

static void hostile_facts_do_no_harm(void **state)
{
    (void)state;
    static const double numbers[] = {NAN,  INFINITY, -INFINITY, -1,   0,    1e-300,
                                     1e-9, 1e9,      5e9,       1e19, 1e300};
    char model[300];
    memset(model, 'm', sizeof model - 1);
    model[sizeof model - 1] = '\0';
    memcpy(model, "K\xC3\xA4mera\n\x01", 9);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        double n = numbers[i];
        const struct frame_facts camera = {n, n, n, n, n, n, n, 99, 99, 99, 0};
        struct exif_facts facts = facts_of(&camera);
        facts.model = model;
        facts.width = UINT32_MAX;
        ExifData *data = written(&facts);
        ExifEntry *entry = entry_of(data, EXIF_IFD_0, EXIF_TAG_MODEL);
        assert_non_null(entry);
        assert_int_equal(strlen((const char *)entry->data), 64);
        for (const uint8_t *c = entry->data; *c != 0; c++) {
            assert_true(*c >= 0x20 && *c < 0x7F);
        }
        exif_data_unref(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_there_is_to_say),
        cmocka_unit_test(what_is_not_known_is_left_out),
        cmocka_unit_test(lens_at_infinity),
        cmocka_unit_test(hostile_facts_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
