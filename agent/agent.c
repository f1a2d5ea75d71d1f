// The agent's life and its one loop. Main thread; decides and never waits: no Paho, no pixels.
#include "agent.h"

#include "base/log.h"
#include "base/loop.h"
#include "base/seed.h"
#include "base/timing.h"
#include "camera/camera.h"
#include "commands.h"
#include "control/setting_message.h"
#include "delivery/publisher.h"
#include "develop_settings.h"
#include "picture/budget.h"
#include "picture/develop.h"
#include "pulse.h"
#include "remote_settings.h"
#include "reporter.h"
#include "shots.h"
#include "timetable.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    NEWS_CAPACITY = 128,
    // together under the two seconds in which a service manager expects a SIGTERM to work
    PUBLISHER_END_MS = 1200,
};

struct agent {
    const struct settings *settings; // in effect: those of the files, and what remote has changed
    struct loop *loop;
    struct mailbox *news;
    struct developer *developer;
    struct publisher *publisher;
    struct camera *camera;
    struct reporter reporter;
    struct pulse pulse;
    struct shots shots;
    struct timetable timetable;
    struct remote_settings remote;
    struct shutter shutter;
    struct identify identify;
    struct commands commands;
    bool started; // the camera has been there
    int signals;
    int health_timer;
};

static void tell_health(struct agent *agent)
{
    agent->reporter.camera_health = camera_health(agent->camera);
    reporter_health(&agent->reporter);
}

// ---- the camera

// What was changed has to prove itself, and whoever changed it may want to see.
static void take_trial_picture(struct agent *agent)
{
    bool is_idle = agent->shots.stage == SHOTS_IDLE && agent->shots.waiting_count == 0;
    if (remote_settings_wants_picture(&agent->remote) && is_idle &&
        camera_is_online(agent->camera)) {
        struct shots_wish wish = {.develop = develop_settings_of(&agent->settings->picture)};
        struct fault ignored; // it is told as an event
        shots_command(&agent->shots, &wish, "", timing_now_ns(), &ignored);
        shots_go(&agent->shots);
    }
}

static void on_camera_online(void *context, const struct camera_info *info)
{
    struct agent *agent = context;
    log_info("camera online: %s \"%s\" %s, %ux%u %s (%s)", info->driver, info->id, info->model,
             info->width, info->height, info->format_name, info->library);
    const struct settings_camera *wish = &agent->settings->camera;
    if (info->width != wish->width || info->height != wish->height) {
        log_warning("the camera has no %ux%u: it gives %ux%u", wish->width, wish->height,
                    info->width, info->height);
    }
    agent->reporter.camera_health = camera_health(agent->camera);
    reporter_camera(&agent->reporter, info, NULL);
    pulse_status(&agent->pulse);
    if (!agent->started) {
        agent->started = true;
        timetable_start(&agent->timetable);
    }
    take_trial_picture(agent);
}

static void on_camera_offline(void *context, const struct fault *why)
{
    struct agent *agent = context;
    log_error("camera offline: %s", why->text);
    agent->reporter.camera_health = camera_health(agent->camera);
    reporter_camera(&agent->reporter, NULL, why);
    pulse_status(&agent->pulse);
    shots_camera_offline(&agent->shots, why);
    if (shutter_is_open(&agent->shutter)) {
        remote_settings_camera_offline(&agent->remote, why);
    }
}

static void on_camera_frame(void *context, uint64_t shot, struct frame *frame)
{
    struct agent *agent = context;
    shots_frame(&agent->shots, shot, frame);
}

static void on_camera_failed(void *context, uint64_t shot, const struct fault *why)
{
    struct agent *agent = context;
    shots_failed(&agent->shots, shot, why);
}

static void on_camera_healing(void *context, const struct fault *why)
{
    struct agent *agent = context;
    log_warning("the camera's stream is started anew: %s", why->text);
    reporter_fault(&agent->reporter, why);
    tell_health(agent);
}

static void on_camera_log(void *context, uint32_t level, const char *text)
{
    struct agent *agent = context;
    bool known = level == LOG_LEVEL_ERROR || level == LOG_LEVEL_WARNING || level == LOG_LEVEL_INFO;
    log_line(known ? (enum log_level)level : LOG_LEVEL_DEBUG, "%s driver: %s",
             agent->settings->camera.driver, text);
}

static const struct camera_events camera_events = {
    .online = on_camera_online,
    .offline = on_camera_offline,
    .frame = on_camera_frame,
    .failed = on_camera_failed,
    .healing = on_camera_healing,
    .log = on_camera_log,
};

// ---- the publisher's news

static void on_setting(struct agent *agent, const struct news_command *news)
{
    char request_id[PICTURE_REQUEST_ID_SIZE];
    struct fault fault;
    if (remote_settings_message(&agent->remote, news, request_id, &fault)) {
        agent->reporter.counters.commands++;
        take_trial_picture(agent);
    } else {
        commands_tell_refusal(&agent->commands, news, request_id, &fault);
    }
}

