// Small readings from /proc and /sys. No state.
#include "control/vitals.h"

#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

const char *const vitals_throttling_names[VITALS_THROTTLING_COUNT] = {
    "under_voltage",
    "frequency_capped",
    "throttled",
    "soft_temperature_limit",
};

enum { FILE_SIZE = 4096, SINCE_BOOT_SHIFT = 16 };

// The beginning of the file as text; "" where it cannot be read.
static void read_text(const char *root, const char *path, char text[static FILE_SIZE])
{
    char whole[PATH_MAX];
    text[0] = '\0';
    if (snprintf(whole, sizeof whole, "%s%s", root, path) >= (int)sizeof whole) {
        return;
    }
    int fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return;
    }
    ssize_t got = read(fd, text, FILE_SIZE - 1);
    close(fd);
    text[got > 0 ? got : 0] = '\0';
}

static double read_number(const char *root, const char *path)
{
    char text[FILE_SIZE];
    read_text(root, path, text);
    char *end;
    double number = strtod(text, &end);
    return end == text ? (double)NAN : number;
}

static uint64_t read_rss(const char *root, const char *path)
{
    char text[FILE_SIZE];
    unsigned long long resident;
    read_text(root, path, text);
    if (sscanf(text, "%*u %llu", &resident) != 1) {
        return VITALS_UNKNOWN;
    }
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

// "MemAvailable:     123456 kB"
static uint64_t find_memory(const char *meminfo, const char *name)
{
    unsigned long long kibibytes;
    const char *at = strstr(meminfo, name);
    if (at == NULL || sscanf(at + strlen(name), ": %llu kB", &kibibytes) != 1) {
        return VITALS_UNKNOWN;
    }
    return kibibytes * 1024;
}

static void read_memory(struct vitals *vitals, const char *root)
{
    char text[FILE_SIZE];
    read_text(root, "/proc/meminfo", text);
    vitals->memory_total_bytes = find_memory(text, "MemTotal");
    vitals->memory_available_bytes = find_memory(text, "MemAvailable");
    vitals->cma_total_bytes = find_memory(text, "CmaTotal");
    vitals->cma_free_bytes = find_memory(text, "CmaFree");
    if (vitals->cma_total_bytes == 0) { // a kernel that could have it, and has not
        vitals->cma_total_bytes = VITALS_UNKNOWN;
        vitals->cma_free_bytes = VITALS_UNKNOWN;
    }
}

// Two lines of head, then " wlan0: 0000   54.  -56.  -256 ...". The kernel makes it of what nl80211
// would tell us in three messages; where it does not, there is no Wi-Fi to speak of. Old drivers
// give the level as a byte, or as a share of nothing in particular.
static void read_wifi(struct vitals *vitals, const char *root)
{
    char text[FILE_SIZE];
    char name[VITALS_TEXT_SIZE];
    double level;
    read_text(root, "/proc/net/wireless", text);
    for (char *line = strchr(text, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
        if (sscanf(line, " %63[^: |]: %*x %*f %lf", name, &level) == 2) {
            level -= level > 127 ? 256 : 0;
            if (level < 0) {
                memcpy(vitals->wifi_interface, name, sizeof name);
                vitals->wifi_signal_dbm = level;
            }
            return;
        }
    }
}

// The first of the files that the pattern fits whose text is a number, `base` as strtoul's.
static bool glob_number(const char *root, const char *pattern, int base, unsigned long *number)
{
    char whole[PATH_MAX];
    glob_t found = {.gl_pathc = 0};
    if (snprintf(whole, sizeof whole, "%s%s", root, pattern) >= (int)sizeof whole ||
        glob(whole, 0, NULL, &found) != 0) {
        return false;
    }
    bool good = false;
    for (size_t i = 0; !good && i < found.gl_pathc; i++) {
        char text[FILE_SIZE];
        char *end;
        read_text("", found.gl_pathv[i], text);
        *number = strtoul(text, &end, base);
        good = end != text;
    }
    globfree(&found);
    return good;
}

static bool is_rpi_volt(const char *root, unsigned index)
{
    char path[64];
    char text[FILE_SIZE];
    snprintf(path, sizeof path, "/sys/class/hwmon/hwmon%u/name", index);
    read_text(root, path, text);
    return strcmp(text, "rpi_volt\n") == 0;
}

static struct vitals_power read_alarm(const char *root)
{
    enum { HWMON_MAX = 16 };
    for (unsigned i = 0; i < HWMON_MAX; i++) {
        char pattern[64];
        unsigned long alarm;
        snprintf(pattern, sizeof pattern, "/sys/class/hwmon/hwmon%u/in*_lcrit_alarm", i);
        if (is_rpi_volt(root, i) && glob_number(root, pattern, 10, &alarm)) {
            unsigned now = alarm != 0 ? VITALS_UNDER_VOLTAGE : 0;
            return (struct vitals_power){true, now, now};
        }
    }
    return (struct vitals_power){.is_known = false};
}

struct vitals_power vitals_read_power(const char *root)
{
    const unsigned known = (1U << VITALS_THROTTLING_COUNT) - 1;
    unsigned long bits;
    // soc:firmware, and soc@107c000000:firmware on a Pi 5
    if (!glob_number(root, "/sys/devices/platform/soc*/soc*:firmware/get_throttled", 16, &bits)) {
        return read_alarm(root);
    }
    unsigned now = (unsigned)bits & known;
    return (struct vitals_power){true, now, now | ((unsigned)(bits >> SINCE_BOOT_SHIFT) & known)};
}

static uint64_t read_disk(const char *root, const char *spool)
{
    char path[PATH_MAX];
    struct statvfs disk;
    if (spool == NULL || snprintf(path, sizeof path, "%s%s", root, spool) >= (int)sizeof path ||
        statvfs(path, &disk) != 0) {
        return VITALS_UNKNOWN;
    }
    return (uint64_t)disk.f_bavail * disk.f_frsize;
}

static uint64_t read_driver(const char *root, pid_t driver)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/statm", (int)driver);
    return driver > 0 ? read_rss(root, path) : VITALS_UNKNOWN;
}

void vitals_read(struct vitals *vitals, const char *root, pid_t driver, const char *spool)
{
    char text[FILE_SIZE];
    *vitals = (struct vitals){
        .board_uptime_s = read_number(root, "/proc/uptime"),
        .cpu_temperature_c = read_number(root, "/sys/class/thermal/thermal_zone0/temp") / 1000,
        .load = read_number(root, "/proc/loadavg"),
        .agent_rss_bytes = read_rss(root, "/proc/self/statm"),
        .driver_rss_bytes = read_driver(root, driver),
        .disk_free_bytes = read_disk(root, spool),
        .wifi_signal_dbm = (double)NAN,
        .power = vitals_read_power(root),
    };
    read_text(root, "/proc/device-tree/model", text);
    snprintf(vitals->board, sizeof vitals->board, "%.63s", text);
    read_memory(vitals, root);
    read_wifi(vitals, root);
}
