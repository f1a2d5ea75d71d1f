// Names of variables against the table. Pure.
#include "settings/settings_environment.h"

#include "base/nearness.h"
#include "settings/settings_value.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char head[] = "STILL2MQTT_";
enum { HEAD_LEN = sizeof head - 1 };

void settings_environment_name(const struct setting *setting,
                               char name[static SETTINGS_VARIABLE_SIZE])
{
    int len = snprintf(name, SETTINGS_VARIABLE_SIZE, "%s%s", head, setting->path);
    assert(len < SETTINGS_VARIABLE_SIZE);
    for (int i = HEAD_LEN; i < len; i++) {
        name[i] = name[i] == '.' ? '_' : (char)toupper((unsigned char)name[i]);
    }
}

static const struct setting *find(const char *name)
{
    for (size_t i = 0; i < settings_table_count; i++) {
        char known[SETTINGS_VARIABLE_SIZE];
        settings_environment_name(&settings_table[i], known);
        if (strcmp(name, known) == 0) {
            return &settings_table[i];
        }
    }
    return NULL;
}

void settings_environment_walk(char *const *environment, settings_variable_fn take, void *context)
{
    for (; *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        if (equals == NULL || strncmp(*environment, head, HEAD_LEN) != 0) {
            continue;
        }
        char name[SETTINGS_VARIABLE_SIZE];
        snprintf(name, sizeof name, "%.*s", (int)(equals - *environment), *environment);
        take(context, name, find(name), equals + 1);
    }
}

const struct setting *settings_environment_suggest(const char *name)
{
    const struct setting *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < settings_table_count; i++) {
        char known[SETTINGS_VARIABLE_SIZE];
        settings_environment_name(&settings_table[i], known);
        // what all names begin with makes none of them nearer
        size_t steps = nearness_steps(name + HEAD_LEN, known + HEAD_LEN);
        if (steps < least && nearness_is_near(steps, known + HEAD_LEN)) {
            nearest = &settings_table[i];
            least = steps;
        }
    }
    return nearest;
}

static struct setting_value value_of(const struct setting *setting, const char *text)
{
    struct setting_value as_text = {SETTING_VALUE_TEXT, .text = text};
    if (setting->type == SETTING_TEXT || setting->type == SETTING_WORD || text[0] == '\0') {
        return as_text;
    }
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        return (struct setting_value){SETTING_VALUE_FLAG, .flag = text[0] == 't'};
    }
    char *end;
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    if (*end == '\0' && errno == 0) {
        return (struct setting_value){SETTING_VALUE_WHOLE, .whole = whole};
    }
    double real = strtod(text, &end);
    if (*end == '\0') {
        return (struct setting_value){SETTING_VALUE_REAL, .real = real};
    }
    return as_text; // of which setting_put says what would be right
}

bool settings_environment_put(const struct setting *setting, const char *text,
                              struct settings *settings, struct fault *fault)
{
    return setting_put(setting, settings, value_of(setting, text), fault);
}
