// What link.c and link_operations.c share; nobody else includes it.
#pragma once

#include "delivery/link.h"
#include "delivery/link_mail.h"
#include "delivery/link_plan.h"
#include "delivery/link_tls.h"
#include "delivery/route_watch.h"

#include <MQTTAsync.h>

enum { LINK_PACKET_MAX_MQTT = 268435460 }; // four bytes of length and the header

enum link_state { STATE_IDLE, STATE_CONNECTING, STATE_UP, STATE_CLOSING };

struct link {
    struct link_config config;
    struct link_ears ears;
    struct link_plan plan;
    char url[BROKER_URL_SIZE];            // of the last connect; the plan may be ahead of it
    struct route_watch *routes;           // NULL: the kernel does not tell
    int news_fd;                          // epoll: mail, and what the kernel tells
    MQTTAsync handle;                     // NULL: none yet
    char handle_uri[BROKER_URL_SIZE * 2]; // what it connects to
    bool handle_is_v5;
    struct link_tls tls; // of the present connection
    enum link_state state;
    bool is_pending;       // a publish or subscribe awaits its answer
    bool was_moot;         // the last attempt: the network changed meanwhile
    bool is_hurried;       // the network changed while it was connecting
    int64_t rest_ns;       // no hurry before that
    int64_t begun_ns;      // the last operation
    bool is_unanswered;    // that one
    bool is_subscribing;   // that one
    int subscribe_qos;     // 0 after a connection that a subscription has cost; see link_subscribe
    MQTTAsync_token token; // Paho's, of that one; see is_stray
    uint32_t stretch;      // of the keepalive; see was_own_impatience
    uint32_t packet_max;
    uint32_t server_keepalive_s;
    int disconnect_reason;  // the broker's, of this connection
    struct fault begin_why; // why the connect could not even begin
    struct fault close_why;
};

// As Paho counts.
int link_paho_version(const struct link *link);

// Tells Paho's threads whether something is under way.
void link_update_pacing(const struct link *link);
