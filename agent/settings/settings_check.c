// Checks of texts. Any thread, no state.
#include "settings/settings_check.h"

#include "base/text.h"
#include "settings/settings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool settings_text_is_clean(const char *text)
{
    char copy[SETTINGS_PATH_SIZE];
    snprintf(copy, sizeof copy, "%s", text);
    text_clean(copy);
    return strcmp(copy, text) == 0;
}

static bool is_id_character(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

bool settings_check_device_id(const char *text, struct fault *fault)
{
    size_t len = 0;
    while (is_id_character(text[len])) {
        len++;
    }
    if (len == 0 || text[len] != '\0') {
        return fault_set(fault, FAULT_CONFIG, 0, "only A-Z, a-z, 0-9, _ and -, 1 to 64 of them");
    }
    return true;
}

bool settings_check_topic_prefix(const char *text, struct fault *fault)
{
    size_t len = strlen(text);
    if (len == 0) {
        return fault_set(fault, FAULT_CONFIG, 0, "a topic such as \"still2mqtt\" is expected");
    }
    if (strpbrk(text, "+#") != NULL) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "'+' and '#' are MQTT's wildcards: leave them out");
    }
    if (text[0] == '/' || text[len - 1] == '/') {
        return fault_set(fault, FAULT_CONFIG, 0, "leave out the '/' at its beginning or end");
    }
    if (text[0] == '$') {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "topics that begin with '$' belong to the broker: leave it out");
    }
    return true;
}

enum scheme { SCHEME_NONE, SCHEME_TCP, SCHEME_WEBSOCKET, SCHEME_TLS };

static enum scheme scheme_of(const char *text, const char **rest)
{
    static const struct {
        const char *head;
        enum scheme scheme;
    } schemes[] = {
        {"mqtt://", SCHEME_TCP},  {"tcp://", SCHEME_TCP}, {"ws://", SCHEME_WEBSOCKET},
        {"mqtts://", SCHEME_TLS}, {"ssl://", SCHEME_TLS}, {"wss://", SCHEME_TLS},
    };
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i].head);
        if (strncmp(text, schemes[i].head, len) == 0) {
            *rest = text + len;
            return schemes[i].scheme;
        }
    }
    return SCHEME_NONE;
}

// Past the host name or address at `text`; NULL for what is neither.
static const char *skip_host(const char *text)
{
    const char *at = text;
    if (*at == '[') {
        size_t len = strspn(at + 1, "0123456789abcdefABCDEF:.");
        if (at[1 + len] == '%') { // the zone of a link-local address
            len++;
            while (is_id_character(at[1 + len]) || at[1 + len] == '.') {
                len++;
            }
        }
        return len > 0 && at[1 + len] == ']' ? at + len + 2 : NULL;
    }
    while (is_id_character(*at) || *at == '.') {
        at++;
    }
    return at > text ? at : NULL;
}

static bool skip_port(const char **at)
{
    const char *digits = *at;
    size_t len = strspn(digits, "0123456789");
    long port = len > 0 && len <= 5 ? strtol(digits, NULL, 10) : 0;
    *at = digits + len;
    return port >= 1 && port <= 65535;
}

static bool is_plain_ascii(const char *text)
{
    while (*text > 0x20 && *text < 0x7F) {
        text++;
    }
    return *text == '\0';
}

bool settings_check_broker_url(const char *text, struct fault *fault)
{
    const char *host = NULL;
    enum scheme scheme = scheme_of(text, &host);
    if (scheme == SCHEME_TLS) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "this build speaks no TLS to the broker: use mqtt:// or ws://, and only "
                         "on a network that you trust");
    }
    if (scheme == SCHEME_NONE) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "an address such as \"mqtt://broker:1883\" is expected; it begins with "
                         "mqtt://, tcp:// or ws://");
    }
    if (memchr(host, '@', strcspn(host, "/?#")) != NULL) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "no user name or password in here: use mqtt.username and "
                         "mqtt.password_file");
    }
    const char *at = skip_host(host);
    if (at == NULL) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "a host name or address is expected after \"://\", IPv6 in [brackets]");
    }
    if (*at == ':') {
        at++;
        if (!skip_port(&at)) {
            return fault_set(fault, FAULT_CONFIG, 0, "the port must be 1 to 65535");
        }
    }
    bool path = scheme == SCHEME_WEBSOCKET && *at == '/' && is_plain_ascii(at);
    if (*at != '\0' && !path) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         scheme == SCHEME_WEBSOCKET
                             ? "after the host and port comes nothing, or a path such as /mqtt"
                             : "nothing may follow the host and port");
    }
    return true;
}
