// Words to enums. Pure.
#include "develop_settings.h"

#include <string.h>

struct develop_settings develop_settings_of(const struct settings_picture *settings)
{
    struct develop_settings develop = {
        .quality = (int)settings->quality,
        .subsampling = SUBSAMPLING_420,
    };
    if (strcmp(settings->subsampling, "4:2:2") == 0) {
        develop.subsampling = SUBSAMPLING_422;
    } else if (strcmp(settings->subsampling, "4:4:4") == 0) {
        develop.subsampling = SUBSAMPLING_444;
    }
    return develop;
}
