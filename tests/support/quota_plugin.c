// A plugin of mosquitto: of the pictures on a topic that ends in "/image", the first so many
// (option "plugin_opt_refuse") are over quota, which the broker then says in its own words.
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#include <stdlib.h>
#include <string.h>

enum { QUOTA_EXCEEDED = -6 }; // MOSQ_ERR_QUOTA_EXCEEDED, which mosquitto knows since 2.1

static mosquitto_plugin_id_t *self;
static int left;

static int on_message(int event, void *event_data, void *context)
{
    (void)event;
    (void)context;
    const struct mosquitto_evt_message *message = event_data;
    const char *end = strrchr(message->topic, '/');
    if (end == NULL || strcmp(end, "/image") != 0 || left == 0) {
        return MOSQ_ERR_SUCCESS;
    }
    left--;
    return QUOTA_EXCEEDED;
}

int mosquitto_plugin_version(int count, const int *versions)
{
    (void)count;
    (void)versions;
    return MOSQ_PLUGIN_VERSION;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t *id, void **user_data,
                          struct mosquitto_opt *options, int count)
{
    (void)user_data;
    self = id;
    for (int i = 0; i < count; i++) {
        left = strcmp(options[i].key, "refuse") == 0 ? atoi(options[i].value) : left;
    }
    return mosquitto_callback_register(id, MOSQ_EVT_MESSAGE, on_message, NULL, NULL);
}

int mosquitto_plugin_cleanup(void *user_data, struct mosquitto_opt *options, int count)
{
    (void)user_data;
    (void)options;
    (void)count;
    return mosquitto_callback_unregister(self, MOSQ_EVT_MESSAGE, on_message, NULL);
}
