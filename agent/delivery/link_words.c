// A connect that failed, in a sentence. Reads what link_tls.c noted of the last handshake.
#include "delivery/link_words.h"

#include "delivery/link_tls.h"
#include "delivery/reason.h"

#include <string.h>

static bool was_too_slow(const struct link_mail *mail)
{
    return strcmp(mail->text, "TCP connect timeout") == 0;
}

bool link_words_is_closed(const struct broker_url *url, const struct link_mail *mail)
{
    if (mail->code > 0) {
        return false;
    }
    if (url->is_encrypted) {
        return link_tls_is_established() && !was_too_slow(mail);
    }
    return strcmp(mail->text, "TCP connect completion failure") == 0 ||
           strcmp(mail->text, "socket error") == 0;
}

void link_words_failure(const struct settings_mqtt *mqtt, const struct broker_url *url,
                        const struct link_mail *mail, struct fault *why)
{
    if (mail->code > 0) {
        reason_explain_connack(mail->code, why);
    } else if (was_too_slow(mail)) {
        fault_set(why, FAULT_LINK, 0, "no answer from the broker within %d s",
                  LINK_CONNECT_TIMEOUT_S);
    } else if (url->is_encrypted && link_tls_explain(mqtt, url, why)) {
        return;
    } else if (link_words_is_closed(url, mail)) {
        fault_set(why, FAULT_LINK, 0, "the broker closed the connection without an answer: %s",
                  url->is_encrypted ? "it may demand a client certificate, or another one "
                                      "(mqtt.cert_file)"
                                    : "the port may be one for TLS (mqtts://)");
    } else {
        fault_set(why, FAULT_LINK, 0,
                  "cannot reach the broker: its name does not resolve, or nothing listens there");
    }
}
