// Words to enums. Pure.
#include "develop_settings.h"

#include <string.h>

struct develop_settings develop_settings_of(const struct settings_picture *settings)
{
    struct develop_settings develop = {
        .quality = (int)settings->quality,
        .subsampling = SUBSAMPLING_420,
        .min_quality = (int)settings->min_quality, // the developer takes the lower of the two
        .max_bytes = settings->max_bytes,
        .exif = settings->exif,
        .form = PICTURE_FORM_BASE64,
    };
    if (strcmp(settings->subsampling, "4:2:2") == 0) {
        develop.subsampling = SUBSAMPLING_422;
    } else if (strcmp(settings->subsampling, "4:4:4") == 0) {
        develop.subsampling = SUBSAMPLING_444;
    }
    if (strcmp(settings->payload, "json") == 0) {
        develop.form = PICTURE_FORM_ENVELOPE;
    } else if (strcmp(settings->payload, "raw") == 0) {
        develop.form = PICTURE_FORM_RAW;
    }
    return develop;
}
