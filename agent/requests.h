// What was asked over MQTT and by whom: the requests that run, and the newest of those that have
// ended, so that the same one asked again is answered and not carried out again. Main thread.
#pragma once

#include "control/command.h"
#include "control/reply.h"

enum {
    REQUESTS_MAX = 64,
    REQUEST_ASKERS_MAX = 8,
    REQUEST_REMEMBERED_S = 600,
};

enum request_state {
    REQUEST_FREE,
    REQUEST_WAITING, // for its time (spread_ms)
    REQUEST_RUNNING,
    REQUEST_ENDED,
};

// A picture of a snapshot, on its way.
struct request_picture {
    enum request_fate {
        FATE_SHOOTING,
        FATE_SENDING, // it was accepted
        FATE_SENT,
        FATE_LOST,
    } fate;
    uint64_t ticket; // of the shot
    struct reply_picture facts;
};

struct request_asker {
    struct request_asker *next;
    struct reply_address to;
};

struct request {
    enum request_state state;
    struct command command;
    struct request_asker *askers; // owned; at least one
    int64_t begun_ns;
    int64_t next_ns;  // when it is to go on; INT64_MAX: when something happens
    int64_t asked_ns; // when the last shot was
    uint32_t asked;   // shots
    struct request_picture pictures[COMMAND_COUNT_MAX];
    struct fault why; // of the last picture that was lost
    bool is_settling;
    char *answer; // owned JSON; of an ended one
};

struct requests {
    struct request *all[REQUESTS_MAX]; // NULL: free
};

void requests_fini(struct requests *requests);

// The one with this verb and request id of the last REQUEST_REMEMBERED_S; NULL: there is none.
struct request *requests_find(const struct requests *requests, const struct command *command,
                              int64_t now_ns);

// A new one, waiting; in the place of the oldest that has ended, if need be. NULL: all are running,
// or there is no memory.
struct request *requests_add(struct requests *requests, const struct command *command,
                             const struct reply_address *to, int64_t now_ns);
void requests_remove(struct requests *requests, struct request *request);

// Whoever else is to get the answer; false: too many.
bool request_add_asker(struct request *request, const struct reply_address *to);
