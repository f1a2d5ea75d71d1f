// Reading and printing JSON. No state.
#include "ctl/document.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

json_t *document_read(const uint8_t *payload, size_t len)
{
    return json_loadb((const char *)payload, len, JSON_REJECT_DUPLICATES, NULL);
}

void document_text(const json_t *object, const char *key, char *text, size_t size)
{
    const char *value = json_string_value(json_object_get(object, key));
    snprintf(text, size, "%s", value != NULL ? value : "");
    text_cut(text);
    text_clean(text);
}

bool document_says(const json_t *object, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value != NULL && strcmp(value, text) == 0;
}

bool document_print(json_t *document, bool is_line)
{
    char *text =
        json_dumps(document, JSON_REAL_PRECISION(10) | (is_line ? JSON_COMPACT : JSON_INDENT(2)));
    json_decref(document);
    if (text != NULL) {
        text_clean_lines(text); // of what jansson lets through and some terminals obey
    }
    bool good = text != NULL && puts(text) >= 0 && fflush(stdout) == 0;
    free(text);
    return good;
}

double document_age_s(const json_t *object, const char *key, double now_s)
{
    const char *text = json_string_value(json_object_get(object, key));
    struct tm tm = {0};
    const char *rest = text != NULL ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
    if (rest == NULL) {
        return NAN;
    }
    double fraction = 0;
    if (*rest == '.') {
        char *end;
        fraction = strtod(rest, &end);
        rest = end;
    }
    if (strcmp(rest, "Z") != 0) {
        return NAN;
    }
    return now_s - ((double)timegm(&tm) + fraction);
}
