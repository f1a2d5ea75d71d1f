// Moments as text and back, by the C library.
#include "clock_scene.h"

#include "base/timing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

void zone_set(const char *name)
{
    char path[100];
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    if (access(path, R_OK) != 0) {
        fail_msg("no %s: the package tzdata is missing", path);
    }
    setenv("TZ", name, 1);
    tzset();
}

int64_t utc_ns(const char *text)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
    assert_true(end != NULL && *end == '\0');
    return TIMING_S(timegm(&tm));
}

const char *local_text(int64_t wall_ns)
{
    static char text[40];
    time_t seconds = (time_t)(wall_ns / TIMING_S(1));
    struct tm local;
    localtime_r(&seconds, &local);
    strftime(text, sizeof text, "%a %m-%d %H:%M:%S %z", &local);
    return text;
}
