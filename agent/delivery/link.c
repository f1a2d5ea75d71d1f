// Paho, behind a few calls and reports. The publisher's thread; link_mail.c has the other side.
#include "delivery/link.h"

#include "delivery/link_mail.h"
#include "delivery/paho_pacing.h"
#include "delivery/reason.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECT_TIMEOUT_S = 5,       // from SYN to CONNACK; Paho looks every 3 s, so up to 8 s
    INBOUND_PACKET_MAX = 65536,  // a command is small: the broker keeps larger ones to itself
    MAIL_MAX = 64,               // see link_mail_post
    CLOSED_TOO_OFTEN = 2,        // connections closed without an answer before 3.1.1 is tried
    REFUSED_VERSION_3_1_1 = 1,   // CONNACK return code of 3.1.1
    REFUSED_VERSION_5 = 0x84,    // CONNACK reason code of 5
    PACKET_MAX_MQTT = 268435460, // four bytes of length and the header
};

enum state { STATE_IDLE, STATE_CONNECTING, STATE_UP, STATE_CLOSING };

struct link {
    struct link_config config;
    struct link_ears ears;
    MQTTAsync handle; // NULL: none yet
    int handle_version;
    int version; // to connect with
    enum state state;
    bool is_pending;   // a publish or subscribe awaits its answer
    uint32_t closings; // connections in a row that were closed without an answer
    uint32_t packet_max;
    uint32_t server_keepalive_s;
    int disconnect_reason; // the broker's, of this connection
    struct fault close_why;
};

struct link *link_create(const struct link_config *config, struct fault *fault)
{
    if (!paho_pacing_init(fault)) {
        return NULL;
    }
    // Paho before 1.3.14 sends everything through the proxy that these name, meant for web
    // browsers; it has no option against it
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for the connection");
        return NULL;
    }
    link->ears.mailbox = mailbox_create(MAIL_MAX, link_mail_drop, fault);
    if (link->ears.mailbox == NULL) {
        free(link);
        return NULL;
    }
    link->config = *config;
    link->ears.arrived = config->arrived;
    link->ears.context = config->context;
    link->version = strcmp(config->version, "3.1.1") == 0 ? MQTTVERSION_3_1_1 : MQTTVERSION_5;
    link->packet_max = PACKET_MAX_MQTT;
    return link;
}

static void update_pacing(const struct link *link)
{
    paho_pacing_busy(link->state == STATE_CONNECTING || link->state == STATE_CLOSING ||
                     link->is_pending);
}

void link_reset(struct link *link)
{
    if (link->handle != NULL) {
        paho_pacing_busy(true); // Paho's threads are to notice their end at once
        MQTTAsync_destroy(&link->handle);
        link->handle = NULL;
    }
    for (struct mail mail; mailbox_take(link->ears.mailbox, &mail);) {
        link_mail_drop(mail);
    }
    link->state = STATE_IDLE;
    link->is_pending = false;
    update_pacing(link);
}

void link_destroy(struct link *link)
{
    if (link != NULL) {
        link_reset(link);
        mailbox_destroy(link->ears.mailbox);
        free(link);
    }
}

int link_fd(const struct link *link)
{
    return mailbox_fd(link->ears.mailbox);
}

