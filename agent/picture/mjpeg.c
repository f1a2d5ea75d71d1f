// Walks a JPEG's segments and scans (ITU-T T.81, annex B). Pure; believes no length.
#include "picture/mjpeg.h"

#include "picture/frame_check.h"

#include <string.h>

enum marker {
    SOF0 = 0xC0, // baseline
    SOF1 = 0xC1, // extended sequential
    SOF2 = 0xC2, // progressive
    DHT = 0xC4,
    RST0 = 0xD0,
    RST7 = 0xD7,
    SOI = 0xD8,
    EOI = 0xD9,
    SOS = 0xDA,
    DQT = 0xDB,
    DNL = 0xDC,
    DRI = 0xDD,
    APP0 = 0xE0,
    APP1 = 0xE1,
    APP15 = 0xEF,
    COM = 0xFE,
};

struct walk {
    const uint8_t *data;
    size_t size;
    size_t at;
    size_t tables_at;
    size_t exif_at;
    size_t exif_size;
    uint32_t width;
    uint32_t height;
    unsigned components; // 0: no SOF yet
    bool progressive;
    bool has_quantisation;
    bool has_huffman;
    bool has_scan;
    struct fault *fault;
};

struct segment {
    const uint8_t *body; // behind the length
    size_t len;
};

static bool wrong(const struct walk *walk, const char *what)
{
    return fault_set(walk->fault, FAULT_PICTURE, 0, "not a whole JPEG: %s at byte %zu of %zu", what,
                     walk->at, walk->size);
}

static bool take_marker(struct walk *walk, unsigned *marker)
{
    if (walk->at < walk->size && walk->data[walk->at] != 0xFF) {
        return wrong(walk, "no marker where one is due");
    }
    size_t at = walk->at;
    while (at < walk->size && walk->data[at] == 0xFF) { // any number of them may come first
        at++;
    }
    if (at >= walk->size) {
        return wrong(walk, "it breaks off");
    }
    *marker = walk->data[at];
    walk->at = at + 1;
    return true;
}

static bool take_segment(struct walk *walk, struct segment *segment)
{
    size_t left = walk->size - walk->at;
    if (left < 2) {
        return wrong(walk, "it breaks off");
    }
    const uint8_t *start = walk->data + walk->at;
    size_t size = (size_t)start[0] << 8 | start[1]; // counts itself
    if (size < 2) {
        return wrong(walk, "an impossible segment length");
    }
    if (size > left) {
        return wrong(walk, "a segment that reaches beyond the end");
    }
    *segment = (struct segment){start + 2, size - 2};
    walk->at += size;
    return true;
}

static bool take_frame_header(struct walk *walk, unsigned marker)
{
    struct segment segment;
    if (walk->components != 0) {
        return wrong(walk, "a second frame header");
    }
    if (!take_segment(walk, &segment)) {
        return false;
    }
    const uint8_t *body = segment.body;
    if (segment.len < 6 || segment.len != 6 + 3 * (size_t)body[5]) {
        return wrong(walk, "a frame header of the wrong length");
    }
    if (body[0] != 8) {
        return wrong(walk, "samples that are not of 8 bits");
    }
    if (body[5] != 1 && body[5] != 3 && body[5] != 4) {
        return wrong(walk, "an impossible number of components");
    }
    walk->height = (uint32_t)body[1] << 8 | body[2];
    walk->width = (uint32_t)body[3] << 8 | body[4];
    if (walk->width < 1 || walk->width > FRAME_SIDE_MAX || walk->height < 1 ||
        walk->height > FRAME_SIDE_MAX) {
        return wrong(walk, "an impossible size");
    }
    walk->components = body[5];
    walk->progressive = marker == SOF2;
    return true;
}

// Leaves `at` on the FF of the marker that ends the scan.
static bool skip_entropy_coded(struct walk *walk)
{
    size_t start = walk->at;
    for (;;) {
        const uint8_t *next = memchr(walk->data + walk->at, 0xFF, walk->size - walk->at);
        if (next == NULL || next + 1 == walk->data + walk->size) {
            walk->at = walk->size;
            return wrong(walk, "it breaks off");
        }
        walk->at = (size_t)(next - walk->data);
        if (next[1] == 0xFF) {
            walk->at++;
        } else if (next[1] == 0x00 || (next[1] >= RST0 && next[1] <= RST7)) {
            walk->at += 2;
        } else {
            return walk->at > start || wrong(walk, "a scan without data");
        }
    }
}

