// Where the broker is: file, variables, options.
#include "ctl/ctl_settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/test_ctl_settings.XXXXXX";

static int write_file(void **state)
{
    (void)state;
    static const char text[] = "device: { id = \"porch\"; };\n"
                               "mqtt: { url = \"mqtts://file:8883\"; prefix = \"site\"; "
                               "username = \"porch\"; };\n";
    int fd = mkstemp(path);
    bool good = fd >= 0 && write(fd, text, sizeof text - 1) == (ssize_t)sizeof text - 1;
    close(fd);
    return good ? 0 : -1;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static int row_of(const char *option)
{
    for (int i = 0; i < CTL_CONNECTION_COUNT; i++) {
        if (strcmp(ctl_connection_keys[i].option, option) == 0) {
            return i;
        }
    }
    fail_msg("no row %s", option);
    return 0;
}

static bool load(const struct ctl_options *options, const char *variable,
                 struct settings_mqtt *mqtt, struct fault *fault)
{
    char *environment[] = {(char[]){"HOME=/"}, (char[]){"STILL2MQTT_BUILD=x"}, NULL, NULL};
    char text[128];
    if (variable != NULL) {
        snprintf(text, sizeof text, "%s", variable);
        environment[2] = text;
    }
    struct bytes findings;
    bytes_init(&findings);
    bool good = ctl_settings(options, environment, mqtt, &findings, fault);
    bytes_fini(&findings);
    return good;
}

static void the_later_overrides(void **state)
{
    (void)state;
    struct settings_mqtt mqtt;
    struct fault fault;
    struct ctl_options options = {.verb = CTL_LIST};
    assert_true(load(&options, NULL, &mqtt, &fault));
    assert_string_equal(mqtt.url, "mqtt://localhost:1883");
    assert_string_equal(mqtt.prefix, "still2mqtt");
    options.config_path = path;
    assert_true(load(&options, NULL, &mqtt, &fault));
    assert_string_equal(mqtt.url, "mqtts://file:8883");
    assert_true(load(&options, "STILL2MQTT_MQTT_URL=mqtt://variable", &mqtt, &fault));
    assert_string_equal(mqtt.url, "mqtt://variable");
    options.connection[row_of("url")] = "mqtt://option";
    assert_true(load(&options, "STILL2MQTT_MQTT_URL=mqtt://variable", &mqtt, &fault));
    assert_string_equal(mqtt.url, "mqtt://option");
    assert_string_equal(mqtt.prefix, "site");
    assert_string_equal(mqtt.username, "porch");
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *option, *value, *named;
        enum fault_kind kind;
    } cases[] = {
        {"url", "http://x", "--url", FAULT_USAGE},
        {"url", "", "--url", FAULT_USAGE},
        {"prefix", "a/#", "--prefix", FAULT_USAGE},
        {"mqtt-version", "4", "--mqtt-version", FAULT_USAGE},
        {"cert-file", "/c.pem", "mqtt.key_file", FAULT_CONFIG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct settings_mqtt mqtt;
        struct fault fault = {0};
        struct ctl_options options = {.verb = CTL_LIST};
        options.connection[row_of(cases[i].option)] = cases[i].value;
        assert_false(load(&options, NULL, &mqtt, &fault));
        assert_int_equal(fault.kind, cases[i].kind);
        assert_non_null(strstr(fault.text, cases[i].named));
    }
    struct settings_mqtt mqtt;
    struct fault fault = {0};
    struct ctl_options options = {.verb = CTL_LIST};
    assert_false(load(&options, "STILL2MQTT_MQTT_URL=gopher://x", &mqtt, &fault));
    assert_non_null(strstr(fault.text, "STILL2MQTT_MQTT_URL"));
    options.config_path = "/nowhere/at/all.conf";
    assert_false(load(&options, NULL, &mqtt, &fault));
    assert_int_equal(fault.kind, FAULT_CONFIG);
}

static void a_password_stays_where_nobody_reads_it(void **state)
{
    (void)state;
    struct settings_mqtt mqtt;
    struct fault fault = {0};
    struct ctl_options options = {.verb = CTL_LIST};
    options.connection[row_of("url")] = "mqtt://broker.lan";
    options.connection[row_of("password-file")] = "/p";
    assert_false(load(&options, NULL, &mqtt, &fault));
    assert_int_equal(fault.kind, FAULT_CONFIG);
    options.connection[row_of("allow-plaintext-password")] = "broker.lan";
    assert_true(load(&options, NULL, &mqtt, &fault));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_later_overrides),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(a_password_stays_where_nobody_reads_it),
    };
    return cmocka_run_group_tests(tests, write_file, remove_file);
}
