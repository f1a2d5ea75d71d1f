// What the kernel says, from a tree of files that the test makes: a Pi's, and one that says
// nothing.
#include "control/vitals.h"

#include <fcntl.h>
#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[64];

static int begin(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/still2mqtt-vitals-XXXXXX");
    return mkdtemp(root) == NULL;
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
    (void)stat;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static int end(void **state)
{
    (void)state;
    return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void make(const char *path, const char *text)
{
    char whole[300];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        (void)mkdir(whole, 0700);
        *slash = '/';
    }
    FILE *file = fopen(whole, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static struct vitals read_tree(pid_t driver, const char *spool)
{
    struct vitals vitals;
    vitals_read(&vitals, root, driver, spool);
    return vitals;
}

static const char meminfo[] = "MemTotal:         931524 kB\n"
                              "MemFree:           90000 kB\n"
                              "MemAvailable:     512000 kB\n"
                              "CmaTotal:         262144 kB\n"
                              "CmaFree:            7788 kB\n";

static void a_pi_says_all_of_it(void **state)
{
    (void)state;
    make("/proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4");
    make("/proc/uptime", "86400.25 300000.00\n");
    make("/proc/loadavg", "0.52 0.40 0.30 1/123 4567\n");
    make("/proc/meminfo", meminfo);
    make("/proc/self/statm", "5000 1000 800 20 0 600 0\n");
    make("/proc/4242/statm", "9000 2000 800 20 0 600 0\n");
    make("/proc/net/wireless",
         "Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE\n"
         " face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22\n"
         " wlan0: 0000   54.  -56.  -256        0      0      0      0      0        0\n");
    make("/sys/class/thermal/thermal_zone0/temp", "48312\n");
    make("/sys/devices/platform/soc/soc:firmware/get_throttled", "80008\n");
    make("/var/spool/x", "");

    struct vitals vitals = read_tree(4242, "/var/spool");
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    assert_string_equal(vitals.board, "Raspberry Pi 4 Model B Rev 1.4");
    assert_true(vitals.board_uptime_s == 86400.25);
    assert_true(vitals.load == 0.52);
    assert_true(fabs(vitals.cpu_temperature_c - 48.312) < 1e-9);
    assert_int_equal(vitals.agent_rss_bytes, 1000 * page);
    assert_int_equal(vitals.driver_rss_bytes, 2000 * page);
    assert_int_equal(vitals.memory_total_bytes, UINT64_C(931524) * 1024);
    assert_int_equal(vitals.memory_available_bytes, UINT64_C(512000) * 1024);
    assert_int_equal(vitals.cma_total_bytes, UINT64_C(262144) * 1024);
    assert_int_equal(vitals.cma_free_bytes, UINT64_C(7788) * 1024);
    assert_string_equal(vitals.wifi_interface, "wlan0");
    assert_true(vitals.wifi_signal_dbm == -56);
    assert_true(vitals.disk_free_bytes != VITALS_UNKNOWN);
    assert_true(vitals.power.is_known);
    assert_int_equal(vitals.power.now, VITALS_SOFT_TEMPERATURE_LIMIT);
    assert_int_equal(vitals.power.since_boot, VITALS_SOFT_TEMPERATURE_LIMIT);
}

static void expect_nothing(const struct vitals *vitals)
{
    assert_string_equal(vitals->board, "");
    assert_true(isnan(vitals->board_uptime_s));
    assert_true(isnan(vitals->load));
    assert_true(isnan(vitals->cpu_temperature_c));
    assert_true(vitals->agent_rss_bytes == VITALS_UNKNOWN);
    assert_true(vitals->driver_rss_bytes == VITALS_UNKNOWN);
    assert_true(vitals->memory_total_bytes == VITALS_UNKNOWN);
    assert_true(vitals->memory_available_bytes == VITALS_UNKNOWN);
    assert_true(vitals->cma_total_bytes == VITALS_UNKNOWN);
    assert_true(vitals->cma_free_bytes == VITALS_UNKNOWN);
    assert_true(vitals->disk_free_bytes == VITALS_UNKNOWN);
    assert_string_equal(vitals->wifi_interface, "");
    assert_true(isnan(vitals->wifi_signal_dbm));
    assert_false(vitals->power.is_known);
}

static void a_machine_that_says_nothing(void **state)
{
    (void)state;
    struct vitals vitals = read_tree(4242, "/var/spool");
    expect_nothing(&vitals);
    vitals = read_tree(0, NULL);
    expect_nothing(&vitals);
}

static void files_of_nonsense_say_nothing(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/proc/uptime",
        "/proc/loadavg",
        "/proc/meminfo",
        "/proc/self/statm",
        "/proc/4242/statm",
        "/proc/net/wireless",
        "/sys/class/thermal/thermal_zone0/temp",
        "/sys/devices/platform/soc/soc:firmware/get_throttled",
        "/sys/class/hwmon/hwmon0/name",
        "/sys/class/hwmon/hwmon0/in0_lcrit_alarm",
    };
    static const char *const texts[] = {"", "\n", "nothing\n\n:::\n", "MemTotal CmaFree: : kB\n"};
    for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++) {
        for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
            make(paths[i], texts[t]);
        }
        struct vitals vitals = read_tree(4242, NULL);
        expect_nothing(&vitals);
    }
}

