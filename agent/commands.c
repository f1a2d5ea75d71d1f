// Policy of commands. Main thread; what it asks for may fail at once, and call back before it
// returns.
#include "commands.h"

#include "commands_inside.h"

#include "base/log.h"
#include "base/seed.h"
#include "base/timing.h"
#include "develop_settings.h"
#include "settings/settings_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    REFUSALS_MAX = 10, // logged and told, in one window
    REFUSALS_WINDOW_MS = 10000,
    // a service manager gives up on what starts more often than five times in ten seconds
    RESTART_REST_S = 10,
};

void commands_tell_refusal(struct commands *commands, const struct news_command *news,
                           const char *request_id, const struct fault *why)
{
    enum cause cause = news->retained ? CAUSE_RETAINED : cause_of_fault(why);
    reporter_count(commands->reporter, CAUSE_OF_COMMANDS_REFUSED, cause, 1);
    uint32_t kept_back;
    bool pass = flood_pass(&commands->refusals, timing_now_ns(), &kept_back);
    if (kept_back > 0) {
        log_warning("%u more commands were refused", kept_back);
    }
    if (pass) {
        log_warning("%s refused: %s", news->topic, why->text);
        reporter_event(commands->reporter, "refused", request_id, why);
    }
}

static void refuse(struct commands *commands, const struct news_command *news, const char *verb,
                   const char *request_id, const struct fault *why)
{
    commands_tell_refusal(commands, news, request_id, why);
    if (!commands_want_reply(request_id, &news->reply_to)) {
        return;
    }
    char *text = document_reply(&(struct document_reply){
        .device = commands_settings(commands)->device.id,
        .verb = verb,
        .request_id = request_id,
        .result = "refused",
        .code = command_code_name(commands_code(why)),
        .reason = why->text,
    });
    if (text != NULL) {
        publisher_put_reply(commands->publisher, &news->reply_to, text);
        free(text);
    }
}

// ---- carrying out

static void fail(struct commands *commands, struct request *request, const struct fault *why)
{
    request->why = *why;
    commands_finish(commands, request);
}

static void restart(struct commands *commands, struct request *request)
{
    struct fault why;
    int64_t up_ns = timing_now_ns() - commands->reporter->started_ns;
    if (request->command.what == WHAT_CAMERA) {
        fault_set(&why, FAULT_CAMERA, 0, "it is started anew, as a command asked");
        camera_restart(commands->camera);
    } else if (up_ns < TIMING_S(RESTART_REST_S)) {
        fault_set(&why, FAULT_COMMAND, COMMAND_BUSY,
                  "the agent has just started: it restarts %d seconds after that at the earliest",
                  RESTART_REST_S);
        fail(commands, request, &why);
        return;
    } else {
        log_info("ending, to be started again: a command asked for it");
        commands->wants_restart = true;
        loop_stop(commands->loop);
    }
    commands_finish(commands, request);
}

static void snapshot(struct commands *commands, struct request *request)
{
    struct fault why;
    if (!shutter_is_open(commands->shutter)) {
        fault_set(&why, FAULT_COMMAND, COMMAND_SHUTTER_CLOSED, "the shutter is closed");
        fail(commands, request, &why);
        return;
    }
    commands_settle(commands, request);
}

static void execute(struct commands *commands, struct request *request)
{
    struct fault why;
    request->state = REQUEST_RUNNING;
    request->next_ns = INT64_MAX;
    switch (request->command.verb) {
    case COMMAND_SNAPSHOT:
        snapshot(commands, request);
        return;
    case COMMAND_RESTART:
        restart(commands, request);
        return;
    case COMMAND_IDENTIFY:
        identify_begin(commands->identify);
        break;
    case COMMAND_SHUTTER:
        if (!shutter_set(commands->shutter, request->command.state == STATE_OPEN, &why)) {
            fail(commands, request, &why);
            return;
        }
        break;
    case COMMAND_CONFIG:
        break;
    }
    commands_finish(commands, request);
}

