// What is known of a picture, as an EXIF segment. The only file that knows libexif.
//
// Written are, each only where it is known: Model, Software, Orientation, the pixel dimensions,
// DateTimeOriginal with SubSecTimeOriginal and OffsetTimeOriginal (UTC), ExposureTime,
// ISOSpeedRatings (analogue times digital gain times 100) and SubjectDistance (one metre divided by
// the dioptres of the lens; 0 is infinity). Nothing tells a place, a serial number or a maker.
#pragma once

#include "base/bytes.h"
#include "camera/frame.h"

struct exif_facts {
    uint32_t width; // of the JPEG
    uint32_t height;
    unsigned orientation;    // 1 to 8
    const char *model;       // NULL or "": not known
    const char *captured_at; // UTC, RFC 3339 with milliseconds
    const struct frame_facts *camera;
};

// Appends a whole APP1 segment, marker and length included; under 1 KiB.
__attribute__((warn_unused_result)) bool exif_append(const struct exif_facts *facts,
                                                     struct bytes *segment, struct fault *fault);
