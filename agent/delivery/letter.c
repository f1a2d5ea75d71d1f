// Topics, retain flags, QoS and MQTT 5 properties by kind of message. No state.
#include "delivery/letter.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void begin(struct letter *letter, const struct settings *settings, const char *suffix)
{
    topic_make(letter->topic, settings->mqtt.prefix, settings->device.id, suffix);
    letter->message = (struct link_message){.topic = letter->topic, .qos = 1, .is_text = true};
}

void letter_document(struct letter *letter, const struct settings *settings, const char *suffix,
                     const char *text, bool is_json, bool retain)
{
    begin(letter, settings, suffix);
    letter->message.payload = text;
    letter->message.len = strlen(text);
    letter->message.retain = retain;
    letter->message.content_type = is_json ? "application/json" : "text/plain";
}

void letter_meta(struct letter *letter, const struct settings *settings,
                 const struct picture *picture)
{
    begin(letter, settings, "meta");
    letter->message.payload = picture->meta.data;
    letter->message.len = picture->meta.len;
    letter->message.qos = (int)settings->mqtt.qos;
    letter->message.retain = settings->mqtt.retain;
    letter->message.content_type = "application/json";
}

enum picture_form letter_form(enum picture_form live_form, bool live)
{
    return live ? live_form : PICTURE_FORM_ENVELOPE;
}

static const char *content_type(enum picture_form form)
{
    switch (form) {
    case PICTURE_FORM_RAW:
        return "image/jpeg";
    case PICTURE_FORM_ENVELOPE:
        return "application/json";
    case PICTURE_FORM_BASE64:
        break;
    }
    return "text/plain";
}

void letter_picture(struct letter *letter, const struct settings *settings,
                    const struct picture *picture, bool live, uint32_t expiry_s,
                    const struct bytes *payload)
{
    enum picture_form form = letter_form(picture->form, live);
    begin(letter, settings, live ? "image" : "late");
    letter->message.payload = payload->data;
    letter->message.len = payload->len;
    letter->message.qos = (int)settings->mqtt.qos;
    letter->message.retain = live && settings->mqtt.retain;
    letter->message.is_text = form != PICTURE_FORM_RAW;
    letter->message.content_type = content_type(form);
    letter->message.expiry_s = live ? 0 : expiry_s;

    snprintf(letter->seq, sizeof letter->seq, "%" PRIu64, picture->seq);
    struct link_property *property = letter->properties;
    *property++ = (struct link_property){"id", picture->id};
    *property++ = (struct link_property){"seq", letter->seq};
    *property++ = (struct link_property){"captured_at", picture->captured_at};
    *property++ = (struct link_property){"trigger", trigger_name(picture->trigger)};
    *property++ = (struct link_property){"sha256", picture->sha256};
    if (picture->request_id[0] != '\0') {
        *property++ = (struct link_property){"request_id", picture->request_id};
    }
    letter->message.properties = letter->properties;
    letter->message.property_count = (size_t)(property - letter->properties);
}

void letter_reply(struct letter *letter, const struct reply_address *to)
{
    if (to->topic[0] != '\0') {
        letter->message.topic = to->topic;
    }
    letter->message.correlation = to->correlation;
    letter->message.correlation_len = to->correlation_len;
}

// As large as MQTT 5 can make it (sections 2.2.2 and 3.3), whatever the version.
static uint64_t size_around(const struct link_message *message)
{
    enum {
        FIXED_HEADER = 1 + 4, // type, remaining length
        PACKET_ID = 2,
        PROPERTIES_LENGTH = 4,
        PAYLOAD_FORMAT = 1 + 1,
        EXPIRY = 1 + 4,
        TEXT = 2,         // before each text: its length
        NAMED = 1 + TEXT, // a property with a text
    };
    uint64_t size = FIXED_HEADER + TEXT + strlen(message->topic) + PACKET_ID + PROPERTIES_LENGTH +
                    PAYLOAD_FORMAT + EXPIRY + NAMED + strlen(message->content_type);
    for (size_t i = 0; i < message->property_count; i++) {
        size += NAMED + strlen(message->properties[i].name) + TEXT +
                strlen(message->properties[i].value);
    }
    return size;
}

uint64_t letter_payload_max(const struct settings *settings, enum picture_form live_form, bool live,
                            uint64_t packet_max)
{
    struct picture wordiest = {.seq = UINT64_MAX, .trigger = TRIGGER_COMMAND, .form = live_form};
    memset(wordiest.id, 'x', sizeof wordiest.id - 1);
    memset(wordiest.request_id, 'x', sizeof wordiest.request_id - 1);
    memset(wordiest.captured_at, 'x', sizeof wordiest.captured_at - 1);
    memset(wordiest.sha256, 'x', sizeof wordiest.sha256 - 1);
    const struct bytes nothing = {0};
    struct letter letter;
    letter_picture(&letter, settings, &wordiest, live, 1, &nothing);
    uint64_t around = size_around(&letter.message);
    return packet_max > around ? packet_max - around : 0;
}
