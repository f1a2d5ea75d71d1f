// Messages as they go to the broker, from what is to be told. Pure.
#pragma once

#include "delivery/link.h"
#include "delivery/topic.h"
#include "picture/picture.h"

enum { LETTER_PROPERTIES_MAX = 6 };

// The message, and the room for what it points to; stays where it is while the message is in use.
struct letter {
    struct link_message message;
    char topic[TOPIC_SIZE];
    char seq[24];
    struct link_property properties[LETTER_PROPERTIES_MAX];
};

// P/ID/suffix with a document, QoS 1; `text` is borrowed. `is_json`: else it is one plain word.
void letter_document(struct letter *letter, const struct settings *settings, const char *suffix,
                     const char *text, bool is_json, bool retain);

// P/ID/meta; the picture is borrowed.
void letter_meta(struct letter *letter, const struct settings *settings,
                 const struct picture *picture);

// The form on P/ID/late, or on P/ID/image of a picture that wants `live_form` there.
enum picture_form letter_form(enum picture_form live_form, bool live);

// P/ID/image or P/ID/late; the picture and its payload in that form are borrowed. `expiry_s` is
// for late pictures.
void letter_picture(struct letter *letter, const struct settings *settings,
                    const struct picture *picture, bool live, uint32_t expiry_s,
                    const struct bytes *payload);

// Makes a letter to P/ID/reply one to `to`, which is borrowed.
void letter_reply(struct letter *letter, const struct reply_address *to);

// How many bytes of payload surely fit into a packet of P/ID/image or P/ID/late, whatever else is
// in it.
uint64_t letter_payload_max(const struct settings *settings, enum picture_form live_form, bool live,
                            uint64_t packet_max);
