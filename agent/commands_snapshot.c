// The pictures that a request asks for, one after the other. Main thread; the camera may fail at
// once, and call back before it has returned.
#include "commands_inside.h"

#include "base/timing.h"
#include "develop_settings.h"

#include <string.h>

void commands_arm(struct commands *commands)
{
    int64_t next_ns = INT64_MAX;
    for (size_t i = 0; i < REQUESTS_MAX; i++) {
        const struct request *request = commands->requests.all[i];
        if (request != NULL && request->next_ns < next_ns) {
            next_ns = request->next_ns;
        }
    }
    loop_timer_set(commands->loop, commands->timer, next_ns);
}

static struct shots_wish wish_of(const struct commands *commands, const struct command *command)
{
    struct settings_picture picture = commands_settings(commands)->picture;
    struct shots_wish wish = {
        .takes_latest = shots_takes_latest(&commands_settings(commands)->camera),
    };
    if (command->quality != 0) {
        picture.quality = command->quality;
    }
    if (command->max_bytes != 0) {
        picture.max_bytes = command->max_bytes;
    }
    wish.develop = develop_settings_of(&picture);
    wish.develop.max_width = command->max_width;
    wish.develop.max_height = command->max_height;
    if (command->payload != 0) {
        static const enum picture_form forms[] = {
            [PAYLOAD_BASE64] = PICTURE_FORM_BASE64,
            [PAYLOAD_RAW] = PICTURE_FORM_RAW,
            [PAYLOAD_JSON] = PICTURE_FORM_ENVELOPE,
        };
        wish.develop.form = forms[command->payload];
    }
    if (command->freshness != 0) {
        wish.takes_latest = command->freshness == FRESHNESS_LATEST;
    }
    return wish;
}

// The next picture of the request. A burst that cannot go on ends.
static void ask(struct commands *commands, struct request *request)
{
    struct command *command = &request->command;
    struct shots_wish wish = wish_of(commands, command);
    if (command->reply == REPLY_IMAGE) {
        wish.reply_image = &request->askers->to;
    }
    request->asked_ns = timing_now_ns();
    // a command that waits for nothing is as old as its message
    int64_t after_ns = request->asked == 0 && request->begun_ns <= request->asked_ns
                           ? request->begun_ns
                           : request->asked_ns;
    struct fault why;
    uint64_t ticket = shots_command(commands->shots, &wish, command->request_id, after_ns, &why);
    if (ticket == 0) {
        request->why = why;
        command->count = request->asked;
        return;
    }
    request->pictures[request->asked++] =
        (struct request_picture){.fate = FATE_SHOOTING, .ticket = ticket};
    shots_go(commands->shots);
}

static bool has_picture(const struct request *request, enum request_fate fate)
{
    for (uint32_t i = 0; i < request->asked; i++) {
        if (request->pictures[i].fate == fate) {
            return true;
        }
    }
    return false;
}

// Whether somebody waits for the broker to have the pictures.
static bool is_awaited(const struct request *request)
{
    const struct request_asker *asker = request->askers;
    while (asker != NULL && !commands_want_reply(request->command.request_id, &asker->to)) {
        asker = asker->next;
    }
    return asker != NULL;
}

// When the next picture may be asked for; INT64_MAX: not before something happens.
static int64_t due_ns(const struct request *request)
{
    if (request->asked == request->command.count || has_picture(request, FATE_SHOOTING)) {
        return INT64_MAX;
    }
    int64_t gap_ns = (int64_t)(request->command.gap_s * 1e9);
    return request->asked == 0 ? 0 : request->asked_ns + gap_ns;
}

// Goes as far as it can now.
void commands_settle(struct commands *commands, struct request *request)
{
    if (request->is_settling) {
        return; // whoever is at it sees what has changed
    }
    request->is_settling = true;
    while (due_ns(request) <= timing_now_ns()) {
        ask(commands, request);
    }
    request->is_settling = false;
    request->next_ns = due_ns(request);
    if (request->asked == request->command.count && !has_picture(request, FATE_SHOOTING) &&
        !(has_picture(request, FATE_SENDING) && is_awaited(request))) {
        commands_finish(commands, request);
    }
    commands_arm(commands);
}

// Gives each picture with this ticket, or on its way with this seq, its fate.
static void decide(struct commands *commands, uint64_t ticket, enum request_fate fate,
                   const struct reply_picture *facts, const struct fault *why)
{
    for (size_t i = 0; i < REQUESTS_MAX; i++) {
        struct request *request = commands->requests.all[i];
        bool concerns = false;
        for (uint32_t k = 0;
             request != NULL && request->state == REQUEST_RUNNING && k < request->asked; k++) {
            struct request_picture *picture = &request->pictures[k];
            bool is_it = ticket != 0
                             ? picture->fate == FATE_SHOOTING && picture->ticket == ticket
                             : picture->fate == FATE_SENDING && picture->facts.seq == facts->seq;
            if (is_it) {
                concerns = true;
                picture->fate = fate;
                picture->facts = facts != NULL ? *facts : picture->facts;
                request->why = why != NULL ? *why : request->why;
            }
        }
        if (concerns) {
            commands_settle(commands, request);
        }
    }
}

void commands_shot_over(void *context, uint64_t ticket, const struct shot *shot,
                        const struct fault *why)
{
    struct commands *commands = context;
    struct reply_picture facts = {.seq = shot != NULL ? shot->seq : 0};
    decide(commands, ticket, why == NULL ? FATE_SENDING : FATE_LOST, &facts, why);
}

// The event that came with the picture names the first of those whom it answers.
static void tell_others(struct commands *commands, const struct news_picture *news)
{
    for (size_t i = 0; i < REQUESTS_MAX; i++) {
        const struct request *request = commands->requests.all[i];
        for (uint32_t k = 0; request != NULL && k < request->asked; k++) {
            const struct request_picture *picture = &request->pictures[k];
            const char *request_id = request->command.request_id;
            if (picture->fate == FATE_SENDING && picture->facts.seq == news->seq &&
                request_id[0] != '\0' && strcmp(request_id, news->request_id) != 0) {
                reporter_captured_for(commands->reporter, news, request_id);
            }
        }
    }
}

void commands_picture(struct commands *commands, const struct news_picture *news, bool is_sent)
{
    if (is_sent) {
        tell_others(commands, news);
    }
    struct reply_picture facts = {
        .seq = news->seq,
        .width = news->width,
        .height = news->height,
        .bytes = news->bytes,
        .late = news->late,
    };
    memcpy(facts.id, news->id, sizeof facts.id);
    memcpy(facts.captured_at, news->captured_at, sizeof facts.captured_at);
    memcpy(facts.sha256, news->sha256, sizeof facts.sha256);
    struct fault why;
    fault_set(&why, FAULT_COMMAND, COMMAND_NOT_DELIVERED, "%s", news->why.text);
    decide(commands, 0, is_sent ? FATE_SENT : FATE_LOST, &facts, is_sent ? NULL : &why);
}