static void on_timer(void *context)
{
    struct commands *commands = context;
    int64_t now_ns = timing_now_ns();
    for (size_t i = 0; i < REQUESTS_MAX; i++) {
        struct request *request = commands->requests.all[i];
        if (request == NULL || request->next_ns > now_ns) {
            continue;
        }
        if (request->state == REQUEST_WAITING) {
            request->begun_ns = now_ns; // a picture is of after its own time
            execute(commands, request);
        } else {
            commands_settle(commands, request);
        }
    }
    commands_arm(commands);
}

// ---- what comes

static bool may(struct commands *commands, const char *verb, struct fault *fault)
{
    const struct settings_commands *settings = &commands_settings(commands)->commands;
    commands->rate.per_s = settings->per_s;
    commands->rate.burst = settings->burst;
    if (!settings_names_have(settings->allow, verb, strlen(verb))) {
        return fault_set(fault, FAULT_COMMAND, COMMAND_NOT_ALLOWED,
                         "this device does not take the command %s (commands.allow)", verb);
    }
    return rate_pass(&commands->rate, timing_now_ns()) ||
           fault_set(fault, FAULT_COMMAND, COMMAND_TOO_FAST,
                     "more than %.15g commands a second (commands.per_s)", settings->per_s);
}

// Asked before: answered as the first time, now or when that is known.
static bool repeat(struct commands *commands, struct request *request,
                   const struct reply_address *to, struct fault *fault)
{
    if (request->state == REQUEST_ENDED) {
        if (request->answer != NULL) {
            publisher_put_reply(commands->publisher, to, request->answer);
        }
        return true;
    }
    return request_add_asker(request, to) ||
           fault_set(fault, FAULT_COMMAND, COMMAND_BUSY,
                     "%d others wait for the answer to this request already", REQUEST_ASKERS_MAX);
}

static bool take(struct commands *commands, const struct command *command, const char *verb,
                 const struct news_command *news, struct fault *fault)
{
    struct request *known = requests_find(&commands->requests, command, timing_now_ns());
    if (known != NULL) {
        return repeat(commands, known, &news->reply_to, fault);
    }
    if (!may(commands, verb, fault)) {
        return false;
    }
    struct request *request =
        requests_add(&commands->requests, command, &news->reply_to, news->arrived_ns);
    if (request == NULL) {
        return fault_set(fault, FAULT_COMMAND, COMMAND_BUSY, "%d commands are running already",
                         REQUESTS_MAX);
    }
    commands->reporter->counters.commands++;
    if (news->audience != AUDIENCE_DEVICE && command->spread_ms > 0) {
        double share = seed_share(seed_of(commands_settings(commands)->device.id));
        request->next_ns = news->arrived_ns + (int64_t)(share * command->spread_ms * 1e6);
        commands_arm(commands);
    } else {
        execute(commands, request);
    }
    return true;
}

void commands_message(struct commands *commands, const struct news_command *news)
{
    struct command command;
    const char *verb;
    struct fault fault;
    // a payload that was too long to bring along is refused by its full length
    size_t len = news->full_len > news->len ? news->full_len : news->len;
    bool good =
        command_parse(news->topic, news->payload, len, news->retained, &command, &verb, &fault);
    if (good && news->has_bad_reply_to) {
        good = fault_set(&fault, FAULT_COMMAND, COMMAND_BAD_RESPONSE_TOPIC,
                         "the Response Topic must be plain, of at most %d bytes and outside of the "
                         "topics of devices, but for the reply of this one; Correlation Data has "
                         "at most %d bytes",
                         REPLY_TOPIC_MAX, REPLY_CORRELATION_MAX);
    }
    if (!good || !take(commands, &command, verb, news, &fault)) {
        refuse(commands, news, verb, command.request_id, &fault);
    }
}

void commands_init(struct commands *commands)
{
    const struct settings_commands *settings = &commands_settings(commands)->commands;
    commands->rate = rate_of(settings->per_s, settings->burst, timing_now_ns());
    commands->refusals = (struct flood){.most = REFUSALS_MAX, .window_ms = REFUSALS_WINDOW_MS};
    commands->timer = loop_timer_add(commands->loop, on_timer, commands);
}

void commands_fini(struct commands *commands)
{
    requests_fini(&commands->requests);
}
