// The one thread that may wait: develops shots into pictures, keeps them until the broker has them,
// and is the only caller of Paho.
#pragma once

#include "base/mailbox.h"
#include "picture/picture.h"
#include "settings/settings.h"

struct publisher;

// What the publisher is given to do its work with, so that it knows neither JPEG nor JSON. Called
// on the publisher's thread only.
struct publisher_hooks {
    // Fills in `picture`, which takes over the shot's captured_event and
    // reply_image.
    bool (*develop)(void *context, struct shot *shot, struct picture *picture, struct fault *fault);
    bool (*wrap)(const struct picture *picture, enum picture_form form, struct bytes *payload,
                 struct fault *fault);
    // The largest JPEG whose payload in that form has no more than `payload_max` bytes.
    uint64_t (*jpeg_budget)(enum picture_form form, uint64_t payload_max);
    void *context; // of develop
};

// The small documents: the newest of each waits, and each retained one is sent anew at every
// connect.
enum document {
    DOCUMENT_CAMERA, // P/ID/camera
    DOCUMENT_STATE,  // P/ID/state
    DOCUMENT_HEALTH, // P/ID/health
    DOCUMENT_COUNT,
};

// The kinds of mail in the mailbox `news`, and what `body` points to. Free a body with news_drop.
enum news {
    NEWS_SHOT_DONE, // struct news_shot: pixels no longer needed; accepted, or failed with a reason
    NEWS_SENT,      // struct news_picture: the broker has it
    NEWS_DROPPED,   // struct news_picture: it will never be sent, with the reason
    NEWS_SPOOL,     // struct news_spool: the disk takes no pictures, or does again
    NEWS_LINK_UP,   // struct news_link
    NEWS_LINK_DOWN, // struct news_link
    NEWS_COMMAND,   // struct news_command
};

struct news_shot {
    struct shot *shot;  // owned by the mail; the frame in it must be given back
    bool accepted;      // the picture is in the backlog: on the disk, where spool.mode is "disk"
                        // and no NEWS_SPOOL has said that the disk takes none
    struct fault fault; // if not
    uint64_t bytes;     // of JPEG
    int64_t develop_ns; // how long it took
};

struct news_picture {
    char id[PICTURE_ID_SIZE]; // "": of a damaged file, which does not say
    uint64_t seq;
    enum trigger trigger;
    char request_id[PICTURE_REQUEST_ID_SIZE];
    int64_t captured_ns; // monotonic
    char captured_at[32];
    char sha256[PICTURE_SHA256_SIZE];
    uint32_t width;
    uint32_t height;
    uint64_t bytes; // of JPEG
    bool late;      // went to, or waited for, P/ID/late
    bool refused;   // NEWS_DROPPED: the broker said no
    struct fault why;
};

struct news_spool {
    struct fault why; // FAULT_NONE: the disk takes pictures again
};

struct news_link {
    char url[256];     // without credentials
    char version[8];   // "5" or "3.1.1"
    uint32_t backlog;  // pictures waiting
    uint32_t retry_ms; // NEWS_LINK_DOWN: the next attempt
    struct fault why;  // NEWS_LINK_DOWN
};

enum { NEWS_PAYLOAD_MAX = 4096 }; // a longer command is told without its payload

// Through which topic a command came.
enum audience {
    AUDIENCE_DEVICE, // P/ID/...
    AUDIENCE_GROUP,  // P/@GROUP/..., a group of device.groups
    AUDIENCE_ALL,    // P/@all/...
};

struct news_command {
    char topic[320]; // below P/ID/: "command/snapshot"
    enum audience audience;
    int64_t arrived_ns; // monotonic
    bool retained;
    struct reply_address reply_to;
    bool has_bad_reply_to; // a Response Topic or Correlation Data that is not taken; reply_to is
                           // P/ID/reply then
    size_t full_len;       // as it came; more than NEWS_PAYLOAD_MAX: payload is empty
    size_t len;
    uint8_t payload[]; // len bytes, not terminated
};

// The shot of a NEWS_SHOT_DONE goes with its mail, unless the taker has put NULL in its place; its
// frame must have been given back.
void news_drop(struct mail mail);

// Counters that only the publisher knows; read from any thread.
struct publisher_counters {
    uint32_t backlog;       // pictures accepted and not yet with the broker
    uint64_t backlog_bytes; // of JPEG in them, or of their files
    uint32_t quarantined;   // files of the spool that were found damaged and set aside
    uint32_t reconnects;
    uint32_t events_dropped;   // events that found their queue full
    uint32_t replies_dropped;  // replies that did
    uint32_t commands_dropped; // commands that came too fast to be looked at
};

// Opens the spool, which may refuse (FAULT_CONFIG), and starts the thread, which connects at once
// and for ever. `settings` and `news` are borrowed for
// the publisher's life. `password` may be NULL; it is copied. Call it before other threads read the
// environment: http_proxy is taken out of it, for Paho would obey that.
struct publisher *publisher_create(const struct settings *settings, const char *password,
                                   const struct publisher_hooks *hooks, struct mailbox *news,
                                   struct fault *fault);

// Takes the shot with its frame; NEWS_SHOT_DONE brings it back. One at a time: the next one after
// that news.
void publisher_put_shot(struct publisher *publisher, struct shot *shot);

// Takes `text` (malloc'ed). The newest of each kind is what connects send; a waiting older one is
// replaced.
void publisher_put_document(struct publisher *publisher, enum document document, char *text);

// Takes `text` (malloc'ed): JSON for P/ID/event, sent in order. Bounded: when full, the oldest is
// dropped and counted.
void publisher_put_event(struct publisher *publisher, char *text);

// JSON to whoever asked, sent in order, after live pictures. Bounded in the same way.
void publisher_put_reply(struct publisher *publisher, const struct reply_address *to,
                         const char *text);

// While it is hidden, the broker keeps no picture of this device: what it has retained on
// P/ID/image and P/ID/meta is cleared, at every connect again, and what waits goes to P/ID/late.
void publisher_hide_pictures(struct publisher *publisher, bool hidden);

struct publisher_counters publisher_counters(const struct publisher *publisher);

// Publishes "offline" where there is a link, disconnects, ends the thread; true when it ended
// before the deadline. False: it is stuck in a library (DNS, say); the process should then exit
// without waiting, and nothing of the publisher may be freed. News that does not fit into its box
// meanwhile is dropped.
bool publisher_destroy(struct publisher *publisher, int64_t deadline_ns);
