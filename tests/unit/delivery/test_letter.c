// letter.h: the largest picture that a packet takes, by the packet's real size.
#include "cmocka_all.h"

#include "delivery/letter.h"

#include <stdio.h>
#include <string.h>

static struct settings settings;

static int begin(void **state)
{
    (void)state;
    snprintf(settings.mqtt.prefix, sizeof settings.mqtt.prefix, "still2mqtt");
    snprintf(settings.device.id, sizeof settings.device.id, "cam");
    return 0;
}

// With all the words that a picture can have, as MQTT 5 counts them (3.3).
static uint64_t packet_size(bool live, uint64_t payload)
{
    size_t topic = 2 + strlen("still2mqtt/cam/") + strlen(live ? "image" : "late");
    static const struct {
        const char *name;
        size_t value;
    } user[] = {{"id", 63},     {"seq", 20},    {"captured_at", 31},
                {"trigger", 7}, {"sha256", 64}, {"request_id", 64}};
    const char *type = live ? "text/plain" : "application/json";
    uint64_t properties = 2 + (live ? 0U : 5U) + 3 + strlen(type);
    for (size_t i = 0; i < sizeof user / sizeof user[0]; i++) {
        properties += 1 + 2 + strlen(user[i].name) + 2 + user[i].value;
    }
    uint64_t remaining = topic + 2 + 2 + properties + payload;
    return 1 + (remaining < 16384 ? 2U : remaining < 2097152 ? 3U : 4U) + remaining;
}

static void test_what_is_said_to_fit_does(void **state)
{
    (void)state;
    static const uint64_t packets[] = {1000, 16384, 100000, 2000000, 268435460};
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        for (int live = 0; live <= 1; live++) {
            uint64_t payload = letter_payload_max(&settings, PICTURE_FORM_BASE64, live, packets[i]);
            uint64_t size = packet_size(live, payload);
            assert_in_range(size, packets[i] - 16, packets[i]); // and wastes little
        }
    }
}

static void test_a_packet_too_small_for_its_words(void **state)
{
    (void)state;
    assert_int_equal(letter_payload_max(&settings, PICTURE_FORM_BASE64, true, 100), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_said_to_fit_does),
        cmocka_unit_test(test_a_packet_too_small_for_its_words),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
