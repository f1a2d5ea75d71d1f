// Shots and pictures as plain data. Pure.
#include "picture/picture.h"

#include <stdlib.h>

const char *trigger_name(enum trigger trigger)
{
    switch (trigger) {
    case TRIGGER_TIMER:
        return "timer";
    case TRIGGER_COMMAND:
        return "command";
    case TRIGGER_START:
        return "start";
    }
    return "unknown";
}

void picture_init(struct picture *picture)
{
    *picture = (struct picture){0};
}

void picture_fini(struct picture *picture)
{
    bytes_fini(&picture->jpeg);
    bytes_fini(&picture->meta);
    free(picture->captured_event);
    free(picture->reply_image);
    picture_init(picture);
}

void shot_free(struct shot *shot)
{
    if (shot != NULL) {
        free(shot->captured_event);
        free(shot->reply_image);
        free(shot);
    }
}
