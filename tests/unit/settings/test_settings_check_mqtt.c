// Addresses of brokers, and what may be sent there.
#include "settings/settings_check_mqtt.h"

#include "settings/broker_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void broker_urls_that_are_good(void **state)
{
    (void)state;
    static const char *const good[] = {
        "mqtt://broker",
        "mqtt://broker:1883",
        "tcp://192.168.1.2:1",
        "ws://broker:9001/mqtt",
        "ws://broker",
        "mqtt://[::1]:1883",
        "tcp://my_host.local",
        "mqtt://[fe80::1%eth0]:65535",
        "ws://h/a?b@c",
        "mqtts://broker",
        "ssl://broker:443",
        "tls://broker",
        "wss://broker",
        "wss://h:443/mqtt",
        "mqtts://a  ws://b/c mqtt://[::1] ",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct fault fault = {.text = ""};
        if (!settings_check_broker_url(good[i], &fault)) {
            fail_msg("%s: %s", good[i], fault.text);
        }
    }
}

static void broker_urls_that_are_bad(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *says;
    } bad[] = {
        {"", "mqtt://"},
        {"broker:1883", "mqtt://"},
        {"http://broker", "mqtt://"},
        {"MQTT://broker", "mqtt://"},
        {"   ", "mqtt://"},
        {"https://broker", "mqtt://"},
        {"mqtts://broker/x", "nothing may follow"},
        {"mqtts://good mqtt://u:secret@b ws://good", "address 2: no user name"},
        {"mqtts://good b", "address 2: an address"},
        {"b mqtts://good", "address 1: an address"},
        {"mqtt://u:secret@broker", "mqtt.password_file"},
        {"mqtt://u@broker", "mqtt.username"},
        {"mqtt://", "host name"},
        {"mqtt://:1883", "host name"},
        {"mqtt://[::1", "host name"},
        {"mqtt://[]:1", "host name"},
        {"mqtt://[", "host name"},
        {"mqtt://[::1%", "host name"},
        {"mqtt://a,b", "nothing may follow"},
        {"mqtt://broker:", "port"},
        {"mqtt://broker:0", "port"},
        {"mqtt://broker:65536", "port"},
        {"mqtt://broker:99999999999999999999", "port"},
        {"mqtt://broker:x", "port"},
        {"mqtt://broker:1883x", "nothing may follow"},
        {"mqtt://broker:1883/", "nothing may follow"},
        {"ws://broker:9001/a\tb", "a path"},
        {"ws://broker?x", "a path"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct fault fault = {.text = ""};
        assert_false(settings_check_broker_url(bad[i].url, &fault));
        assert_int_equal(fault.kind, FAULT_CONFIG);
        if (strstr(fault.text, bad[i].says) == NULL) {
            fail_msg("%s: %s", bad[i].url, fault.text);
        }
        assert_null(strstr(fault.text, "secret"));
    }
}

static void addresses_that_are_too_long(void **state)
{
    (void)state;
    char url[900];
    struct fault fault;
    memset(url, 'a', sizeof url);
    url[sizeof url - 1] = '\0';
    memcpy(url, "mqtt://", 7);
    assert_false(settings_check_broker_url(url, &fault));
    assert_non_null(strstr(fault.text, "511 bytes"));
    url[7 + 256] = '\0'; // one byte more than a host name has
    assert_false(settings_check_broker_url(url, &fault));
    url[7 + 255] = '\0';
    assert_true(settings_check_broker_url(url, &fault));
}

static void broker_url_parts(void **state)
{
    (void)state;
    struct broker_url url;
    struct fault fault;
    assert_true(broker_url_parse("wss://[2001:db8::1]:8443/a?b", &url, &fault));
    assert_true(url.is_encrypted && url.is_websocket && url.is_ipv6);
    assert_string_equal(url.host, "2001:db8::1");
    assert_string_equal(url.path, "/a?b");
    assert_int_equal(url.port, 8443);
    static const struct {
        const char *text;
        uint16_t port;
        bool is_encrypted;
    } expected[] = {
        {"mqtt://h", 1883, false}, {"tcp://h", 1883, false}, {"mqtts://h", 8883, true},
        {"ssl://h", 8883, true},   {"tls://h", 8883, true},  {"ws://h", 80, false},
        {"wss://h", 443, true},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_true(broker_url_parse(expected[i].text, &url, &fault));
        assert_int_equal(url.port, expected[i].port);
        assert_int_equal(url.is_encrypted, expected[i].is_encrypted);
        assert_string_equal(url.host, "h");
        assert_string_equal(url.path, "");
    }
}

