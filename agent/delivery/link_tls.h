// TLS to the broker: what Paho is told, what it has no option for, and its failures in words.
//
// Paho says "-1" to whatever goes wrong, and checks the broker's name only after the handshake,
// silently. So SSL_new() is defined in the executable, to which libpaho binds as it does to the
// poll() of paho_pacing.h: it has OpenSSL itself check the name, allow nothing below TLS 1.2, and
// tell what happens in the handshake. Paho's own check of the name stays on besides, so that a
// libpaho that is not bound to us is without words, not without safety. X509_check_ip_asc() is
// defined as well, for that check fails at every address of IPv6.
#pragma once

#include "delivery/link.h"
#include "settings/broker_url.h"

#include <MQTTAsync.h>
#include <limits.h>

// Outlives the connect that it is given to.
struct link_tls {
    char key_path[PATH_MAX];
    unsigned char protocols[SETTINGS_TEXT_SIZE]; // ALPN's: a length and a name
    char no_passphrase[1];
    MQTTAsync_SSLOptions options;
};

// Before each connect to an encrypted `url`: looks at the files that the settings name, fills in
// what Paho is to use, forgets what the handshake before it told.
__attribute__((warn_unused_result)) bool link_tls_begin(struct link_tls *tls,
                                                        const struct settings_mqtt *mqtt,
                                                        const struct broker_url *url,
                                                        struct fault *fault);

// Why the connection did not come up, if that is to do with TLS; with the cure.
bool link_tls_explain(const struct settings_mqtt *mqtt, const struct broker_url *url,
                      struct fault *why);

// Whether the handshake was finished, so that what failed is MQTT within it.
bool link_tls_is_established(void);

// How many times SSL_new() was ours. Zero after an encrypted connect: libpaho is not bound to us.
unsigned link_tls_count(void);
