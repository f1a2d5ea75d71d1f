// Descriptors and control requests by the tables of the UVC 1.0 and USB 2.0 specifications.
#include "uvc.h"

#include <stdio.h>
#include <string.h>

enum {
    VIDEO_CONTROL = 0, // the interfaces
    VIDEO_STREAMING = 1,
    CAMERA_TERMINAL = 1, // the entities of VIDEO_CONTROL
    PROCESSING_UNIT = 2,
    OUTPUT_TERMINAL = 3,
    ENDPOINT_IN = 0x81,
    CS_INTERFACE = 0x24, // descriptor type
    MJPEG = 1,           // the formats, by their descriptors' index
    YUYV = 2,
    PROBE = 1, // controls of VIDEO_STREAMING
    COMMIT = 2,
    PAYLOAD_HEADER_SIZE = 2,
    STREAM_CONTROL_SIZE = 26,
};

enum request {
    SET_CUR = 0x01,
    GET_CUR = 0x81,
    GET_MIN = 0x82,
    GET_MAX = 0x83,
    GET_RES = 0x84,
    GET_LEN = 0x85,
    GET_INFO = 0x86,
    GET_DEF = 0x87,
};

#define LE16(value) (uint8_t)((value)&0xff), (uint8_t)((value) >> 8 & 0xff)
#define LE32(value) LE16(value), LE16((value) >> 16)

struct control {
    uint8_t entity;
    uint8_t selector;
    uint8_t size;
    const char *name;
    int32_t least;
    int32_t most;
    int32_t step;
    int32_t usual;
    int32_t now;
};

static struct control controls[] = {
    {CAMERA_TERMINAL, 2, 1, "ae-mode", 1, 8, 1 | 8, 8, 8},
    {CAMERA_TERMINAL, 4, 4, "exposure", 1, 10000, 1, 166, 166}, // of 100 us
    {PROCESSING_UNIT, 2, 2, "brightness", -64, 64, 1, 0, 0},
    {PROCESSING_UNIT, 3, 2, "contrast", 0, 95, 1, 32, 32},
};

static struct {
    struct uvc_mode modes[UVC_MODES_MAX];
    size_t count;
    uint32_t interval; // of frames, in 100 ns
    uint8_t configuration[UVC_ANSWER_MAX];
    size_t len;
    uint8_t format; // as negotiated
    uint8_t frame;
} uvc;

static void put_bytes(const uint8_t *descriptor)
{
    memcpy(uvc.configuration + uvc.len, descriptor, descriptor[0]);
    uvc.len += descriptor[0];
}
#define PUT(...) put_bytes((const uint8_t[]){__VA_ARGS__})

// Of a descriptor at `at` that names the length of all that follow it, at its byte `field`.
static void put_total(size_t at, size_t field)
{
    size_t total = uvc.len - at;
    uvc.configuration[at + field] = (uint8_t)total;
    uvc.configuration[at + field + 1] = (uint8_t)(total >> 8);
}

static uint32_t frame_size(const struct uvc_mode *mode)
{
    return 2u * mode->width * mode->height;
}

static void put_format(bool is_mjpeg)
{
    uint8_t frames = 0;
    for (size_t i = 0; i < uvc.count; i++) {
        frames = (uint8_t)(frames + (uvc.modes[i].is_mjpeg == is_mjpeg));
    }
    if (frames == 0) {
        return;
    }
    if (is_mjpeg) {
        PUT(11, CS_INTERFACE, 6, MJPEG, frames, 1, 1, 0, 0, 0, 0);
    } else {
        PUT(27, CS_INTERFACE, 4, YUYV, frames, 'Y', 'U', 'Y', '2', 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa,
            0, 0x38, 0x9b, 0x71, 16, 1, 0, 0, 0, 0);
    }
    uint8_t index = 0;
    for (size_t i = 0; i < uvc.count; i++) {
        const struct uvc_mode *mode = &uvc.modes[i];
        if (mode->is_mjpeg != is_mjpeg) {
            continue;
        }
        uint32_t size = frame_size(mode);
        uint32_t bits = size * 8 * (10000000 / uvc.interval);
        PUT(30, CS_INTERFACE, is_mjpeg ? 7 : 5, ++index, 0, LE16(mode->width), LE16(mode->height),
            LE32(bits), LE32(bits), LE32(size), LE32(uvc.interval), 1, LE32(uvc.interval));
    }
    PUT(6, CS_INTERFACE, 13, 1, 1, 4); // colours: BT.709 primaries, BT.601 matrix
}

