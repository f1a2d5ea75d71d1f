// EXIF through libexif. Publisher thread; keeps nothing.
#include "picture/exif.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libexif/exif-data.h>

enum { MODEL_MAX = 64, NUMBER_SIZE = 8 };

// A block under construction; `ok` false once anything could not be added.
struct block {
    ExifData *data;
    bool ok;
};

// Makes room for the value of a tag; NULL without memory.
static ExifEntry *add(struct block *block, ExifIfd ifd, ExifTag tag, ExifFormat format,
                      unsigned long components, unsigned size)
{
    ExifMem *memory = exif_mem_new_default();
    ExifEntry *entry = memory != NULL ? exif_entry_new_mem(memory) : NULL;
    void *value = entry != NULL ? exif_mem_alloc(memory, size) : NULL;
    if (value != NULL) {
        *entry = (ExifEntry){.tag = tag,
                             .format = format,
                             .components = components,
                             .data = value,
                             .size = size,
                             .parent = entry->parent,
                             .priv = entry->priv};
        exif_content_add_entry(block->data->ifd[ifd], entry);
    }
    block->ok = block->ok && value != NULL;
    exif_mem_unref(memory);
    exif_entry_unref(entry); // the content has its own reference
    return value != NULL ? entry : NULL;
}

static void add_text(struct block *block, ExifIfd ifd, ExifTag tag, const char *text)
{
    unsigned size = (unsigned)strlen(text) + 1;
    ExifEntry *entry = add(block, ifd, tag, EXIF_FORMAT_ASCII, size, size);
    if (entry != NULL) {
        memcpy(entry->data, text, size);
    }
}

static void add_short(struct block *block, ExifIfd ifd, ExifTag tag, unsigned value)
{
    ExifEntry *entry = add(block, ifd, tag, EXIF_FORMAT_SHORT, 1, sizeof(ExifShort));
    if (entry != NULL) {
        exif_set_short(entry->data, exif_data_get_byte_order(block->data), (ExifShort)value);
    }
}

static void add_long(struct block *block, ExifIfd ifd, ExifTag tag, uint32_t value)
{
    ExifEntry *entry = add(block, ifd, tag, EXIF_FORMAT_LONG, 1, sizeof(ExifLong));
    if (entry != NULL) {
        exif_set_long(entry->data, exif_data_get_byte_order(block->data), value);
    }
}

static void add_rational(struct block *block, ExifIfd ifd, ExifTag tag, ExifRational value)
{
    ExifEntry *entry = add(block, ifd, tag, EXIF_FORMAT_RATIONAL, 1, sizeof value);
    if (entry != NULL) {
        exif_set_rational(entry->data, exif_data_get_byte_order(block->data), value);
    }
}

static void add_model(struct block *block, const char *model)
{
    char text[MODEL_MAX + 1] = "";
    size_t len = 0;
    for (; model != NULL && model[len] != '\0' && len < MODEL_MAX; len++) {
        // EXIF's texts are ASCII
        text[len] = model[len] >= 0x20 && model[len] < 0x7F ? model[len] : '?';
    }
    if (len > 0) {
        add_text(block, EXIF_IFD_0, EXIF_TAG_MODEL, text);
    }
}

// "2026-01-31T23:59:59.123Z" as EXIF spells it.
static void add_time(struct block *block, const char *captured_at)
{
    char day[sizeof "2026:01:31 23:59:59"];
    enum { MS_AT = sizeof day, MS_LEN = 3 };
    if (strlen(captured_at) != MS_AT + MS_LEN + 1) {
        return; // a clock so wrong that its year has not four digits
    }
    snprintf(day, sizeof day, "%.4s:%.2s:%.2s %.8s", captured_at, captured_at + 5, captured_at + 8,
             captured_at + 11);
    char ms[MS_LEN + 1];
    snprintf(ms, sizeof ms, "%s", captured_at + MS_AT);
    add_text(block, EXIF_IFD_EXIF, EXIF_TAG_DATE_TIME_ORIGINAL, day);
    add_text(block, EXIF_IFD_EXIF, EXIF_TAG_SUB_SEC_TIME_ORIGINAL, ms);
    add_text(block, EXIF_IFD_EXIF, EXIF_TAG_OFFSET_TIME_ORIGINAL, "+00:00");
}

