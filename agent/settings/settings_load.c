// From file to struct. Main thread, before others start. The only file that knows libconfig; it
// walks the tree, since a look-up cannot tell an absent key from one of the wrong type.
#include "settings/settings_load.h"

#include "settings/settings_dropins.h"
#include "settings/settings_environment.h"
#include "settings/settings_identity.h"
#include "settings/settings_list.h"
#include "settings/settings_suggest.h"
#include "settings/settings_text.h"
#include "settings/settings_together.h"
#include "settings/settings_value.h"

#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FINDINGS_MAX = 100 }; // lines; a file of garbage says enough with these

struct load {
    struct settings settings;
    struct settings_overlay *changes; // NULL: this is the user's file
    struct settings_sources sources;
    struct settings_text text; // of the file that is being read
    const char *path;          // of the user's main file; NULL: there is none
    bool is_partial;           // a file could not be read: what it says is not known
    struct bytes *findings;
    unsigned count;
};

// Without memory for a finding it is still counted, and so the load still fails.
static void say(struct load *load, const char *sentence)
{
    struct fault ignored;
    bool told = bytes_append_text(load->findings, sentence, &ignored) &&
                bytes_append_text(load->findings, "\n", &ignored);
    (void)told;
}

static void find_in(struct load *load, const char *where, const char *path, const char *what)
{
    if (load->count++ >= FINDINGS_MAX) {
        return;
    }
    char *finding = NULL;
    if (asprintf(&finding, "%s: %s: %s", where, path, what) > 0) {
        say(load, finding);
        free(finding);
    }
}

static const char *main_name(const struct load *load)
{
    return load->path != NULL ? load->path : "settings";
}

static void find_at(struct load *load, unsigned line, const char *path, const char *what)
{
    struct settings_place place = settings_text_place(&load->text, line);
    char *where = NULL;
    if (asprintf(&where, "%s:%u", place.file, place.line) > 0) {
        find_in(load, where, path, what);
        free(where);
    } else {
        find_in(load, place.file, path, what);
    }
}

static void find_sentence(struct load *load, const char *sentence)
{
    load->count++;
    load->is_partial = true;
    say(load, sentence);
}

static struct setting_value value_of(const config_setting_t *node)
{
    switch (config_setting_type(node)) {
    case CONFIG_TYPE_INT:
        return (struct setting_value){SETTING_VALUE_WHOLE, .whole = config_setting_get_int(node)};
    case CONFIG_TYPE_INT64:
        return (struct setting_value){SETTING_VALUE_WHOLE, .whole = config_setting_get_int64(node)};
    case CONFIG_TYPE_FLOAT:
        return (struct setting_value){SETTING_VALUE_REAL, .real = config_setting_get_float(node)};
    case CONFIG_TYPE_BOOL:
        return (struct setting_value){SETTING_VALUE_FLAG,
                                      .flag = config_setting_get_bool(node) != 0};
    case CONFIG_TYPE_STRING:
        return (struct setting_value){SETTING_VALUE_TEXT, .text = config_setting_get_string(node)};
    default:
        return (struct setting_value){.kind = SETTING_VALUE_OTHER};
    }
}

static void find_unknown(struct load *load, unsigned line, const char *group, const char *key)
{
    char path[200];
    snprintf(path, sizeof path, "%s%s%.80s", group != NULL ? group : "", group != NULL ? "." : "",
             key);
    char what[200] = "unknown key";
    const char *meant = settings_suggest(group, key);
    if (meant != NULL) {
        snprintf(what, sizeof what, "unknown key (did you mean %s?)", meant);
    }
    find_at(load, line, path, what);
}

static void remember(struct load *load, const struct setting *setting, unsigned line)
{
    if (load->changes != NULL) {
        settings_overlay_take(load->changes, setting, &load->settings);
        return;
    }
    struct settings_place place = settings_text_place(&load->text, line);
    settings_sources_set(&load->sources, setting, place.file, place.line);
}

static void load_list_key(struct load *load, const struct setting_list *list, uint32_t index,
                          void *element, const config_setting_t *node)
{
    const char *key = config_setting_name(node);
    unsigned line = config_setting_source_line(node);
    const struct setting *setting = setting_list_row(list, key);
    if (setting == NULL) {
        find_unknown(load, line, list->path, key);
        return;
    }
    struct fault fault;
    if (!setting_put(setting, element, value_of(node), &fault)) {
        char path[80];
        snprintf(path, sizeof path, "%s[%u].%s", list->path, index, key);
        find_at(load, line, path, fault.text);
    }
}

