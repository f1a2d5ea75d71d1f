// Settings as jansson's values, for the documents. Within control only.
#pragma once

#include "control/setting_documents.h"

#include <jansson.h>

json_t *setting_json_value(const struct setting *setting, const struct settings *settings);

// {"changed": {"picture.quality": 80}, "on_trial": ["picture.quality"], "fault": "…"}
json_t *setting_json_changes(const struct document_changes *changes);
