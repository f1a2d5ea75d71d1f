// What is done over a connection that is up: one thing at a time, answered by MAIL_DONE. Belongs to
// the publisher's thread.
#include "delivery/link_inside.h"

#include "base/timing.h"
#include "delivery/link_properties.h"

#include <assert.h>

// An operation has been given to Paho, or refused by it.
static bool begun(struct link *link, int rc, const MQTTAsync_responseOptions *options,
                  struct fault *fault)
{
    link->token = options->token;
    if (rc != MQTTASYNC_SUCCESS) {
        link->is_pending = false;
        link_update_pacing(link);
        return fault_set(fault, FAULT_LINK, rc, "Paho does not send (%d)", rc);
    }
    return true;
}

static void begin(struct link *link)
{
    assert(link->state == STATE_UP && !link->is_pending);
    link->is_pending = true;
    link->is_unanswered = true;
    link->is_subscribing = false;
    link->begun_ns = timing_now_ns();
    link_update_pacing(link);
}

// What MQTT 5 calls retain handling.
enum retained { RETAINED_AT_SUBSCRIBE = 0, RETAINED_NEVER = 2 };

static bool subscribe(struct link *link, const char *const *filters, size_t count, int qos,
                      enum retained retained, struct fault *fault)
{
    assert(count >= 1 && count <= LINK_FILTERS_MAX);
    begin(link);
    link->is_subscribing = true;
    MQTTSubscribe_options each[LINK_FILTERS_MAX];
    int each_qos[LINK_FILTERS_MAX];
    char *topics[LINK_FILTERS_MAX]; // Paho copies them, but does not say so in its types
    for (size_t i = 0; i < count; i++) {
        each[i] = (MQTTSubscribe_options)MQTTSubscribe_options_initializer;
        each[i].noLocal = 1;
        each[i].retainHandling = (unsigned char)retained;
        each[i].retainAsPublished = 1; // a command sent to be retained is to be known
        each_qos[i] = qos;
        topics[i] = (char *)(uintptr_t)filters[i];
    }
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    link->ears.filter_count = count;
    link_mail_subscribed(&options, link_paho_version(link), &link->ears);
    options.subscribeOptions = each[0]; // of one
    options.subscribeOptionsList = each;
    options.subscribeOptionsCount = (int)count;
    return begun(link,
                 MQTTAsync_subscribeMany(link->handle, (int)count, topics, each_qos, &options),
                 &options, fault);
}

// A RabbitMQ cluster closes the connection of whoever subscribes with QoS 1, clean session or not,
// while the node is away on which the same client had done so before.
bool link_subscribe_all(struct link *link, const char *const *filters, size_t count,
                        struct fault *fault)
{
    return subscribe(link, filters, count, link->subscribe_qos, RETAINED_NEVER, fault);
}

bool link_subscribe(struct link *link, const char *filter, struct fault *fault)
{
    return link_subscribe_all(link, &filter, 1, fault);
}

bool link_subscribe_retained(struct link *link, const char *filter, struct fault *fault)
{
    return subscribe(link, &filter, 1, 0, RETAINED_AT_SUBSCRIBE, fault);
}

bool link_publish(struct link *link, const struct link_message *message, struct fault *fault)
{
    assert(link_packet_size(link, message) <= LINK_PACKET_MAX_MQTT);
    begin(link);
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    link_mail_answer(&options, link_paho_version(link), &link->ears);
    if (link->plan.is_v5) {
        options.properties = link_properties_message(message);
    }
    int rc = MQTTAsync_send(link->handle, message->topic, (int)message->len, message->payload,
                            message->qos, message->retain, &options);
    MQTTProperties_free(&options.properties);
    return begun(link, rc, &options, fault);
}

void link_close(struct link *link, const struct fault *why)
{
    assert(link->state == STATE_UP);
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    if (link->plan.is_v5) {
        options = (MQTTAsync_disconnectOptions)MQTTAsync_disconnectOptions_initializer5;
    }
    link_mail_close(&options, link_paho_version(link), &link->ears);
    link->close_why = *why;
    link->state = STATE_CLOSING;
    link_update_pacing(link);
    if (MQTTAsync_disconnect(link->handle, &options) != MQTTASYNC_SUCCESS) {
        // the connection has gone by itself meanwhile
        link_mail_post(&link->ears, MAIL_CLOSED, &(struct link_mail){0});
    }
}

uint64_t link_packet_size(const struct link *link, const struct link_message *message)
{
    return link_properties_packet_size(message, link->plan.is_v5);
}