// In place of what another file may have put into it.
static void load_list(struct load *load, const struct setting_list *list,
                      const config_setting_t *node)
{
    int length = config_setting_length(node);
    bool good = config_setting_is_list(node) && length <= (int)list->max;
    setting_list_clear(list, &load->settings);
    for (int i = 0; i < length && good; i++) {
        const config_setting_t *group = config_setting_get_elem(node, (unsigned)i);
        good = config_setting_is_group(group);
        void *element = setting_list_add(list, &load->settings);
        for (int k = 0; k < config_setting_length(group) && good; k++) {
            load_list_key(load, list, (uint32_t)i, element,
                          config_setting_get_elem(group, (unsigned)k));
        }
    }
    if (!good) {
        char what[80];
        snprintf(what, sizeof what, "a list of up to %u groups is expected: ( { ... }, { ... } )",
                 list->max);
        find_at(load, config_setting_source_line(node), list->path, what);
    }
}

static void load_key(struct load *load, const char *group, const config_setting_t *node)
{
    const char *key = config_setting_name(node);
    unsigned line = config_setting_source_line(node);
    const struct setting_list *list = settings_list_find(group, key);
    if (list != NULL && load->changes == NULL) {
        load_list(load, list, node);
        return;
    }
    const struct setting *setting = settings_table_find(group, key);
    if (setting == NULL) {
        find_unknown(load, line, group, key);
        return;
    }
    struct fault fault;
    if (load->changes != NULL && setting->reach == SETTING_LOCAL) {
        find_at(load, line, setting->path, "left out: only the settings file can set it");
    } else if (!setting_put(setting, &load->settings, value_of(node), &fault)) {
        find_at(load, line, setting->path, fault.text);
    } else {
        remember(load, setting, line);
    }
}

