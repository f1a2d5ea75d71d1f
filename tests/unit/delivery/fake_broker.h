// A broker that does what a test tells it to, on a free loopback port, in a thread of its own.
// Speaks just enough of MQTT 3.1.1 and 5 for one client at a time, and keeps what was published.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fake_broker;

// All off at first.
enum fake_fault {
    FAKE_SILENT,         // accepts connections and never answers
    FAKE_REFUSES_5,      // CONNACK "unacceptable protocol version" to MQTT 5
    FAKE_CLOSES_5,       // closes the connection after a CONNECT of MQTT 5
    FAKE_CLOSES_PICTURE, // closes it on a PUBLISH to …/image or …/late
    FAKE_CLOSES_QOS_1,   // closes it on a SUBSCRIBE of QoS 1
    FAKE_NO_ACK,         // does not acknowledge a PUBLISH to …/image
    FAKE_FAULT_COUNT,
};

enum { FAKE_HEAD = 32 };

struct fake_publish {
    char topic[128];
    char head[FAKE_HEAD]; // of the payload, terminated
    size_t len;
    int qos;
    bool retain;
    int version; // of MQTT: 4 or 5
    int connection;
};

struct fake_broker *fake_broker_start(void);
void fake_broker_end(struct fake_broker *broker);
int fake_broker_port(const struct fake_broker *broker);

void fake_broker_set(struct fake_broker *broker, enum fake_fault fault, bool on);
// The next `count` PUBLISHes to a topic that ends in `suffix` get this reason (MQTT 5), or with
// `disconnects` a DISCONNECT with it.
void fake_broker_refuse(struct fake_broker *broker, const char *suffix, int reason, int count,
                        bool disconnects);
void fake_broker_limit(struct fake_broker *broker, uint32_t packet_max); // told in CONNACK
void fake_broker_ask_keepalive(struct fake_broker *broker, int seconds); // in CONNACK
int fake_broker_keepalive(struct fake_broker *broker);                   // of the latest CONNECT
// Closes the connection and the port, opens the port again.
void fake_broker_down(struct fake_broker *broker);
void fake_broker_up(struct fake_broker *broker);
// Sends a PUBLISH to the client, QoS 0; the payload is `len` bytes of '{'.
void fake_broker_send(struct fake_broker *broker, const char *topic, size_t len, bool retain);

int fake_broker_connections(struct fake_broker *broker); // with a CONNECT
// Waits (with a deadline that fails the test) for the publish number `index`, from 0.
struct fake_publish fake_broker_wait(struct fake_broker *broker, size_t index);
// Waits for the next one whose topic ends in `suffix`, from `*index` on, and moves that behind it.
struct fake_publish fake_broker_next(struct fake_broker *broker, const char *suffix, size_t *index);
// How many there are so far.
size_t fake_broker_count(struct fake_broker *broker);
