// Group by group, and only what is known. Pure; jansson writes it.
#include "control/health.h"

#include "base/timing.h"
#include "control/document_json.h"

#include <math.h>

static void set_bytes(json_t *object, const char *key, uint64_t bytes)
{
    if (bytes != VITALS_UNKNOWN) {
        json_object_set_new(object, key, json_integer((json_int_t)bytes));
    }
}

static void set_number(json_t *object, const char *key, double number, double steps)
{
    if (!isnan(number)) {
        json_object_set_new(object, key, json_real(round(number * steps) / steps));
    }
}

static json_t *counters_object(const struct counters *counters)
{
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "captured", (json_int_t)counters->captured,
        "published", (json_int_t)counters->published, "late", (json_int_t)counters->late, "dropped",
        (json_int_t)counters->dropped, "refused", (json_int_t)counters->refused, "failed",
        (json_int_t)counters->failed, "skipped", (json_int_t)counters->skipped, "commands",
        (json_int_t)counters->commands, "commands_refused", (json_int_t)counters->commands_refused);
}

// {"failed": {"timeout": 2}}: what has happened, and nothing else.
static json_t *causes_object(const struct causes *causes)
{
    static const char *const names[CAUSE_OF_COUNT] = {
        [CAUSE_OF_FAILED] = "failed",
        [CAUSE_OF_SKIPPED] = "skipped",
        [CAUSE_OF_DROPPED] = "dropped",
        [CAUSE_OF_REFUSED] = "refused",
        [CAUSE_OF_COMMANDS_REFUSED] = "commands_refused",
    };
    json_t *object = json_object();
    for (size_t what = 0; causes != NULL && what < CAUSE_OF_COUNT; what++) {
        json_t *counts = json_object();
        for (size_t why = 0; why < CAUSE_COUNT; why++) {
            if (causes->counts[what][why] > 0) {
                json_object_set_new(counts, cause_names[why],
                                    json_integer((json_int_t)causes->counts[what][why]));
            }
        }
        if (json_object_size(counts) > 0) {
            json_object_set(object, names[what], counts);
        }
        json_decref(counts);
    }
    return object;
}

static json_t *spool_object(const struct document_health *health)
{
    json_t *spool = json_pack("{s:I, s:I, s:I}", "pictures", (json_int_t)health->backlog, "bytes",
                              (json_int_t)health->backlog_bytes, "quarantined",
                              (json_int_t)health->spool_quarantined);
    document_json_set_text(spool, "mode", health->spool_mode);
    document_json_set_text(spool, "fault", health->spool_fault);
    if (health->vitals != NULL) {
        set_bytes(spool, "disk_free_bytes", health->vitals->disk_free_bytes);
    }
    return spool;
}

static json_t *link_object(const struct document_health *health)
{
    json_t *link = json_pack("{s:I, s:I, s:I, s:I}", "reconnects", (json_int_t)health->reconnects,
                             "events_dropped", (json_int_t)health->events_dropped,
                             "replies_dropped", (json_int_t)health->replies_dropped,
                             "commands_dropped", (json_int_t)health->commands_dropped);
    document_json_set_text(link, "mqtt_version", health->mqtt_version);
    if (health->mqtt_version != NULL) {
        // only MQTT 5 says what became of a picture
        json_object_set_new(link, "acknowledgements_trusted",
                            json_boolean(health->mqtt_version[0] == '5'));
    }
    return link;
}

static json_t *camera_object(const struct document_health *health)
{
    const struct camera_info *info = health->camera_info;
    json_t *camera = json_pack("{s:I, s:I, s:I}", "restarts", (json_int_t)health->camera.restarts,
                               "stream_restarts", (json_int_t)health->camera.stream_restarts,
                               "shots_failed_in_a_row", (json_int_t)health->camera.shots_failed);
    if (info != NULL) {
        document_json_set_text(camera, "model", info->model);
        document_json_set_text(camera, "library", info->library);
    }
    if (health->vitals != NULL) {
        set_bytes(camera, "rss_bytes", health->vitals->driver_rss_bytes);
    }
    document_json_set_text(camera, "fault", health->camera_fault);
    return camera;
}

static json_t *throttling_words(unsigned bits)
{
    json_t *words = json_array();
    for (size_t i = 0; i < VITALS_THROTTLING_COUNT; i++) {
        if ((bits & 1U << i) != 0) {
            json_array_append_new(words, json_string(vitals_throttling_names[i]));
        }
    }
    return words;
}

static json_t *board_object(const struct vitals *vitals)
{
    json_t *board = json_object();
    document_json_set_text(board, "model", vitals->board);
    set_number(board, "uptime_s", vitals->board_uptime_s, 1);
    set_number(board, "load", vitals->load, 100);
    set_bytes(board, "memory_total_bytes", vitals->memory_total_bytes);
    set_bytes(board, "memory_available_bytes", vitals->memory_available_bytes);
    set_bytes(board, "cma_total_bytes", vitals->cma_total_bytes);
    set_bytes(board, "cma_free_bytes", vitals->cma_free_bytes);
    document_json_set_text(board, "wifi_interface", vitals->wifi_interface);
    set_number(board, "wifi_signal_dbm", vitals->wifi_signal_dbm, 1);
    if (vitals->power.is_known) {
        json_object_set_new(board, "throttling",
                            json_pack("{s:o, s:o}", "now", throttling_words(vitals->power.now),
                                      "since_boot", throttling_words(vitals->power.since_boot)));
    }
    return board;
}

char *document_health(const struct document_health *health)
{
    json_t *document = json_pack(
        "{s:s, s:I, s:o, s:o, s:o, s:o, s:o}", "version", STILL2MQTT_VERSION, "uptime_s",
        (json_int_t)(health->uptime_ns / 1000000000), "counters",
        counters_object(&health->counters), "causes", causes_object(health->causes), "spool",
        spool_object(health), "link", link_object(health), "camera", camera_object(health));
    if (health->last_fault != NULL && health->last_fault[0] != '\0') {
        char at[TIMING_RFC3339_SIZE];
        timing_rfc3339(health->last_fault_wall_ns, at);
        document_json_set_text(document, "last_fault", health->last_fault);
        document_json_set_text(document, "last_fault_at", at);
    }
    if (health->vitals != NULL) {
        set_bytes(document, "rss_bytes", health->vitals->agent_rss_bytes);
        set_number(document, "cpu_temperature_c", health->vitals->cpu_temperature_c, 10);
        json_object_set_new(document, "board", board_object(health->vitals));
    }
    return document_json_text(document);
}
