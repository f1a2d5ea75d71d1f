// One connection to a broker over Paho's asynchronous client: a clean session each time, no store
// and no reconnecting of Paho's own, one operation at a time. Belongs to the publisher's thread;
// any call may block for as long as DNS does.
#pragma once

#include "base/fault.h"
#include "settings/settings.h"

#include <stddef.h>
#include <stdint.h>

struct link;

// A message that came; all of it is borrowed for the call.
struct link_arrival {
    const char *topic; // not terminated
    size_t topic_len;
    const void *payload;
    size_t len;
    bool retained;
    const char *response_topic; // MQTT 5, like the correlation data; NULL: none; not terminated
    size_t response_topic_len;
    const void *correlation;
    size_t correlation_len;
};

// All of it is borrowed for the link's life.
struct link_config {
    const struct settings_mqtt *mqtt; // where to, as whom, how encrypted; client_id is not empty
    const char *password;             // NULL: none
    const char *will_topic;           // retained, QoS 1, when the connection breaks; NULL: nothing
    const char *will_payload;
    bool takes_pictures; // of any size, at QoS 0; else the broker (of MQTT 5) keeps to itself what
                         // no command needs
    // Called on a thread of Paho's with a message that arrived: copy and return at once.
    void (*arrived)(void *context, const struct link_arrival *arrival);
    void *context;
};

struct link_property {
    const char *name;
    const char *value;
};

// What is published; copied by link_publish. The MQTT 5 parts are left out on 3.1.1.
struct link_message {
    const char *topic;
    const void *payload;
    size_t len;
    int qos;
    bool retain;
    bool is_text; // UTF-8
    const char *content_type;
    uint32_t expiry_s;          // 0: never
    const char *response_topic; // NULL: none
    const void *correlation;
    size_t correlation_len; // 0: none
    const struct link_property *properties;
    size_t property_count;
};

enum link_news {
    LINK_UP,
    LINK_DOWN, // also when link_connect did not succeed
    LINK_DONE, // the publish or subscribe that was under way
    LINK_HOPE, // the network has changed: what could not be reached may be reached now
};

struct link_report {
    enum link_news news;
    int reason;     // LINK_DONE: 0, or the broker's reason code (0x80 and above), or -1: it failed
                    // with the connection. LINK_DOWN: the broker's reason code, 0 without one
    size_t refused; // LINK_DONE of a subscribe: which filter the reason is about, the first of them
    bool broken;    // LINK_DOWN: the connection was up, and it was not us who closed it
    bool retry_now; // LINK_DOWN: the next link_connect tries another broker or version of MQTT
    bool is_silent; // LINK_DOWN: so that nobody need be told of this one
    bool broker_left; // LINK_DOWN: all its clients will be back at once, unless each waits a
                      // while of its own
    uint32_t rest_ms; // LINK_DOWN: so long no link_connect, for another client fights for our id
    struct fault why; // LINK_DOWN
};

// Changes the environment (Paho obeys http_proxy), so call it while no other thread reads that.
struct link *link_create(const struct link_config *config, struct fault *fault);
void link_destroy(struct link *link); // NULL is fine

// Readable while there may be reports; owned by the link.
int link_fd(const struct link *link);
bool link_next(struct link *link, struct link_report *report);

// Begins what LINK_UP or LINK_DOWN answers.
void link_connect(struct link *link);

enum { LINK_FILTERS_MAX = 40 };

// Each begins something that LINK_DONE answers; false: nothing was begun.
__attribute__((warn_unused_result)) bool link_subscribe(struct link *link, const char *filter,
                                                        struct fault *fault);
// Several filters in one packet.
__attribute__((warn_unused_result)) bool link_subscribe_all(struct link *link,
                                                            const char *const *filters,
                                                            size_t count, struct fault *fault);
// As link_subscribe, and the broker sends what it has retained first; without it, only a broker
// of 3.1.1 does. At QoS 0, for of QoS 1 mosquitto keeps a thousand for us at once and drops the
// rest: a fleet has more.
__attribute__((warn_unused_result)) bool
link_subscribe_retained(struct link *link, const char *filter, struct fault *fault);
__attribute__((warn_unused_result)) bool
link_publish(struct link *link, const struct link_message *message, struct fault *fault);

// Ends the connection; LINK_DOWN follows with `why`.
void link_close(struct link *link, const struct fault *why);

// Ends whatever Paho is doing at once, for when it does not answer. No report follows.
void link_reset(struct link *link);

// The size of the MQTT packet that would carry the message.
uint64_t link_packet_size(const struct link *link, const struct link_message *message);

// The largest packet that the broker says it takes, or MQTT where it does not say; nothing larger
// may be given to link_publish.
uint32_t link_packet_max(const struct link *link);

// Of the present or the next connection: "5" or "3.1.1".
const char *link_version(const struct link *link);

// Where to the last link_connect went.
const char *link_url(const struct link *link);