static void a_kernel_without_cma_has_none(void **state)
{
    (void)state;
    make("/proc/meminfo", "MemTotal: 1000 kB\nCmaTotal:  0 kB\nCmaFree:  0 kB\n");
    struct vitals vitals = read_tree(0, NULL);
    assert_int_equal(vitals.memory_total_bytes, 1024000);
    assert_true(vitals.memory_available_bytes == VITALS_UNKNOWN);
    assert_true(vitals.cma_total_bytes == VITALS_UNKNOWN);
    assert_true(vitals.cma_free_bytes == VITALS_UNKNOWN);
}

static void the_firmware_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned now;
        unsigned since_boot;
    } rows[] = {
        {"0\n", 0, 0},
        {"50005\n", VITALS_UNDER_VOLTAGE | VITALS_THROTTLED,
         VITALS_UNDER_VOLTAGE | VITALS_THROTTLED},
        {"50000\n", 0, VITALS_UNDER_VOLTAGE | VITALS_THROTTLED},
        {"2\n", VITALS_FREQUENCY_CAPPED, VITALS_FREQUENCY_CAPPED}, // whatever it remembers
        {"80008", VITALS_SOFT_TEMPERATURE_LIMIT, VITALS_SOFT_TEMPERATURE_LIMIT},
        {"0xF000F\n", 0xF, 0xF},
        {"fffff0f0\n", 0, 0xF}, // bits that nobody has named yet
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make("/sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled",
             rows[i].text);
        struct vitals_power power = vitals_read_power(root);
        assert_true(power.is_known);
        assert_int_equal(power.now, rows[i].now);
        assert_int_equal(power.since_boot, rows[i].since_boot);
    }
}

static void the_alarm_where_there_is_nothing_better(void **state)
{
    (void)state;
    make("/sys/class/hwmon/hwmon0/name", "cpu_thermal\n");
    make("/sys/class/hwmon/hwmon0/in0_lcrit_alarm", "1\n"); // of another chip
    assert_false(vitals_read_power(root).is_known);
    make("/sys/class/hwmon/hwmon2/name", "rpi_volt\n");
    make("/sys/class/hwmon/hwmon2/in0_lcrit_alarm", "0\n");
    struct vitals_power power = vitals_read_power(root);
    assert_true(power.is_known);
    assert_int_equal(power.now | power.since_boot, 0);
    make("/sys/class/hwmon/hwmon2/in0_lcrit_alarm", "1\n");
    power = vitals_read_power(root);
    assert_int_equal(power.now, VITALS_UNDER_VOLTAGE);
    assert_int_equal(power.since_boot, VITALS_UNDER_VOLTAGE);
    make("/sys/devices/platform/soc/soc:firmware/get_throttled", "4\n");
    assert_int_equal(vitals_read_power(root).now, VITALS_THROTTLED);
}

static void wifi_of_every_kind(void **state)
{
    (void)state;
    static const char head[] = "Inter-| sta-|   Quality\n face | tus | link level noise\n";
    static const struct {
        const char *line;
        const char *interface;
        double dbm;
    } rows[] = {
        {"wlp2s0: 0000   54.  -56.  -256  0\n", "wlp2s0", -56},
        {" wlan0: 0000   50.  200.  0.  0\n", "wlan0", -56}, // as a byte
        {" wlan0: 0000   50.  70.  0.  0\n", "", 0},         // a share of nothing in particular
        {"", "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[300];
        snprintf(text, sizeof text, "%s%s", head, rows[i].line);
        make("/proc/net/wireless", text);
        struct vitals vitals = read_tree(0, NULL);
        assert_string_equal(vitals.wifi_interface, rows[i].interface);
        assert_true(rows[i].dbm == 0 ? isnan(vitals.wifi_signal_dbm)
                                     : vitals.wifi_signal_dbm == rows[i].dbm);
    }
}

static void memory_that_is_used_shows(void **state)
{
    (void)state;
    struct vitals before;
    struct vitals during;
    vitals_read(&before, "", getpid(), "/");
    assert_in_range(before.agent_rss_bytes, 1 << 16, UINT64_C(1) << 40);
    assert_in_range(before.memory_total_bytes, 1 << 20, UINT64_C(1) << 50);
    assert_true(before.disk_free_bytes != VITALS_UNKNOWN);
    assert_true(isnan(before.cpu_temperature_c) ||
                (before.cpu_temperature_c > -60 && before.cpu_temperature_c < 150));
    const size_t size = 64 << 20;
    void *block =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    assert_ptr_not_equal(block, MAP_FAILED);
    vitals_read(&during, "", getpid(), NULL);
    munmap(block, size);
    assert_true(during.agent_rss_bytes > before.agent_rss_bytes + size / 2);
    assert_true(during.driver_rss_bytes > before.driver_rss_bytes + size / 2);
}

#define VITALS_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        VITALS_TEST(a_pi_says_all_of_it),
        VITALS_TEST(a_machine_that_says_nothing),
        VITALS_TEST(files_of_nonsense_say_nothing),
        VITALS_TEST(a_kernel_without_cma_has_none),
        VITALS_TEST(the_firmware_in_words),
        VITALS_TEST(the_alarm_where_there_is_nothing_better),
        VITALS_TEST(wifi_of_every_kind),
        cmocka_unit_test(memory_that_is_used_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
