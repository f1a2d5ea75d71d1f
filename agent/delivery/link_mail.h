// What Paho's threads have to say, as mail. The functions of this file run on those threads with
// Paho's global lock held.
#pragma once

#include "base/mailbox.h"
#include "delivery/link.h"

#include <MQTTAsync.h>

enum mail_kind {
    MAIL_CONNECTED,
    MAIL_CONNECT_FAILED,
    MAIL_LOST,
    MAIL_CLOSED,
    MAIL_DISCONNECT, // the broker says why it is about to close
    MAIL_DONE,
};

struct link_mail {
    int code;              // MAIL_DONE as in link_report; MAIL_CONNECT_FAILED: CONNACK's or -1
    size_t refused;        // MAIL_DONE as in link_report
    MQTTAsync_token token; // MAIL_DONE: of which operation; 0 of QoS 0, and of some that failed
    char text[64];         // MAIL_CONNECT_FAILED: Paho's
    uint32_t packet_max;   // MAIL_CONNECTED; 0: not said
    uint32_t keepalive_s;  // MAIL_CONNECTED; 0: not said
};

// What Paho's callbacks get as their context. Outlives the handle.
struct link_ears {
    struct mailbox *mailbox; // of struct link_mail
    void (*arrived)(void *context, const struct link_arrival *arrival);
    void *context;
    size_t filter_count; // of the subscribe that is under way
};

void link_mail_drop(struct mail mail);
void link_mail_post(struct link_ears *ears, enum mail_kind kind, const struct link_mail *mail);

// Set the callbacks, which post to `ears`, for the given version of MQTT.
void link_mail_handle(MQTTAsync handle, struct link_ears *ears);
void link_mail_connect(MQTTAsync_connectOptions *options, int version, struct link_ears *ears);
void link_mail_answer(MQTTAsync_responseOptions *options, int version, struct link_ears *ears);
void link_mail_subscribed(MQTTAsync_responseOptions *options, int version, struct link_ears *ears);
void link_mail_close(MQTTAsync_disconnectOptions *options, int version, struct link_ears *ears);