static void on_command(struct agent *agent, const struct news_command *news)
{
    if (setting_message_is(news->topic)) {
        on_setting(agent, news);
        return;
    }
    commands_message(&agent->commands, news);
}

static void on_shot_done(struct agent *agent, struct news_shot *news)
{
    if (news->accepted) {
        remote_settings_picture(&agent->remote, news->shot->frame->captured_ns);
    }
    shots_done(&agent->shots, news);
    take_trial_picture(agent);
}

static void on_picture_sent(struct agent *agent, const struct news_picture *news)
{
    struct counters *counters = &agent->reporter.counters;
    uint64_t *counter = news->late ? &counters->late : &counters->published;
    (*counter)++;
    log_debug("picture %s delivered%s", news->id, news->late ? " late" : "");
    commands_picture(&agent->commands, news, true);
}

static void on_picture_dropped(struct agent *agent, const struct news_picture *news)
{
    enum cause_of what = news->refused ? CAUSE_OF_REFUSED : CAUSE_OF_DROPPED;
    reporter_count(&agent->reporter, what, cause_of_fault(&news->why), 1);
    struct shot shot = {.seq = news->seq, .trigger = news->trigger};
    memcpy(shot.id, news->id, sizeof shot.id);
    memcpy(shot.request_id, news->request_id, sizeof shot.request_id);
    log_warning("picture %s will not be delivered: %s", news->id, news->why.text);
    if (news->id[0] == '\0') {
        reporter_event(&agent->reporter, "failed", NULL, &news->why);
        return;
    }
    reporter_shot_event(&agent->reporter, "failed", &shot, &news->why);
    commands_picture(&agent->commands, news, false);
}

static void on_spool(struct agent *agent, const struct news_spool *news)
{
    if (news->why.kind == FAULT_NONE) {
        log_info("the spool takes pictures again");
    } else {
        log_error("pictures wait in memory: %s", news->why.text);
    }
    reporter_spool(&agent->reporter, &news->why);
}

static void on_link_up(struct agent *agent, const struct news_link *news)
{
    log_info("connected to %s with MQTT %s, %u pictures waiting", news->url, news->version,
             news->backlog);
    memcpy(agent->reporter.mqtt_version, news->version, sizeof agent->reporter.mqtt_version);
    remote_settings_link(&agent->remote, true);
    pulse_link(&agent->pulse, news->url, NULL);
    reporter_health(&agent->reporter);
}

static void on_link_down(struct agent *agent, const struct news_link *news)
{
    remote_settings_link(&agent->remote, false);
    pulse_link(&agent->pulse, news->url, &news->why);
    log_warning("no link to %s: %s; next try in %.1f s", news->url, news->why.text,
                news->retry_ms / 1000.0);
}

static void on_mail(struct agent *agent, struct mail mail)
{
    switch ((enum news)mail.kind) {
    case NEWS_SHOT_DONE:
        on_shot_done(agent, mail.body);
        break;
    case NEWS_SENT:
        on_picture_sent(agent, mail.body);
        break;
    case NEWS_DROPPED:
        on_picture_dropped(agent, mail.body);
        break;
    case NEWS_SPOOL:
        on_spool(agent, mail.body);
        break;
    case NEWS_LINK_UP:
        on_link_up(agent, mail.body);
        break;
    case NEWS_LINK_DOWN:
        on_link_down(agent, mail.body);
        break;
    case NEWS_COMMAND:
        on_command(agent, mail.body);
        break;
    }
    news_drop(mail);
}

// ---- the loop's descriptors and timers

static void on_news(void *context, short revents)
{
    (void)revents;
    struct agent *agent = context;
    // one at a time, so that a flood of commands cannot hold up the camera and the timers
    struct mail mail;
    if (mailbox_take(agent->news, &mail)) {
        on_mail(agent, mail);
    }
}

static void on_signal(void *context, short revents)
{
    (void)revents;
    struct agent *agent = context;
    struct signalfd_siginfo info;
    if (read(agent->signals, &info, sizeof info) == sizeof info) {
        log_info("%s: ending", strsignal((int)info.ssi_signo));
        loop_stop(agent->loop);
    }
}

static void on_health(void *context)
{
    struct agent *agent = context;
    loop_timer_set(agent->loop, agent->health_timer,
                   timing_now_ns() + (int64_t)(agent->settings->device.health_s * 1e9));
    tell_health(agent);
}

static bool apply_settings(void *context, const struct settings *settings)
{
    struct agent *agent = context;
    agent->settings = settings;
    agent->reporter.settings = settings;
    timetable_apply(&agent->timetable, settings);
    bool is_camera = camera_apply(agent->camera, &settings->camera);
    on_health(agent);
    return is_camera;
}

// ---- begin and end

static bool develop(void *context, struct shot *shot, struct picture *picture, struct fault *fault)
{
    return developer_develop(context, shot, picture, fault);
}

static bool open_signals(struct agent *agent, struct fault *fault)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    agent->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (agent->signals < 0) {
        return fault_set(fault, FAULT_SYSTEM, errno, "signalfd: %s", strerror(errno));
    }
    loop_watch(agent->loop, agent->signals, POLLIN, on_signal, agent);
    return true;
}