static void put_video_control(void)
{
    PUT(9, 4, VIDEO_CONTROL, 0, 0, 14, 1, 0, 2);
    size_t header = uvc.len;
    PUT(13, CS_INTERFACE, 1, LE16(0x100), 0, 0, LE32(48000000), 1, VIDEO_STREAMING);
    PUT(18, CS_INTERFACE, 2, CAMERA_TERMINAL, LE16(0x201), 0, 0, 0, 0, 0, 0, 0, 0, 3, 0x0a, 0, 0);
    PUT(11, CS_INTERFACE, 5, PROCESSING_UNIT, CAMERA_TERMINAL, 0, 0, 2, 0x03, 0, 0);
    PUT(9, CS_INTERFACE, 3, OUTPUT_TERMINAL, LE16(0x101), 0, PROCESSING_UNIT, 0);
    put_total(header, 5);
}

static void put_video_streaming(void)
{
    PUT(9, 4, VIDEO_STREAMING, 0, 1, 14, 2, 0, 0);
    size_t header = uvc.len;
    bool is_both = uvc.modes[0].is_mjpeg && !uvc.modes[uvc.count - 1].is_mjpeg;
    if (is_both) {
        PUT(15, CS_INTERFACE, 1, 2, 0, 0, ENDPOINT_IN, 0, OUTPUT_TERMINAL, 0, 0, 0, 1, 0, 0);
    } else {
        PUT(14, CS_INTERFACE, 1, 1, 0, 0, ENDPOINT_IN, 0, OUTPUT_TERMINAL, 0, 0, 0, 1, 0);
    }
    put_format(true);
    put_format(false);
    put_total(header, 4);
    PUT(7, 5, ENDPOINT_IN, 2, LE16(512), 0);
}

void uvc_init(const struct uvc_mode *modes, size_t count, uint32_t fps)
{
    memcpy(uvc.modes, modes, count * sizeof *modes);
    uvc.count = count;
    uvc.interval = 10000000 / fps;
    uvc.format = modes[0].is_mjpeg ? MJPEG : YUYV;
    uvc.frame = 1;
    PUT(9, 2, 0, 0, 2, 1, 0, 0x80, 250);
    PUT(8, 11, VIDEO_CONTROL, 2, 14, 3, 0, 0); // both interfaces are one function
    put_video_control();
    put_video_streaming();
    put_total(0, 2);
}

size_t uvc_mode_index(void)
{
    uint8_t frame = 0;
    for (size_t i = 0; i < uvc.count; i++) {
        frame = (uint8_t)(frame + (uvc.modes[i].is_mjpeg == (uvc.format == MJPEG)));
        if (frame == uvc.frame && uvc.modes[i].is_mjpeg == (uvc.format == MJPEG)) {
            return i;
        }
    }
    return 0;
}

static void answer_bytes(struct uvc_answer *answer, const void *data, size_t len)
{
    memcpy(answer->data, data, len);
    answer->len = (uint32_t)len;
    answer->is_refused = false;
}

static void answer_number(struct uvc_answer *answer, int32_t value, size_t size)
{
    answer_bytes(answer, (const uint8_t[]){LE32(value)}, size);
}

// ---- USB's own requests

static void answer_string(struct uvc_answer *answer, unsigned index)
{
    static const char *const strings[] = {"still2mqtt tests", "Simulated webcam", "SIM0001"};
    if (index == 0) {
        answer_bytes(answer, (const uint8_t[]){4, 3, LE16(0x409)}, 4);
    } else if (index <= sizeof strings / sizeof strings[0]) {
        const char *text = strings[index - 1];
        uint8_t descriptor[128] = {(uint8_t)(2 + 2 * strlen(text)), 3};
        for (size_t i = 0; text[i] != '\0'; i++) {
            descriptor[2 + 2 * i] = (uint8_t)text[i];
        }
        answer_bytes(answer, descriptor, descriptor[0]);
    }
}

static void answer_descriptor(struct uvc_answer *answer, unsigned type, unsigned index)
{
    static const uint8_t device[] = {
        18, 1, LE16(0x200), 0xef, 2, 1, 64, LE16(0x1d6b), LE16(0x0102), LE16(0x100), 1, 2, 3, 1};
    if (type == 1) {
        answer_bytes(answer, device, sizeof device);
    } else if (type == 2) {
        answer_bytes(answer, uvc.configuration, uvc.len);
    } else if (type == 3) {
        answer_string(answer, index);
    }
}