static bool is_group_name(const char *name)
{
    for (size_t i = 0; i < settings_groups_count; i++) {
        if (strcmp(settings_groups[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void load_group(struct load *load, const config_setting_t *node)
{
    const char *name = config_setting_name(node);
    unsigned line = config_setting_source_line(node);
    if (!is_group_name(name)) {
        find_unknown(load, line, NULL, name);
        return;
    }
    if (!config_setting_is_group(node)) {
        char what[80];
        snprintf(what, sizeof what, "a group is expected: %s: { ... };", name);
        find_at(load, line, name, what);
        return;
    }
    for (int i = 0; i < config_setting_length(node); i++) {
        load_key(load, name, config_setting_get_elem(node, (unsigned)i));
    }
}

static void find_parse_error(struct load *load, const config_t *config)
{
    static const struct {
        const char *theirs;
        const char *ours;
    } words[] = {
        {"duplicate setting name", "this key or group is here for the second time: give it once"},
        {"syntax error", "syntax error here or just before: is a quote, brace or ';' missing?"},
        {"memory exhausted", "groups or lists within each other too deeply"},
    };
    const char *what = config_error_text(config) != NULL ? config_error_text(config) : "unreadable";
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        what = strcmp(what, words[i].theirs) == 0 ? words[i].ours : what;
    }
    int line = config_error_line(config);
    struct settings_place place = settings_text_place(&load->text, line > 0 ? (unsigned)line : 1);
    struct fault sentence;
    fault_set(&sentence, FAULT_CONFIG, 0, "%s:%u: %s", place.file, place.line, what);
    find_sentence(load, sentence.text);
}

// What the files leave open.
static void derive(struct load *load)
{
    struct settings_device *device = &load->settings.device;
    struct settings_mqtt *mqtt = &load->settings.mqtt;
    struct fault fault;
    if (device->id[0] == '\0' && !settings_identity("/proc/device-tree/serial-number",
                                                    "/etc/machine-id", device->id, &fault)) {
        find_in(load, main_name(load), "device.id", fault.text);
    }
    if (device->name[0] == '\0') {
        snprintf(device->name, sizeof device->name, "%s", device->id);
    }
    if (mqtt->client_id[0] == '\0') {
        snprintf(mqtt->client_id, sizeof mqtt->client_id, "still2mqtt-%s", device->id);
    }
}

static void find_contradiction(void *context, const char *path, const char *at, const char *what)
{
    struct load *load = context;
    char source[SETTINGS_SOURCE_TEXT_SIZE];
    const struct setting *setting = settings_table_row(at); // NULL: of a list
    bool is_set = setting != NULL && settings_sources_text(&load->sources, setting, source);
    find_in(load, is_set ? source : main_name(load), path, what);
}

static void load_variable(void *context, const char *name, const struct setting *setting,
                          const char *text)
{
    struct load *load = context;
    struct fault fault;
    if (setting != NULL && settings_environment_put(setting, text, &load->settings, &fault)) {
        settings_sources_set(&load->sources, setting, name, 0);
        return;
    }
    if (setting != NULL) {
        find_in(load, name, setting->path, fault.text);
        return;
    }
    char what[200] = "no setting has this name";
    const struct setting *meant = settings_environment_suggest(name);
    if (meant != NULL) {
        char known[SETTINGS_VARIABLE_SIZE];
        settings_environment_name(meant, known);
        snprintf(what, sizeof what, "no setting has this name (did you mean %s?)", known);
    }
    find_in(load, "environment", name, what);
}

static void load_tree(struct load *load, const config_t *config)
{
    const config_setting_t *root = config_root_setting(config);
    for (int i = 0; i < config_setting_length(root); i++) {
        load_group(load, config_setting_get_elem(root, (unsigned)i));
    }
}

static bool load_text(struct load *load, const char *path, struct fault *fault)
{
    if (!settings_text_read(&load->text, path, fault)) {
        if (fault->kind == FAULT_SYSTEM) {
            return false;
        }
        find_sentence(load, fault->text);
        return true;
    }
    config_t config;
    config_init(&config);
    if (config_read_string(&config, (const char *)load->text.text.data)) {
        load_tree(load, &config);
    } else {
        find_parse_error(load, &config);
    }
    config_destroy(&config);
    return true;
}

static bool load_file(struct load *load, const char *path, struct fault *fault)
{
    settings_text_init(&load->text);
    bool good = load_text(load, path, fault);
    settings_text_fini(&load->text);
    return good;
}

static bool load_files(struct load *load, const char *candidate, struct fault *fault)
{
    struct settings_dropins dropins;
    bool good = load_file(load, load->path, fault);
    if (!settings_dropins_find(load->path, candidate, &dropins, fault)) {
        good = good && fault->kind != FAULT_SYSTEM;
        find_sentence(load, fault->text);
    }
    for (size_t i = 0; good && i < dropins.count; i++) {
        good = load_file(load, dropins.paths[i], fault);
    }
    settings_dropins_fini(&dropins);
    return good;
}

static bool load_layers(struct load *load, const struct settings_layers *layers,
                        struct fault *fault)
{
    settings_default(&load->settings);
    if (layers->path != NULL && !load_files(load, layers->candidate, fault)) {
        return false;
    }
    if (layers->environment != NULL) {
        settings_environment_walk(layers->environment, load_variable, load);
    }
    if (!load->is_partial) {
        settings_check_together(&load->settings, find_contradiction, load);
        derive(load);
    }
    return true;
}

static bool conclude(struct load *load, struct fault *fault)
{
    if (load->count > FINDINGS_MAX) {
        char more[40];
        snprintf(more, sizeof more, "and %u more", load->count - FINDINGS_MAX);
        say(load, more);
    }
    return load->count == 0 ||
           fault_set(fault, FAULT_CONFIG, 0, "%s: %u %s to mend", main_name(load), load->count,
                     load->count == 1 ? "thing" : "things");
}

bool settings_load_layers(const struct settings_layers *layers, struct settings *settings,
                          struct settings_sources *sources, struct bytes *findings,
                          struct fault *fault)
{
    struct load load = {.path = layers->path, .findings = findings};
    settings_sources_init(&load.sources);
    if (!load_layers(&load, layers, fault) || !conclude(&load, fault)) {
        settings_sources_fini(&load.sources);
        return false;
    }
    *settings = load.settings;
    if (sources != NULL) {
        *sources = load.sources;
    } else {
        settings_sources_fini(&load.sources);
    }
    return true;
}

bool settings_load(const char *path, struct settings *settings, struct bytes *findings,
                   struct fault *fault)
{
    return settings_load_layers(&(struct settings_layers){.path = path}, settings, NULL, findings,
                                fault);
}

void settings_load_changes(const char *path, const struct settings *base,
                           struct settings_overlay *changes, struct bytes *findings)
{
    struct load load = {.settings = *base, .changes = changes, .path = path, .findings = findings};
    struct fault fault;
    if (access(path, F_OK) == 0 && !load_file(&load, path, &fault)) {
        find_sentence(&load, fault.text);
    }
}
