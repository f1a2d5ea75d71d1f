// How the machine and our two processes are doing, as far as the kernel says.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { VITALS_TEXT_SIZE = 64 };

#define VITALS_UNKNOWN UINT64_MAX

// What a Raspberry Pi says of its power and its heat, in the firmware's order.
enum vitals_throttling {
    VITALS_UNDER_VOLTAGE = 1U << 0,
    VITALS_FREQUENCY_CAPPED = 1U << 1,
    VITALS_THROTTLED = 1U << 2,
    VITALS_SOFT_TEMPERATURE_LIMIT = 1U << 3,
};
enum { VITALS_THROTTLING_COUNT = 4 };
extern const char *const vitals_throttling_names[VITALS_THROTTLING_COUNT];

struct vitals_power {
    bool is_known;
    unsigned now;        // of enum vitals_throttling
    unsigned since_boot; // as far as anybody remembers; holds `now`
};

// A number that the machine does not give is NAN or VITALS_UNKNOWN, a text "".
struct vitals {
    char board[VITALS_TEXT_SIZE]; // "Raspberry Pi 4 Model B Rev 1.4"
    double board_uptime_s;
    double cpu_temperature_c;
    double load; // over one minute
    uint64_t agent_rss_bytes;
    uint64_t driver_rss_bytes;
    uint64_t memory_total_bytes;
    uint64_t memory_available_bytes;
    uint64_t cma_total_bytes;
    uint64_t cma_free_bytes;
    uint64_t disk_free_bytes; // for us, where the spool is
    char wifi_interface[VITALS_TEXT_SIZE];
    double wifi_signal_dbm;
    struct vitals_power power;
};

// Reads all of it below `root`, "" for the machine itself: some ten small files, 0.1 ms on a PC.
// `driver` 0: none runs. `spool` NULL: none is on a disk.
void vitals_read(struct vitals *vitals, const char *root, pid_t driver, const char *spool);

// The power alone, for looking often. The firmware's own word is get_throttled of its device; newer
// kernels give it from memory, and complain once a boot that somebody reads it instead of the hwmon
// alarm, which knows of under-voltage alone and is what we read where there is no other. The hwmon
// driver clears the firmware's memory every two seconds: who wants to know what has been must look.
struct vitals_power vitals_read_power(const char *root);
