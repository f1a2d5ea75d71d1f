// The border between the agent and a driver: what passes, and what never does.
#include "camera/driver_check.h"

#include "messages.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TYPES_END = 130, RANDOM_ROUNDS = 20 };

static void assert_refused(struct driver_message *message, const char *said)
{
    struct fault fault = {.kind = FAULT_NONE};
    assert_false(driver_check_message(message, message->size, &fault));
    assert_int_equal(fault.kind, FAULT_CAMERA);
    assert_non_null(strstr(fault.text, said));
}

static void a_good_message_of_every_type_passes_and_the_agents_do_not(void **state)
{
    (void)state;
    for (unsigned type = 0; type < TYPES_END; type++) {
        struct driver_message message;
        struct fault fault;
        bool is_drivers = message_make(&message, (enum driver_message_type)type);
        bool passes = driver_check_message(&message, message.size, &fault);
        assert_int_equal(passes, is_drivers);
        assert_int_equal(is_drivers, type >= DRIVER_HELLO && type <= DRIVER_APPEARED);
        assert_true(driver_message_size(type) <= sizeof message);
    }
}

static void the_length_must_be_that_of_the_type(void **state)
{
    (void)state;
    for (unsigned type = DRIVER_HELLO; type <= DRIVER_APPEARED; type++) {
        struct driver_message message;
        message_make(&message, (enum driver_message_type)type);
        size_t size = message.size;
        for (size_t len = 0; len <= sizeof message; len++) {
            struct fault fault;
            assert_int_equal(driver_check_message(&message, len, &fault), len == size);
        }
        message.size++;
        struct fault fault;
        assert_false(driver_check_message(&message, size, &fault));
    }
}

// What came is put where it just fits, so that ASan sees every byte read beyond it.
static void noise_of_any_length_never_passes_wrongly(void **state)
{
    (void)state;
    const unsigned seed = 20260131;
    print_message("seed %u\n", seed);
    srand(seed);
    for (size_t len = 0; len <= DRIVER_MESSAGE_MAX; len++) {
        struct driver_message *message = malloc(len > sizeof *message ? len : sizeof *message);
        for (int round = 0; round < (len < 64 ? RANDOM_ROUNDS : 1); round++) {
            for (size_t i = 0; i < len; i++) {
                ((uint8_t *)message)[i] = (uint8_t)rand();
            }
            struct fault fault;
            assert_false(driver_check_message(message, len, &fault));
            assert_true(fault.text[0] != '\0');
        }
        free(message);
    }
}

// Noise behind a true head: it passes or not, but its texts end and no number is out of bounds.
static void noise_in_a_body_is_cleaned_or_refused(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 3000; round++) {
        for (unsigned type = DRIVER_HELLO; type <= DRIVER_APPEARED; type++) {
            size_t size = driver_message_size(type);
            struct driver_message *message = malloc(sizeof *message);
            for (size_t i = 0; i < size; i++) {
                ((uint8_t *)message)[i] = (uint8_t)rand();
            }
            message->type = type;
            message->size = (uint32_t)size;
            struct fault fault;
            if (driver_check_message(message, size, &fault) && type == DRIVER_FRAME) {
                assert_true(isnan(message->frame.facts.lux) || isfinite(message->frame.facts.lux));
                assert_true(message->frame.facts.af < CONVERGENCE_COUNT);
            }
            free(message);
        }
    }
}

static void a_driver_of_another_build_is_told_so(void **state)
{
    (void)state;
    struct driver_message message;
    message_make(&message, DRIVER_HELLO);
    message.hello.protocol = 3;
    assert_refused(&message, "speaks protocol 3, this agent speaks 2: install both");
}

#define REFUSE_CONFIGURED(member, value, said)      \
    do {                                            \
        struct driver_message message_;             \
        message_make(&message_, DRIVER_CONFIGURED); \
        message_.configured.member = (value);       \
        assert_refused(&message_, said);            \
    } while (0)

static void every_number_of_configured_has_its_bounds(void **state)
{
    (void)state;
    REFUSE_CONFIGURED(width, 0, "the size 0x48");
    REFUSE_CONFIGURED(width, 65501, "the size 65501x48");
    REFUSE_CONFIGURED(height, 0, "the size 64x0");
    REFUSE_CONFIGURED(height, UINT32_MAX, "the size 64x4294967295");
    REFUSE_CONFIGURED(format, PIXEL_FORMAT_NONE, "format 0");
    REFUSE_CONFIGURED(format, PIXEL_FORMAT_COUNT, "format 9");
    REFUSE_CONFIGURED(encoding, COLOR_ENCODING_COUNT, "encoding 3");
    REFUSE_CONFIGURED(range, COLOR_RANGE_COUNT, "range 2");
    REFUSE_CONFIGURED(plane_count, 2, "2 planes of YUYV");
    REFUSE_CONFIGURED(plane_count, 0, "0 planes of YUYV");
    REFUSE_CONFIGURED(buffer_count, 1, "1 buffers");
    REFUSE_CONFIGURED(buffer_count, DRIVER_BUFFERS_MAX + 1, "17 buffers");
    REFUSE_CONFIGURED(frame_interval_ms, -1, "interval of -1 ms");
    REFUSE_CONFIGURED(frame_interval_ms, (double)NAN, "interval of");
    REFUSE_CONFIGURED(frame_interval_ms, (double)INFINITY, "interval of inf ms");
    REFUSE_CONFIGURED(frame_interval_ms, 600001, "interval of 600001 ms");
    REFUSE_CONFIGURED(orientation, 0, "the orientation 0");
    REFUSE_CONFIGURED(orientation, 9, "the orientation 9");
}

