// Settings as text that the loader reads back. Any thread, no state.
#include "settings/settings_list.h"
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
static bool append_setting(const struct setting *setting, const void *fields, const char *margin,
                           struct bytes *text, struct fault *fault)
{
    const char *field = (const char *)fields + setting->offset;
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

static bool append_list(const struct setting_list *list, const struct settings *settings,
                        struct bytes *text, struct fault *fault)
{
    uint32_t length = setting_list_length(list, settings);
    bool good = append(text, fault, "    ", setting_list_key(list), " = (", NULL);
    for (uint32_t i = 0; good && i < length; i++) {
        const void *element = setting_list_element(list, settings, i);
        good = append(text, fault, i > 0 ? ",\n" : "\n", "        {\n", NULL);
        for (size_t r = 0; good && r < list->row_count; r++) {
            good = append_setting(&list->rows[r], element, "            ", text, fault);
        }
        good = good && append(text, fault, "        }", NULL);
    }
    return good && append(text, fault, length > 0 ? "\n    );\n" : ");\n", NULL);
}

static bool is_row(const struct setting *setting, const char *group,
                   const struct settings_overlay *only)
{
    return setting_in_group(setting, group) &&
           (only == NULL || settings_overlay_has(only, setting));
}

static bool has_rows(const char *group, const struct settings_overlay *only)
{
    bool has = false;
    for (size_t i = 0; !has && i < settings_table_count; i++) {
        has = is_row(&settings_table[i], group, only);
    }
    return has;
}

static bool append_source(const struct settings_sources *sources, const struct setting *setting,
                          struct bytes *text, struct fault *fault)
{
    char source[SETTINGS_SOURCE_TEXT_SIZE];
    return sources == NULL || !settings_sources_text(sources, setting, source) ||
           append(text, fault, "    # ", source, "\n", NULL);
}

// Group by group: all rows, or `only` some, each after a comment with its source.
static bool append_groups(const struct settings *settings, const struct settings_overlay *only,
                          const struct settings_sources *sources, struct bytes *text,
                          struct fault *fault)
{
    bool good = true;
    for (size_t g = 0; good && g < settings_groups_count; g++) {
        const char *group = settings_groups[g].name;
        if (!has_rows(group, only)) {
            continue;
        }
        good = append(text, fault, group, ": {\n", NULL);
        for (size_t i = 0; good && i < settings_table_count; i++) {
            const struct setting *setting = &settings_table[i];
            if (is_row(setting, group, only)) {
                good = append_source(sources, setting, text, fault) &&
                       append_setting(setting, settings, "    ", text, fault);
            }
        }
        for (size_t i = 0; good && i < settings_lists_count && only == NULL; i++) {
            good = !setting_list_in_group(&settings_lists[i], group) ||
                   append_list(&settings_lists[i], settings, text, fault);
        }
        good = good && append(text, fault, "};\n", NULL);
    }
    return good;
}

bool settings_print(const struct settings *settings, const struct settings_sources *sources,
                    struct bytes *text, struct fault *fault)
{
    return append_groups(settings, NULL, sources, text, fault);
}

bool settings_print_changes(const struct settings_overlay *changes, struct bytes *text,
                            struct fault *fault)
{
    return append(text, fault,
                  "# What was changed over MQTT: read on top of the settings file. Written by\n"
                  "# still2mqtt; PREFIX/ID/unset/KEY takes a line out of it.\n",
                  NULL) &&
           append_groups(&changes->values, changes, NULL, text, fault);
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

static bool append_reference(const struct setting *setting, const void *shown,
                             const char *comment_margin, const char *margin, struct bytes *text,
                             struct fault *fault)
{
    char range[SETTING_RANGE_SIZE] = "";
    if (setting->type != SETTING_BOOL) { // whose value says it
        setting_range(setting, range);
    }
    return append_comment(comment_margin, setting->help, text, fault) &&
           append_comment(comment_margin, range, text, fault) &&
           append_setting(setting, shown, margin, text, fault);
}

static bool show_example(const struct setting *setting, void *shown, struct fault *fault)
{
    struct setting_value example = {SETTING_VALUE_TEXT, .text = setting->example};
    return example.text == NULL || setting_put(setting, shown, example, fault);
}

// One element with every key.
static bool append_list_reference(const struct setting_list *list, struct bytes *text,
                                  struct fault *fault)
{
    struct settings shown;
    settings_default(&shown);
    void *element = setting_list_add(list, &shown);
    char most[40];
    snprintf(most, sizeof most, "At most %u of them.", list->max);
    bool good = append(text, fault, "\n", NULL) &&
                append_comment("    ", list->help, text, fault) &&
                append_comment("    ", most, text, fault) &&
                append(text, fault, "    # ", setting_list_key(list), " = (\n    #     {\n", NULL);
    for (size_t i = 0; good && i < list->row_count; i++) {
        good = show_example(&list->rows[i], element, fault) &&
               append_reference(&list->rows[i], element, "    #         ", "    #         ", text,
                                fault);
    }
    return good && append(text, fault, "    #     }\n    # );\n", NULL);
}

// The defaults, with examples where there is none to show.
static bool reference_settings(struct settings *settings, struct fault *fault)
{
    settings_default(settings);
    bool good = true;
    for (size_t i = 0; good && i < settings_table_count; i++) {
        good = show_example(&settings_table[i], settings, fault);
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
        "What is in conf.d/*.conf beside this file is read after it, by name, and overrides it key\n"
        "by key; so does STILL2MQTT_CAMERA_WIDTH=1280 in the environment, for camera.width.\n"
        "\"still2mqtt --print-config --config FILE\" says where each value is from.\n"
        "A line @include \"site.conf\" takes in another file, found from the folder of this one.\n"
        "A key may be given once. A file holds no secret: see mqtt.password_file.\n";

    struct settings shown;
    bool good = reference_settings(&shown, fault) && append_comment("", head, text, fault);
    for (size_t g = 0; good && g < settings_groups_count; g++) {
        const struct setting_group *group = &settings_groups[g];
        good = append(text, fault, "\n# ", group->help, "\n", group->name, ": {", NULL);
        for (size_t i = 0; good && i < settings_table_count; i++) {
            good = !setting_in_group(&settings_table[i], group->name) ||
                   (append(text, fault, "\n", NULL) &&
                    append_reference(&settings_table[i], &shown, "    ", "    # ", text, fault));
        }
        for (size_t i = 0; good && i < settings_lists_count; i++) {
            good = !setting_list_in_group(&settings_lists[i], group->name) ||
                   append_list_reference(&settings_lists[i], text, fault);
        }
        good = good && append(text, fault, "};\n", NULL);
    }
    return good;
}
