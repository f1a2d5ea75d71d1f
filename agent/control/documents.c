// JSON about the agent. Pure; jansson writes it.
#include "control/documents.h"

#include "base/timing.h"

#include <jansson.h>
#include <math.h>

// Digits of a number; with all 17, jansson writes 0.1 as 0.10000000000000001.
enum { PRECISION = 10 };

// jansson's pack and set functions pass NULL on: a missing value or memory shows up as a document
// that cannot be dumped.
static char *dump(json_t *document)
{
    char *text = document == NULL
                     ? NULL
                     : json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(PRECISION));
    json_decref(document);
    return text;
}

static void set_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        json_object_set_new(object, key, json_string(text));
    }
}

char *document_event(const struct document_event *event)
{
    char at[TIMING_RFC3339_SIZE];
    timing_rfc3339(event->at_wall_ns, at);
    json_t *document = json_pack("{s:s, s:s}", "event_type", event->event_type, "at", at);
    set_text(document, "id", event->id);
    if (event->seq != 0) {
        json_object_set_new(document, "seq", json_integer((json_int_t)event->seq));
    }
    set_text(document, "trigger", event->trigger);
    set_text(document, "request_id", event->request_id);
    set_text(document, "reason", event->reason);
    return dump(document);
}

static const char *range_name(enum color_range range)
{
    return range == COLOR_RANGE_FULL ? "full" : "limited";
}

static const char *encoding_name(enum color_encoding encoding)
{
    static const char *const names[] = {
        [COLOR_ENCODING_REC601] = "Rec601",
        [COLOR_ENCODING_REC709] = "Rec709",
        [COLOR_ENCODING_REC2020] = "Rec2020",
    };
    return names[encoding];
}

static json_t *camera_state(const struct settings *settings, const struct camera_info *info)
{
    if (info == NULL) {
        return json_pack("{s:s, s:s}", "driver", settings->camera.driver, "status", "offline");
    }
    json_t *camera = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:s, s:s}", "driver", info->driver, "status",
        "online", "library", info->library, "id", info->id, "model", info->model, "width",
        (int)info->width, "height", (int)info->height, "format", info->format_name,
        "color_encoding", encoding_name(info->encoding), "color_range", range_name(info->range));
    set_text(camera, "unsupported", info->unsupported);
    if (info->frame_interval_ms > 0) {
        json_object_set_new(camera, "fps", json_real(round(1e6 / info->frame_interval_ms) / 1000));
    }
    return camera;
}

char *document_state(const struct settings *settings, const struct camera_info *info)
{
    return dump(json_pack(
        "{s:{s:s, s:s}, s:o, s:{s:i, s:s, s:s}, s:{s:f, s:b}}", "device", "id", settings->device.id,
        "name", settings->device.name, "camera", camera_state(settings, info), "picture", "quality",
        (int)settings->picture.quality, "subsampling", settings->picture.subsampling, "payload",
        settings->picture.payload, "schedule", "interval_s", settings->schedule.interval_s,
        "on_start", (int)settings->schedule.on_start));
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

char *document_health(const struct document_health *health)
{
    json_t *document = json_pack(
        "{s:s, s:I, s:o, s:{s:I, s:I, s:I}, s:{s:I, s:I}, s:{s:I, s:I, s:I}}", "version",
        STILL2MQTT_VERSION, "uptime_s", (json_int_t)(health->uptime_ns / 1000000000), "counters",
        counters_object(&health->counters), "spool", "pictures", (json_int_t)health->backlog,
        "bytes", (json_int_t)health->backlog_bytes, "quarantined",
        (json_int_t)health->spool_quarantined, "link", "reconnects", (json_int_t)health->reconnects,
        "events_dropped", (json_int_t)health->events_dropped, "camera", "restarts",
        (json_int_t)health->camera.restarts, "stream_restarts",
        (json_int_t)health->camera.stream_restarts, "shots_failed_in_a_row",
        (json_int_t)health->camera.shots_failed);
    json_t *spool = json_object_get(document, "spool");
    set_text(spool, "mode", health->spool_mode);
    set_text(spool, "fault", health->spool_fault);
    json_t *link = json_object_get(document, "link");
    set_text(link, "mqtt_version", health->mqtt_version);
    if (health->mqtt_version != NULL) {
        // only MQTT 5 says what became of a picture
        json_object_set_new(link, "acknowledgements_trusted",
                            json_boolean(health->mqtt_version[0] == '5'));
    }
    set_text(json_object_get(document, "camera"), "fault", health->camera_fault);
    set_text(document, "last_fault", health->last_fault);
    if (health->rss_bytes > 0) {
        json_object_set_new(document, "rss_bytes", json_integer((json_int_t)health->rss_bytes));
    }
    if (!isnan(health->cpu_temperature_c)) {
        json_object_set_new(document, "cpu_temperature_c",
                            json_real(round(health->cpu_temperature_c * 10) / 10));
    }
    return dump(document);
}