static void answer_standard(const uint8_t setup[8], struct uvc_answer *answer)
{
    enum { GET_STATUS = 0, CLEAR_FEATURE = 1, GET_DESCRIPTOR = 6, SET_INTERFACE = 11 };
    bool is_in = (setup[0] & 0x80) != 0;
    if (is_in && setup[1] == GET_STATUS) {
        answer_number(answer, 0, 2);
    } else if (is_in && setup[1] == GET_DESCRIPTOR) {
        answer_descriptor(answer, setup[3], setup[2]);
    } else if (!is_in) {
        answer->is_refused = false;
        // this is how uvcvideo stops a bulk endpoint
        bool is_stop = setup[1] == CLEAR_FEATURE || setup[1] == SET_INTERFACE;
        answer->effect = is_stop ? UVC_STOP : UVC_NOTHING;
    }
}

// ---- UVC's requests

static void answer_stream(uint8_t request, uint8_t selector, const uint8_t *data, uint32_t len,
                          struct uvc_answer *answer)
{
    if (request == SET_CUR && len >= 4) {
        uvc.format = data[2];
        uvc.frame = data[3];
        answer->effect = selector == COMMIT ? UVC_STREAM : UVC_NOTHING;
        answer->is_refused = false;
    } else if (request == GET_LEN) {
        answer_number(answer, STREAM_CONTROL_SIZE, 2);
    } else if (request == GET_INFO) {
        answer_number(answer, 3, 1);
    } else if (request != SET_CUR) {
        uint32_t size = frame_size(&uvc.modes[uvc_mode_index()]);
        answer_bytes(answer,
                     (const uint8_t[STREAM_CONTROL_SIZE]){
                         LE16(1), uvc.format, uvc.frame, LE32(uvc.interval), LE16(0), LE16(0),
                         LE16(0), LE16(0), LE16(0), LE32(size), LE32(size + PAYLOAD_HEADER_SIZE)},
                     STREAM_CONTROL_SIZE);
    }
}

static void control_set(struct control *control, const uint8_t *data, struct uvc_answer *answer)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < control->size; i++) {
        value |= (uint32_t)data[i] << (8 * i);
    }
    control->now = control->size == 2 ? (int16_t)value : (int32_t)value;
    answer->is_refused = false;
    answer->effect = UVC_SET;
    snprintf(answer->text, sizeof answer->text, "%s %d", control->name, control->now);
}

static void answer_control(uint8_t request, struct control *control, const uint8_t *data,
                           uint32_t len, struct uvc_answer *answer)
{
    switch ((enum request)request) {
    case SET_CUR:
        if (len >= control->size) {
            control_set(control, data, answer);
        }
        return;
    case GET_CUR:
        answer_number(answer, control->now, control->size);
        return;
    case GET_MIN:
        answer_number(answer, control->least, control->size);
        return;
    case GET_MAX:
        answer_number(answer, control->most, control->size);
        return;
    case GET_RES:
        answer_number(answer, control->step, control->size);
        return;
    case GET_DEF:
        answer_number(answer, control->usual, control->size);
        return;
    case GET_LEN:
        answer_number(answer, control->size, 2);
        return;
    case GET_INFO:
        answer_number(answer, 3, 1);
        return;
    }
}

static void answer_class(const uint8_t setup[8], const uint8_t *data, uint32_t len,
                         struct uvc_answer *answer)
{
    uint8_t request = setup[1];
    uint8_t selector = setup[3];
    uint8_t interface = setup[4];
    uint8_t entity = setup[5];
    if (interface == VIDEO_STREAMING && (selector == PROBE || selector == COMMIT)) {
        answer_stream(request, selector, data, len, answer);
        return;
    }
    for (size_t i = 0; i < sizeof controls / sizeof controls[0]; i++) {
        if (interface == VIDEO_CONTROL && controls[i].entity == entity &&
            controls[i].selector == selector) {
            answer_control(request, &controls[i], data, len, answer);
        }
    }
}

void uvc_control(const uint8_t setup[8], const uint8_t *data, uint32_t len,
                 struct uvc_answer *answer)
{
    *answer = (struct uvc_answer){.is_refused = true};
    bool is_class = (setup[0] & 0x60) == 0x20;
    if (is_class) {
        answer_class(setup, data, len, answer);
    } else {
        answer_standard(setup, answer);
    }
    uint32_t wanted = setup[6] | (uint32_t)setup[7] << 8;
    answer->len = answer->len < wanted ? answer->len : wanted;
}
