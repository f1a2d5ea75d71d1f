// The answer to a request. Main thread.
#include "commands_inside.h"

#include "settings/settings_names.h"

#include <stdlib.h>

const struct settings *commands_settings(const struct commands *commands)
{
    return commands->reporter->settings;
}

bool commands_want_reply(const char *request_id, const struct reply_address *to)
{
    return request_id[0] != '\0' || to->topic[0] != '\0';
}

enum command_code commands_code(const struct fault *why)
{
    return why->kind == FAULT_COMMAND ? (enum command_code)why->code : COMMAND_NO_PICTURE;
}

// What of its pictures the broker has.
static size_t list_sent(const struct request *request, struct reply_picture *sent)
{
    size_t count = 0;
    for (uint32_t i = 0; i < request->asked; i++) {
        if (request->pictures[i].fate == FATE_SENT) {
            sent[count++] = request->pictures[i].facts;
        }
    }
    return count;
}

// The end of a request; the answer is kept for whoever asks the same again.
void commands_finish(struct commands *commands, struct request *request)
{
    struct reply_picture sent[COMMAND_COUNT_MAX];
    bool good = request->why.kind == FAULT_NONE;
    struct document_reply reply = {
        .device = commands_settings(commands)->device.id,
        .verb = settings_verbs[request->command.verb],
        .request_id = request->command.request_id,
        .result = good ? "done" : "failed",
        .code = good ? NULL : command_code_name(commands_code(&request->why)),
        .reason = good ? NULL : request->why.text,
        .pictures = sent,
        .picture_count = list_sent(request, sent),
        .config = request->command.verb == COMMAND_CONFIG ? commands_settings(commands) : NULL,
    };
    request->state = REQUEST_ENDED;
    request->next_ns = INT64_MAX;
    request->answer = document_reply(&reply);
    const struct request_asker *asker = request->answer != NULL ? request->askers : NULL;
    for (; asker != NULL; asker = asker->next) {
        if (commands_want_reply(request->command.request_id, &asker->to)) {
            publisher_put_reply(commands->publisher, &asker->to, request->answer);
        }
    }
    if (request->command.request_id[0] == '\0') {
        requests_remove(&commands->requests, request);
    }
}
