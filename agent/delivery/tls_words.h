// A TLS handshake that failed, in a sentence that names the cure. Pure but for the clock.
#pragma once

#include "base/fault.h"
#include "settings/broker_url.h"
#include "settings/settings.h"

// What a handshake told.
struct tls_notes {
    bool is_begun;
    bool is_established;
    long verify;           // X509_V_OK, or why the broker's certificate is not accepted
    int alert;             // SSL_AD_..., the fatal one that the broker sent; -1: none
    unsigned long problem; // the first of OpenSSL's error codes; 0: none
};

// False: nothing of it has to do with TLS.
bool tls_explain(const struct tls_notes *notes, const struct settings_mqtt *mqtt,
                 const struct broker_url *url, struct fault *why);
