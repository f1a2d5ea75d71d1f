// publisher.h, where Paho took a message just when the connection broke: it keeps it, and sends it
// on the next connection, before all else. This needs the two to meet within microseconds, so here
// Paho is called a little late.
#include "cmocka_all.h"

#include "rig.h"

#include <MQTTAsync.h>
#include <sched.h>
#include <stdatomic.h>

static _Atomic(struct fake_broker *) breaks; // before Paho takes the next message; NULL: none does

// The linker puts these in place of Paho's own, which are the other two; see CMakeLists.txt.
int __wrap_MQTTAsync_createWithOptions(MQTTAsync *handle, const char *uri, const char *client_id,
                                       int persistence_type, void *persistence,
                                       MQTTAsync_createOptions *options);
int __real_MQTTAsync_createWithOptions(MQTTAsync *handle, const char *uri, const char *client_id,
                                       int persistence_type, void *persistence,
                                       MQTTAsync_createOptions *options);
int __wrap_MQTTAsync_send(MQTTAsync handle, const char *topic, int len, const void *payload,
                          int qos, int retained, MQTTAsync_responseOptions *response);
int __real_MQTTAsync_send(MQTTAsync handle, const char *topic, int len, const void *payload,
                          int qos, int retained, MQTTAsync_responseOptions *response);

int __wrap_MQTTAsync_createWithOptions(MQTTAsync *handle, const char *uri, const char *client_id,
                                       int persistence_type, void *persistence,
                                       MQTTAsync_createOptions *options)
{
    options->sendWhileDisconnected = 1; // it has looked before the connection broke
    return __real_MQTTAsync_createWithOptions(handle, uri, client_id, persistence_type, persistence,
                                              options);
}

int __wrap_MQTTAsync_send(MQTTAsync handle, const char *topic, int len, const void *payload,
                          int qos, int retained, MQTTAsync_responseOptions *response)
{
    struct fake_broker *broker = atomic_exchange(&breaks, NULL);
    if (broker != NULL) {
        fake_broker_down(broker);
        while (MQTTAsync_isConnected(handle)) {
            sched_yield();
        }
    }
    return __real_MQTTAsync_send(handle, topic, len, payload, qos, retained, response);
}

// Its answer must not pass for that to another message, or every answer on that connection would
// be taken for the one to what was sent next.
static void test_its_answer_is_nobodys(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    rig_shoot(rig);
    rig_find(rig, "/event");
    fake_broker_refuse(rig->broker, "/image", 0x87, 1, false);
    breaks = rig->broker;
    rig_put_shot(rig);
    rig_skip(rig, NEWS_LINK_DOWN);
    fake_broker_up(rig->broker);
    rig_expect(rig, "p/cam/meta", "meta:2", true); // the stray one
    rig_expect(rig, "p/cam/status", "online", true);
    rig_expect(rig, "p/cam/meta", "meta:2", true);
    rig_expect(rig, "p/cam/image", "image:2 ", true);
    struct news_picture dropped = rig_picture(rig, NEWS_DROPPED);
    assert_string_equal(dropped.id, "id-2");
    assert_true(dropped.refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(test_its_answer_is_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
