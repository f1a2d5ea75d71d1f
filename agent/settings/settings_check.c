// Checks of texts. Any thread, no state.
#include "settings/settings_check.h"

#include "base/text.h"
#include "settings/settings.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool settings_text_is_clean(const char *text)
{
    char copy[SETTINGS_PATH_SIZE];
    snprintf(copy, sizeof copy, "%s", text);
    text_clean(copy);
    return strcmp(copy, text) == 0;
}

static bool is_id_character(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

bool settings_check_device_id(const char *text, struct fault *fault)
{
    size_t len = 0;
    while (is_id_character(text[len])) {
        len++;
    }
    if (len == 0 || text[len] != '\0') {
        return fault_set(fault, FAULT_CONFIG, 0, "only A-Z, a-z, 0-9, _ and -, 1 to 64 of them");
    }
    return true;
}

bool settings_check_topic_prefix(const char *text, struct fault *fault)
{
    size_t len = strlen(text);
    if (len == 0) {
        return fault_set(fault, FAULT_CONFIG, 0, "a topic such as \"still2mqtt\" is expected");
    }
    if (strpbrk(text, "+#") != NULL) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "'+' and '#' are MQTT's wildcards: leave them out");
    }
    if (text[0] == '/' || text[len - 1] == '/') {
        return fault_set(fault, FAULT_CONFIG, 0, "leave out the '/' at its beginning or end");
    }
    if (text[0] == '$') {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "topics that begin with '$' belong to the broker: leave it out");
    }
    return true;
}

bool settings_check_full_path(const char *text, struct fault *fault)
{
    if (text[0] != '/') {
        return fault_set(fault, FAULT_CONFIG, 0, "a full path is expected; it begins with '/'");
    }
    return true;
}

bool settings_numbers(const char *text, size_t count, double *numbers)
{
    for (size_t i = 0; i < count; i++) {
        char *end;
        numbers[i] = strtod(text, &end);
        bool is_last = i + 1 == count;
        end += strspn(end, " ");
        if (end == text || !isfinite(numbers[i]) || *end != (is_last ? '\0' : ',')) {
            return false;
        }
        text = end + 1;
    }
    return true;
}

bool settings_check_awb_gains(const char *text, struct fault *fault)
{
    double gains[2];
    if (*text == '\0' || (settings_numbers(text, 2, gains) && gains[0] > 0 && gains[0] <= 32 &&
                          gains[1] > 0 && gains[1] <= 32)) {
        return true;
    }
    return fault_set(fault, FAULT_CONFIG, 0,
                     "two numbers up to 32 are expected, such as \"1.8, 1.5\" (red, blue)");
}

bool settings_check_roi(const char *text, struct fault *fault)
{
    double roi[4];
    if (*text == '\0' ||
        (settings_numbers(text, 4, roi) && roi[0] >= 0 && roi[1] >= 0 && roi[2] > 0 && roi[3] > 0 &&
         roi[0] + roi[2] <= 1 && roi[1] + roi[3] <= 1)) {
        return true;
    }
    return fault_set(fault, FAULT_CONFIG, 0,
                     "four fractions of 1 are expected, such as \"0.25, 0.25, 0.5, 0.5\" (left, "
                     "top, width, height), that stay within the whole");
}
