// publisher.h against a real mosquitto.
#include "cmocka_all.h"

#include "mosquitto.h"
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void begin(struct mosquitto *mosquitto, const char *extra, struct rig *rig)
{
    if (!mosquitto_is_installed()) {
        print_message("mosquitto or mosquitto-clients is not installed\n");
        skip();
    }
    mosquitto_init(mosquitto, extra);
    mosquitto_put(mosquitto, "acl",
                  "topic readwrite p/#\ntopic deny p/cam/image\ntopic deny p/cam/command/+\n");
    mosquitto_start(mosquitto);
    rig_init(rig, mosquitto->port);
}

static void assert_retained(const struct mosquitto *mosquitto, const char *topic, const char *head)
{
    char text[64];
    mosquitto_retained(mosquitto, topic, text, sizeof text);
    assert_memory_equal(text, head, strlen(head));
}

static void delivers(const char *version)
{
    struct mosquitto mosquitto;
    struct rig rig;
    begin(&mosquitto, "", &rig);
    strcpy(rig.settings.mqtt.version, version);
    rig_start(&rig);
    publisher_put_document(rig.publisher, DOCUMENT_STATE, strdup("{state}"));
    struct news_link *up = rig_wait(&rig, NEWS_LINK_UP);
    assert_string_equal(up->version, version);
    free(up);
    rig_shoot(&rig);
    rig_skip(&rig, NEWS_SENT);
    assert_retained(&mosquitto, "p/cam/status", "online");
    assert_retained(&mosquitto, "p/cam/state", "{state}");
    assert_retained(&mosquitto, "p/cam/meta", "meta:1");
    assert_retained(&mosquitto, "p/cam/image", "image:1 ");
    rig_end(&rig);
    assert_retained(&mosquitto, "p/cam/status", "offline");
    mosquitto_fini(&mosquitto);
}

static void test_delivers_with_5(void **state)
{
    (void)state;
    delivers("5");
}

static void test_delivers_with_3_1_1(void **state)
{
    (void)state;
    delivers("3.1.1");
}

static void test_broker_is_killed_and_comes_back(void **state)
{
    (void)state;
    struct mosquitto mosquitto;
    struct rig rig;
    begin(&mosquitto, "", &rig);
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_UP);
    mosquitto_kill(&mosquitto);
    rig_skip(&rig, NEWS_LINK_DOWN);
    rig_shoot(&rig);
    rig_shoot(&rig);
    mosquitto_start(&mosquitto);
    rig_skip(&rig, NEWS_LINK_UP);
    for (int i = 0; i < 2; i++) {
        struct news_picture *sent = rig_wait(&rig, NEWS_SENT);
        assert_int_equal(sent->seq, 2 - i);
        assert_int_equal(sent->late, i);
        free(sent);
    }
    assert_retained(&mosquitto, "p/cam/image", "image:2 ");
    rig_end(&rig);
    mosquitto_fini(&mosquitto);
}

static void test_acl_refuses_the_picture(void **state)
{
    (void)state;
    struct mosquitto mosquitto;
    struct rig rig;
    begin(&mosquitto, "acl_file %s/acl", &rig);
    rig_start(&rig);
    rig_shoot(&rig);
    struct news_picture *dropped = rig_wait(&rig, NEWS_DROPPED);
    assert_true(dropped->refused);
    assert_non_null(strstr(dropped->why.text, "Not authorized"));
    free(dropped);
    assert_retained(&mosquitto, "p/cam/meta", "meta:1"); // the connection lives
    assert_int_equal(publisher_counters(rig.publisher).reconnects, 0);
    rig_end(&rig);
    mosquitto_fini(&mosquitto);
}

static void is_too_large(const char *version, uint32_t reconnects)
{
    struct mosquitto mosquitto;
    struct rig rig;
    begin(&mosquitto, "max_packet_size 100000", &rig);
    strcpy(rig.settings.mqtt.version, version);
    rig_start(&rig);
    rig_skip(&rig, NEWS_LINK_UP);
    rig.picture_size = 200000;
    rig_shoot(&rig);
    struct news_picture *dropped = rig_wait(&rig, NEWS_DROPPED);
    assert_true(dropped->refused);
    free(dropped);
    rig.picture_size = 2000;
    rig_shoot(&rig);
    struct news_picture *sent = rig_wait(&rig, NEWS_SENT);
    assert_int_equal(sent->seq, 2);
    free(sent);
    assert_int_equal(publisher_counters(rig.publisher).reconnects, reconnects);
    rig_end(&rig);
    mosquitto_fini(&mosquitto);
}