static void what_a_stream_cannot_be_is_refused(void **state)
{
    (void)state;
    struct driver_message message;
    message_make(&message, DRIVER_FRAME);
    message.frame.settling = SETTLING_COUNT;
    assert_refused(&message, "settled as 3");
    message_make(&message, DRIVER_PONG);
    message.pong.waiting_ns = -1;
    assert_refused(&message, "less than no time");
}

static void a_text_without_an_end_is_refused(void **state)
{
    (void)state;
    static const struct {
        enum driver_message_type type;
        size_t offset, size;
    } texts[] = {
#define TEXT(type, member) \
    {type, offsetof(struct driver_message, member), sizeof((struct driver_message *)0)->member}
        TEXT(DRIVER_HELLO, hello.driver),
        TEXT(DRIVER_HELLO, hello.library),
        TEXT(DRIVER_CAMERA, camera.id),
        TEXT(DRIVER_CAMERA, camera.model),
        TEXT(DRIVER_CAMERA, camera.location),
        TEXT(DRIVER_CAMERA, camera.details),
        TEXT(DRIVER_CONFIGURED, configured.id),
        TEXT(DRIVER_CONFIGURED, configured.model),
        TEXT(DRIVER_CONFIGURED, configured.unsupported),
        TEXT(DRIVER_WAITING, waiting.text),
        TEXT(DRIVER_FAILED, failed.text),
        TEXT(DRIVER_LOST, lost.text),
        TEXT(DRIVER_LOG, log.text),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct driver_message message;
        message_make(&message, texts[i].type);
        memset((char *)&message + texts[i].offset, 'x', texts[i].size);
        assert_refused(&message, "without an end");
        // the last byte that it may have
        ((char *)&message)[texts[i].offset + texts[i].size - 1] = '\0';
        struct fault fault;
        assert_true(driver_check_message(&message, message.size, &fault));
    }
}

static void texts_are_cleaned(void **state)
{
    (void)state;
    struct driver_message message;
    struct fault fault;
    message_make(&message, DRIVER_LOG);
    snprintf(message.log.text, sizeof message.log.text, "Tür\x1B[2J \xFF\xC3(\n");
    assert_true(driver_check_message(&message, message.size, &fault));
    assert_string_equal(message.log.text, "Tür?[2J ?"
                                          "?(?");

    message_make(&message, DRIVER_CAMERA);
    snprintf(message.camera.details, sizeof message.camera.details, "NV12\nYUYV\r\n\xFE");
    assert_true(driver_check_message(&message, message.size, &fault));
    assert_string_equal(message.camera.details, "NV12\nYUYV?\n?");

    // a character that is cut by the end of its array
    message_make(&message, DRIVER_HELLO);
    memcpy(message.hello.driver, "0123456789abcd\xC3", 16);
    assert_true(driver_check_message(&message, message.size, &fault));
    assert_string_equal(message.hello.driver, "0123456789abcd?");
}

static void a_failure_always_has_a_reason(void **state)
{
    (void)state;
    struct driver_message message;
    struct fault fault;
    message_make(&message, DRIVER_FAILED);
    message.failed.text[0] = '\0';
    assert_true(driver_check_message(&message, message.size, &fault));
    assert_string_equal(message.failed.text, "the driver did not say why");
    message_make(&message, DRIVER_LOST);
    message.lost.text[0] = '\0';
    assert_true(driver_check_message(&message, message.size, &fault));
    assert_string_equal(message.lost.text, "the driver did not say why");
}

static void facts_that_say_nothing_are_none(void **state)
{
    (void)state;
    struct driver_message message;
    struct fault fault;
    message_make(&message, DRIVER_FRAME);
    message.frame.facts = (struct frame_facts){
        .exposure_us = (double)INFINITY, .lux = -(double)INFINITY, .analogue_gain = 2, .awb = 99};
    assert_true(driver_check_message(&message, message.size, &fault));
    assert_true(isnan(message.frame.facts.exposure_us) && isnan(message.frame.facts.lux));
    assert_true(message.frame.facts.analogue_gain >= 2 && message.frame.facts.analogue_gain <= 2);
    assert_int_equal(message.frame.facts.awb, CONVERGENCE_UNKNOWN);
}

struct buffer_case {
    struct driver_configured configured;
    struct driver_buffer buffer;
    uint64_t sizes[FRAME_PLANES_MAX];
};

