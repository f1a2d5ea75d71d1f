// Members and texts. Pure.
#include "control/document_json.h"

// Digits of a number; with all 17, jansson writes 0.1 as 0.10000000000000001.
enum { PRECISION = 10 };

char *document_json_text(json_t *document)
{
    char *text = document == NULL
                     ? NULL
                     : json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(PRECISION));
    json_decref(document);
    return text;
}

void document_json_set_text(json_t *object, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        json_object_set_new(object, key, json_string(text));
    }
}
