// The health document as an operator reads it: what is known, under its name, and nothing else.
#include "control/health.h"

#include "control/command.h"
#include "document_reader.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_text(const json_t *object, const char *key, const char *expected)
{
    char *text = json_dumps(json_object_get(object, key), JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static const struct vitals silence = {
    .board_uptime_s = (double)NAN,
    .cpu_temperature_c = (double)NAN,
    .load = (double)NAN,
    .agent_rss_bytes = VITALS_UNKNOWN,
    .driver_rss_bytes = VITALS_UNKNOWN,
    .memory_total_bytes = VITALS_UNKNOWN,
    .memory_available_bytes = VITALS_UNKNOWN,
    .cma_total_bytes = VITALS_UNKNOWN,
    .cma_free_bytes = VITALS_UNKNOWN,
    .disk_free_bytes = VITALS_UNKNOWN,
    .wifi_signal_dbm = (double)NAN,
};

static void health_counts_everything(void **state)
{
    (void)state;
    struct vitals vitals = silence;
    vitals.agent_rss_bytes = 15;
    vitals.driver_rss_bytes = 21;
    vitals.disk_free_bytes = 22;
    vitals.cpu_temperature_c = 48.312;
    struct camera_info info = {.model = "imx708", .library = "libcamera 0.5.2"};
    json_t *health = read_back(document_health(&(struct document_health){
        .uptime_ns = INT64_C(3601999999999),
        .counters = {1, 2, 3, 4, 5, 6, 7, 8, 9},
        .spool_mode = "memory",
        .spool_fault = "the disk is full",
        .spool_quarantined = 17,
        .backlog = 10,
        .backlog_bytes = UINT64_C(11000000000),
        .reconnects = 12,
        .events_dropped = 13,
        .replies_dropped = 21,
        .commands_dropped = 20,
        .camera = {.stream_restarts = 14, .restarts = 18, .shots_failed = 19},
        .camera_info = &info,
        .camera_fault = "unplugged",
        .last_fault = "no link",
        .last_fault_wall_ns = INT64_C(1709210096789000000),
        .mqtt_version = "5",
        .vitals = &vitals,
    }));
    assert_keys(health, "version uptime_s counters causes spool link camera last_fault "
                        "last_fault_at rss_bytes cpu_temperature_c board ");
    assert_string_equal(text_of(health, "version"), STILL2MQTT_VERSION);
    assert_int_equal(number_of(health, "uptime_s"), 3601);
    assert_string_equal(text_of(health, "last_fault_at"), "2024-02-29T12:34:56.789Z");
    assert_text(health, "cpu_temperature_c", "48.299999999999997");
    json_t *counters = json_object_get(health, "counters");
    assert_keys(counters, "captured published late dropped refused failed skipped commands "
                          "commands_refused ");
    const char *key;
    json_t *value;
    json_int_t next = 1;
    json_object_foreach(counters, key, value)
    {
        assert_int_equal(json_integer_value(value), next++);
    }
    assert_text(health, "spool",
                "{\"pictures\":10,\"bytes\":11000000000,\"quarantined\":17,\"mode\":\"memory\","
                "\"fault\":\"the disk is full\",\"disk_free_bytes\":22}");
    assert_text(
        health, "link",
        "{\"reconnects\":12,\"events_dropped\":13,\"replies_dropped\":21,\"commands_dropped\":20,"
        "\"mqtt_version\":\"5\",\"acknowledgements_trusted\":true}");
    assert_text(health, "camera",
                "{\"restarts\":18,\"stream_restarts\":14,\"shots_failed_in_a_row\":19,"
                "\"model\":\"imx708\",\"library\":\"libcamera 0.5.2\",\"rss_bytes\":21,"
                "\"fault\":\"unplugged\"}");
    json_decref(health);
}

static void health_leaves_out_what_is_not_known(void **state)
{
    (void)state;
    json_t *health =
        read_back(document_health(&(struct document_health){.vitals = &silence, .last_fault = ""}));
    assert_keys(health, "version uptime_s counters causes spool link camera board ");
    assert_keys(json_object_get(health, "spool"), "pictures bytes quarantined ");
    assert_keys(json_object_get(health, "link"),
                "reconnects events_dropped replies_dropped commands_dropped ");
    assert_keys(json_object_get(health, "camera"),
                "restarts stream_restarts shots_failed_in_a_row ");
    assert_keys(json_object_get(health, "board"), "");
    assert_keys(json_object_get(health, "causes"), "");
    json_decref(health);

    health = read_back(document_health(&(struct document_health){.mqtt_version = "3.1.1"}));
    json_t *link = json_object_get(health, "link");
    assert_true(json_is_false(json_object_get(link, "acknowledgements_trusted")));
    json_decref(health);
}

static void numbers_are_written_as_people_write_them(void **state)
{
    (void)state;
    struct vitals vitals = silence;
    vitals.cpu_temperature_c = 48.312;
    vitals.board_uptime_s = 86400.25;
    vitals.load = 0.526;
    char *text = document_health(&(struct document_health){.vitals = &vitals});
    assert_non_null(strstr(text, "\"cpu_temperature_c\":48.3,"));
    assert_non_null(strstr(text, "\"board\":{\"uptime_s\":86400.0,\"load\":0.53}"));
    free(text);
}

static void the_board_in_words(void **state)
{
    (void)state;
    struct vitals vitals = silence;
    snprintf(vitals.board, sizeof vitals.board, "Raspberry Pi 5");
    snprintf(vitals.wifi_interface, sizeof vitals.wifi_interface, "wlan0");
    vitals.wifi_signal_dbm = -61;
    vitals.memory_total_bytes = 1;
    vitals.memory_available_bytes = 2;
    vitals.cma_total_bytes = 3;
    vitals.cma_free_bytes = 4;
    vitals.power = (struct vitals_power){true, VITALS_UNDER_VOLTAGE | VITALS_THROTTLED, 0xF};
    json_t *health = read_back(document_health(&(struct document_health){.vitals = &vitals}));
    assert_text(health, "board",
                "{\"model\":\"Raspberry Pi 5\",\"memory_total_bytes\":1,"
                "\"memory_available_bytes\":2,\"cma_total_bytes\":3,\"cma_free_bytes\":4,"
                "\"wifi_interface\":\"wlan0\",\"wifi_signal_dbm\":-61.0,"
                "\"throttling\":{\"now\":[\"under_voltage\",\"throttled\"],\"since_boot\":"
                "[\"under_voltage\",\"frequency_capped\",\"throttled\","
                "\"soft_temperature_limit\"]}}");
    json_decref(health);
    // all is well, which is something to say
    vitals = silence;
    vitals.power.is_known = true;
    health = read_back(document_health(&(struct document_health){.vitals = &vitals}));
    assert_text(health, "board", "{\"throttling\":{\"now\":[],\"since_boot\":[]}}");
    json_decref(health);
}

static void causes_that_were_met_are_counted(void **state)
{
    (void)state;
    struct causes causes = {.counts = {{0}}};
    causes_add(&causes, CAUSE_OF_FAILED, CAUSE_TIMEOUT, 1);
    causes_add(&causes, CAUSE_OF_FAILED, CAUSE_TIMEOUT, 1);
    causes_add(&causes, CAUSE_OF_FAILED, CAUSE_CAMERA, 1);
    causes_add(&causes, CAUSE_OF_SKIPPED, CAUSE_LATE, 7);
    causes_add(&causes, CAUSE_OF_DROPPED, CAUSE_AGE, 0);
    causes_add(&causes, CAUSE_OF_COMMANDS_REFUSED, CAUSE_RETAINED, 1);
    json_t *health = read_back(document_health(&(struct document_health){.causes = &causes}));
    assert_text(health, "causes",
                "{\"failed\":{\"camera\":1,\"timeout\":2},\"skipped\":{\"late\":7},"
                "\"commands_refused\":{\"retained\":1}}");
    json_decref(health);
    for (size_t i = 0; i < CAUSE_COUNT; i++) {
        assert_non_null(cause_names[i]);
    }
}

static void every_fault_has_a_cause(void **state)
{
    (void)state;
    static const struct {
        enum fault_kind kind;
        int code;
        enum cause cause;
    } rows[] = {
        {FAULT_CAMERA, 0, CAUSE_CAMERA},
        {FAULT_CAMERA, ENODEV, CAUSE_CAMERA},
        {FAULT_CAMERA, ETIMEDOUT, CAUSE_TIMEOUT},
        {FAULT_PICTURE, 0, CAUSE_PICTURE},
        {FAULT_PICTURE, EMSGSIZE, CAUSE_TOO_LARGE},
        {FAULT_LINK, 0, CAUSE_BROKER},
        {FAULT_LINK, 0x95, CAUSE_BROKER},
        {FAULT_LINK, ENOBUFS, CAUSE_FULL},
        {FAULT_LINK, ETIME, CAUSE_AGE},
        {FAULT_COMMAND, 0, CAUSE_INVALID},
        {FAULT_COMMAND, COMMAND_UNKNOWN_KEY, CAUSE_INVALID},
        {FAULT_COMMAND, COMMAND_BUSY, CAUSE_BUSY},
        {FAULT_COMMAND, COMMAND_TOO_FAST, CAUSE_BUSY},
        {FAULT_COMMAND, COMMAND_NO_CAMERA, CAUSE_CAMERA},
        {FAULT_COMMAND, COMMAND_SHUTTER_CLOSED, CAUSE_CAMERA},
        {FAULT_COMMAND, COMMAND_TOO_LONG, CAUSE_TOO_LARGE},
        {FAULT_COMMAND, COMMAND_RETAINED, CAUSE_RETAINED},
        {FAULT_SYSTEM, ENOMEM, CAUSE_SYSTEM},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault = {.kind = rows[i].kind, .code = rows[i].code};
        assert_int_equal(cause_of_fault(&fault), rows[i].cause);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_counts_everything),
        cmocka_unit_test(health_leaves_out_what_is_not_known),
        cmocka_unit_test(numbers_are_written_as_people_write_them),
        cmocka_unit_test(the_board_in_words),
        cmocka_unit_test(causes_that_were_met_are_counted),
        cmocka_unit_test(every_fault_has_a_cause),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
