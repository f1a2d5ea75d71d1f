// still2mqtt-ctl snap: asks, waits, proves. Main thread.
#include "ctl/snap.h"

#include "base/timing.h"
#include "ctl/gather.h"
#include "ctl/outcome.h"
#include "ctl/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

// Each answers with four messages at the most, and of a thousand that wait for a subscriber
// mosquitto drops the next.
enum { WAITING_MAX = 200 };

static const char *const answers[] = {"meta", "image", "event", "reply"};

// One filter a topic for all cameras where all are asked; else one a camera, so that the pictures
// of the others stay with the broker.
static bool subscribe(struct snap *snap, struct fault *fault)
{
    bool is_all = snap->ctl->options->all;
    for (size_t i = 0; i < (is_all ? 1 : snap->count); i++) {
        for (size_t j = 0; j < sizeof answers / sizeof answers[0]; j++) {
            if (!session_subscribe(snap->session, is_all ? "+" : snap->requests[i].id, answers[j],
                                   false, fault)) {
                return false;
            }
        }
    }
    return true;
}

// Each camera by its own topic and request id, so that it is known who has to answer; of a large
// fleet, the next as others have answered.
static bool ask(struct snap *snap, struct fault *fault)
{
    while (snap->next < snap->count && snap->waiting < WAITING_MAX) {
        struct snap_request *request = &snap->requests[snap->next++];
        if (request->is_settled) {
            continue;
        }
        char payload[PICTURE_REQUEST_ID_SIZE + 32];
        snprintf(payload, sizeof payload, "{\"request_id\": \"%s\"}", request->catch.request_id);
        if (!session_publish(snap->session, request->id, "command/snapshot", payload, fault)) {
            return false;
        }
        request->is_asked = true;
        snap->waiting++;
    }
    return true;
}

// After the commands: the answers need not wait for who else is there.
static bool ask_who_is_there(struct snap *snap, struct fault *fault)
{
    return snap->ctl->options->word_count == 0 ||
           session_subscribe(snap->session, "+", "status", true, fault);
}

static void note_sent(struct snap *snap)
{
    for (size_t i = 0; i < snap->next; i++) {
        struct snap_request *request = &snap->requests[i];
        if (request->until_ns == 0) {
            request->until_ns = ctl_deadline_ns(snap->ctl);
        }
    }
}

static void settle(struct snap *snap, struct snap_request *request, const struct fault *why)
{
    if (request->is_settled) {
        return;
    }
    if (why == NULL) {
        snap_keep(snap, request);
    } else {
        snap_give_up(snap, request, why);
    }
    snap->settled++;
    snap->waiting -= request->is_asked;
    snap->good += request->is_good;
    catch_fini(&request->catch);
}

static bool take(struct snap *snap, const struct session_message *message, struct fault *fault)
{
    if (!roster_learn(&snap->roster, message->id, message->suffix, message->payload, message->len,
                      fault)) {
        return false;
    }
    struct snap_request *request = snap_find(snap, message->id);
    if (request == NULL || request->is_settled) {
        return true;
    }
    if (!catch_take(&request->catch, message->suffix, message->payload, message->len, fault)) {
        return false;
    }
    switch (request->catch.end) {
    case CATCH_WAITING:
        break;
    case CATCH_DONE:
        settle(snap, request, NULL);
        break;
    case CATCH_REFUSED: {
        struct fault why;
        outcome_set(&why, EX_UNAVAILABLE, "no picture: %s", request->catch.why.text);
        settle(snap, request, &why);
        break;
    }
    case CATCH_BROKEN:
    case CATCH_GONE:
        settle(snap, request, &request->catch.why);
        break;
    }
    return true;
}

// Those of whom nothing at all was heard.
static void settle_unknown(struct snap *snap)
{
    for (size_t i = 0; i < snap->count; i++) {
        struct snap_request *request = &snap->requests[i];
        if (roster_find(&snap->roster, request->id) == NULL) {
            struct fault why;
            gather_unknown(&snap->roster, snap->ctl->mqtt->prefix, request->id, &why);
            settle(snap, request, &why);
        }
    }
}

static void settle_late(struct snap *snap, struct snap_request *request)
{
    const struct fault *note = &request->catch.why;
    struct fault why;
    outcome_set(&why, EX_TEMPFAIL, "did not answer in time%s%s",
                note->kind != FAULT_NONE ? ": " : "", note->kind != FAULT_NONE ? note->text : "");
    settle(snap, request, &why);
}

