// Small readings from /proc and /sys. No state.
#include "control/vitals.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

uint64_t vitals_rss_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return 0;
    }
    unsigned long long total, resident;
    int fields = fscanf(file, "%llu %llu", &total, &resident);
    fclose(file);
    return fields == 2 ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

double vitals_cpu_temperature_c(void)
{
    FILE *file = fopen("/sys/class/thermal/thermal_zone0/temp", "re");
    if (file == NULL) {
        return NAN;
    }
    long millidegrees;
    int fields = fscanf(file, "%ld", &millidegrees);
    fclose(file);
    return fields == 1 ? (double)millidegrees / 1000 : NAN;
}
