// Settings as text that the loader reads back. Any thread, no state.
#include "settings/settings_load.h"
#include "settings/settings_value.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_SIZE = 40 };

// Appends every text up to NULL.
__attribute__((sentinel)) static bool append(struct bytes *text, struct fault *fault, ...)
{
    va_list parts;
    va_start(parts, fault);
    bool good = true;
    for (const char *part; good && (part = va_arg(parts, const char *)) != NULL;) {
        good = bytes_append_text(text, part, fault);
    }
    va_end(parts);
    return good;
}

// The shortest form that reads back to the same number, and with a point: to libconfig, 10 is an
// integer and 10.0 is not.
static void write_double(double number, char text[static NUMBER_SIZE])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, NUMBER_SIZE, "%.*g", digits, number);
        if (strtod(text, NULL) == number) {
            break;
        }
    }
    if (strpbrk(text, ".e") == NULL) {
        size_t len = strlen(text);
        snprintf(text + len, NUMBER_SIZE - len, ".0");
    }
}

static void write_number(const struct setting *setting, const char *field,
                         char text[static NUMBER_SIZE])
{
    bool flag;
    uint32_t whole;
    uint64_t size;
    double real;
    switch (setting->type) {
    case SETTING_BOOL:
        memcpy(&flag, field, sizeof flag);
        snprintf(text, NUMBER_SIZE, "%s", flag ? "true" : "false");
        break;
    case SETTING_UINT:
        memcpy(&whole, field, sizeof whole);
        snprintf(text, NUMBER_SIZE, "%" PRIu32, whole);
        break;
    case SETTING_SIZE: // libconfig 1.5 cuts what has no L to 32 bits
        memcpy(&size, field, sizeof size);
        snprintf(text, NUMBER_SIZE, "%" PRIu64 "%s", size, size > INT32_MAX ? "L" : "");
        break;
    case SETTING_DOUBLE:
        memcpy(&real, field, sizeof real);
        write_double(real, text);
        break;
    case SETTING_TEXT:
    case SETTING_WORD:
        break;
    }
}

static bool append_quoted(struct bytes *text, const char *value, struct fault *fault)
{
    bool good = append(text, fault, "\"", NULL);
    for (; good && *value != '\0'; value++) {
        const char escaped[] = {'\\', *value};
        bool plain = *value != '"' && *value != '\\';
        good = bytes_append(text, plain ? value : escaped, plain ? 1 : 2, fault);
    }
    return good && append(text, fault, "\"", NULL);
}

// "    # width = 1920;": `margin` comes first.
static bool append_setting(const struct setting *setting, const struct settings *settings,
                           const char *margin, struct bytes *text, struct fault *fault)
{
    const char *field = (const char *)settings + setting->offset;
    if (!append(text, fault, margin, setting_key(setting), " = ", NULL)) {
        return false;
    }
    if (setting->type == SETTING_TEXT || setting->type == SETTING_WORD) {
        return append_quoted(text, field, fault) && append(text, fault, ";\n", NULL);
    }
    char number[NUMBER_SIZE] = "";
    write_number(setting, field, number);
    return append(text, fault, number, ";\n", NULL);
}

bool settings_print(const struct settings *settings, struct bytes *text, struct fault *fault)
{
    bool good = true;
    for (size_t g = 0; good && g < settings_groups_count; g++) {
        const char *group = settings_groups[g].name;
        good = append(text, fault, group, ": {\n", NULL);
        for (size_t i = 0; good && i < settings_table_count; i++) {
            const struct setting *setting = &settings_table[i];
            good = !setting_in_group(setting, group) ||
                   append_setting(setting, settings, "    ", text, fault);
        }
        good = good && append(text, fault, "};\n", NULL);
    }
    return good;
}

static bool append_comment(const char *margin, const char *lines, struct bytes *text,
                           struct fault *fault)
{
    bool good = true;
    while (good && *lines != '\0') {
        size_t len = strcspn(lines, "\n");
        good = append(text, fault, margin, len > 0 ? "# " : "#", NULL) &&
               bytes_append(text, lines, len, fault) && append(text, fault, "\n", NULL);
        lines += lines[len] == '\n' ? len + 1 : len;
    }
    return good;
}

static bool append_reference(const struct setting *setting, const struct settings *shown,
                             struct bytes *text, struct fault *fault)
{
    char range[SETTING_RANGE_SIZE] = "";
    if (setting->type != SETTING_BOOL) { // whose value says it
        setting_range(setting, range);
    }
    return append(text, fault, "\n", NULL) && append_comment("    ", setting->help, text, fault) &&
           append_comment("    ", range, text, fault) &&
           append_setting(setting, shown, "    # ", text, fault);
}

// The defaults, with examples where there is none to show.
static bool reference_settings(struct settings *settings, struct fault *fault)
{
    settings_default(settings);
    bool good = true;
    for (size_t i = 0; good && i < settings_table_count; i++) {
        struct setting_value example = {SETTING_VALUE_TEXT, .text = settings_table[i].example};
        good = example.text == NULL || setting_put(&settings_table[i], settings, example, fault);
    }
    return good;
}

bool settings_reference(struct bytes *text, struct fault *fault)
{
    static const char head[] =
        "still2mqtt.conf: every setting, each at its default or, where that depends on the\n"
        "device, with an example.\n"
        "\n"
        "Take away the '#' before a setting and change it; the rest keeps its default.\n"
        "\"still2mqtt --check --config FILE\" says what is wrong with a file, line by line.\n"
        "\n"
        "Texts stand in \"quotes\", with \\\" and \\\\ for a quote and a backslash in them.\n"
        "A line @include \"site.conf\" takes in another file, found from the folder of this one.\n"
        "A key may be given once. A file holds no secret: see mqtt.password_file.\n";

    struct settings shown;
    bool good = reference_settings(&shown, fault) && append_comment("", head, text, fault);
    for (size_t g = 0; good && g < settings_groups_count; g++) {
        const struct setting_group *group = &settings_groups[g];
        good = append(text, fault, "\n# ", group->help, "\n", group->name, ": {", NULL);
        for (size_t i = 0; good && i < settings_table_count; i++) {
            good = !setting_in_group(&settings_table[i], group->name) ||
                   append_reference(&settings_table[i], &shown, text, fault);
        }
        good = good && append(text, fault, "};\n", NULL);
    }
    return good;
}
