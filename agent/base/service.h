// What a service manager (systemd, or another that speaks its protocol) is told: that we run, how
// we do, that we are not stuck. Where there is none, nothing happens. The home of libsystemd.
#pragma once

#include <stdint.h>

void service_ready(void);    // starting is over
void service_stopping(void); // ending has begun
void service_alive(void);    // for the watchdog

// One line for `systemctl status`.
__attribute__((format(printf, 1, 2))) void service_status(const char *format, ...);

// How long we may be silent before we are killed as stuck; 0: for ever.
int64_t service_watchdog_ns(void);