// The comparisons are false for NAN: not known.
static void add_camera(struct block *block, const struct frame_facts *camera)
{
    if (camera->exposure_us >= 1 && camera->exposure_us < UINT32_MAX) {
        add_rational(block, EXIF_IFD_EXIF, EXIF_TAG_EXPOSURE_TIME,
                     (ExifRational){(ExifLong)llrint(camera->exposure_us), 1000000});
    }
    double gain = camera->analogue_gain * (camera->digital_gain > 0 ? camera->digital_gain : 1);
    if (gain > 0) {
        add_short(block, EXIF_IFD_EXIF, EXIF_TAG_ISO_SPEED_RATINGS,
                  (unsigned)fmin(fmax(round(gain * 100), 1), UINT16_MAX));
    }
    if (camera->lens_position >= 0.001 && camera->lens_position < 1000) {
        add_rational(block, EXIF_IFD_EXIF, EXIF_TAG_SUBJECT_DISTANCE,
                     (ExifRational){(ExifLong)llrint(1000 / camera->lens_position), 1000});
    } else if (camera->lens_position >= 0 && camera->lens_position < 0.001) {
        add_rational(block, EXIF_IFD_EXIF, EXIF_TAG_SUBJECT_DISTANCE,
                     (ExifRational){UINT32_MAX, 1}); // infinity, says the standard
    }
}

static void fill(struct block *block, const struct exif_facts *facts)
{
    add_model(block, facts->model);
    add_text(block, EXIF_IFD_0, EXIF_TAG_SOFTWARE, "still2mqtt " STILL2MQTT_VERSION);
    add_short(block, EXIF_IFD_0, EXIF_TAG_ORIENTATION, facts->orientation);
    add_short(block, EXIF_IFD_EXIF, EXIF_TAG_COLOR_SPACE, 1); // sRGB
    add_long(block, EXIF_IFD_EXIF, EXIF_TAG_PIXEL_X_DIMENSION, facts->width);
    add_long(block, EXIF_IFD_EXIF, EXIF_TAG_PIXEL_Y_DIMENSION, facts->height);
    add_time(block, facts->captured_at);
    add_camera(block, facts->camera);
    exif_data_fix(block->data); // what the standard wants besides
}

static bool append_segment(const unsigned char *block, unsigned len, struct bytes *segment,
                           struct fault *fault)
{
    unsigned size = len + 2; // counts itself
    const uint8_t head[] = {0xFF, 0xE1, (uint8_t)(size >> 8), (uint8_t)size};
    return bytes_append(segment, head, sizeof head, fault) &&
           bytes_append(segment, block, len, fault);
}

bool exif_append(const struct exif_facts *facts, struct bytes *segment, struct fault *fault)
{
    struct block block = {exif_data_new(), true};
    unsigned char *saved = NULL;
    unsigned len = 0;
    if (block.data != NULL) {
        exif_data_set_option(block.data, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
        exif_data_set_data_type(block.data, EXIF_DATA_TYPE_COMPRESSED);
        exif_data_set_byte_order(block.data, EXIF_BYTE_ORDER_INTEL);
        fill(&block, facts);
        exif_data_save_data(block.data, &saved, &len);
        exif_data_unref(block.data);
    }
    bool ok = block.data != NULL && block.ok && saved != NULL && len > 0;
    ok = ok ? append_segment(saved, len, segment, fault)
            : fault_set(fault, FAULT_SYSTEM, 0, "no memory for the EXIF block");
    free(saved);
    return ok;
}
