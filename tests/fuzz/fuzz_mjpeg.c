// A webcam's frame of any bytes: refused in words, or passed through as a JPEG that decodes.
#include "fuzz.h"

#include "picture/develop.h"
#include "picture/jpeg_decode.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct developer *developer;
    struct fault fault;
    if (developer == NULL) {
        developer = developer_create(&fault);
        MUST(developer != NULL);
    }
    struct frame frame = {.format = PIXEL_FORMAT_MJPEG,
                          .plane_count = 1,
                          .planes = {{(uint8_t *)(uintptr_t)data, size, 0}}};
    struct shot shot = {.id = "fuzz-1",
                        .seq = 1,
                        .frame = &frame,
                        .orientation = size % 9,
                        .develop = {.quality = 90, .min_quality = 40, .exif = true}};
    struct picture picture;
    picture_init(&picture);
    if (developer_develop(developer, &shot, &picture, &fault)) {
        uint32_t width;
        uint32_t height;
        MUST(picture.jpeg.len >= 4 && memcmp(picture.jpeg.data, "\xFF\xD8", 2) == 0 &&
             memcmp(picture.jpeg.data + picture.jpeg.len - 2, "\xFF\xD9", 2) == 0);
        MUST(jpeg_decode_size(picture.jpeg.data, picture.jpeg.len, &width, &height, &fault));
        MUST(width == picture.width && height == picture.height);
        MUST(jpeg_decode_check(picture.jpeg.data, picture.jpeg.len, &fault));
        picture_fini(&picture);
    } else {
        MUST(fault.kind != FAULT_NONE && fault.text[0] != '\0');
        MUST(picture.jpeg.data == NULL && picture.meta.data == NULL);
    }
    return 0;
}
