// Datagrams to the service manager: a write that never waits, and nobody's business if it fails.
#include "base/service.h"

#include <stdarg.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

void service_ready(void)
{
    (void)sd_notify(0, "READY=1");
}

void service_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1");
}

void service_alive(void)
{
    (void)sd_notify(0, "WATCHDOG=1");
}

void service_status(const char *format, ...)
{
    char line[480];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    (void)sd_notifyf(0, "STATUS=%s", line);
}

int64_t service_watchdog_ns(void)
{
    uint64_t microseconds = 0;
    return sd_watchdog_enabled(0, &microseconds) > 0 ? (int64_t)microseconds * 1000 : 0;
}
