// The pictures that one `snap` asks for: who is asked, what came, where it goes. Main thread.
#pragma once

#include "ctl/catch.h"
#include "ctl/ctl.h"
#include "ctl/roster.h"
#include "ctl/session.h"

struct snap_request {
    char id[SETTINGS_ID_SIZE];
    struct catch catch;
    bool is_asked;
    int64_t until_ns; // 0: the broker does not have the command yet
    bool is_settled;
    bool is_good; // the picture is in its file
    struct fault why;
};

struct snap {
    const struct ctl *ctl;
    struct session *session;
    struct roster roster;
    struct snap_request *requests; // by id
    size_t count;
    size_t next;    // to be asked
    size_t waiting; // were asked, and have not answered
    size_t settled;
    size_t good;
};

// Makes the requests: for the ids of the command line, or for who is online.
__attribute__((warn_unused_result)) bool snap_choose(struct snap *snap, struct fault *fault);

// NULL: it is not asked.
struct snap_request *snap_find(const struct snap *snap, const char *id);

// The picture has come: to its file, or to standard output; and tells of it.
void snap_keep(const struct snap *snap, struct snap_request *request);
// None will come.
void snap_give_up(const struct snap *snap, struct snap_request *request, const struct fault *why);

// True where all came; else which did not, and why where it was one.
__attribute__((warn_unused_result)) bool snap_conclude(const struct snap *snap,
                                                       struct fault *fault);
