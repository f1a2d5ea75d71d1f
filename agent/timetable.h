// When shots are taken without being asked for: holds the schedule against the clocks and calls for
// the shots. Main thread; the only part that lets the wall clock decide.
#pragma once

#include "base/loop.h"
#include "control/schedule.h"
#include "shots.h"

struct timetable {
    const struct settings *settings;
    struct loop *loop;
    struct shots *shots;
    uint64_t seed;
    int timer;
    int clock_set;      // readable when the wall clock has been set; -1: not begun
    int64_t look_at_ns; // monotonic: all is worked out anew, should the zone be another
    uint32_t count;
    struct schedule schedules[SETTINGS_SCHEDULE_ENTRIES_MAX];
};

// `seed` makes this device's `jitter_s` its own. `settings` and `shots` are borrowed.
__attribute__((warn_unused_result)) bool timetable_init(struct timetable *timetable,
                                                        struct loop *loop, struct shots *shots,
                                                        const struct settings *settings,
                                                        uint64_t seed, struct fault *fault);
void timetable_fini(struct timetable *timetable); // fine without init, if zeroed with clock_set -1

// The shot as soon as the camera is there, where one is wanted and a window is open.
void timetable_start(struct timetable *timetable);

// Other settings from now on, borrowed. Entries whose times stay the same go on.
void timetable_apply(struct timetable *timetable, const struct settings *settings);
