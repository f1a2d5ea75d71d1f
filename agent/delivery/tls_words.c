// What a failed handshake means for the person who must mend it. No state.
#include "delivery/tls_words.h"

#include "base/timing.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>

static void say(struct fault *why, const char *sentence)
{
    fault_set(why, FAULT_LINK, 0, "%s", sentence);
}

// What the judgement rests on: a Pi has no clock of its own until the network tells it the time.
static const char *clock_state(char text[static 80])
{
    char now[TIMING_RFC3339_SIZE];
    timing_rfc3339(timing_wall_ns(), now);
    snprintf(text, 80, "%s, %ssynchronised", now, timing_clock_synced() ? "" : "not ");
    return text;
}

// The broker's certificate did not pass.
static void explain_verify(long verify, const struct settings_mqtt *mqtt,
                           const struct broker_url *url, struct fault *why)
{
    char state[80];
    switch (verify) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        fault_set(why, FAULT_LINK, 0,
                  "the broker's certificate is not for %s: put a name that it holds into mqtt.url, "
                  "or give the broker one for %s",
                  url->host, url->host);
        return;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        fault_set(why, FAULT_LINK, 0,
                  "the broker's certificate has expired: renew it at the broker, or set this "
                  "device's clock if that is wrong (%s)",
                  clock_state(state));
        return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        fault_set(why, FAULT_LINK, 0,
                  "the broker's certificate is not valid yet: most likely this device's clock is "
                  "wrong (%s): set it, or let it be synchronised",
                  clock_state(state));
        return;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        say(why, "the broker's certificate is self-signed: copy it here and name it in "
                 "mqtt.ca_file if you trust it");
        return;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        fault_set(why, FAULT_LINK, 0,
                  "the CA that signed the broker's certificate is unknown here: name its "
                  "certificate in mqtt.ca_file (now: %s)",
                  mqtt->ca_file[0] != '\0' ? mqtt->ca_file : "the system's CAs");
        return;
    default:
        fault_set(why, FAULT_LINK, 0,
                  "the broker's certificate is not accepted: %s; the broker needs another one",
                  X509_verify_cert_error_string(verify));
    }
}

// The broker said no.
static void explain_alert(int alert, const struct settings_mqtt *mqtt, const struct broker_url *url,
                          struct fault *why)
{
    bool has_own = mqtt->cert_file[0] != '\0';
    switch (alert) {
    case SSL_AD_CERTIFICATE_REVOKED:
        say(why, "the broker says that this device's certificate is revoked: get a new one for "
                 "mqtt.cert_file");
        return;
    case SSL_AD_CERTIFICATE_EXPIRED:
        say(why, "the broker says that this device's certificate has expired: get a new one for "
                 "mqtt.cert_file");
        return;
    case SSL_AD_PROTOCOL_VERSION:
        say(why, "the broker speaks no TLS 1.2 or later: update it");
        return;
    case SSL_AD_UNRECOGNIZED_NAME:
        fault_set(why, FAULT_LINK, 0, "the broker has no certificate for %s: mend mqtt.url",
                  url->host);
        return;
    case SSL_AD_NO_APPLICATION_PROTOCOL:
        say(why, "the broker asks for another protocol in the TLS handshake: see mqtt.alpn");
        return;
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_CERTIFICATE_REQUIRED:
        break;
    default:
        fault_set(why, FAULT_LINK, alert,
                  "the broker ended the TLS handshake: %s; its log may "
                  "say why",
                  SSL_alert_desc_string_long(alert));
        return;
    }
    fault_set(why, FAULT_LINK, alert,
              has_own
                  ? "the broker does not take this device's certificate (%s): it must be signed "
                    "by a CA that the broker knows"
                  : "the broker demands a client certificate (%s): set mqtt.cert_file and "
                    "mqtt.key_file",
              SSL_alert_desc_string_long(alert));
}

static void explain_stranger(const struct broker_url *url, struct fault *why)
{
    fault_set(why, FAULT_LINK, 0,
              "what listens on port %u of %s does not answer in TLS: name the broker's TLS port in "
              "mqtt.url (8883 as a rule)",
              url->port, url->host);
}

static void explain_problem(unsigned long problem, const struct broker_url *url, struct fault *why)
{
    bool is_of_tls = ERR_GET_LIB(problem) == ERR_LIB_SSL;
    switch (is_of_tls ? ERR_GET_REASON(problem) : 0) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        explain_stranger(url, why);
        return;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_PROTOCOLS_AVAILABLE:
        say(why, "the broker speaks no TLS 1.2 or later: update it");
        return;
    default: {
        const char *words = ERR_reason_error_string(problem);
        fault_set(why, FAULT_LINK, 0, "TLS does not come up: %s",
                  words != NULL ? words : "for a reason unknown to OpenSSL");
    }
    }
}

bool tls_explain(const struct tls_notes *notes, const struct settings_mqtt *mqtt,
                 const struct broker_url *url, struct fault *why)
{
    if (notes->verify != X509_V_OK) {
        explain_verify(notes->verify, mqtt, url, why);
    } else if (notes->alert >= 0) {
        explain_alert(notes->alert, mqtt, url, why);
    } else if (notes->problem != 0) {
        explain_problem(notes->problem, url, why);
    } else if (notes->is_begun && !notes->is_established) {
        explain_stranger(url, why);
    } else {
        return false;
    }
    return true;
}
