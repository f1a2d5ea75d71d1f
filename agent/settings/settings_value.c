// Values against the table. Any thread, no state.
#include "settings/settings_value.h"

#include "settings/settings_check.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void put_number(const struct setting *setting, void *fields, double number)
{
    char *field = (char *)fields + setting->offset;
    switch (setting->type) {
    case SETTING_BOOL: {
        bool flag = number != 0;
        memcpy(field, &flag, sizeof flag);
        return;
    }
    case SETTING_UINT: {
        uint32_t whole = (uint32_t)number;
        memcpy(field, &whole, sizeof whole);
        return;
    }
    case SETTING_SIZE: {
        uint64_t whole = (uint64_t)number;
        memcpy(field, &whole, sizeof whole);
        return;
    }
    case SETTING_DOUBLE:
        memcpy(field, &number, sizeof number);
        return;
    case SETTING_TEXT:
    case SETTING_WORD:
        break;
    }
    assert(false && "a text is no number");
}

static void put_text(const struct setting *setting, void *fields, const char *text)
{
    char *field = (char *)fields + setting->offset;
    size_t len = strlen(text);
    assert(len < setting->size);
    memset(field, 0, setting->size);
    memcpy(field, text, len);
}

static bool is_text(const struct setting *setting)
{
    return setting->type == SETTING_TEXT || setting->type == SETTING_WORD;
}

void setting_default(const struct setting *setting, void *fields)
{
    if (is_text(setting)) {
        put_text(setting, fields, setting->text);
    } else {
        put_number(setting, fields, setting->number);
    }
}

bool setting_is_default(const struct setting *setting, const void *fields)
{
    const char *field = (const char *)fields + setting->offset;
    if (is_text(setting)) {
        return strcmp(field, setting->text) == 0;
    }
    struct setting alone = *setting;
    alone.offset = 0;
    uint64_t number; // the largest of them
    setting_default(&alone, &number);
    return memcmp(field, &number, setting->size) == 0;
}

void settings_default(struct settings *settings)
{
    memset(settings, 0, sizeof *settings);
    for (size_t i = 0; i < settings_table_count; i++) {
        setting_default(&settings_table[i], settings);
    }
}

static void list_words(const char *const *words, char range[static SETTING_RANGE_SIZE])
{
    size_t len = 0;
    for (size_t i = 0; words[i] != NULL && len < SETTING_RANGE_SIZE; i++) {
        const char *between = i == 0 ? "" : words[i + 1] != NULL ? ", " : " or ";
        len +=
            (size_t)snprintf(range + len, SETTING_RANGE_SIZE - len, "%s\"%s\"", between, words[i]);
    }
}

static void range_of_numbers(const struct setting *setting, char range[static SETTING_RANGE_SIZE])
{
    char step[40] = "";
    if (setting->step > 0) {
        snprintf(step, sizeof step, " in steps of %.15g", setting->step);
    }
    snprintf(range, SETTING_RANGE_SIZE, "%s%.15g to %.15g%s%s%s", setting->or_zero ? "0, or " : "",
             setting->min, setting->max, setting->unit != NULL ? " " : "",
             setting->unit != NULL ? setting->unit : "", step);
}

void setting_range(const struct setting *setting, char range[static SETTING_RANGE_SIZE])
{
    range[0] = '\0';
    switch (setting->type) {
    case SETTING_BOOL:
        snprintf(range, SETTING_RANGE_SIZE, "true or false");
        return;
    case SETTING_UINT:
    case SETTING_SIZE:
    case SETTING_DOUBLE:
        range_of_numbers(setting, range);
        return;
    case SETTING_WORD:
        list_words(setting->words, range);
        return;
    case SETTING_TEXT:
        return;
    }
}