static void test_too_large_with_5(void **state)
{
    (void)state;
    is_too_large("5", 0);
}

static void test_too_large_with_3_1_1(void **state)
{
    (void)state;
    is_too_large("3.1.1", 2);
}

static void put_large_payload(const struct mosquitto *mosquitto, char *path, size_t size)
{
    size_t len = 10 * 1000 * 1000;
    char *text = malloc(len + 1);
    assert_non_null(text);
    memset(text, '{', len);
    text[len] = '\0';
    mosquitto_put(mosquitto, "payload", text);
    free(text);
    snprintf(path, size, "%s/payload", mosquitto->dir);
}

static struct news_command *hostile_commands(struct mosquitto *mosquitto, struct rig *rig)
{
    // once a document arrived, so has the subscription before it
    publisher_put_document(rig->publisher, DOCUMENT_STATE, strdup("{}"));
    assert_retained(mosquitto, "p/cam/state", "{}");
    char path[64];
    put_large_payload(mosquitto, path, sizeof path);
    mosquitto_publish(
        mosquitto, (const char *const[]){"-t", "p/cam/command/large", "-f", path, "-q", "1", NULL});
    mosquitto_publish(mosquitto, (const char *const[]){"-t", "p/cam/command/kept", "-m", "{}", "-q",
                                                       "1", "-r", NULL});
    return rig_wait(rig, NEWS_COMMAND);
}

static void test_hostile_commands_with_5(void **state)
{
    (void)state;
    struct mosquitto mosquitto;
    struct rig rig;
    begin(&mosquitto, "", &rig);
    rig_start(&rig);
    struct news_command *command = hostile_commands(&mosquitto, &rig);
    assert_string_equal(command->topic, "command/kept"); // the large one never came
    assert_true(command->retained);
    free(command);
    rig_end(&rig);

    // what the broker keeps is not sent to the next session
    rig_init(&rig, mosquitto.port);
    rig_start(&rig);
    publisher_put_document(rig.publisher, DOCUMENT_STATE, strdup("{again}"));
    assert_retained(&mosquitto, "p/cam/state", "{");
    mosquitto_publish(&mosquitto,
                      (const char *const[]){"-t", "p/cam/command/new", "-m", "{}", NULL});
    command = rig_wait(&rig, NEWS_COMMAND);
    assert_string_equal(command->topic, "command/new");
    free(command);
    rig_end(&rig);
    mosquitto_fini(&mosquitto);
}

static void test_hostile_commands_with_3_1_1(void **state)
{
    (void)state;
    struct mosquitto mosquitto;
    struct rig rig;
    begin(&mosquitto, "", &rig);
    strcpy(rig.settings.mqtt.version, "3.1.1");
    rig_start(&rig);
    struct news_command *command = hostile_commands(&mosquitto, &rig);
    assert_string_equal(command->topic, "command/large");
    assert_int_equal(command->full_len, 10 * 1000 * 1000);
    assert_int_equal(command->len, 0);
    free(command);
    free(rig_wait(&rig, NEWS_COMMAND));
    rig_end(&rig);

    rig_init(&rig, mosquitto.port);
    strcpy(rig.settings.mqtt.version, "3.1.1");
    rig_start(&rig);
    command = rig_wait(&rig, NEWS_COMMAND);
    assert_string_equal(command->topic, "command/kept");
    assert_true(command->retained);
    free(command);
    rig_end(&rig);
    mosquitto_fini(&mosquitto);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_delivers_with_5),
        cmocka_unit_test(test_delivers_with_3_1_1),
        cmocka_unit_test(test_broker_is_killed_and_comes_back),
        cmocka_unit_test(test_acl_refuses_the_picture),
        cmocka_unit_test(test_too_large_with_5),
        cmocka_unit_test(test_too_large_with_3_1_1),
        cmocka_unit_test(test_hostile_commands_with_5),
        cmocka_unit_test(test_hostile_commands_with_3_1_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