static void open_commands(struct agent *agent)
{
    shutter_init(&agent->shutter, agent->camera, agent->publisher, &agent->reporter);
    identify_init(&agent->identify, agent->loop, &agent->reporter, "/sys/class/leds");
    agent->commands = (struct commands){
        .loop = agent->loop,
        .camera = agent->camera,
        .publisher = agent->publisher,
        .reporter = &agent->reporter,
        .shots = &agent->shots,
        .shutter = &agent->shutter,
        .identify = &agent->identify,
    };
    commands_init(&agent->commands);
}

static bool open_parts(struct agent *agent, const char *password, const char *drivers_path,
                       struct fault *fault)
{
    const struct settings *settings = agent->settings;
    if ((agent->news = mailbox_create(NEWS_CAPACITY, news_drop, fault)) == NULL ||
        !open_signals(agent, fault) || (agent->developer = developer_create(fault)) == NULL ||
        (agent->camera =
             camera_create(agent->loop, &settings->camera, drivers_path,
                           seed_of(settings->device.id), &camera_events, agent, fault)) == NULL) {
        return false;
    }
    struct publisher_hooks hooks = {
        .develop = develop,
        .wrap = picture_wrap,
        .jpeg_budget = picture_jpeg_budget,
        .context = agent->developer,
    };
    // which is on another thread: what counts there cannot be changed over MQTT
    agent->publisher = publisher_create(agent->remote.base, password, &hooks, agent->news, fault);
    if (agent->publisher == NULL) {
        return false;
    }
    reporter_init(&agent->reporter, settings, agent->publisher);
    pulse_init(&agent->pulse, agent->loop, &agent->reporter);
    agent->reporter.changes = remote_settings_changes(&agent->remote);
    open_commands(agent);
    struct shots_listener listener = {commands_shot_over, &agent->commands};
    return shots_init(&agent->shots, agent->camera, agent->publisher, &agent->reporter, listener,
                      fault) &&
           timetable_init(&agent->timetable, agent->loop, &agent->shots, settings,
                          seed_of(settings->device.id), fault);
}

static void begin(struct agent *agent)
{
    loop_watch(agent->loop, mailbox_fd(agent->news), POLLIN, on_news, agent);

    // until the driver has spoken: a retained "online" of an earlier run must not stand
    struct fault starting;
    fault_set(&starting, FAULT_NONE, 0, "the camera is being started"); // which is no fault
    reporter_camera(&agent->reporter, NULL, &starting);
    agent->health_timer = loop_timer_add(agent->loop, on_health, agent);
    on_health(agent);
    shutter_begin(&agent->shutter);
    pulse_begin(&agent->pulse);
}

// The publisher ends first, because it may hold a frame of the camera.
static enum agent_end end(struct agent *agent, bool good)
{
    bool restarts = agent->commands.wants_restart;
    int64_t until_ns = timing_now_ns() + TIMING_MS(PUBLISHER_END_MS);
    identify_fini(&agent->identify);
    if (agent->publisher != NULL && !publisher_destroy(agent->publisher, until_ns)) {
        log_warning("the MQTT library did not come back in time: leaving it behind");
        return restarts ? AGENT_RESTART_STUCK : AGENT_STUCK;
    }
    struct mail mail;
    while (agent->news != NULL && mailbox_take(agent->news, &mail)) {
        if (mail.kind == NEWS_SHOT_DONE) {
            struct news_shot *news = mail.body;
            camera_give_back(agent->camera, news->shot->frame);
        }
        news_drop(mail);
    }
    remote_settings_fini(&agent->remote);
    timetable_fini(&agent->timetable);
    commands_fini(&agent->commands);
    shots_fini(&agent->shots);
    camera_destroy(agent->camera);
    developer_destroy(agent->developer);
    mailbox_destroy(agent->news);
    loop_destroy(agent->loop);
    if (agent->signals >= 0) {
        close(agent->signals);
    }
    return !good ? AGENT_FAILED : restarts ? AGENT_RESTART : AGENT_ENDED;
}

static bool open_settings(struct agent *agent, const struct settings *settings,
                          const struct settings_overlay *changes, struct fault *fault)
{
    agent->loop = loop_create(fault);
    if (agent->loop == NULL) {
        return false;
    }
    struct remote_settings_hooks hooks = {.apply = apply_settings, .context = agent};
    if (!remote_settings_init(&agent->remote, agent->loop, settings, changes, &agent->reporter,
                              &hooks, fault)) {
        return false;
    }
    agent->settings = remote_settings_now(&agent->remote);
    return true;
}

enum agent_end agent_run(const struct settings *settings, const struct settings_overlay *changes,
                         const char *password, const char *drivers_path, struct fault *fault)
{
    struct agent agent = {.signals = -1, .timetable.clock_set = -1};
    bool good = open_settings(&agent, settings, changes, fault) &&
                open_parts(&agent, password, drivers_path, fault);
    if (good) {
        begin(&agent);
        good = loop_run(agent.loop, fault);
        pulse_end(&agent.pulse);
    }
    return end(&agent, good);
}