static bool take_scan(struct walk *walk)
{
    struct segment segment;
    size_t marker_at = walk->at - 2;
    if (walk->components == 0) {
        return wrong(walk, "a scan before the frame header");
    }
    if (!walk->has_quantisation) {
        return wrong(walk, "a scan without a quantisation table");
    }
    if (!take_segment(walk, &segment)) {
        return false;
    }
    if (segment.len < 1 || segment.body[0] < 1 || segment.body[0] > walk->components ||
        segment.len != 4 + 2 * (size_t)segment.body[0]) {
        return wrong(walk, "a scan header that does not fit the frame header");
    }
    if (!walk->has_scan && !walk->has_huffman) {
        if (walk->progressive) {
            return wrong(walk, "a progressive scan without a Huffman table");
        }
        walk->tables_at = marker_at;
    }
    walk->has_scan = true;
    return skip_entropy_coded(walk);
}

static void note_exif(struct walk *walk, const struct segment *segment)
{
    static const char head[6] = "Exif";
    if (segment->len >= sizeof head && memcmp(segment->body, head, sizeof head) == 0) {
        walk->exif_size = segment->len + 4; // with its marker and length
        walk->exif_at = walk->at - walk->exif_size;
    }
}

static bool take_part(struct walk *walk, unsigned marker)
{
    struct segment segment;
    if (marker == SOF0 || marker == SOF1 || marker == SOF2) {
        return take_frame_header(walk, marker);
    }
    if (marker == SOS) {
        return take_scan(walk);
    }
    if (marker == DHT || marker == DQT || marker == DNL || marker == DRI || marker == COM ||
        (marker >= APP0 && marker <= APP15)) {
        if (!take_segment(walk, &segment)) {
            return false;
        }
        if (marker == APP1 && walk->exif_at == 0 && !walk->has_scan) {
            note_exif(walk, &segment);
        }
        walk->has_huffman |= marker == DHT && segment.len > 0;
        walk->has_quantisation |= marker == DQT && segment.len > 0;
        return true;
    }
    return wrong(walk,
                 marker == SOI ? "a second start of image" : "a marker that has no place here");
}

bool mjpeg_check(const uint8_t *data, size_t size, struct mjpeg *mjpeg, struct fault *fault)
{
    struct walk walk = {.data = data, .size = size, .fault = fault};
    if (size == 0) {
        return fault_set(fault, FAULT_PICTURE, 0, "the camera delivered an empty MJPEG frame");
    }
    if (size < 2 || data[0] != 0xFF || data[1] != SOI) {
        return wrong(&walk, "no start of image");
    }
    walk.at = 2;

    unsigned marker;
    if (!take_marker(&walk, &marker)) {
        return false;
    }
    while (marker != EOI) {
        if (!take_part(&walk, marker) || !take_marker(&walk, &marker)) {
            return false;
        }
    }
    if (!walk.has_scan) {
        return wrong(&walk, "an end of image without a scan");
    }
    *mjpeg = (struct mjpeg){
        .width = walk.width,
        .height = walk.height,
        .len = walk.at,
        .tables_at = walk.tables_at,
        .exif_at = walk.exif_at,
        .exif_size = walk.exif_size,
    };
    return true;
}

static bool append_extra(struct bytes *jpeg, const struct bytes *extra, struct fault *fault)
{
    return extra == NULL || bytes_append(jpeg, extra->data, extra->len, fault);
}

bool mjpeg_append(const uint8_t *data, const struct mjpeg *mjpeg, const struct mjpeg_extras *extras,
                  struct bytes *jpeg, struct fault *fault)
{
    enum { SOI_SIZE = 2 };
    const struct bytes *tables = mjpeg->tables_at != 0 ? extras->tables : NULL;
    size_t tables_at = mjpeg->tables_at != 0 ? mjpeg->tables_at : mjpeg->len;
    bool has_cut = extras->exif != NULL && mjpeg->exif_at != 0;
    size_t cut_at = has_cut ? mjpeg->exif_at : SOI_SIZE;
    size_t goes_on_at = has_cut ? mjpeg->exif_at + mjpeg->exif_size : SOI_SIZE;
    size_t more =
        (tables != NULL ? tables->len : 0) + (extras->exif != NULL ? extras->exif->len : 0);

    return bytes_reserve(jpeg, mjpeg->len + more, fault) &&
           bytes_append(jpeg, data, SOI_SIZE, fault) && append_extra(jpeg, extras->exif, fault) &&
           bytes_append(jpeg, data + SOI_SIZE, cut_at - SOI_SIZE, fault) &&
           bytes_append(jpeg, data + goes_on_at, tables_at - goes_on_at, fault) &&
           append_extra(jpeg, tables, fault) &&
           bytes_append(jpeg, data + tables_at, mjpeg->len - tables_at, fault);
}
