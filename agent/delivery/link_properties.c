// What is said in MQTT 5 beyond topic and payload. Pure.
#include "delivery/link_properties.h"

#include <string.h>

enum { INBOUND_PACKET_MAX = 65536 }; // a command is small: the broker keeps larger ones to itself

static void add_number(MQTTProperties *properties, enum MQTTPropertyCodes code, uint32_t value)
{
    MQTTProperty property = {.identifier = code};
    if (code == MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR) {
        property.value.byte = (unsigned char)value;
    } else {
        property.value.integer4 = value;
    }
    MQTTProperties_add(properties, &property);
}

// Paho copies what it is given, but does not say so in its types.
static MQTTLenString lent(const char *text)
{
    return (MQTTLenString){(int)strlen(text), (char *)(uintptr_t)text};
}

static void add_text(MQTTProperties *properties, enum MQTTPropertyCodes code, const char *name,
                     const char *value)
{
    MQTTProperty property = {.identifier = code};
    property.value.data = lent(name);
    if (value != NULL) {
        property.value.value = lent(value);
    }
    MQTTProperties_add(properties, &property);
}

MQTTProperties link_properties_connect(bool takes_pictures)
{
    MQTTProperties properties = MQTTProperties_initializer;
    add_number(&properties, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, 0);
    if (!takes_pictures) {
        add_number(&properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, INBOUND_PACKET_MAX);
    }
    return properties;
}

MQTTProperties link_properties_message(const struct link_message *message)
{
    MQTTProperties properties = MQTTProperties_initializer;
    if (message->is_text) {
        add_number(&properties, MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR, 1);
    }
    if (message->expiry_s > 0) {
        add_number(&properties, MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL, message->expiry_s);
    }
    if (message->content_type != NULL) {
        add_text(&properties, MQTTPROPERTY_CODE_CONTENT_TYPE, message->content_type, NULL);
    }
    if (message->response_topic != NULL) {
        add_text(&properties, MQTTPROPERTY_CODE_RESPONSE_TOPIC, message->response_topic, NULL);
    }
    if (message->correlation_len > 0) {
        MQTTProperty property = {.identifier = MQTTPROPERTY_CODE_CORRELATION_DATA};
        property.value.data =
            (MQTTLenString){(int)message->correlation_len, (char *)(uintptr_t)message->correlation};
        MQTTProperties_add(&properties, &property);
    }
    for (size_t i = 0; i < message->property_count; i++) {
        add_text(&properties, MQTTPROPERTY_CODE_USER_PROPERTY, message->properties[i].name,
                 message->properties[i].value);
    }
    return properties;
}

static size_t varint_size(size_t value)
{
    return value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : 4;
}

uint64_t link_properties_packet_size(const struct link_message *message, bool is_v5)
{
    size_t len = 2 + strlen(message->topic) + (message->qos > 0 ? 2 : 0) + message->len;
    if (is_v5) {
        MQTTProperties properties = link_properties_message(message);
        size_t properties_len = (size_t)properties.length;
        MQTTProperties_free(&properties);
        len += varint_size(properties_len) + properties_len;
    }
    return 1 + varint_size(len) + (uint64_t)len;
}
