// The two clocks: the monotonic one for deciding, UTC for telling.
//
// "monotonic" is CLOCK_MONOTONIC in nanoseconds everywhere in this program; "wall" is
// CLOCK_REALTIME in nanoseconds since 1970, which is shown, and decides nothing but when the
// windows of a schedule are open and where its grid lies.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TIMING_MS(ms) ((int64_t)(ms)*1000000)
#define TIMING_S(s)   ((int64_t)(s)*1000000000)

enum {
    TIMING_RFC3339_SIZE = 32, // "2026-01-31T23:59:59.123Z" and its end, with room to spare
    TIMING_BOOT_ID_SIZE = 33, // 32 hexadecimal digits and the end
};

int64_t timing_now_ns(void);
int64_t timing_wall_ns(void);

// The wall time at which the monotonic clock showed `monotonic_ns`, by the wall clock as set now.
int64_t timing_wall_at(int64_t monotonic_ns);

// UTC with milliseconds, as RFC 3339 writes it.
void timing_rfc3339(int64_t wall_ns, char text[TIMING_RFC3339_SIZE]);

// Whether the kernel says that its clock is being kept right (adjtimex: not STA_UNSYNC). A Pi has
// no battery-backed clock: until NTP answers, its wall time is a guess.
bool timing_clock_synced(void);

// The kernel's id of this boot, as 32 hexadecimal digits; all zeros where the kernel has none.
void timing_boot_id(char text[TIMING_BOOT_ID_SIZE]);
