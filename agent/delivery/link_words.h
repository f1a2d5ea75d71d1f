// Why no connection came up, of what Paho's mail and TLS tell. Knows Paho's own wording, which
// takes the place of error codes.
#pragma once

#include "delivery/link_mail.h"
#include "settings/broker_url.h"

enum { LINK_CONNECT_TIMEOUT_S = 5 }; // from SYN to CONNACK; Paho looks every 3 s, so up to 8 s

// Whether the broker took the connection, and closed it instead of an answer.
bool link_words_is_closed(const struct broker_url *url, const struct link_mail *mail);

// `mail` is MAIL_CONNECT_FAILED.
void link_words_failure(const struct settings_mqtt *mqtt, const struct broker_url *url,
                        const struct link_mail *mail, struct fault *why);
