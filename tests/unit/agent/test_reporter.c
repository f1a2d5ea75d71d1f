// What the agent tells of itself, as it reaches the publisher.
#include "reporter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    return (struct publisher_counters){
        .backlog = 3, .backlog_bytes = 4, .quarantined = 2, .reconnects = 5};
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
    assert_says(DOCUMENT_HEALTH, "\"reconnects\":5");
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

#define REPORTER_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REPORTER_TEST(a_change_of_the_camera_is_told_in_every_document),
        REPORTER_TEST(the_publishers_figures_are_in_health),
        REPORTER_TEST(a_spool_that_fails_is_told_at_once),
        REPORTER_TEST(a_refusal_is_told_and_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