static bool refuse_kind(const struct setting *setting, struct fault *fault)
{
    char range[SETTING_RANGE_SIZE];
    setting_range(setting, range);
    switch (setting->type) {
    case SETTING_BOOL:
        return fault_set(fault, FAULT_CONFIG, 0, "%s is expected", range);
    case SETTING_UINT:
    case SETTING_SIZE:
        return fault_set(fault, FAULT_CONFIG, 0,
                         "a whole number is expected, such as %.15g (%s), without quotes",
                         setting->number, range);
    case SETTING_DOUBLE:
        return fault_set(fault, FAULT_CONFIG, 0,
                         "a number is expected, such as %.15g (%s), without quotes",
                         setting->number, range);
    case SETTING_WORD:
        return fault_set(fault, FAULT_CONFIG, 0, "%s is expected, in quotes", range);
    case SETTING_TEXT:
        break;
    }
    return fault_set(fault, FAULT_CONFIG, 0, "a text in quotes is expected, such as \"%s\"",
                     setting->example != NULL ? setting->example : setting->text);
}

static bool check_number(const struct setting *setting, struct setting_value value,
                         struct fault *fault)
{
    bool whole = value.kind == SETTING_VALUE_WHOLE;
    double number = whole ? (double)value.whole : value.real;
    bool on_step = setting->step == 0 || fmod(number - setting->min, setting->step) == 0;
    bool in_range = number >= setting->min && number <= setting->max; // never of NAN
    if ((in_range && on_step) || (setting->or_zero && number == 0)) {
        return true;
    }
    char range[SETTING_RANGE_SIZE];
    setting_range(setting, range);
    if (whole) {
        return fault_set(fault, FAULT_CONFIG, 0, "%lld is out of range: %s", (long long)value.whole,
                         range);
    }
    return fault_set(fault, FAULT_CONFIG, 0, "%.15g is out of range: %s", number, range);
}

static bool check_text(const struct setting *setting, const char *text, struct fault *fault)
{
    if (setting->type == SETTING_WORD) {
        for (size_t i = 0; setting->words[i] != NULL; i++) {
            if (strcmp(text, setting->words[i]) == 0) {
                return true;
            }
        }
        char range[SETTING_RANGE_SIZE];
        setting_range(setting, range);
        return fault_set(fault, FAULT_CONFIG, 0, "%s is expected", range);
    }
    size_t len = strnlen(text, setting->size);
    if (len >= setting->size) {
        return fault_set(fault, FAULT_CONFIG, 0, "longer than %zu bytes", setting->size - 1);
    }
    if (!settings_text_is_clean(text)) {
        return fault_set(fault, FAULT_CONFIG, 0, "must be UTF-8 without control characters");
    }
    return setting->check == NULL || setting->check(text, fault);
}

static bool fits(enum setting_type type, enum setting_value_kind kind)
{
    switch (kind) {
    case SETTING_VALUE_FLAG:
        return type == SETTING_BOOL;
    case SETTING_VALUE_WHOLE:
        return type == SETTING_UINT || type == SETTING_SIZE || type == SETTING_DOUBLE;
    case SETTING_VALUE_REAL:
        return type == SETTING_DOUBLE;
    case SETTING_VALUE_TEXT:
        return type == SETTING_TEXT || type == SETTING_WORD;
    case SETTING_VALUE_OTHER:
        break;
    }
    return false;
}

bool setting_put(const struct setting *setting, void *fields, struct setting_value value,
                 struct fault *fault)
{
    if (!fits(setting->type, value.kind)) {
        return refuse_kind(setting, fault);
    }
    switch (value.kind) {
    case SETTING_VALUE_FLAG:
        put_number(setting, fields, value.flag ? 1 : 0);
        return true;
    case SETTING_VALUE_WHOLE:
    case SETTING_VALUE_REAL:
        if (!check_number(setting, value, fault)) {
            return false;
        }
        put_number(setting, fields,
                   value.kind == SETTING_VALUE_WHOLE ? (double)value.whole : value.real);
        return true;
    case SETTING_VALUE_TEXT:
        if (!check_text(setting, value.text, fault)) {
            return false;
        }
        put_text(setting, fields, value.text);
        return true;
    case SETTING_VALUE_OTHER:
        break;
    }
    return false;
}