static bool make_handle(struct link *link, struct fault *fault)
{
    // one handle speaks one version
    if (link->handle != NULL && link->handle_version != link->version) {
        link_reset(link);
    }
    if (link->handle != NULL) {
        return true;
    }
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    options.MQTTVersion = link->version;
    options.maxBufferedMessages = 4; // more than the one that we ever send
    int rc = MQTTAsync_createWithOptions(&link->handle, link->config.url, link->config.client_id,
                                         MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
    if (rc != MQTTASYNC_SUCCESS) {
        link->handle = NULL;
        return fault_set(fault, FAULT_LINK, rc, "Paho refuses mqtt.url or mqtt.client_id (%d)", rc);
    }
    link->handle_version = link->version;
    link_mail_handle(link->handle, &link->ears);
    return true;
}

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

static uint16_t keepalive(const struct link *link)
{
    // Paho before 1.3.14 does not take over what the broker asked for in CONNACK
    uint32_t ours = link->config.keepalive_s;
    uint32_t theirs = link->server_keepalive_s;
    uint32_t seconds = theirs != 0 && (ours == 0 || theirs < ours) ? theirs : ours;
    return (uint16_t)(seconds < UINT16_MAX ? seconds : UINT16_MAX);
}

bool link_connect(struct link *link, struct fault *fault)
{
    assert(link->state == STATE_IDLE);
    if (!make_handle(link, fault)) {
        return false;
    }
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    will.topicName = link->config.will_topic;
    will.message = link->config.will_payload;
    will.retained = 1;
    will.qos = 1;

    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer; // a clean session
    MQTTProperties properties = MQTTProperties_initializer;
    if (link->version == MQTTVERSION_5) {
        options = (MQTTAsync_connectOptions)MQTTAsync_connectOptions_initializer5;
        add_number(&properties, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, 0);
        add_number(&properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, INBOUND_PACKET_MAX);
        options.connectProperties = &properties;
    } else {
        options.MQTTVersion = MQTTVERSION_3_1_1;
    }
    link_mail_connect(&options, link->version, &link->ears);
    options.will = &will;
    options.keepAliveInterval = keepalive(link);
    options.connectTimeout = CONNECT_TIMEOUT_S;
    if (link->config.username[0] != '\0') {
        options.username = link->config.username;
        options.password = link->config.password;
    }

    link->state = STATE_CONNECTING;
    link->disconnect_reason = 0;
    update_pacing(link);
    int rc = MQTTAsync_connect(link->handle, &options);
    MQTTProperties_free(&properties);
    if (rc != MQTTASYNC_SUCCESS) {
        link->state = STATE_IDLE;
        update_pacing(link);
        return fault_set(fault, FAULT_LINK, rc, "Paho does not connect (%d)", rc);
    }
    return true;
}

// An operation has been given to Paho, or refused by it.
static bool begun(struct link *link, int rc, struct fault *fault)
{
    if (rc != MQTTASYNC_SUCCESS) {
        link->is_pending = false;
        update_pacing(link);
        return fault_set(fault, FAULT_LINK, rc, "Paho does not send (%d)", rc);
    }
    return true;
}

static void begin(struct link *link)
{
    assert(link->state == STATE_UP && !link->is_pending);
    link->is_pending = true;
    update_pacing(link);
}

bool link_subscribe(struct link *link, const char *filter, struct fault *fault)
{
    begin(link);
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    link_mail_answer(&options, link->version, &link->ears);
    options.subscribeOptions.noLocal = 1;
    options.subscribeOptions.retainHandling = 2;    // what is retained is never sent to us
    options.subscribeOptions.retainAsPublished = 1; // a command sent to be retained is to be known
    return begun(link, MQTTAsync_subscribe(link->handle, filter, 1, &options), fault);
}

static MQTTProperties message_properties(const struct link_message *message)
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
    for (size_t i = 0; i < message->property_count; i++) {
        add_text(&properties, MQTTPROPERTY_CODE_USER_PROPERTY, message->properties[i].name,
                 message->properties[i].value);
    }
    return properties;
}

bool link_publish(struct link *link, const struct link_message *message, struct fault *fault)
{
    assert(link_packet_size(link, message) <= PACKET_MAX_MQTT);
    begin(link);
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    link_mail_answer(&options, link->version, &link->ears);
    if (link->version == MQTTVERSION_5) {
        options.properties = message_properties(message);
    }
    int rc = MQTTAsync_send(link->handle, message->topic, (int)message->len, message->payload,
                            message->qos, message->retain, &options);
    MQTTProperties_free(&options.properties);
    return begun(link, rc, fault);
}

void link_close(struct link *link, const struct fault *why)
{
    assert(link->state == STATE_UP);
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    if (link->version == MQTTVERSION_5) {
        options = (MQTTAsync_disconnectOptions)MQTTAsync_disconnectOptions_initializer5;
    }
    link_mail_close(&options, link->version, &link->ears);
    link->close_why = *why;
    link->state = STATE_CLOSING;
    update_pacing(link);
    if (MQTTAsync_disconnect(link->handle, &options) != MQTTASYNC_SUCCESS) {
        // the connection has gone by itself meanwhile
        link_mail_post(&link->ears, MAIL_CLOSED, &(struct link_mail){0});
    }
}

static size_t varint_size(size_t value)
{
    return value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : 4;
}

uint64_t link_packet_size(const struct link *link, const struct link_message *message)
{
    size_t len = 2 + strlen(message->topic) + (message->qos > 0 ? 2 : 0) + message->len;
    if (link->version == MQTTVERSION_5) {
        MQTTProperties properties = message_properties(message);
        size_t properties_len = (size_t)properties.length;
        MQTTProperties_free(&properties);
        len += varint_size(properties_len) + properties_len;
    }
    return 1 + varint_size(len) + (uint64_t)len;
}

uint32_t link_packet_max(const struct link *link)
{
    return link->packet_max;
}

const char *link_version(const struct link *link)
{
    return link->version == MQTTVERSION_5 ? "5" : "3.1.1";
}

