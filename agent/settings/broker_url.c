// Addresses of brokers. Any thread, no state.
#include "settings/broker_url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct scheme {
    const char *head;
    bool is_encrypted;
    bool is_websocket;
    uint16_t port;
};

static const struct scheme schemes[] = {
    {"mqtt://", false, false, 1883}, {"tcp://", false, false, 1883},
    {"mqtts://", true, false, 8883}, {"ssl://", true, false, 8883},
    {"tls://", true, false, 8883},   {"ws://", false, true, 80},
    {"wss://", true, true, 443},
};

static const struct scheme *scheme_of(const char *text)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (strncmp(text, schemes[i].head, strlen(schemes[i].head)) == 0) {
            return &schemes[i];
        }
    }
    return NULL;
}

static bool is_name_character(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

// The length of the address within "[...]" at `text`, without the brackets; 0 for what is none.
static size_t bracketed_length(const char *text)
{
    size_t len = strspn(text + 1, "0123456789abcdefABCDEF:.");
    if (text[1 + len] == '%') { // the zone of a link-local address
        len++;
        while (is_name_character(text[1 + len])) {
            len++;
        }
    }
    return text[1 + len] == ']' ? len : 0;
}

// Takes the host at `*at`, and moves past it.
static bool take_host(const char **at, struct broker_url *url)
{
    const char *host = *at;
    size_t len = 0;
    url->is_ipv6 = *host == '[';
    if (url->is_ipv6) {
        len = bracketed_length(host++);
        *at = host + len + 1;
    } else {
        while (is_name_character(host[len])) {
            len++;
        }
        *at = host + len;
    }
    if (len == 0 || len >= sizeof url->host) {
        return false;
    }
    memcpy(url->host, host, len);
    url->host[len] = '\0';
    return true;
}

static bool take_port(const char **at, struct broker_url *url)
{
    const char *digits = *at;
    size_t len = strspn(digits, "0123456789");
    long port = len > 0 && len <= 5 ? strtol(digits, NULL, 10) : 0;
    *at = digits + len;
    url->port = (uint16_t)port;
    return port >= 1 && port <= 65535;
}

static bool take_path(const char *at, struct broker_url *url)
{
    if (*at == '\0') {
        return true;
    }
    const char *end = at;
    while (*end > 0x20 && *end < 0x7F) {
        end++;
    }
    bool is_path = url->is_websocket && *at == '/' && *end == '\0';
    return is_path && (size_t)snprintf(url->path, sizeof url->path, "%s", at) < sizeof url->path;
}

static bool parse_rest(const char *at, struct broker_url *url, struct fault *fault)
{
    if (memchr(at, '@', strcspn(at, "/?#")) != NULL) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "no user name or password in here: use mqtt.username and "
                         "mqtt.password_file");
    }
    if (!take_host(&at, url)) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "a host name or address is expected after \"://\", IPv6 in [brackets]");
    }
    if (*at == ':') {
        at++;
        if (!take_port(&at, url)) {
            return fault_set(fault, FAULT_CONFIG, 0, "the port must be 1 to 65535");
        }
    }
    if (!take_path(at, url)) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         url->is_websocket
                             ? "after the host and port comes nothing, or a path such as /mqtt"
                             : "nothing may follow the host and port");
    }
    return true;
}

bool broker_url_parse(const char *text, struct broker_url *url, struct fault *fault)
{
    const struct scheme *scheme = scheme_of(text);
    if (scheme == NULL) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "an address such as \"mqtts://broker:8883\" is expected; it begins with "
                         "mqtts://, mqtt://, wss:// or ws://");
    }
    struct broker_url parsed = {
        .is_encrypted = scheme->is_encrypted,
        .is_websocket = scheme->is_websocket,
        .port = scheme->port,
    };
    if (!parse_rest(text + strlen(scheme->head), &parsed, fault)) {
        return false;
    }
    *url = parsed;
    return true;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);
    return len >= strlen(end) && strcasecmp(text + len - strlen(end), end) == 0;
}

bool broker_url_is_local(const struct broker_url *url)
{
    struct in_addr four;
    if (inet_pton(AF_INET, url->host, &four) == 1) {
        return ntohl(four.s_addr) >> 24 == 127;
    }
    struct in6_addr six;
    if (inet_pton(AF_INET6, url->host, &six) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&six);
    }
    return strcasecmp(url->host, "localhost") == 0 || ends_with(url->host, ".localhost");
}

bool broker_url_next(const char **list, char *word, size_t size)
{
    const char *begin = *list + strspn(*list, " ");
    size_t len = strcspn(begin, " ");
    if (len == 0 || len >= size) {
        return false;
    }
    memcpy(word, begin, len);
    word[len] = '\0';
    *list = begin + len;
    return true;
}

bool broker_url_lists(const char *list, const char *word)
{
    char entry[BROKER_HOST_SIZE];
    while (broker_url_next(&list, entry, sizeof entry)) {
        if (strcasecmp(entry, word) == 0) {
            return true;
        }
    }
    return false;
}
