// publish_once HOST PORT BYTES TIMES: publishes that much at QoS 1 and prints, line by line, how
// many milliseconds passed until the broker acknowledged it. Uses the agent's own connection.
#include "base/timing.h"
#include "delivery/link.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_S = 120 };

static void arrived(void *context, const struct link_arrival *arrival)
{
    (void)context;
    (void)arrival;
}

static bool wait_for(struct link *link, enum link_news news)
{
    int64_t deadline_ns = timing_now_ns() + TIMING_S(ANSWER_S);
    struct link_report report;
    while (!link_next(link, &report)) {
        int64_t left_ns = deadline_ns - timing_now_ns();
        struct timespec left = {left_ns / 1000000000, left_ns % 1000000000};
        struct pollfd polled = {link_fd(link), POLLIN, 0};
        if (left_ns <= 0 || ppoll(&polled, 1, &left, NULL) < 0) {
            fprintf(stderr, "no answer from the broker within %d s\n", ANSWER_S);
            return false;
        }
    }
    if (report.news != news || report.reason != 0) {
        fprintf(stderr, "%s (%d)\n", report.why.text, report.reason);
        return false;
    }
    return true;
}

static bool measure(struct link *link, size_t size, struct fault *fault)
{
    void *payload = malloc(size);
    if (payload == NULL) {
        return fault_set(fault, FAULT_SYSTEM, 0, "no memory");
    }
    memset(payload, 'A', size);
    struct link_message message = {
        .topic = "bench/image",
        .payload = payload,
        .len = size,
        .qos = 1,
    };
    int64_t begun_ns = timing_now_ns();
    bool ok = link_publish(link, &message, fault);
    free(payload); // Paho has its copy
    if (ok && wait_for(link, LINK_DONE)) {
        printf("%.1f\n", (double)(timing_now_ns() - begun_ns) / 1e6);
        return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: publish_once HOST PORT BYTES TIMES\n");
        return 64;
    }
    struct settings_mqtt mqtt = {.client_id = "bench", .version = "5", .keepalive_s = 60};
    snprintf(mqtt.url, sizeof mqtt.url, "tcp://%s:%s", argv[1], argv[2]);
    const struct link_config config = {
        .mqtt = &mqtt,
        .will_topic = "bench/status",
        .will_payload = "offline",
        .arrived = arrived,
    };
    struct fault fault = {0};
    struct link *link = link_create(&config, &fault);
    bool ok = link != NULL;
    if (ok) {
        link_connect(link);
        ok = wait_for(link, LINK_UP);
    }
    for (long left = strtol(argv[4], NULL, 10); ok && left > 0; left--) {
        ok = measure(link, strtoul(argv[3], NULL, 10), &fault);
    }
    if (fault.kind != FAULT_NONE) {
        fprintf(stderr, "%s\n", fault.text);
    }
    link_destroy(link);
    return ok ? 0 : 1;
}
