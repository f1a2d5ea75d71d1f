// From file to struct. Main thread, before others start. The only file that knows libconfig; it
// walks the tree, since a look-up cannot tell an absent key from one of the wrong type.
#include "settings/settings_load.h"

#include "settings/settings_check_mqtt.h"
#include "settings/settings_identity.h"
#include "settings/settings_suggest.h"
#include "settings/settings_text.h"
#include "settings/settings_value.h"

#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FINDINGS_MAX = 100 }; // lines; a file of garbage says enough with these

struct load {
    struct settings settings;
    struct settings_text text;
    const char *path; // NULL: the defaults alone
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

// `line` 0: no place in the file has to do with it.
static void find_at(struct load *load, unsigned line, const char *path, const char *what)
{
    if (load->count++ >= FINDINGS_MAX) {
        return;
    }
    struct settings_place place = settings_text_place(&load->text, line);
    char *finding = NULL;
    int len = line > 0 ? asprintf(&finding, "%s:%u: %s: %s", place.file, place.line, path, what)
                       : asprintf(&finding, "%s: %s: %s",
                                  load->path != NULL ? load->path : "settings", path, what);
    if (len > 0) {
        say(load, finding);
        free(finding);
    }
}

static void find_sentence(struct load *load, const char *sentence)
{
    load->count++;
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

static void load_key(struct load *load, const char *group, const config_setting_t *node)
{
    const char *key = config_setting_name(node);
    unsigned line = config_setting_source_line(node);
    const struct setting *setting = settings_table_find(group, key);
    if (setting == NULL) {
        find_unknown(load, line, group, key);
        return;
    }
    struct fault fault;
    if (!setting_put(setting, &load->settings, value_of(node), &fault)) {
        find_at(load, line, setting->path, fault.text);
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

static unsigned line_of(const config_t *config, const char *path)
{
    const config_setting_t *node = config_lookup(config, path);
    return node != NULL ? config_setting_source_line(node) : 0;
}

// What the file leaves open.
static void derive(struct load *load)
{
    struct settings_device *device = &load->settings.device;
    struct settings_mqtt *mqtt = &load->settings.mqtt;
    struct fault fault;
    if (device->id[0] == '\0' && !settings_identity("/proc/device-tree/serial-number",
                                                    "/etc/machine-id", device->id, &fault)) {
        find_at(load, 0, "device.id", fault.text);
    }
    if (device->name[0] == '\0') {
        snprintf(device->name, sizeof device->name, "%s", device->id);
    }
    if (mqtt->client_id[0] == '\0') {
        snprintf(mqtt->client_id, sizeof mqtt->client_id, "still2mqtt-%s", device->id);
    }
}

static void check_picture(struct load *load, const config_t *config)
{
    const struct settings *settings = &load->settings;
    unsigned line = line_of(config, "picture.min_quality");
    // the default gives way to a lower quality
    if (line > 0 && settings->picture.min_quality > settings->picture.quality) {
        char what[80];
        snprintf(what, sizeof what, "must not be more than picture.quality, which is %u",
                 settings->picture.quality);
        find_at(load, line, "picture.min_quality", what);
    }
    if (settings->camera.rotation != 0 && !settings->picture.exif) {
        find_at(load, line_of(config, "camera.rotation"), "camera.rotation",
                "needs picture.exif = true, for what the camera cannot turn itself");
    }
}

static void check_mqtt(struct load *load, const config_t *config)
{
    struct fault fault;
    const struct settings_mqtt *mqtt = &load->settings.mqtt;
    if (!settings_check_credentials(mqtt, &fault)) {
        find_at(load, line_of(config, "mqtt.password_file"), "mqtt.password_file", fault.text);
    }
    if (!settings_check_tls(mqtt, &fault)) {
        find_at(load, line_of(config, "mqtt.url"), "mqtt.url", fault.text);
    }
}

// What two keys mean together.
static void check_together(struct load *load, const config_t *config)
{
    if (strcmp(load->settings.camera.driver, "files") == 0 &&
        load->settings.camera.path[0] == '\0') {
        find_at(load, line_of(config, "camera.driver"), "camera.path",
                "the driver files needs the folder with the pictures");
    }
    check_picture(load, config);
    check_mqtt(load, config);
}

static void load_tree(struct load *load, const config_t *config)
{
    const config_setting_t *root = config_root_setting(config);
    for (int i = 0; i < config_setting_length(root); i++) {
        load_group(load, config_setting_get_elem(root, (unsigned)i));
    }
    check_together(load, config);
    derive(load);
}

static bool load_file(struct load *load, struct fault *fault)
{
    if (!settings_text_read(&load->text, load->path, fault)) {
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

bool settings_load(const char *path, struct settings *settings, struct bytes *findings,
                   struct fault *fault)
{
    struct load load = {.path = path, .findings = findings};
    settings_default(&load.settings);
    settings_text_init(&load.text);
    bool read = path == NULL || load_file(&load, fault);
    if (path == NULL) {
        derive(&load);
    }
    settings_text_fini(&load.text);
    if (!read) {
        return false;
    }
    if (load.count > FINDINGS_MAX) {
        char more[40];
        snprintf(more, sizeof more, "and %u more", load.count - FINDINGS_MAX);
        say(&load, more);
    }
    if (load.count > 0) {
        return fault_set(fault, FAULT_CONFIG, 0, "%s: %u %s to mend",
                         path != NULL ? path : "settings", load.count,
                         load.count == 1 ? "thing" : "things");
    }
    *settings = load.settings;
    return true;
}
