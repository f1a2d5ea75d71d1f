// JSON about the agent. Pure; jansson writes it.
#include "control/documents.h"

#include "base/timing.h"
#include "control/document_json.h"
#include "control/setting_json.h"
#include "settings/settings_names.h"

#include <jansson.h>
#include <math.h>

char *document_event(const struct document_event *event)
{
    char at[TIMING_RFC3339_SIZE];
    timing_rfc3339(event->at_wall_ns, at);
    json_t *document = json_pack("{s:s, s:s}", "event_type", event->event_type, "at", at);
    document_json_set_text(document, "id", event->id);
    if (event->seq != 0) {
        json_object_set_new(document, "seq", json_integer((json_int_t)event->seq));
    }
    document_json_set_text(document, "trigger", event->trigger);
    document_json_set_text(document, "request_id", event->request_id);
    document_json_set_text(document, "reason", event->reason);
    return document_json_text(document);
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
    document_json_set_text(camera, "unsupported", info->unsupported);
    if (info->frame_interval_ms > 0) {
        json_object_set_new(camera, "fps", json_real(round(1e6 / info->frame_interval_ms) / 1000));
    }
    return camera;
}

static json_t *entries_state(const struct settings_schedule *schedule)
{
    json_t *entries = json_array();
    for (uint32_t i = 0; i < schedule->entry_count; i++) {
        const struct settings_schedule_entry *entry = &schedule->entries[i];
        json_array_append_new(entries, json_pack("{s:s, s:s, s:f}", "name", entry->name, "window",
                                                 entry->window, "interval_s", entry->interval_s));
    }
    return entries;
}

// The interval, or the entries that stand in its place.
static json_t *schedule_state(const struct settings_schedule *schedule)
{
    int on_start = (int)schedule->on_start;
    return schedule->entry_count == 0
               ? json_pack("{s:f, s:b}", "interval_s", schedule->interval_s, "on_start", on_start)
               : json_pack("{s:o, s:b}", "entries", entries_state(schedule), "on_start", on_start);
}

static json_t *device_state(const struct settings_device *device)
{
    json_t *state = json_pack("{s:s, s:s}", "id", device->id, "name", device->name);
    document_json_set_text(state, "area", device->area);
    json_t *groups = json_array();
    const char *at = device->groups;
    size_t len;
    for (const char *name; (name = settings_names_next(&at, &len)) != NULL;) {
        json_array_append_new(groups, json_stringn(name, len));
    }
    json_object_set_new(state, "groups", groups);
    return state;
}

char *document_state(const struct document_state *state)
{
    const struct settings *settings = state->settings;
    json_t *document = json_pack(
        "{s:o, s:o, s:{s:i, s:s, s:s}, s:o, s:s, s:b}", "device", device_state(&settings->device),
        "camera", camera_state(settings, state->camera), "picture", "quality",
        (int)settings->picture.quality, "subsampling", settings->picture.subsampling, "payload",
        settings->picture.payload, "schedule", schedule_state(&settings->schedule), "shutter",
        state->shutter, "identify", (int)state->is_identifying);
    if (state->changes->in_effect != NULL) {
        json_object_set_new(document, "settings", setting_json_changes(state->changes));
    }
    return document_json_text(document);
}
