// The shutter, in the settings and on command. Main thread; never waits.
#include "shutter.h"

#include "base/log.h"
#include "control/command.h"

#include <string.h>

static void show(struct shutter *shutter)
{
    static const char *const names[] = {
        [SHUTTER_OPEN] = "open", [SHUTTER_CLOSED] = "closed", [SHUTTER_LOCKED] = "locked"};
    shutter->reporter->shutter = names[shutter->state];
    publisher_hide_pictures(shutter->publisher, shutter->state != SHUTTER_OPEN);
}

void shutter_init(struct shutter *shutter, struct camera *camera, struct publisher *publisher,
                  struct reporter *reporter)
{
    *shutter = (struct shutter){
        .camera = camera,
        .publisher = publisher,
        .reporter = reporter,
    };
    const char *word = reporter->settings->camera.shutter;
    if (strcmp(word, "locked") == 0) {
        shutter->state = SHUTTER_LOCKED;
    } else if (strcmp(word, "closed") == 0) {
        shutter->state = SHUTTER_CLOSED;
    }
    show(shutter);
}

bool shutter_is_open(const struct shutter *shutter)
{
    return shutter->state == SHUTTER_OPEN;
}

static void close_camera(struct shutter *shutter)
{
    struct fault why;
    fault_set(&why, FAULT_CAMERA, 0, "the shutter is %s", shutter->reporter->shutter);
    camera_shut(shutter->camera, &why);
}

void shutter_begin(struct shutter *shutter)
{
    if (shutter_is_open(shutter)) {
        camera_start(shutter->camera);
    } else {
        close_camera(shutter);
    }
}

bool shutter_set(struct shutter *shutter, bool open, struct fault *fault)
{
    if (shutter->state == SHUTTER_LOCKED) {
        return fault_set(fault, FAULT_COMMAND, COMMAND_SHUTTER_LOCKED,
                         "the shutter is locked: only who is at the machine opens it "
                         "(camera.shutter)");
    }
    if (open == shutter_is_open(shutter)) {
        return true;
    }
    shutter->state = open ? SHUTTER_OPEN : SHUTTER_CLOSED;
    show(shutter);
    log_info("the shutter is %s", shutter->reporter->shutter);
    reporter_state(shutter->reporter);
    if (open) {
        camera_open(shutter->camera);
    } else {
        close_camera(shutter);
    }
    return true;
}
