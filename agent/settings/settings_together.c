// Settings against each other. Any thread, no state.
#include "settings/settings_together.h"

#include "settings/settings_check_mqtt.h"
#include "settings/settings_times.h"
#include "settings/settings_value.h"

#include <stdio.h>
#include <string.h>

static const char sun_needs_place[] = "sunrise and sunset need schedule.place";

static void check_picture(const struct settings *settings, settings_contradiction_fn tell,
                          void *context)
{
    static const char min_quality[] = "picture.min_quality";
    // the default gives way to a lower quality
    bool is_default =
        settings->picture.min_quality == settings_table_find("picture", "min_quality")->number;
    if (!is_default && settings->picture.min_quality > settings->picture.quality) {
        char what[80];
        snprintf(what, sizeof what, "must not be more than picture.quality, which is %u",
                 settings->picture.quality);
        tell(context, min_quality, min_quality, what);
    }
    if (settings->camera.rotation != 0 && !settings->picture.exif) {
        tell(context, "camera.rotation", "camera.rotation",
             "needs picture.exif = true, for what the camera cannot turn itself");
    }
}

static void check_mqtt(const struct settings_mqtt *mqtt, settings_contradiction_fn tell,
                       void *context)
{
    struct fault fault;
    if (!settings_check_credentials(mqtt, &fault)) {
        tell(context, "mqtt.password_file", "mqtt.password_file", fault.text);
    }
    if (!settings_check_tls(mqtt, &fault)) {
        tell(context, "mqtt.url", "mqtt.url", fault.text);
    }
}

static void check_entry(const struct settings_schedule *schedule, uint32_t index,
                        settings_contradiction_fn tell, void *context)
{
    if (schedule->place[0] == '\0' && settings_window_has_sun(schedule->entries[index].window)) {
        char path[48];
        snprintf(path, sizeof path, "schedule.entries[%u].window", index);
        tell(context, path, path, sun_needs_place);
    }
}

static void check_schedule(const struct settings *settings, settings_contradiction_fn tell,
                           void *context)
{
    static const char *const plain[] = {"interval_s", "align", "jitter_s", "window", "weekdays"};
    const struct settings_schedule *schedule = &settings->schedule;
    if (schedule->place[0] == '\0' && settings_window_has_sun(schedule->window)) {
        tell(context, "schedule.window", "schedule.window", sun_needs_place);
    }
    for (uint32_t i = 0; i < schedule->entry_count; i++) {
        check_entry(schedule, i, tell, context);
    }
    for (size_t i = 0; i < sizeof plain / sizeof plain[0] && schedule->entry_count > 0; i++) {
        const struct setting *setting = settings_table_find("schedule", plain[i]);
        if (!setting_is_default(setting, settings)) {
            tell(context, setting->path, setting->path,
                 "does nothing beside schedule.entries: set it there");
        }
    }
}

void settings_check_together(const struct settings *settings, settings_contradiction_fn tell,
                             void *context)
{
    if (strcmp(settings->camera.driver, "files") == 0 && settings->camera.path[0] == '\0') {
        tell(context, "camera.path", "camera.driver",
             "the driver files needs the folder with the pictures");
    }
    check_picture(settings, tell, context);
    check_mqtt(&settings->mqtt, tell, context);
    check_schedule(settings, tell, context);
}
