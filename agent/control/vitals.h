// How the machine and this process are doing, as far as the kernel says.
#pragma once

#include <stdint.h>

uint64_t vitals_rss_bytes(void);       // of this process; 0: unknown
double vitals_cpu_temperature_c(void); // NAN: the machine does not say
