// A camera with the fake driver behind it, and all that it told.
#pragma once

#include "camera/camera.h"

enum { CAMERA_PATIENCE_S = 20 };

struct camera_scene {
    struct loop *loop;
    struct camera *camera;
    struct settings_camera settings;
    unsigned online;
    unsigned offline;
    unsigned frames;
    unsigned failed;
    unsigned lines;
    unsigned healings;
    struct frame *frame; // the newest that was lent and not given back
    int pid;
    char library[112];
    char reason[320]; // of the newest offline
    char failure[320];
    char line[512];
    char healing[320];
    char unsupported[256];
    int fds_before;
};

// Setup and teardown of a test, which may also begin anew within. The end sees to it that nothing
// was left behind.
int camera_begin(void **state);
int camera_end(void **state);

// What the driver does from its next start on: "" is right, fake_driver.c knows the rest.
void camera_behave(const char *behaviour);

void camera_start_as(struct camera_scene *scene, const char *behaviour);
void camera_take(struct camera_scene *scene);   // a shot
void camera_return(struct camera_scene *scene); // the frame

// Turn the loop until `*counter` is, or the restarts are, as many.
void camera_wait_for(struct camera_scene *scene, const unsigned *counter, unsigned count);
void camera_wait_for_restarts(struct camera_scene *scene, uint32_t restarts);

// The driver behaves from the next start on, and answers the shot that runs.
void assert_shot_survives(struct camera_scene *scene);

// The driver behaves from the next start on; two shots show that all is well.
void assert_recovers(struct camera_scene *scene);