static struct buffer_case nv12(void)
{
    return (struct buffer_case){
        .configured = {.width = 5,
                       .height = 3,
                       .format = PIXEL_FORMAT_NV12,
                       .plane_count = 2,
                       .buffer_count = 2},
        // three rows of 5 in 8 bytes each, then two rows of 3 pairs; no padding after the last
        .buffer = {.plane_count = 2, .planes = {{0, 21, 8, 0}, {24, 14, 8, 0}}, .fd_count = 1},
        .sizes = {38},
    };
}

static bool buffer_passes(const struct buffer_case *it)
{
    struct fault fault = {.kind = FAULT_NONE};
    bool passes = driver_check_buffer(&it->configured, &it->buffer, it->sizes, &fault);
    assert_true(passes || (fault.kind == FAULT_CAMERA && fault.text[0] != '\0'));
    return passes;
}

#define REFUSE_BUFFER(member, value)           \
    do {                                       \
        struct buffer_case spoilt_ = nv12();   \
        spoilt_.member = (value);              \
        assert_false(buffer_passes(&spoilt_)); \
    } while (0)

static void planes_must_lie_within_their_descriptor(void **state)
{
    (void)state;
    struct buffer_case good = nv12();
    assert_true(buffer_passes(&good));
    REFUSE_BUFFER(sizes[0], 37);
    REFUSE_BUFFER(sizes[0], 0);
    REFUSE_BUFFER(buffer.planes[1].offset, 25);
    REFUSE_BUFFER(buffer.planes[1].offset, UINT32_MAX); // 32 bits would wrap around
    REFUSE_BUFFER(buffer.planes[1].length, UINT32_MAX - 23);
    REFUSE_BUFFER(buffer.planes[1].length, 0);
    REFUSE_BUFFER(buffer.planes[1].fd, 1);
    REFUSE_BUFFER(buffer.planes[1].fd, UINT32_MAX);
    REFUSE_BUFFER(buffer.fd_count, 0);
    REFUSE_BUFFER(buffer.fd_count, FRAME_PLANES_MAX + 1);
    REFUSE_BUFFER(buffer.plane_count, 1);
    REFUSE_BUFFER(buffer.plane_count, UINT32_MAX);
}

static void planes_must_hold_their_rows(void **state)
{
    (void)state;
    REFUSE_BUFFER(buffer.planes[0].stride, 4);
    REFUSE_BUFFER(buffer.planes[0].stride, 9);          // the third row would not fit
    REFUSE_BUFFER(buffer.planes[0].stride, UINT32_MAX); // 32 bits would wrap around
    REFUSE_BUFFER(buffer.planes[0].length, 20);
    REFUSE_BUFFER(buffer.planes[1].stride, 5); // three pairs are six bytes
    REFUSE_BUFFER(buffer.planes[1].length, 13);
    REFUSE_BUFFER(configured.width, 9);
    REFUSE_BUFFER(configured.height, 4);
}

static void a_jpeg_is_as_long_as_it_is(void **state)
{
    (void)state;
    struct buffer_case it = {
        .configured = {.width = 4000,
                       .height = 3000,
                       .format = PIXEL_FORMAT_MJPEG,
                       .plane_count = 1},
        .buffer = {.plane_count = 1, .planes = {{0, 10, 0, 0}}, .fd_count = 1},
        .sizes = {10},
    };
    assert_true(buffer_passes(&it));
    it.sizes[0] = 9;
    assert_false(buffer_passes(&it));
}

static void the_largest_planes_do_not_overflow(void **state)
{
    (void)state;
    for (unsigned format = PIXEL_FORMAT_YUV420; format < PIXEL_FORMAT_COUNT; format++) {
        uint32_t planes = driver_plane_count((enum pixel_format)format);
        assert_in_range(planes, 1, FRAME_PLANES_MAX);
        for (uint32_t i = 0; i < planes; i++) {
            uint32_t row_bytes, rows;
            driver_plane_needs((enum pixel_format)format, i, 65500, 65500, &row_bytes, &rows);
            assert_true(row_bytes <= 4 * 65500 && rows <= 65500);
            assert_true(format == PIXEL_FORMAT_MJPEG || row_bytes >= 65500 / 2);
        }
    }
    assert_int_equal(driver_plane_count(PIXEL_FORMAT_NONE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_message_of_every_type_passes_and_the_agents_do_not),
        cmocka_unit_test(the_length_must_be_that_of_the_type),
        cmocka_unit_test(noise_of_any_length_never_passes_wrongly),
        cmocka_unit_test(noise_in_a_body_is_cleaned_or_refused),
        cmocka_unit_test(a_driver_of_another_build_is_told_so),
        cmocka_unit_test(every_number_of_configured_has_its_bounds),
        cmocka_unit_test(what_a_stream_cannot_be_is_refused),
        cmocka_unit_test(a_text_without_an_end_is_refused),
        cmocka_unit_test(texts_are_cleaned),
        cmocka_unit_test(a_failure_always_has_a_reason),
        cmocka_unit_test(facts_that_say_nothing_are_none),
        cmocka_unit_test(planes_must_lie_within_their_descriptor),
        cmocka_unit_test(planes_must_hold_their_rows),
        cmocka_unit_test(a_jpeg_is_as_long_as_it_is),
        cmocka_unit_test(the_largest_planes_do_not_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
