// One picture that was asked for: from what P/ID tells, which picture is the answer, and whether it
// proves itself. Pure.
//
// The picture is the one whose meta carries our request_id, or whose id an event or a reply with
// our request_id names: an agent may answer several requests with one picture. The bytes on
// P/ID/image are known to be that picture's by their SHA-256, so that neither an older one nor the
// retained one is ever taken for it.
#pragma once

#include "base/bytes.h"
#include "picture/picture.h"

#include <stddef.h>

enum catch_end {
    CATCH_WAITING,
    CATCH_DONE,    // the picture is there: `jpeg`
    CATCH_REFUSED, // the agent says that none will come
    CATCH_BROKEN,  // it came, and is not what it should be
    CATCH_GONE,    // the agent went offline
};

// What meta says.
struct catch_meta {
    char id[PICTURE_ID_SIZE];
    char request_id[PICTURE_REQUEST_ID_SIZE];
    char sha256[PICTURE_SHA256_SIZE];
    char captured_at[32];
    bool is_fresh; // exposed after the trigger
};

struct catch
{
    char request_id[PICTURE_REQUEST_ID_SIZE]; // ours
    bool takes_old;                           // one that was exposed before the command will do
    enum catch_end end;
    struct fault why;                // unless CATCH_DONE; FAULT_NONE while all is well
    char wanted_id[PICTURE_ID_SIZE]; // "": nobody has named it
    struct catch_meta meta;          // the newest
    struct bytes payload;            // that followed it; empty: none yet
    struct bytes jpeg;
    uint32_t width;
    uint32_t height;
};

void catch_init(struct catch *catch, const char *request_id, bool takes_old);
void catch_fini(struct catch *catch);

// A message on P/ID/suffix; nothing happens any more once it has an end. False: no memory.
__attribute__((warn_unused_result)) bool catch_take(struct catch *catch, const char *suffix,
                                                    const uint8_t *payload, size_t len,
                                                    struct fault *fault);
