// Keys on top of others. Main thread; the loading and the saving wait for the disk.
#include "settings/settings_overlay.h"

#include "base/durable_file.h"
#include "settings/settings_load.h"
#include "settings/settings_together.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static size_t row_of(const struct setting *setting)
{
    assert(settings_table_count <= SETTINGS_ROWS_MAX);
    return (size_t)(setting - settings_table);
}

static void copy_field(const struct setting *setting, const struct settings *from,
                       struct settings *to)
{
    memcpy((char *)to + setting->offset, (const char *)from + setting->offset, setting->size);
}

bool settings_overlay_has(const struct settings_overlay *overlay, const struct setting *setting)
{
    return overlay->is_changed[row_of(setting)];
}

bool settings_overlay_is_empty(const struct settings_overlay *overlay)
{
    return memchr(overlay->is_changed, true, sizeof overlay->is_changed) == NULL;
}

bool settings_overlay_differs(const struct settings_overlay *a, const struct settings_overlay *b,
                              const struct setting *setting)
{
    bool in_a = settings_overlay_has(a, setting);
    return in_a != settings_overlay_has(b, setting) ||
           (in_a && memcmp((const char *)&a->values + setting->offset,
                           (const char *)&b->values + setting->offset, setting->size) != 0);
}

void settings_overlay_apply(const struct settings_overlay *overlay, const struct settings *base,
                            struct settings *applied)
{
    *applied = *base;
    for (size_t i = 0; i < settings_table_count; i++) {
        if (overlay->is_changed[i]) {
            copy_field(&settings_table[i], &overlay->values, applied);
        }
    }
}

void settings_overlay_take(struct settings_overlay *overlay, const struct setting *setting,
                           const struct settings *from)
{
    copy_field(setting, from, &overlay->values);
    overlay->is_changed[row_of(setting)] = true;
}

void settings_overlay_drop(struct settings_overlay *overlay, const struct setting *setting)
{
    overlay->is_changed[row_of(setting)] = false;
}

void settings_overlay_mark(const struct settings_overlay *overlay, struct settings_sources *sources)
{
    for (size_t i = 0; i < settings_table_count; i++) {
        if (overlay->is_changed[i]) {
            settings_sources_set(sources, &settings_table[i], "changed over MQTT", 0);
        }
    }
}

static void name_of(const struct settings *base, char name[static SETTINGS_ID_SIZE + 16])
{
    snprintf(name, SETTINGS_ID_SIZE + 16, "%s.changes", base->device.id);
}

bool settings_overlay_path(const struct settings *base, char *path, size_t size)
{
    char name[SETTINGS_ID_SIZE + 16];
    name_of(base, name);
    int len = snprintf(path, size, "%s/%s", base->device.state_path, name);
    return len > 0 && (size_t)len < size;
}

// ---- what no longer goes together

static void keep_first(void *context, const char *path, const char *at, const char *what)
{
    (void)at;
    struct fault *first = context;
    if (first->kind == FAULT_NONE) {
        fault_set(first, FAULT_CONFIG, 0, "%s %s", path, what);
    }
}

bool settings_overlay_check(const struct settings_overlay *overlay, const struct settings *base,
                            struct fault *why)
{
    struct settings applied;
    struct fault first = {.kind = FAULT_NONE};
    settings_overlay_apply(overlay, base, &applied);
    settings_check_together(&applied, keep_first, &first);
    if (first.kind != FAULT_NONE) {
        *why = first;
    }
    return first.kind == FAULT_NONE;
}

// The change without which the rest goes together; else the last one. There is one: the user's file
// alone is without contradictions.
static size_t find_culprit(const struct settings_overlay *overlay, const struct settings *base)
{
    struct settings_overlay without;
    struct fault ignored;
    size_t culprit = 0;
    for (size_t i = 0; i < settings_table_count; i++) {
        if (overlay->is_changed[i]) {
            culprit = i;
            without = *overlay;
            without.is_changed[i] = false;
            if (settings_overlay_check(&without, base, &ignored)) {
                return i;
            }
        }
    }
    return culprit;
}

static void leave_out(struct settings_overlay *overlay, size_t row, const char *path,
                      const struct fault *why, struct bytes *findings)
{
    overlay->is_changed[row] = false;
    struct fault finding;
    struct fault ignored;
    fault_set(&finding, FAULT_CONFIG, 0, "%s: %s: left out: %s", path, settings_table[row].path,
              why->text);
    bool told = bytes_append_text(findings, finding.text, &ignored) &&
                bytes_append_text(findings, "\n", &ignored);
    (void)told; // without memory for the words it is left out all the same
}

void settings_overlay_load(const struct settings *base, struct settings_overlay *overlay,
                           struct bytes *findings)
{
    *overlay = (struct settings_overlay){.is_changed = {false}};
    char path[SETTINGS_PATH_SIZE + SETTINGS_ID_SIZE + 16];
    if (!settings_overlay_path(base, path, sizeof path)) {
        return;
    }
    settings_load_changes(path, base, overlay, findings);
    struct fault why;
    while (!settings_overlay_is_empty(overlay) && !settings_overlay_check(overlay, base, &why)) {
        leave_out(overlay, find_culprit(overlay, base), path, &why, findings);
    }
}

bool settings_overlay_save(const struct settings_overlay *overlay, const struct settings *base,
                           struct fault *fault)
{
    char name[SETTINGS_ID_SIZE + 16];
    name_of(base, name);
    struct bytes text;
    bytes_init(&text);
    bool good = settings_print_changes(overlay, &text, fault) &&
                durable_file_replace(base->device.state_path, name, text.data, text.len, fault);
    bytes_fini(&text);
    return good;
}
