// Clocks. Any thread, no state.
#include "base/timing.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return TIMING_S(now.tv_sec) + now.tv_nsec;
}

int64_t timing_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t timing_wall_ns(void)
{
    return clock_ns(CLOCK_REALTIME);
}

int64_t timing_wall_at(int64_t monotonic_ns)
{
    return timing_wall_ns() - (timing_now_ns() - monotonic_ns);
}

void timing_rfc3339(int64_t wall_ns, char text[TIMING_RFC3339_SIZE])
{
    time_t seconds = (time_t)(wall_ns / 1000000000);
    int64_t rest_ns = wall_ns % 1000000000;
    if (rest_ns < 0) {
        rest_ns += 1000000000;
        seconds--;
    }
    int ms = (int)(rest_ns / 1000000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    char day[24];
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, TIMING_RFC3339_SIZE, "%s.%03dZ", day, ms);
}

bool timing_clock_synced(void)
{
    struct timex state = {.modes = 0};
    int rc = adjtimex(&state);
    return rc >= 0 && rc != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

void timing_boot_id(char text[TIMING_BOOT_ID_SIZE])
{
    memset(text, '0', TIMING_BOOT_ID_SIZE - 1);
    text[TIMING_BOOT_ID_SIZE - 1] = '\0';

    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    char uuid[37] = "";
    ssize_t got = read(fd, uuid, sizeof uuid - 1);
    close(fd);
    size_t n = 0;
    for (ssize_t i = 0; i < got && n < TIMING_BOOT_ID_SIZE - 1; i++) {
        if (uuid[i] != '-' && uuid[i] != '\n') {
            text[n++] = uuid[i];
        }
    }
}
