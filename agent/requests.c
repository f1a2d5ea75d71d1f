// A table of requests. Main thread; decides nothing.
#include "requests.h"

#include "base/timing.h"

#include <stdlib.h>
#include <string.h>

static void destroy(struct request *request)
{
    if (request == NULL) {
        return;
    }
    while (request->askers != NULL) {
        struct request_asker *next = request->askers->next;
        free(request->askers);
        request->askers = next;
    }
    free(request->answer);
    free(request);
}

void requests_fini(struct requests *requests)
{
    for (size_t i = 0; i < REQUESTS_MAX; i++) {
        destroy(requests->all[i]);
        requests->all[i] = NULL;
    }
}

struct request *requests_find(const struct requests *requests, const struct command *command,
                              int64_t now_ns)
{
    for (size_t i = 0; command->request_id[0] != '\0' && i < REQUESTS_MAX; i++) {
        struct request *request = requests->all[i];
        if (request != NULL && request->command.verb == command->verb &&
            strcmp(request->command.request_id, command->request_id) == 0 &&
            (request->state != REQUEST_ENDED ||
             now_ns - request->begun_ns < TIMING_S(REQUEST_REMEMBERED_S))) {
            return request;
        }
    }
    return NULL;
}

// A free place, or that of the oldest that has ended; NULL: there is none.
static struct request **find_place(struct requests *requests)
{
    struct request **place = NULL;
    for (size_t i = 0; i < REQUESTS_MAX; i++) {
        struct request **other = &requests->all[i];
        if (*other == NULL) {
            return other;
        }
        if ((*other)->state == REQUEST_ENDED &&
            (place == NULL || (*other)->begun_ns < (*place)->begun_ns)) {
            place = other;
        }
    }
    return place;
}

// Behind the others: the first is who gets the pictures, where they are asked for.
bool request_add_asker(struct request *request, const struct reply_address *to)
{
    size_t count = 0;
    struct request_asker **end = &request->askers;
    for (; *end != NULL; end = &(*end)->next) {
        const struct reply_address *other = &(*end)->to;
        count++;
        if (strcmp(other->topic, to->topic) == 0 && other->correlation_len == to->correlation_len &&
            memcmp(other->correlation, to->correlation, to->correlation_len) == 0) {
            return true;
        }
    }
    struct request_asker *asker = count < REQUEST_ASKERS_MAX ? malloc(sizeof *asker) : NULL;
    if (asker == NULL) {
        return false;
    }
    *asker = (struct request_asker){.to = *to};
    *end = asker;
    return true;
}

struct request *requests_add(struct requests *requests, const struct command *command,
                             const struct reply_address *to, int64_t now_ns)
{
    struct request **place = find_place(requests);
    struct request *request = place != NULL ? calloc(1, sizeof *request) : NULL;
    if (request == NULL) {
        return NULL;
    }
    request->state = REQUEST_WAITING;
    request->command = *command;
    request->begun_ns = now_ns;
    request->next_ns = INT64_MAX;
    if (!request_add_asker(request, to)) {
        destroy(request);
        return NULL;
    }
    destroy(*place);
    *place = request;
    return request;
}

void requests_remove(struct requests *requests, struct request *request)
{
    for (size_t i = 0; i < REQUESTS_MAX; i++) {
        if (requests->all[i] == request) {
            requests->all[i] = NULL;
        }
    }
    destroy(request);
}