static void what_is_this_machine(void **state)
{
    (void)state;
    static const char *const here[] = {"mqtt://localhost", "mqtt://LOCALHOST", "mqtt://127.3.2.1",
                                       "mqtt://[::1]:1883", "mqtt://a.localhost"};
    static const char *const there[] = {"mqtt://127.example",  "mqtt://128.0.0.1",
                                        "mqtt://localhos",     "mqtt://[::2]",
                                        "mqtt://notlocalhost", "mqtt://0.0.0.0"};
    struct broker_url url;
    struct fault fault;
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++) {
        assert_true(broker_url_parse(here[i], &url, &fault));
        assert_true(broker_url_is_local(&url));
    }
    for (size_t i = 0; i < sizeof there / sizeof there[0]; i++) {
        assert_true(broker_url_parse(there[i], &url, &fault));
        assert_false(broker_url_is_local(&url));
    }
}

static bool may_send(const char *url, const char *password_file, const char *allowed)
{
    struct settings_mqtt mqtt = {0};
    struct fault fault;
    snprintf(mqtt.url, sizeof mqtt.url, "%s", url);
    snprintf(mqtt.password_file, sizeof mqtt.password_file, "%s", password_file);
    snprintf(mqtt.allow_plaintext_password, sizeof mqtt.allow_plaintext_password, "%s", allowed);
    bool good = settings_check_credentials(&mqtt, &fault);
    assert_true(good || (strstr(fault.text, "mqtts://") != NULL &&
                         strstr(fault.text, "allow_plaintext_password = \"b.lan\"") != NULL));
    return good;
}

static void a_password_goes_encrypted_or_by_name(void **state)
{
    (void)state;
    assert_false(may_send("mqtt://b.lan", "/p", ""));
    assert_false(may_send("ws://b.lan/mqtt", "/p", ""));
    assert_false(may_send("mqtts://a.lan mqtt://b.lan", "/p", ""));
    assert_false(may_send("mqtt://b.lan", "/p", "a.lan xb.lan b.lanx *"));
    assert_true(may_send("mqtt://b.lan", "", ""));
    assert_true(may_send("mqtts://b.lan wss://b.lan", "/p", ""));
    assert_true(may_send("mqtt://localhost", "/p", ""));
    assert_true(may_send("mqtt://b.lan:99 ws://B.LAN", "/p", "a.lan b.lan"));
}

static bool goes_together(const char *url, const char *ca, const char *cert, const char *key)
{
    struct settings_mqtt mqtt = {0};
    struct fault fault;
    snprintf(mqtt.url, sizeof mqtt.url, "%s", url);
    snprintf(mqtt.ca_file, sizeof mqtt.ca_file, "%s", ca);
    snprintf(mqtt.cert_file, sizeof mqtt.cert_file, "%s", cert);
    snprintf(mqtt.key_file, sizeof mqtt.key_file, "%s", key);
    return settings_check_tls(&mqtt, &fault);
}

static void certificates_that_would_not_be_used(void **state)
{
    (void)state;
    assert_true(goes_together("mqtt://a", "", "", ""));
    assert_true(goes_together("mqtts://a", "/ca", "", ""));
    assert_true(goes_together("mqtt://a wss://b", "/ca", "/cert", "/key"));
    assert_true(goes_together("mqtt://localhost", "/ca", "", ""));
    assert_false(goes_together("mqtt://a", "/ca", "", ""));
    assert_false(goes_together("mqtt://a", "", "/cert", "/key"));
    assert_false(goes_together("mqtts://a", "", "/cert", ""));
    assert_false(goes_together("mqtts://a", "", "", "/key"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broker_urls_that_are_good),
        cmocka_unit_test(broker_urls_that_are_bad),
        cmocka_unit_test(addresses_that_are_too_long),
        cmocka_unit_test(broker_url_parts),
        cmocka_unit_test(what_is_this_machine),
        cmocka_unit_test(a_password_goes_encrypted_or_by_name),
        cmocka_unit_test(certificates_that_would_not_be_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
