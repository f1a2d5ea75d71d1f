// One thread: accepts, reads packets, answers. The test's thread looks and sets under the lock.
#include "fake_broker.h"

#include "cmocka_all.h"

#include "base/timing.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PUBLISHES_MAX = 512, WAIT_S = 30 };

struct refusal {
    char suffix[32];
    int reason;
    int count;
    bool disconnects;
};

struct fake_broker {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t seen;
    int wake_fd;
    int port;
    int listener; // -1: down
    int client;   // -1: none
    int version;
    int connections;
    uint32_t packet_max;
    int server_keepalive_s; // asked for in CONNACK; 0: not
    int keepalive_s;        // of the latest CONNECT
    bool ended;
    bool wants_down;
    bool faults[FAKE_FAULT_COUNT];
    struct refusal refusal;
    size_t publish_count;
    struct fake_publish publishes[PUBLISHES_MAX];
};

static bool ends_in(const char *text, const char *suffix)
{
    size_t len = strlen(text);
    size_t suffix_len = strlen(suffix);
    return len >= suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}

static bool read_all(int fd, uint8_t *data, size_t len)
{
    for (size_t got = 0; got < len;) {
        ssize_t n = recv(fd, data + got, len - got, 0);
        if (n <= 0) {
            return false;
        }
        got += (size_t)n;
    }
    return true;
}

static bool write_all(int fd, const void *data, size_t len)
{
    const uint8_t *from = data;
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(fd, from + sent, len - sent, MSG_NOSIGNAL);
        if (n <= 0) {
            return false;
        }
        sent += (size_t)n;
    }
    return true;
}

// The caller frees the body.
static bool read_packet(int fd, uint8_t *header, uint8_t **body, size_t *len)
{
    *len = 0;
    if (!read_all(fd, header, 1)) {
        return false;
    }
    for (unsigned shift = 0; shift < 28; shift += 7) {
        uint8_t byte;
        if (!read_all(fd, &byte, 1)) {
            return false;
        }
        *len |= (size_t)(byte & 0x7F) << shift;
        if ((byte & 0x80) == 0) {
            break;
        }
    }
    *body = malloc(*len + 1);
    if (*body == NULL || !read_all(fd, *body, *len)) {
        free(*body);
        return false;
    }
    return true;
}

static bool answer_connect(struct fake_broker *broker, int fd, const uint8_t *body)
{
    broker->version = body[6];
    broker->keepalive_s = body[8] << 8 | body[9];
    broker->connections++;
    pthread_cond_broadcast(&broker->seen);
    if (broker->version == 5 && broker->faults[FAKE_CLOSES_5]) {
        return false;
    }
    if (broker->version == 5 && broker->faults[FAKE_REFUSES_5]) {
        return write_all(fd, (uint8_t[]){0x20, 2, 0, 1}, 4) && false;
    }
    if (broker->version == 4) {
        return write_all(fd, (uint8_t[]){0x20, 2, 0, 0}, 4);
    }
    uint32_t max = broker->packet_max != 0 ? broker->packet_max : UINT32_MAX;
    uint8_t answer[] = {0x20,
                        8,
                        0,
                        0,
                        5,
                        0x27,
                        (uint8_t)(max >> 24),
                        (uint8_t)(max >> 16),
                        (uint8_t)(max >> 8),
                        (uint8_t)max,
                        0x13,
                        (uint8_t)(broker->server_keepalive_s >> 8),
                        (uint8_t)broker->server_keepalive_s};
    if (broker->server_keepalive_s == 0) {
        return write_all(fd, answer, 10);
    }
    answer[1] = 11;
    answer[4] = 8;
    return write_all(fd, answer, 13);
}

static void keep_publish(struct fake_broker *broker, const struct fake_publish *publish)
{
    assert_true(broker->publish_count < PUBLISHES_MAX);
    broker->publishes[broker->publish_count++] = *publish;
    pthread_cond_broadcast(&broker->seen);
}

