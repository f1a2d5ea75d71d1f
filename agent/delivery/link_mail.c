// Paho's callbacks: they copy, post and return. They must never call Paho's connection or wait.
#include "delivery/link_mail.h"

#include "delivery/reason.h"

#include <stdlib.h>
#include <string.h>

void link_mail_drop(struct mail mail)
{
    free(mail.body);
}

// At most one connect, one close and one operation are under way, so that no more than six mails
// can wait: posting to a box this large never blocks Paho's thread.
void link_mail_post(struct link_ears *ears, enum mail_kind kind, const struct link_mail *mail)
{
    struct link_mail *body = malloc(sizeof *body);
    if (body != NULL) { // without memory the deadlines of the publisher take over
        *body = *mail;
        mailbox_post(ears->mailbox, (struct mail){kind, body});
    }
}

static void on_connected5(void *context, MQTTAsync_successData5 *data)
{
    struct link_mail mail = {0};
    MQTTProperties *properties = &data->properties;
    if (MQTTProperties_hasProperty(properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE)) {
        mail.packet_max = (uint32_t)MQTTProperties_getNumericValue(
            properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE);
    }
    if (MQTTProperties_hasProperty(properties, MQTTPROPERTY_CODE_SERVER_KEEP_ALIVE)) {
        mail.keepalive_s = (uint32_t)MQTTProperties_getNumericValue(
            properties, MQTTPROPERTY_CODE_SERVER_KEEP_ALIVE);
    }
    link_mail_post(context, MAIL_CONNECTED, &mail);
}

static void on_connected(void *context, MQTTAsync_successData *data)
{
    (void)data;
    link_mail_post(context, MAIL_CONNECTED, &(struct link_mail){0});
}

static void post_connect_failed(void *context, int code, const char *text)
{
    struct link_mail mail = {.code = code > 0 ? code : -1};
    if (text != NULL) {
        strncpy(mail.text, text, sizeof mail.text - 1);
    }
    link_mail_post(context, MAIL_CONNECT_FAILED, &mail);
}

static void on_connect_failed5(void *context, MQTTAsync_failureData5 *data)
{
    // older releases of Paho put CONNACK's reason code into `code`, newer ones where it belongs
    int code = data->code > 0 ? data->code : (int)data->reasonCode;
    post_connect_failed(context, code, data->message);
}

static void on_connect_failed(void *context, MQTTAsync_failureData *data)
{
    post_connect_failed(context, data->code, data->message);
}

static void on_lost(void *context, char *cause)
{
    (void)cause; // always NULL
    link_mail_post(context, MAIL_LOST, &(struct link_mail){0});
}

static void on_disconnect(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
    (void)properties;
    link_mail_post(context, MAIL_DISCONNECT, &(struct link_mail){.code = (int)reason});
}

static void on_closed5(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    link_mail_post(context, MAIL_CLOSED, &(struct link_mail){0});
}

static void on_closed(void *context, MQTTAsync_successData *data)
{
    (void)data;
    link_mail_post(context, MAIL_CLOSED, &(struct link_mail){0});
}

static void post_done(void *context, MQTTAsync_token token, int code)
{
    link_mail_post(context, MAIL_DONE, &(struct link_mail){.code = code, .token = token});
}

static void on_done5(void *context, MQTTAsync_successData5 *data)
{
    post_done(context, data->token, 0);
}

static void on_done(void *context, MQTTAsync_successData *data)
{
    post_done(context, data->token, 0);
}

static void on_failed5(void *context, MQTTAsync_failureData5 *data)
{
    // Paho leaves reasonCode unset where it has an error of its own
    bool refused = data->code >= 0 && (int)data->reasonCode >= REASON_FAILURE;
    post_done(context, data->token, refused ? (int)data->reasonCode : -1);
}

static void on_failed(void *context, MQTTAsync_failureData *data)
{
    // of a subscription SUBACK's 0x80, else an error of Paho's own
    post_done(context, data->token, data->code >= REASON_FAILURE ? data->code : -1);
}