// The connection broke: who has answered by then has.
static void settle_broken(struct snap *snap, const struct fault *why)
{
    for (size_t i = 0; i < snap->count; i++) {
        settle(snap, &snap->requests[i], why);
    }
}

struct patience {
    int64_t broker_ns;  // for the broker to take the first commands; INT64_MAX: it has
    int64_t unknown_ns; // for those of whom nothing was heard; INT64_MAX: not yet, or over
};

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

static int64_t next_ns(const struct snap *snap, const struct patience *patience)
{
    int64_t next = timing_now_ns() + TIMING_S(1); // for the progress
    next = earlier(earlier(next, patience->broker_ns), patience->unknown_ns);
    for (size_t i = 0; i < snap->next; i++) {
        const struct snap_request *request = &snap->requests[i];
        if (!request->is_settled && request->until_ns > 0) {
            return earlier(next, request->until_ns); // asked in order
        }
    }
    return next;
}

static void on_sent(struct snap *snap, struct patience *patience)
{
    if (patience->broker_ns != INT64_MAX) {
        patience->broker_ns = INT64_MAX;
        patience->unknown_ns = timing_now_ns() + TIMING_MS(GATHER_UNKNOWN_MS);
    }
    note_sent(snap);
}

// Gives up whose time is up, and asks who is next.
static bool tend(struct snap *snap, struct patience *patience, struct fault *fault)
{
    int64_t now_ns = timing_now_ns();
    if (now_ns >= patience->broker_ns) {
        return gather_no_broker(fault);
    }
    if (now_ns >= patience->unknown_ns) {
        patience->unknown_ns = INT64_MAX;
        settle_unknown(snap);
    }
    for (size_t i = 0; i < snap->next; i++) {
        struct snap_request *request = &snap->requests[i];
        if (request->until_ns > 0 && now_ns >= request->until_ns) {
            settle_late(snap, request);
        }
    }
    return ask(snap, fault);
}

static bool wait_for_answers(struct snap *snap, struct fault *fault)
{
    struct patience patience = {ctl_deadline_ns(snap->ctl), INT64_MAX};
    while (snap->settled < snap->count) {
        struct session_message *message = NULL;
        bool good = true;
        progress_show("%zu of %zu pictures", snap->good, snap->count);
        switch (session_next(snap->session, next_ns(snap, &patience), &message, fault)) {
        case SESSION_SENT:
            on_sent(snap, &patience);
            break;
        case SESSION_FAILED:
            if (snap->settled == 0) {
                return false;
            }
            settle_broken(snap, fault);
            return true;
        case SESSION_MESSAGE:
            good = take(snap, message, fault);
            session_message_free(message);
            break;
        case SESSION_TIMEOUT:
            break;
        }
        if (!good || !tend(snap, &patience, fault)) {
            return false;
        }
    }
    return true;
}

// Several pictures do not fit into one file; and a folder that is not there is known at once.
static bool check_output(const struct snap *snap, struct fault *fault)
{
    const char *output = snap->ctl->options->output;
    struct stat there;
    if (output == NULL || strcmp(output, "-") == 0) {
        return output == NULL || snap->count == 1 ||
               fault_set(fault, FAULT_USAGE, 0, "standard output takes one picture, not %zu",
                         snap->count);
    }
    bool is_folder = stat(output, &there) == 0 && S_ISDIR(there.st_mode);
    if (!is_folder && output[strlen(output) - 1] == '/') {
        return outcome_set(fault, EX_CANTCREAT, "%s is not there: mkdir it first", output);
    }
    return is_folder || snap->count == 1 ||
           fault_set(fault, FAULT_USAGE, 0, "%zu pictures need a folder for --output, not a file",
                     snap->count);
}

static bool run(struct snap *snap, struct fault *fault)
{
    bool good = snap_choose(snap, fault) && check_output(snap, fault) && subscribe(snap, fault) &&
                ask(snap, fault) && ask_who_is_there(snap, fault) && wait_for_answers(snap, fault);
    progress_clear();
    return good && snap_conclude(snap, fault);
}

bool ctl_snap(const struct ctl *ctl, struct fault *fault)
{
    struct snap snap = {.ctl = ctl, .session = session_open(ctl->mqtt, ctl->password, fault)};
    if (snap.session == NULL) {
        return false;
    }
    roster_init(&snap.roster);
    bool good = run(&snap, fault);
    for (size_t i = 0; i < snap.count; i++) {
        catch_fini(&snap.requests[i].catch);
    }
    free(snap.requests);
    roster_fini(&snap.roster);
    session_close(snap.session);
    return good;
}
