// What became of a command, as JSON. Pure; jansson writes it.
#include "control/reply.h"

#include "control/document_json.h"
#include "control/setting_json.h"
#include "settings/settings_check.h"
#include "settings/settings_table.h"

#include <string.h>

static json_t *picture_object(const struct reply_picture *picture)
{
    json_t *object = json_pack("{s:s, s:I, s:s, s:i, s:i, s:I, s:s}", "id", picture->id, "seq",
                               (json_int_t)picture->seq, "captured_at", picture->captured_at,
                               "width", (int)picture->width, "height", (int)picture->height,
                               "bytes", (json_int_t)picture->bytes, "sha256", picture->sha256);
    if (picture->late) {
        json_object_set_new(object, "late", json_true());
    }
    return object;
}

// Neither how the broker is reached and as whom, nor what lies where on the disk: whoever may read
// replies need not know.
static bool is_told(const struct setting *setting)
{
    size_t len = strlen(setting->path);
    return !setting_in_group(setting, "mqtt") && setting->check != settings_check_full_path &&
           !(len > 5 && strcmp(setting->path + len - 5, ".path") == 0);
}

static json_t *config_object(const struct settings *settings)
{
    json_t *config = json_object();
    for (size_t g = 0; g < settings_groups_count; g++) {
        json_t *group = json_object();
        for (size_t i = 0; i < settings_table_count; i++) {
            const struct setting *setting = &settings_table[i];
            if (setting_in_group(setting, settings_groups[g].name) && is_told(setting)) {
                json_object_set_new(group, setting_key(setting),
                                    setting_json_value(setting, settings));
            }
        }
        if (json_object_size(group) > 0) {
            json_object_set(config, settings_groups[g].name, group);
        }
        json_decref(group);
    }
    return config;
}

char *document_reply(const struct document_reply *reply)
{
    json_t *document = json_pack("{s:s, s:s}", "device", reply->device, "result", reply->result);
    document_json_set_text(document, "request_id", reply->request_id);
    document_json_set_text(document, "verb", reply->verb);
    document_json_set_text(document, "code", reply->code);
    document_json_set_text(document, "reason", reply->reason);
    if (reply->picture_count > 0) {
        json_t *pictures = json_array();
        for (size_t i = 0; i < reply->picture_count; i++) {
            json_array_append_new(pictures, picture_object(&reply->pictures[i]));
        }
        json_object_set_new(document, "pictures", pictures);
    }
    if (reply->config != NULL) {
        json_object_set_new(document, "config", config_object(reply->config));
    }
    return document_json_text(document);
}
