// The camera and the publisher of the tests of shots, and what happens to them.
#pragma once

#include "shots.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { EVENTS_MAX = 64 };

extern struct scene {
    struct reporter reporter;
    struct shots shots;
    struct settings settings;
    bool is_online;
    bool fails_at_once; // camera_shoot finds that the driver has died
    unsigned asked;     // shots of the camera
    uint64_t seq;       // of the newest
    int64_t not_before_ns;
    unsigned given_back;
    struct shot *developing;
    json_t *events[EVENTS_MAX];
    size_t event_count;
    struct frame frame;
    uint64_t ticket; // of the newest command
    struct over {
        uint64_t ticket;
        uint64_t seq; // 0: without a shot
        bool good;
    } overs[EVENTS_MAX];
    size_t over_count;
} scene;

// Of each test.
int scene_begin(void **state);
int scene_end(void **state);

void assert_over(size_t index, uint64_t ticket, bool good);
void lose_camera(const char *text);
void timer_due(int64_t due_ns);
void expose(void);
void develop_with(bool accepted, int code);
void develop(bool accepted);
void fail_shot(const char *text);
void assert_event(size_t index, const char *type, const char *request_id, const char *said);
void command_at(const char *request_id, int64_t arrived_ns);
void command(const char *request_id);
const char *event_text(size_t index, const char *key);

#define SHOTS_TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)
