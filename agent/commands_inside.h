// What the parts of the commands share; nobody else includes this.
//
//   commands.c           what comes: carried out or refused
//   commands_finish.c    what goes: the answer to a request
//   commands_snapshot.c  the pictures that a request asks for
#pragma once

#include "commands.h"

// commands_finish.c

const struct settings *commands_settings(const struct commands *commands);

// Whether somebody waits for an answer, and where.
bool commands_want_reply(const char *request_id, const struct reply_address *to);
enum command_code commands_code(const struct fault *why);

// The end of a request, failed where it has a `why`; the answer is kept for whoever asks the same
// again. Without a request id nobody can: then the request is gone.
void commands_finish(struct commands *commands, struct request *request);

// commands_snapshot.c

// Goes on with a snapshot as far as it can now, to its end where it may be.
void commands_settle(struct commands *commands, struct request *request);

// Sets the clock for what waits for its time.
void commands_arm(struct commands *commands);
