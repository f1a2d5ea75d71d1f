// Counters and documents. Main thread; decides nothing.
#include "reporter.h"

#include "base/timing.h"

#include <stdlib.h>
#include <string.h>

void reporter_init(struct reporter *reporter, const struct settings *settings,
                   struct publisher *publisher)
{
    *reporter = (struct reporter){
        .settings = settings,
        .publisher = publisher,
        .root = "",
        .shutter = "open",
        .started_ns = timing_now_ns(),
    };
}

static void put_event(struct reporter *reporter, const struct document_event *event)
{
    char *text = document_event(event);
    if (text != NULL) {
        publisher_put_event(reporter->publisher, text);
    }
}

void reporter_fault(struct reporter *reporter, const struct fault *why)
{
    if (why != NULL && why->kind != FAULT_NONE) {
        reporter->last_fault = *why;
        reporter->last_fault_ns = timing_now_ns();
    }
}

void reporter_count(struct reporter *reporter, enum cause_of what, enum cause why, uint64_t count)
{
    struct counters *counters = &reporter->counters;
    uint64_t *const totals[CAUSE_OF_COUNT] = {
        [CAUSE_OF_FAILED] = &counters->failed,
        [CAUSE_OF_SKIPPED] = &counters->skipped,
        [CAUSE_OF_DROPPED] = &counters->dropped,
        [CAUSE_OF_REFUSED] = &counters->refused,
        [CAUSE_OF_COMMANDS_REFUSED] = &counters->commands_refused,
    };
    *totals[what] += count;
    causes_add(&reporter->causes, what, why, count);
}

void reporter_shot_event(struct reporter *reporter, const char *event_type, const struct shot *shot,
                         const struct fault *why)
{
    reporter_fault(reporter, why);
    put_event(reporter, &(struct document_event){
                            .event_type = event_type,
                            .at_wall_ns = timing_wall_ns(),
                            .id = shot->id,
                            .seq = shot->seq,
                            .request_id = shot->request_id,
                            .trigger = trigger_name(shot->trigger),
                            .reason = why != NULL ? why->text : NULL,
                        });
}

void reporter_event(struct reporter *reporter, const char *event_type, const char *request_id,
                    const struct fault *why)
{
    reporter_fault(reporter, why);
    put_event(reporter, &(struct document_event){
                            .event_type = event_type,
                            .at_wall_ns = timing_wall_ns(),
                            .request_id = request_id,
                            .reason = why != NULL ? why->text : NULL,
                        });
}

char *reporter_captured(const struct shot *shot)
{
    return document_event(&(struct document_event){
        .event_type = "captured",
        .at_wall_ns = timing_wall_at(shot->frame->captured_ns),
        .id = shot->id,
        .seq = shot->seq,
        .request_id = shot->request_id,
        .trigger = trigger_name(shot->trigger),
    });
}

void reporter_captured_for(struct reporter *reporter, const struct news_picture *picture,
                           const char *request_id)
{
    put_event(reporter, &(struct document_event){
                            .event_type = "captured",
                            .at_wall_ns = timing_wall_at(picture->captured_ns),
                            .id = picture->id,
                            .seq = picture->seq,
                            .request_id = request_id,
                            .trigger = trigger_name(picture->trigger),
                        });
}

static void put_document(struct reporter *reporter, enum document document, char *text)
{
    if (text != NULL) {
        publisher_put_document(reporter->publisher, document, text);
    }
}

void reporter_setting(struct reporter *reporter, const char *outcome, const struct setting *setting,
                      const char *request_id, const struct fault *why)
{
    reporter_fault(reporter, why);
    char *text = document_setting(&(struct document_setting){
        .outcome = outcome,
        .at_wall_ns = timing_wall_ns(),
        .setting = setting,
        .settings = reporter->settings,
        .request_id = request_id,
        .reason = why != NULL ? why->text : NULL,
    });
    if (text != NULL) {
        publisher_put_event(reporter->publisher, text);
    }
}

void reporter_state(struct reporter *reporter)
{
    put_document(reporter, DOCUMENT_STATE,
                 document_state(&(struct document_state){
                     .settings = reporter->settings,
                     .changes = &reporter->changes,
                     .camera = reporter->camera,
                     .shutter = reporter->shutter,
                     .is_identifying = reporter->is_identifying,
                 }));
}

bool reporter_shutter_is_open(const struct reporter *reporter)
{
    return strcmp(reporter->shutter, "open") == 0;
}

void reporter_camera(struct reporter *reporter, const struct camera_info *info,
                     const struct fault *why)
{
    reporter->camera = info;
    if (why != NULL) {
        reporter->camera_fault = *why;
    }
    reporter_fault(reporter, why);
    put_document(reporter, DOCUMENT_CAMERA, strdup(info != NULL ? "online" : "offline"));
    reporter_state(reporter);
    reporter_health(reporter);
}

void reporter_spool(struct reporter *reporter, const struct fault *why)
{
    reporter->spool_fault = *why;
    reporter_fault(reporter, why);
    reporter_health(reporter);
}

bool reporter_look_at_power(struct reporter *reporter)
{
    struct vitals_power before = reporter->power;
    struct vitals_power power = vitals_read_power(reporter->root);
    power.since_boot |= before.since_boot; // the board remembers less than we do
    reporter->power = power;
    return power.now != before.now || power.since_boot != before.since_boot;
}

static void read_vitals(struct reporter *reporter, struct vitals *vitals)
{
    const struct settings_spool *spool = &reporter->settings->spool;
    bool is_on_disk = strcmp(spool->mode, "disk") == 0;
    vitals_read(vitals, reporter->root, reporter->camera_health.driver_pid,
                is_on_disk ? spool->path : NULL);
    vitals->power.since_boot |= reporter->power.since_boot;
}

void reporter_health(struct reporter *reporter)
{
    struct vitals vitals;
    read_vitals(reporter, &vitals);
    struct publisher_counters link = publisher_counters(reporter->publisher);
    bool spool_fails = reporter->spool_fault.kind != FAULT_NONE;
    struct document_health health = {
        .uptime_ns = timing_now_ns() - reporter->started_ns,
        .counters = reporter->counters,
        .causes = &reporter->causes,
        .spool_mode = spool_fails ? "memory" : reporter->settings->spool.mode,
        .spool_fault = spool_fails ? reporter->spool_fault.text : NULL,
        .spool_quarantined = link.quarantined,
        .backlog = link.backlog,
        .backlog_bytes = link.backlog_bytes,
        .reconnects = link.reconnects,
        .events_dropped = link.events_dropped,
        .replies_dropped = link.replies_dropped,
        .commands_dropped = link.commands_dropped,
        .camera = reporter->camera_health,
        .camera_info = reporter->camera,
        .camera_fault = reporter->camera == NULL ? reporter->camera_fault.text : NULL,
        .last_fault = reporter->last_fault.text,
        .last_fault_wall_ns = timing_wall_at(reporter->last_fault_ns),
        .mqtt_version = reporter->mqtt_version[0] != '\0' ? reporter->mqtt_version : NULL,
        .vitals = &vitals,
    };
    put_document(reporter, DOCUMENT_HEALTH, document_health(&health));
}
