// The address of a broker, taken apart, and the list of them that mqtt.url may be. Pure. What it
// says about a URL never repeats it: somebody may have put a password into it.
#pragma once

#include "base/fault.h"

#include <stddef.h>
#include <stdint.h>

enum {
    BROKER_URL_SIZE = 512,
    BROKER_HOST_SIZE = 256,
};

struct broker_url {
    bool is_encrypted;
    bool is_websocket;
    char host[BROKER_HOST_SIZE]; // a name or an address; IPv6 without its brackets
    bool is_ipv6;
    uint16_t port;              // never 0
    char path[BROKER_URL_SIZE]; // of a WebSocket, "" or from its '/' on
};

__attribute__((warn_unused_result)) bool broker_url_parse(const char *text, struct broker_url *url,
                                                          struct fault *fault);

// Whether nothing that is sent there leaves this machine.
bool broker_url_is_local(const struct broker_url *url);

// Takes the next word off a list that spaces separate; false at its end, and for a word that does
// not fit.
bool broker_url_next(const char **list, char *word, size_t size);

// Whether `word` is on such a list; as host names are compared.
bool broker_url_lists(const char *list, const char *word);