static bool answer_publish(struct fake_broker *broker, int fd, uint8_t header, const uint8_t *body,
                           size_t len)
{
    struct fake_publish publish = {
        .qos = header >> 1 & 3,
        .retain = header & 1,
        .version = broker->version,
        .connection = broker->connections,
    };
    size_t topic_len = (size_t)body[0] << 8 | body[1];
    memcpy(publish.topic, body + 2, topic_len);
    size_t at = 2 + topic_len;
    uint8_t id[2] = {0};
    if (publish.qos > 0) {
        memcpy(id, body + at, 2);
        at += 2;
    }
    if (broker->version == 5) {
        size_t properties = body[at] & 0x7F;
        if (body[at++] & 0x80) {
            properties |= (size_t)body[at++] << 7;
        }
        at += properties;
    }
    publish.len = len - at;
    size_t head = publish.len < FAKE_HEAD - 1 ? publish.len : FAKE_HEAD - 1;
    memcpy(publish.head, body + at, head);
    bool is_image = ends_in(publish.topic, "/image");
    bool is_picture = is_image || ends_in(publish.topic, "/late");
    keep_publish(broker, &publish);

    if (is_picture && broker->faults[FAKE_CLOSES_PICTURE]) {
        return false;
    }
    int reason = 0;
    if (broker->refusal.count > 0 && ends_in(publish.topic, broker->refusal.suffix)) {
        broker->refusal.count--;
        reason = broker->refusal.reason;
        if (broker->refusal.disconnects) {
            return write_all(fd, (uint8_t[]){0xE0, 2, (uint8_t)reason, 0}, 4) && false;
        }
    }
    if (publish.qos == 0 || (is_image && broker->faults[FAKE_NO_ACK])) {
        return true;
    }
    if (broker->version == 5) {
        return write_all(fd, (uint8_t[]){0x40, 4, id[0], id[1], (uint8_t)reason, 0}, 6);
    }
    return write_all(fd, (uint8_t[]){0x40, 2, id[0], id[1]}, 4);
}

// Grants QoS 1 to every filter.
static bool answer_subscribe(struct fake_broker *broker, int fd, const uint8_t *body, size_t len)
{
    uint8_t answer[64] = {0x90, 2, body[0], body[1]};
    bool is_v5 = broker->version == 5;
    size_t at = is_v5 ? 3U + body[2] : 2U; // behind the properties
    size_t size = is_v5 ? 5 : 4;           // none of ours
    for (; at + 2 < len; at += 3 + ((size_t)body[at] << 8 | body[at + 1])) {
        answer[size++] = 1;
    }
    answer[1] = (uint8_t)(size - 2);
    return write_all(fd, answer, size);
}

static bool answer(struct fake_broker *broker, int fd, uint8_t header, const uint8_t *body,
                   size_t len)
{
    switch (header >> 4) {
    case 1:
        return answer_connect(broker, fd, body);
    case 3:
        return answer_publish(broker, fd, header, body, len);
    case 8:
        if (broker->faults[FAKE_CLOSES_QOS_1] && (body[len - 1] & 3) == 1) {
            return false;
        }
        return answer_subscribe(broker, fd, body, len);
    case 12:
        return write_all(fd, (uint8_t[]){0xD0, 0}, 2);
    default:
        return false; // DISCONNECT
    }
}

static void close_client(struct fake_broker *broker)
{
    if (broker->client >= 0) {
        close(broker->client);
        broker->client = -1;
    }
}

static void serve_client(struct fake_broker *broker, int fd)
{
    uint8_t header;
    uint8_t *body;
    size_t len;
    bool got = read_packet(fd, &header, &body, &len); // without the lock: it waits
    pthread_mutex_lock(&broker->lock);
    if (!got || !answer(broker, fd, header, body, len)) {
        close_client(broker);
    }
    pthread_mutex_unlock(&broker->lock);
    if (got) {
        free(body);
    }
}