static bool was_closed_unanswered(const struct link_mail *mail)
{
    return strcmp(mail->text, "TCP connect completion failure") == 0 ||
           strcmp(mail->text, "socket error") == 0;
}

static void explain_failure(const struct link_mail *mail, struct fault *why)
{
    if (was_closed_unanswered(mail)) {
        fault_set(why, FAULT_LINK, 0, "the broker closed the connection without an answer");
    } else if (strcmp(mail->text, "TCP connect timeout") == 0) {
        fault_set(why, FAULT_LINK, 0, "no answer from the broker within %d s", CONNECT_TIMEOUT_S);
    } else {
        fault_set(why, FAULT_LINK, 0,
                  "cannot reach the broker: its name does not resolve, or nothing listens there");
    }
}

// MQTT 5 goes first; 3.1.1 holds from where a broker asked for it until one cannot be reached.
static bool choose_version(struct link *link, const struct link_mail *mail)
{
    link->closings = was_closed_unanswered(mail) ? link->closings + 1 : 0;
    if (strcmp(link->config.version, "auto") != 0) {
        return false;
    }
    if (link->version == MQTTVERSION_5) {
        bool wants_older = mail->code == REFUSED_VERSION_3_1_1 || mail->code == REFUSED_VERSION_5 ||
                           link->closings >= CLOSED_TOO_OFTEN;
        link->version = wants_older ? MQTTVERSION_3_1_1 : MQTTVERSION_5;
        return wants_older;
    }
    if (mail->code < 0) {
        link->version = MQTTVERSION_5;
        link->closings = 0;
    }
    return false;
}

static void report_connect_failed(struct link *link, const struct link_mail *mail,
                                  struct link_report *report)
{
    report->news = LINK_DOWN;
    if (mail->code > 0) {
        report->reason = mail->code;
        reason_explain_connack(mail->code, &report->why);
    } else {
        explain_failure(mail, &report->why);
    }
    report->retry_now = choose_version(link, mail);
}

static void report_lost(struct link *link, struct link_report *report)
{
    report->news = LINK_DOWN;
    report->broken = link->state == STATE_UP;
    report->reason = link->disconnect_reason;
    if (link->state == STATE_CLOSING) {
        report->why = link->close_why;
    } else if (link->disconnect_reason != 0) {
        fault_set(&report->why, FAULT_LINK, link->disconnect_reason,
                  "the broker ended the connection: %s (%d)", reason_words(link->disconnect_reason),
                  link->disconnect_reason);
    } else {
        fault_set(&report->why, FAULT_LINK, 0, "the connection to the broker broke");
    }
}

static void note_connected(struct link *link, const struct link_mail *mail)
{
    link->state = STATE_UP;
    link->closings = 0;
    bool is_limited = mail->packet_max != 0 && mail->packet_max < PACKET_MAX_MQTT;
    link->packet_max = is_limited ? mail->packet_max : PACKET_MAX_MQTT;
    link->server_keepalive_s = mail->keepalive_s;
}

// Whether the mail is news for the publisher in the present state; what comes too late is not.
static bool digest(struct link *link, enum mail_kind kind, const struct link_mail *mail,
                   struct link_report *report)
{
    *report = (struct link_report){0};
    switch (kind) {
    case MAIL_CONNECTED:
        if (link->state != STATE_CONNECTING) {
            return false;
        }
        note_connected(link, mail);
        report->news = LINK_UP;
        return true;
    case MAIL_CONNECT_FAILED:
        if (link->state != STATE_CONNECTING) {
            return false;
        }
        report_connect_failed(link, mail, report);
        link->state = STATE_IDLE;
        return true;
    case MAIL_LOST:
    case MAIL_CLOSED:
        if (link->state != STATE_UP && link->state != STATE_CLOSING) {
            return false;
        }
        report_lost(link, report);
        link->state = STATE_IDLE;
        link->is_pending = false;
        return true;
    case MAIL_DISCONNECT:
        if (link->state != STATE_UP && link->state != STATE_CLOSING) {
            return false;
        }
        link->disconnect_reason = mail->code;
        report_lost(link, report);
        link_reset(link); // Paho may or may not tell the end of such a connection
        return true;
    case MAIL_DONE:
        if (!link->is_pending) {
            return false;
        }
        link->is_pending = false;
        report->news = LINK_DONE;
        report->reason = mail->code;
        return true;
    }
    return false;
}

bool link_next(struct link *link, struct link_report *report)
{
    for (struct mail mail; mailbox_take(link->ears.mailbox, &mail);) {
        bool is_news = digest(link, (enum mail_kind)mail.kind, mail.body, report);
        free(mail.body);
        update_pacing(link);
        if (is_news) {
            return true;
        }
    }
    return false;
}
