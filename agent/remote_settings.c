// The policy of remote changes. Main thread; never waits.
#include "remote_settings.h"

#include "base/log.h"
#include "base/timing.h"
#include "control/setting_message.h"

#include <stdio.h>
#include <string.h>

static void on_trial_end(void *context);
static void on_kept(void *context, const struct fault *why);

static void rebuild(struct remote_settings *remote)
{
    remote->slot = 1 - remote->slot;
    settings_overlay_apply(&remote->in_effect, remote->base, &remote->slots[remote->slot]);
}

bool remote_settings_init(struct remote_settings *remote, struct loop *loop,
                          const struct settings *base, const struct settings_overlay *changes,
                          struct reporter *reporter, const struct remote_settings_hooks *hooks,
                          struct fault *fault)
{
    *remote = (struct remote_settings){
        .loop = loop,
        .reporter = reporter,
        .hooks = *hooks,
        .base = base,
        .kept = *changes,
        .told = *changes,
        .in_effect = *changes,
    };
    remote->keeper = settings_keeper_create(loop, base, on_kept, remote, fault);
    if (remote->keeper == NULL) {
        return false;
    }
    remote->timer = loop_timer_add(loop, on_trial_end, remote);
    rebuild(remote);
    return true;
}

void remote_settings_fini(struct remote_settings *remote)
{
    settings_keeper_destroy(remote->keeper);
}

const struct settings *remote_settings_now(const struct remote_settings *remote)
{
    return &remote->slots[remote->slot];
}

struct document_changes remote_settings_changes(const struct remote_settings *remote)
{
    return (struct document_changes){.in_effect = &remote->in_effect, .kept = &remote->told};
}

bool remote_settings_wants_picture(const struct remote_settings *remote)
{
    return remote->is_camera_on_trial && !remote->has_picture;
}

// True: the camera is being started anew.
static bool apply(struct remote_settings *remote)
{
    rebuild(remote);
    return remote->hooks.apply(remote->hooks.context, remote_settings_now(remote));
}

static char *request_id_of(struct remote_settings *remote, const struct setting *setting)
{
    return remote->request_ids[setting - settings_table];
}

static void tell(struct remote_settings *remote, const char *outcome, const struct setting *setting,
                 const struct fault *why)
{
    log_info("%s over MQTT: %s%s%s", setting->path, outcome, why != NULL ? ": " : "",
             why != NULL ? why->text : "");
    reporter_setting(remote->reporter, outcome, setting, request_id_of(remote, setting), why);
}

// Of each row that was on trial.
static void tell_all(struct remote_settings *remote, const struct settings_overlay *tried,
                     const struct settings_overlay *before, const char *outcome,
                     const struct fault *why)
{
    for (size_t i = 0; i < settings_table_count; i++) {
        if (settings_overlay_differs(tried, before, &settings_table[i])) {
            tell(remote, outcome, &settings_table[i], why);
        }
    }
}

static void end_trial(struct remote_settings *remote)
{
    loop_timer_clear(remote->loop, remote->timer);
    remote->is_camera_on_trial = false;
    remote->lost = (struct fault){.kind = FAULT_NONE};
}

static void roll_back(struct remote_settings *remote, const struct fault *why)
{
    struct settings_overlay tried = remote->in_effect;
    end_trial(remote);
    remote->in_effect = remote->kept;
    (void)apply(remote);
    tell_all(remote, &tried, &remote->kept, "rolled-back", why);
    reporter_state(remote->reporter);
}

static void keep(struct remote_settings *remote)
{
    end_trial(remote);
    remote->kept = remote->in_effect;
    settings_keeper_save(remote->keeper, &remote->kept);
}

static void on_kept(void *context, const struct fault *why)
{
    struct remote_settings *remote = context;
    bool is_saved = why->kind == FAULT_NONE;
    struct settings_overlay before = remote->told;
    remote->told = remote->kept;
    remote->disk = *why;
    if (!is_saved) {
        fault_prefix(&remote->disk, "it will not outlive a restart");
    }
    remote->reporter->changes.fault = is_saved ? NULL : remote->disk.text;
    tell_all(remote, &remote->kept, &before, "kept", is_saved ? NULL : &remote->disk);
    if (!is_saved) {
        reporter_health(remote->reporter);
    }
    reporter_state(remote->reporter);
}

static void on_trial_end(void *context)
{
    struct remote_settings *remote = context;
    double trial_s = remote->base->device.trial_s;
    struct fault why;
    if (remote->lost.kind != FAULT_NONE) {
        why = remote->lost;
        roll_back(remote, &why);
    } else if (remote_settings_wants_picture(remote)) {
        fault_set(&why, FAULT_CAMERA, 0, "no picture came within %.15g s", trial_s);
        roll_back(remote, &why);
    } else if (!remote->is_link_up) {
        fault_set(&why, FAULT_LINK, 0, "the broker is away after %.15g s", trial_s);
        roll_back(remote, &why);
    } else {
        keep(remote);
    }
}

// ---- changes

static void begin_trial(struct remote_settings *remote)
{
    int64_t now_ns = timing_now_ns();
    loop_timer_set(remote->loop, remote->timer,
                   now_ns + (int64_t)(remote->base->device.trial_s * 1e9));
    if (apply(remote)) {
        remote->is_camera_on_trial = true;
        remote->has_picture = false;
        remote->begun_ns = now_ns;
        remote->lost = (struct fault){.kind = FAULT_NONE};
    }
}

static void take(struct remote_settings *remote, const struct setting *setting,
                 const struct settings_overlay *changed)
{
    bool is_news = settings_overlay_differs(changed, &remote->in_effect, setting);
    remote->in_effect = *changed;
    if (is_news) {
        begin_trial(remote);
    }
    bool is_on_trial = settings_overlay_differs(&remote->in_effect, &remote->kept, setting);
    tell(remote, is_on_trial ? "trial" : "kept", setting, NULL);
    reporter_state(remote->reporter);
}

bool remote_settings_message(struct remote_settings *remote, const struct news_command *news,
                             char request_id[static PICTURE_REQUEST_ID_SIZE], struct fault *fault)
{
    struct setting_message message;
    // a payload that was too long to bring along is refused by its full length
    size_t len = news->full_len > news->len ? news->full_len : news->len;
    bool good =
        setting_message_read(news->topic, news->payload, len, news->retained, &message, fault);
    memcpy(request_id, message.request_id, sizeof message.request_id);
    if (!good) {
        return false;
    }
    struct settings_overlay changed = remote->in_effect;
    good = message.is_unset
               ? settings_change_unset(message.setting, remote->base, &changed, fault)
               : settings_change_set(message.setting, message.value, remote->base, &changed, fault);
    if (good) {
        memcpy(request_id_of(remote, message.setting), request_id, sizeof message.request_id);
        take(remote, message.setting, &changed);
    }
    return good;
}

// ---- what the trial goes by

void remote_settings_picture(struct remote_settings *remote, int64_t captured_ns)
{
    remote->has_picture = remote->has_picture || captured_ns >= remote->begun_ns;
}

void remote_settings_camera_offline(struct remote_settings *remote, const struct fault *why)
{
    if (remote->is_camera_on_trial && remote->lost.kind == FAULT_NONE) {
        remote->lost = *why;
        fault_prefix(&remote->lost, "the camera was lost");
        // not from within the camera's own doings
        loop_timer_set(remote->loop, remote->timer, timing_now_ns());
    }
}

void remote_settings_link(struct remote_settings *remote, bool is_up)
{
    remote->is_link_up = is_up;
}
