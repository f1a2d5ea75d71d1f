// What the agent tells of itself, as it reaches the publisher.
#include "reporter.h"

#include "base/timing.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

// The publisher of the test keeps the newest of each.
static char *documents[DOCUMENT_COUNT];
static char *event;

void publisher_put_document(struct publisher *publisher, enum document document, char *text)
{
    (void)publisher;
    free(documents[document]);
    documents[document] = text;
}

void publisher_put_event(struct publisher *publisher, char *text)
{
    (void)publisher;
    free(event);
    event = text;
}

struct publisher_counters publisher_counters(const struct publisher *publisher)
{
    (void)publisher;
    return (struct publisher_counters){.backlog = 3,
                                       .backlog_bytes = 4,
                                       .quarantined = 2,
                                       .reconnects = 5,
                                       .events_dropped = 6,
                                       .replies_dropped = 8,
                                       .commands_dropped = 7};
}

static struct settings settings;
static struct reporter reporter;

static int begin(void **state)
{
    (void)state;
    reporter_init(&reporter, &settings, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (int i = 0; i < DOCUMENT_COUNT; i++) {
        free(documents[i]);
        documents[i] = NULL;
    }
    free(event);
    event = NULL;
    return 0;
}

static void assert_says(enum document document, const char *said)
{
    if (strstr(documents[document], said) == NULL) {
        fail_msg("%s does not say %s", documents[document], said);
    }
}

static void assert_does_not_say(enum document document, const char *said)
{
    if (strstr(documents[document], said) != NULL) {
        fail_msg("%s says %s", documents[document], said);
    }
}

static void a_change_of_the_camera_is_told_in_every_document(void **state)
{
    (void)state;
    struct camera_info info = {.driver = "pattern"};
    struct fault why;
    fault_set(&why, FAULT_CAMERA, 0, "unplugged");
    reporter_camera(&reporter, &info, NULL);
    assert_string_equal(documents[DOCUMENT_CAMERA], "online");
    assert_says(DOCUMENT_STATE, "\"driver\":\"pattern\",\"status\":\"online\"");
    assert_does_not_say(DOCUMENT_HEALTH, "fault");

    reporter_camera(&reporter, NULL, &why);
    assert_string_equal(documents[DOCUMENT_CAMERA], "offline");
    assert_says(DOCUMENT_STATE, "\"status\":\"offline\"");
    assert_says(DOCUMENT_HEALTH, "\"fault\":\"unplugged\"");
    assert_says(DOCUMENT_HEALTH, "\"last_fault\":\"unplugged\"");

    reporter_camera(&reporter, &info, NULL);
    assert_does_not_say(DOCUMENT_HEALTH, "\"fault\":");
    assert_says(DOCUMENT_HEALTH, "\"last_fault\":\"unplugged\"");
}

static void the_publishers_figures_are_in_health(void **state)
{
    (void)state;
    reporter_health(&reporter);
    assert_says(DOCUMENT_HEALTH, "\"spool\":{\"pictures\":3,\"bytes\":4,\"quarantined\":2");
    assert_says(
        DOCUMENT_HEALTH,
        "\"reconnects\":5,\"events_dropped\":6,\"replies_dropped\":8,\"commands_dropped\":7");
    assert_does_not_say(DOCUMENT_HEALTH, "mqtt_version");
    snprintf(reporter.mqtt_version, sizeof reporter.mqtt_version, "3.1.1");
    reporter_health(&reporter);
    assert_says(DOCUMENT_HEALTH, "\"mqtt_version\":\"3.1.1\"");
}

static void a_spool_that_fails_is_told_at_once(void **state)
{
    (void)state;
    snprintf(settings.spool.mode, sizeof settings.spool.mode, "disk");
    reporter_health(&reporter);
    assert_says(DOCUMENT_HEALTH, "\"mode\":\"disk\"}");
    struct fault why;
    fault_set(&why, FAULT_SYSTEM, 28, "No space left on device");
    reporter_spool(&reporter, &why);
    assert_says(DOCUMENT_HEALTH, "\"mode\":\"memory\",\"fault\":\"No space left on device\"}");
    reporter_spool(&reporter, &(struct fault){.kind = FAULT_NONE});
    assert_says(DOCUMENT_HEALTH, "\"mode\":\"disk\"}");
    assert_says(DOCUMENT_HEALTH, "\"last_fault\":\"No space left on device\"");
}

static void a_refusal_is_told_and_remembered(void **state)
{
    (void)state;
    struct fault why;
    fault_set(&why, FAULT_COMMAND, 0, "unknown key \"%.3s", "aü");
    reporter_event(&reporter, "refused", "door-17", &why);
    assert_non_null(strstr(event, "\"event_type\":\"refused\""));
    assert_non_null(strstr(event, "\"request_id\":\"door-17\""));
    assert_non_null(strstr(event, "\"reason\":\"unknown key \\\"aü\""));
    reporter_health(&reporter);
    assert_says(DOCUMENT_HEALTH, "\"last_fault\":\"unknown key \\\"aü\"");
}

static void every_fault_is_dated(void **state)
{
    (void)state;
    reporter_health(&reporter);
    assert_does_not_say(DOCUMENT_HEALTH, "last_fault");
    struct fault none = {.kind = FAULT_NONE};
    reporter_fault(&reporter, &none);
    reporter_health(&reporter);
    assert_does_not_say(DOCUMENT_HEALTH, "last_fault");
    struct fault why;
    fault_set(&why, FAULT_CAMERA, 0, "unplugged");
    reporter_fault(&reporter, &why);
    char day[TIMING_RFC3339_SIZE];
    timing_rfc3339(timing_wall_at(reporter.last_fault_ns), day);
    reporter_health(&reporter);
    char said[80];
    snprintf(said, sizeof said, "\"last_fault_at\":\"%.16s", day); // to the minute
    assert_says(DOCUMENT_HEALTH, said);
}

static void what_goes_wrong_is_counted_in_all_and_by_cause(void **state)
{
    (void)state;
    reporter_count(&reporter, CAUSE_OF_FAILED, CAUSE_TIMEOUT, 1);
    reporter_count(&reporter, CAUSE_OF_FAILED, CAUSE_CAMERA, 1);
    reporter_count(&reporter, CAUSE_OF_SKIPPED, CAUSE_LATE, 5);
    reporter_count(&reporter, CAUSE_OF_DROPPED, CAUSE_AGE, 1);
    reporter_count(&reporter, CAUSE_OF_REFUSED, CAUSE_BROKER, 2);
    reporter_count(&reporter, CAUSE_OF_COMMANDS_REFUSED, CAUSE_RETAINED, 3);
    reporter_health(&reporter);
    assert_says(DOCUMENT_HEALTH, "\"dropped\":1,\"refused\":2,\"failed\":2,\"skipped\":5,"
                                 "\"commands\":0,\"commands_refused\":3}");
    assert_says(DOCUMENT_HEALTH,
                "\"causes\":{\"failed\":{\"camera\":1,\"timeout\":1},\"skipped\":{\"late\":5},"
                "\"dropped\":{\"age\":1},\"refused\":{\"broker\":2},"
                "\"commands_refused\":{\"retained\":3}}");
}

// A board of the test's own, of which the firmware says `bits`.
static void set_throttled(const char *root, const char *bits)
{
    static const char *const folders[] = {"/sys", "/sys/devices", "/sys/devices/platform",
                                          "/sys/devices/platform/soc",
                                          "/sys/devices/platform/soc/soc:firmware"};
    char path[200];
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, sizeof path, "%s%s", root, folders[i]);
        (void)mkdir(path, 0700);
    }
    snprintf(path, sizeof path, "%s%s/get_throttled", root, folders[4]);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(bits, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
    (void)stat;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void what_the_board_forgets_is_remembered(void **state)
{
    (void)state;
    char root[] = "/tmp/still2mqtt-reporter-XXXXXX";
    assert_non_null(mkdtemp(root));
    reporter.root = root;
    assert_false(reporter_look_at_power(&reporter)); // it does not say
    reporter_health(&reporter);
    assert_does_not_say(DOCUMENT_HEALTH, "throttling");
    set_throttled(root, "0\n");
    assert_false(reporter_look_at_power(&reporter)); // nothing wrong: no change
    set_throttled(root, "50005\n");
    assert_true(reporter_look_at_power(&reporter));
    assert_false(reporter_look_at_power(&reporter));
    reporter_health(&reporter);
    assert_says(DOCUMENT_HEALTH, "\"throttling\":{\"now\":[\"under_voltage\",\"throttled\"]");
    set_throttled(root, "0\n"); // the kernel's driver has cleared what has been
    assert_true(reporter_look_at_power(&reporter));
    reporter_health(&reporter);
    assert_says(DOCUMENT_HEALTH,
                "\"throttling\":{\"now\":[],\"since_boot\":[\"under_voltage\",\"throttled\"]}");
    assert_int_equal(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

#define REPORTER_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REPORTER_TEST(a_change_of_the_camera_is_told_in_every_document),
        REPORTER_TEST(the_publishers_figures_are_in_health),
        REPORTER_TEST(a_spool_that_fails_is_told_at_once),
        REPORTER_TEST(a_refusal_is_told_and_remembered),
        REPORTER_TEST(every_fault_is_dated),
        REPORTER_TEST(what_goes_wrong_is_counted_in_all_and_by_cause),
        REPORTER_TEST(what_the_board_forgets_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
