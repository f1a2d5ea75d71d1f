// Counters and documents. Main thread; decides nothing.
#include "reporter.h"

#include "base/timing.h"
#include "control/vitals.h"

#include <stdlib.h>
#include <string.h>

void reporter_init(struct reporter *reporter, const struct settings *settings,
                   struct publisher *publisher)
{
    *reporter = (struct reporter){
        .settings = settings,
        .publisher = publisher,
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

static void remember(struct reporter *reporter, const struct fault *why)
{
    if (why != NULL && why->kind != FAULT_NONE) {
        reporter->last_fault = *why;
    }
}

void reporter_shot_event(struct reporter *reporter, const char *event_type, const struct shot *shot,
                         const struct fault *why)
{
    remember(reporter, why);
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
    remember(reporter, why);
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

static void put_document(struct reporter *reporter, enum document document, char *text)
{
    if (text != NULL) {
        publisher_put_document(reporter->publisher, document, text);
    }
}

void reporter_camera(struct reporter *reporter, const struct camera_info *info,
                     const struct fault *why)
{
    reporter->camera = info;
    if (why != NULL) {
        reporter->camera_fault = *why;
    }
    remember(reporter, why);
    put_document(reporter, DOCUMENT_CAMERA, strdup(info != NULL ? "online" : "offline"));
    put_document(reporter, DOCUMENT_STATE, document_state(reporter->settings, info));
    reporter_health(reporter);
}

void reporter_spool(struct reporter *reporter, const struct fault *why)
{
    reporter->spool_fault = *why;
    remember(reporter, why);
    reporter_health(reporter);
}

void reporter_health(struct reporter *reporter)
{
    struct publisher_counters link = publisher_counters(reporter->publisher);
    bool spool_fails = reporter->spool_fault.kind != FAULT_NONE;
    struct document_health health = {
        .uptime_ns = timing_now_ns() - reporter->started_ns,
        .counters = reporter->counters,
        .spool_mode = spool_fails ? "memory" : reporter->settings->spool.mode,
        .spool_fault = spool_fails ? reporter->spool_fault.text : NULL,
        .spool_quarantined = link.quarantined,
        .backlog = link.backlog,
        .backlog_bytes = link.backlog_bytes,
        .reconnects = link.reconnects,
        .events_dropped = link.events_dropped,
        .camera = reporter->camera_health,
        .camera_fault = reporter->camera == NULL ? reporter->camera_fault.text : NULL,
        .last_fault = reporter->last_fault.text,
        .mqtt_version = reporter->mqtt_version[0] != '\0' ? reporter->mqtt_version : NULL,
        .rss_bytes = vitals_rss_bytes(),
        .cpu_temperature_c = vitals_cpu_temperature_c(),
    };
    put_document(reporter, DOCUMENT_HEALTH, document_health(&health));
}
