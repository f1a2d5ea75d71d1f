// The texts that say when: windows of the day, weekdays, places. Pure.
#pragma once

#include "base/fault.h"

#include <stdint.h>

enum day_edge_kind {
    DAY_EDGE_CLOCK,
    DAY_EDGE_SUNRISE,
    DAY_EDGE_SUNSET,
};

struct day_edge {
    enum day_edge_kind kind;
    int32_t seconds; // since midnight, up to 24:00; or after the sun's event, which may be negative
};

struct day_window {
    struct day_edge begin;
    struct day_edge end;
};

enum { WEEKDAYS_ALL = 0x7F }; // bit 0 is Monday

// "08:00-18:00", "sunset-sunrise", "sunrise-0:30 - sunset+1:00"; "" is the whole day. False:
// neither.
bool settings_window(const char *text, struct day_window *window);

// "mon-fri", "sat, sun"; "" is every day.
bool settings_weekdays(const char *text, uint8_t *weekdays);

// "51.48, -0.01"; "" leaves both as they are.
bool settings_place(const char *text, double *latitude, double *longitude);

bool settings_window_has_sun(const char *text);

bool settings_check_window(const char *text, struct fault *fault);
bool settings_check_weekdays(const char *text, struct fault *fault);
bool settings_check_place(const char *text, struct fault *fault);