static void on_subscribed5(void *context, MQTTAsync_successData5 *data)
{
    struct link_ears *ears = context;
    struct link_mail mail = {.token = data->token};
    // of one filter Paho leaves the list unset
    int count = ears->filter_count > 1 ? data->alt.sub.reasonCodeCount : 0;
    for (int i = 0; i < count && mail.code == 0; i++) {
        int reason = (int)data->alt.sub.reasonCodes[i];
        mail.code = reason >= REASON_FAILURE ? reason : 0;
        mail.refused = mail.code != 0 ? (size_t)i : 0;
    }
    link_mail_post(context, MAIL_DONE, &mail);
}

// Of one filter a refusal is a failure.
static void on_subscribed(void *context, MQTTAsync_successData *data)
{
    struct link_ears *ears = context;
    struct link_mail mail = {.token = data->token};
    for (size_t i = 0; ears->filter_count > 1 && i < ears->filter_count && mail.code == 0; i++) {
        int granted = data->alt.qosList[i];
        mail.code = granted >= REASON_FAILURE ? granted : 0;
        mail.refused = mail.code != 0 ? i : 0;
    }
    link_mail_post(context, MAIL_DONE, &mail);
}

static MQTTLenString property_of(MQTTProperties *properties, enum MQTTPropertyCodes code)
{
    MQTTProperty *property = MQTTProperties_getProperty(properties, code);
    return property != NULL ? property->value.data : (MQTTLenString){0, NULL};
}

static int on_message(void *context, char *topic, int topic_len, MQTTAsync_message *message)
{
    struct link_ears *ears = context;
    MQTTLenString response = property_of(&message->properties, MQTTPROPERTY_CODE_RESPONSE_TOPIC);
    MQTTLenString correlation =
        property_of(&message->properties, MQTTPROPERTY_CODE_CORRELATION_DATA);
    ears->arrived(ears->context, &(struct link_arrival){
                                     .topic = topic,
                                     .topic_len = topic_len > 0 ? (size_t)topic_len
                                                                : strlen(topic), // 0: no NUL within
                                     .payload = message->payload,
                                     .len = (size_t)message->payloadlen,
                                     .retained = message->retained != 0,
                                     .response_topic = response.data,
                                     .response_topic_len = (size_t)response.len,
                                     .correlation = correlation.data,
                                     .correlation_len = (size_t)correlation.len,
                                 });
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

void link_mail_handle(MQTTAsync handle, struct link_ears *ears)
{
    MQTTAsync_setCallbacks(handle, ears, on_lost, on_message, NULL);
    MQTTAsync_setDisconnected(handle, ears, on_disconnect);
}

void link_mail_connect(MQTTAsync_connectOptions *options, int version, struct link_ears *ears)
{
    options->context = ears;
    if (version == MQTTVERSION_5) {
        options->onSuccess5 = on_connected5;
        options->onFailure5 = on_connect_failed5;
    } else {
        options->onSuccess = on_connected;
        options->onFailure = on_connect_failed;
    }
}

void link_mail_answer(MQTTAsync_responseOptions *options, int version, struct link_ears *ears)
{
    options->context = ears;
    if (version == MQTTVERSION_5) {
        options->onSuccess5 = on_done5;
        options->onFailure5 = on_failed5;
    } else {
        options->onSuccess = on_done;
        options->onFailure = on_failed;
    }
}

void link_mail_subscribed(MQTTAsync_responseOptions *options, int version, struct link_ears *ears)
{
    link_mail_answer(options, version, ears);
    if (version == MQTTVERSION_5) {
        options->onSuccess5 = on_subscribed5;
    } else {
        options->onSuccess = on_subscribed;
    }
}

void link_mail_close(MQTTAsync_disconnectOptions *options, int version, struct link_ears *ears)
{
    options->context = ears;
    if (version == MQTTVERSION_5) {
        options->onSuccess5 = on_closed5;
    } else {
        options->onSuccess = on_closed;
    }
}
