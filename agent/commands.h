// What is made of a command: carried out once, or refused with a reason; and the replies. Main
// thread; never waits.
#pragma once

#include "base/flood.h"
#include "base/loop.h"
#include "base/rate.h"
#include "identify.h"
#include "requests.h"
#include "shots.h"
#include "shutter.h"

struct commands {
    struct loop *loop;
    struct camera *camera;
    struct publisher *publisher;
    struct reporter *reporter; // has the settings
    struct shots *shots;
    struct shutter *shutter;
    struct identify *identify;
    struct requests requests;
    struct rate rate;
    struct flood refusals;
    int timer;
    bool wants_restart; // of the agent: the loop has been stopped for it
};

// The parts are borrowed and set by the caller; the rest is this.
void commands_init(struct commands *commands);
void commands_fini(struct commands *commands);

void commands_message(struct commands *commands, const struct news_command *news);

// For other messages that are refused: logged and told as an event, a flood of them cut.
void commands_tell_refusal(struct commands *commands, const struct news_command *news,
                           const char *request_id, const struct fault *why);

// As a shots_listener; `context` is the commands.
void commands_shot_over(void *context, uint64_t ticket, const struct shot *shot,
                        const struct fault *why);

// What became of a picture.
void commands_picture(struct commands *commands, const struct news_picture *news, bool is_sent);