static void listen_again(struct fake_broker *broker)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)broker->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t len = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 8), 0);
    getsockname(fd, (struct sockaddr *)&address, &len);
    if (broker->port == 0) { // and for good: from then on others may read it
        broker->port = ntohs(address.sin_port);
    }
    broker->listener = fd;
}

// Opens and closes what the test asked for; false: it asked for the end.
static bool obey(struct fake_broker *broker)
{
    pthread_mutex_lock(&broker->lock);
    bool ended = broker->ended;
    if (ended || broker->wants_down) {
        close_client(broker);
        if (broker->listener >= 0) {
            close(broker->listener);
            broker->listener = -1;
        }
    } else if (broker->listener < 0) {
        listen_again(broker);
    }
    pthread_cond_broadcast(&broker->seen);
    pthread_mutex_unlock(&broker->lock);
    return !ended;
}

static void *run(void *context)
{
    struct fake_broker *broker = context;
    while (obey(broker)) {
        pthread_mutex_lock(&broker->lock);
        int client = broker->faults[FAKE_SILENT] ? -1 : broker->client;
        struct pollfd polled[] = {
            {broker->wake_fd, POLLIN, 0},
            {broker->listener, POLLIN, 0},
            {client, POLLIN, 0},
        };
        pthread_mutex_unlock(&broker->lock);
        ppoll(polled, 3, NULL, NULL);
        if (polled[0].revents != 0) {
            uint64_t counter;
            assert_int_equal(read(broker->wake_fd, &counter, sizeof counter), sizeof counter);
        } else if (polled[2].revents != 0) {
            serve_client(broker, client);
        } else if (polled[1].revents != 0) {
            pthread_mutex_lock(&broker->lock);
            close_client(broker);
            broker->client = accept4(broker->listener, NULL, NULL, SOCK_CLOEXEC);
            pthread_mutex_unlock(&broker->lock);
        }
    }
    return NULL;
}

static void unlock_and_wake(struct fake_broker *broker)
{
    pthread_mutex_unlock(&broker->lock);
    uint64_t one = 1;
    assert_int_equal(write(broker->wake_fd, &one, sizeof one), sizeof one);
}

struct fake_broker *fake_broker_start(void)
{
    struct fake_broker *broker = calloc(1, sizeof *broker);
    assert_non_null(broker);
    broker->client = -1;
    broker->listener = -1;
    broker->wake_fd = eventfd(0, EFD_CLOEXEC);
    pthread_mutex_init(&broker->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&broker->seen, &monotonic);
    pthread_condattr_destroy(&monotonic);
    listen_again(broker);
    assert_int_equal(pthread_create(&broker->thread, NULL, run, broker), 0);
    return broker;
}

void fake_broker_end(struct fake_broker *broker)
{
    pthread_mutex_lock(&broker->lock);
    broker->ended = true;
    if (broker->client >= 0) {
        shutdown(broker->client, SHUT_RDWR);
    }
    unlock_and_wake(broker);
    pthread_join(broker->thread, NULL);
    close(broker->wake_fd);
    pthread_cond_destroy(&broker->seen);
    pthread_mutex_destroy(&broker->lock);
    free(broker);
}

int fake_broker_port(const struct fake_broker *broker)
{
    return broker->port;
}

void fake_broker_set(struct fake_broker *broker, enum fake_fault fault, bool on)
{
    pthread_mutex_lock(&broker->lock);
    broker->faults[fault] = on;
    unlock_and_wake(broker);
}

void fake_broker_refuse(struct fake_broker *broker, const char *suffix, int reason, int count,
                        bool disconnects)
{
    pthread_mutex_lock(&broker->lock);
    broker->refusal = (struct refusal){.reason = reason, .count = count};
    broker->refusal.disconnects = disconnects;
    strncpy(broker->refusal.suffix, suffix, sizeof broker->refusal.suffix - 1);
    pthread_mutex_unlock(&broker->lock);
}

