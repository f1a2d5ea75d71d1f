// JSON about changed settings. Any thread, no state.
#include "control/setting_documents.h"

#include "base/timing.h"
#include "control/setting_json.h"

#include <string.h>

json_t *setting_json_value(const struct setting *setting, const struct settings *settings)
{
    const char *field = (const char *)settings + setting->offset;
    bool flag;
    uint32_t whole;
    uint64_t size;
    double real;
    switch (setting->type) {
    case SETTING_BOOL:
        memcpy(&flag, field, sizeof flag);
        return json_boolean(flag);
    case SETTING_UINT:
        memcpy(&whole, field, sizeof whole);
        return json_integer(whole);
    case SETTING_SIZE:
        memcpy(&size, field, sizeof size);
        return json_integer((json_int_t)size);
    case SETTING_DOUBLE:
        memcpy(&real, field, sizeof real);
        return json_real(real);
    case SETTING_TEXT:
    case SETTING_WORD:
        return json_string(field);
    }
    return json_null();
}

char *document_setting(const struct document_setting *event)
{
    char at[TIMING_RFC3339_SIZE];
    timing_rfc3339(event->at_wall_ns, at);
    json_t *document = json_pack(
        "{s:s, s:s, s:s, s:o, s:s}", "event_type", "setting", "at", at, "key", event->setting->path,
        "value", setting_json_value(event->setting, event->settings), "outcome", event->outcome);
    if (event->request_id != NULL && event->request_id[0] != '\0') {
        json_object_set_new(document, "request_id", json_string(event->request_id));
    }
    if (event->reason != NULL) {
        json_object_set_new(document, "reason", json_string(event->reason));
    }
    char *text =
        document == NULL ? NULL : json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(10));
    json_decref(document);
    return text;
}

json_t *setting_json_changes(const struct document_changes *changes)
{
    json_t *changed = json_object();
    json_t *on_trial = json_array();
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *setting = &settings_table[i];
        if (settings_overlay_has(changes->in_effect, setting)) {
            json_object_set_new(changed, setting->path,
                                setting_json_value(setting, &changes->in_effect->values));
        }
        if (settings_overlay_differs(changes->in_effect, changes->kept, setting)) {
            json_array_append_new(on_trial, json_string(setting->path));
        }
    }
    json_t *object = json_pack("{s:o, s:o}", "changed", changed, "on_trial", on_trial);
    if (changes->fault != NULL) {
        json_object_set_new(object, "fault", json_string(changes->fault));
    }
    return object;
}
