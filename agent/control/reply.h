// The JSON that answers a command, on P/ID/reply or the Response Topic. Pure.
#pragma once

#include "picture/picture.h"
#include "settings/settings.h"

struct reply_picture {
    char id[PICTURE_ID_SIZE];
    uint64_t seq;
    char captured_at[32];
    char sha256[PICTURE_SHA256_SIZE];
    uint32_t width;
    uint32_t height;
    uint64_t bytes;
    bool late; // it is on `late`, not on `image`
};

struct document_reply {
    const char *device;
    const char *verb;       // NULL: unknown
    const char *request_id; // "": none
    const char *result;     // "done", "refused", "failed"
    const char *code;       // NULL: done
    const char *reason;     // NULL: done
    const struct reply_picture *pictures;
    size_t picture_count;
    const struct settings *config; // NULL: not asked for
};

// malloc'ed JSON, or NULL without memory.
char *document_reply(const struct document_reply *reply);