void fake_broker_limit(struct fake_broker *broker, uint32_t packet_max)
{
    pthread_mutex_lock(&broker->lock);
    broker->packet_max = packet_max;
    pthread_mutex_unlock(&broker->lock);
}

void fake_broker_ask_keepalive(struct fake_broker *broker, int seconds)
{
    pthread_mutex_lock(&broker->lock);
    broker->server_keepalive_s = seconds;
    pthread_mutex_unlock(&broker->lock);
}

int fake_broker_keepalive(struct fake_broker *broker)
{
    pthread_mutex_lock(&broker->lock);
    int seconds = broker->keepalive_s;
    pthread_mutex_unlock(&broker->lock);
    return seconds;
}

static void wait_more(struct fake_broker *broker, int64_t deadline_ns)
{
    struct timespec until = {deadline_ns / 1000000000, deadline_ns % 1000000000};
    assert_int_equal(pthread_cond_timedwait(&broker->seen, &broker->lock, &until), 0);
}

void fake_broker_down(struct fake_broker *broker)
{
    int64_t deadline_ns = timing_now_ns() + TIMING_S(WAIT_S);
    pthread_mutex_lock(&broker->lock);
    broker->wants_down = true;
    unlock_and_wake(broker);
    pthread_mutex_lock(&broker->lock);
    while (broker->listener >= 0) {
        wait_more(broker, deadline_ns);
    }
    pthread_mutex_unlock(&broker->lock);
}

void fake_broker_up(struct fake_broker *broker)
{
    pthread_mutex_lock(&broker->lock);
    broker->wants_down = false;
    unlock_and_wake(broker);
}

void fake_broker_send(struct fake_broker *broker, const char *topic, size_t len, bool retain)
{
    pthread_mutex_lock(&broker->lock);
    size_t topic_len = strlen(topic);
    bool is_5 = broker->version == 5;
    size_t body = 2 + topic_len + (is_5 ? 1 : 0) + len;
    uint8_t *packet = malloc(body + 5);
    assert_non_null(packet);
    size_t at = 0;
    packet[at++] = (uint8_t)(0x30 | (retain ? 1 : 0));
    size_t left = body;
    do {
        packet[at++] = (uint8_t)((left & 0x7F) | (left > 0x7F ? 0x80 : 0));
        left >>= 7;
    } while (left > 0);
    packet[at++] = (uint8_t)(topic_len >> 8);
    packet[at++] = (uint8_t)topic_len;
    memcpy(packet + at, topic, topic_len);
    at += topic_len;
    if (is_5) {
        packet[at++] = 0;
    }
    memset(packet + at, '{', len);
    assert_true(write_all(broker->client, packet, at + len));
    free(packet);
    pthread_mutex_unlock(&broker->lock);
}

int fake_broker_connections(struct fake_broker *broker)
{
    pthread_mutex_lock(&broker->lock);
    int connections = broker->connections;
    pthread_mutex_unlock(&broker->lock);
    return connections;
}

struct fake_publish fake_broker_wait(struct fake_broker *broker, size_t index)
{
    int64_t deadline_ns = timing_now_ns() + TIMING_S(WAIT_S);
    pthread_mutex_lock(&broker->lock);
    while (broker->publish_count <= index) {
        wait_more(broker, deadline_ns);
    }
    struct fake_publish publish = broker->publishes[index];
    pthread_mutex_unlock(&broker->lock);
    return publish;
}

struct fake_publish fake_broker_next(struct fake_broker *broker, const char *suffix, size_t *index)
{
    for (;;) {
        struct fake_publish publish = fake_broker_wait(broker, (*index)++);
        if (ends_in(publish.topic, suffix)) {
            return publish;
        }
    }
}

size_t fake_broker_count(struct fake_broker *broker)
{
    pthread_mutex_lock(&broker->lock);
    size_t count = broker->publish_count;
    pthread_mutex_unlock(&broker->lock);
    return count;
}
