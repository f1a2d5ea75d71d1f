// Checks of the way to the broker. Any thread, no state.
#include "settings/settings_check_mqtt.h"

#include "settings/broker_url.h"

#include <string.h>

bool settings_check_broker_url(const char *text, struct fault *fault)
{
    char word[BROKER_URL_SIZE];
    struct broker_url url;
    unsigned count = 0;
    const char *rest = text;
    while (broker_url_next(&rest, word, sizeof word)) {
        count++;
        if (!broker_url_parse(word, &url, fault)) {
            bool is_one_of_several = count > 1 || rest[strspn(rest, " ")] != '\0';
            return is_one_of_several ? fault_prefix(fault, "address %u", count) : false;
        }
    }
    if (rest[strspn(rest, " ")] != '\0') {
        return fault_set(fault, FAULT_CONFIG, 0, "an address may have %d bytes at the most",
                         BROKER_URL_SIZE - 1);
    }
    return count > 0 || broker_url_parse("", &url, fault);
}

bool settings_check_credentials(const struct settings_mqtt *mqtt, struct fault *fault)
{
    char word[BROKER_URL_SIZE];
    const char *rest = mqtt->url;
    while (mqtt->password_file[0] != '\0' && broker_url_next(&rest, word, sizeof word)) {
        struct broker_url url;
        if (broker_url_parse(word, &url, fault) && !url.is_encrypted &&
            !broker_url_is_local(&url) &&
            !broker_url_lists(mqtt->allow_plaintext_password, url.host)) {
            return fault_set(fault, FAULT_CONFIG, 0,
                             "the password would go to %s unencrypted: use mqtts:// in mqtt.url, "
                             "or set mqtt.allow_plaintext_password = \"%s\" if you trust all of "
                             "the network in between",
                             url.host, url.host);
        }
    }
    return true;
}

// Whether one of the brokers is spoken to in TLS, or none is outside of this machine.
static bool uses_tls(const struct settings_mqtt *mqtt)
{
    bool leaves = false;
    char word[BROKER_URL_SIZE];
    const char *rest = mqtt->url;
    while (broker_url_next(&rest, word, sizeof word)) {
        struct broker_url url;
        struct fault ignored;
        if (!broker_url_parse(word, &url, &ignored) || url.is_encrypted) {
            return true; // a URL that is wrong has a finding of its own
        }
        leaves |= !broker_url_is_local(&url);
    }
    return !leaves;
}

bool settings_check_tls(const struct settings_mqtt *mqtt, struct fault *fault)
{
    if ((mqtt->cert_file[0] == '\0') != (mqtt->key_file[0] == '\0')) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "a client certificate needs both mqtt.cert_file and mqtt.key_file");
    }
    bool has_any = mqtt->ca_file[0] != '\0' || mqtt->cert_file[0] != '\0' || mqtt->alpn[0] != '\0';
    if (has_any && !uses_tls(mqtt)) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "certificates are given, but nothing in here is encrypted: use mqtts:// "
                         "or wss://");
    }
    return true;
}
