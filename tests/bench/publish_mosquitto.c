// publish_mosquitto HOST PORT BYTES TIMES: as publish_once, by libmosquitto, for comparison.
#include "base/timing.h"

#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int acknowledged = -1;
static bool is_connected;

static void on_connect(struct mosquitto *client, void *context, int code)
{
    (void)client;
    (void)context;
    is_connected = code == 0;
}

static void on_publish(struct mosquitto *client, void *context, int id)
{
    (void)client;
    (void)context;
    acknowledged = id;
}

static bool measure(struct mosquitto *client, const void *payload, int size)
{
    int id;
    int64_t begun_ns = timing_now_ns();
    int rc = mosquitto_publish(client, &id, "bench/image", size, payload, 1, false);
    while (rc == MOSQ_ERR_SUCCESS && acknowledged != id) {
        rc = mosquitto_loop(client, 1000, 1);
    }
    if (rc != MOSQ_ERR_SUCCESS) {
        fprintf(stderr, "%s\n", mosquitto_strerror(rc));
        return false;
    }
    printf("%.1f\n", (double)(timing_now_ns() - begun_ns) / 1e6);
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: publish_mosquitto HOST PORT BYTES TIMES\n");
        return 64;
    }
    int size = (int)strtol(argv[3], NULL, 10);
    void *payload = malloc((size_t)size);
    mosquitto_lib_init();
    struct mosquitto *client = mosquitto_new("bench-peer", true, NULL);
    if (payload == NULL || client == NULL) {
        return 1;
    }
    memset(payload, 'A', (size_t)size);
    mosquitto_connect_callback_set(client, on_connect);
    mosquitto_publish_callback_set(client, on_publish);
    int rc = mosquitto_connect(client, argv[1], (int)strtol(argv[2], NULL, 10), 60);
    while (rc == MOSQ_ERR_SUCCESS && !is_connected) {
        rc = mosquitto_loop(client, 1000, 1);
    }
    bool ok = rc == MOSQ_ERR_SUCCESS;
    for (long left = strtol(argv[4], NULL, 10); ok && left > 0; left--) {
        ok = measure(client, payload, size);
    }
    mosquitto_destroy(client);
    mosquitto_lib_cleanup();
    free(payload);
    return ok ? 0 : 1;
}
