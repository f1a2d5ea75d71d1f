// Each way in which a handshake fails has a sentence with a cure; the real failures are provoked
// in tests/integration/test_tls.py.
#include "delivery/tls_words.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct broker_url url = {.host = "b.lan", .port = 8883, .is_encrypted = true};

static void expect(struct tls_notes notes, bool has_own, const char *says)
{
    struct settings_mqtt mqtt = {.cert_file = "", .ca_file = "/ca.pem"};
    mqtt.cert_file[0] = has_own ? '/' : '\0';
    struct fault why = {.text = ""};
    notes.is_begun = true;
    assert_true(tls_explain(&notes, &mqtt, &url, &why));
    assert_int_equal(why.kind, FAULT_LINK);
    if (strstr(why.text, says) == NULL) {
        fail_msg("%s is not in: %s", says, why.text);
    }
}

static void certificates_of_the_broker(void **state)
{
    (void)state;
    static const struct {
        long verify;
        const char *says;
    } cases[] = {
        {X509_V_ERR_HOSTNAME_MISMATCH, "is not for b.lan"},
        {X509_V_ERR_IP_ADDRESS_MISMATCH, "is not for b.lan"},
        {X509_V_ERR_CERT_HAS_EXPIRED, "renew it at the broker"},
        {X509_V_ERR_CERT_NOT_YET_VALID, "clock"},
        {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "self-signed"},
        {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "(now: /ca.pem)"},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "mqtt.ca_file"},
        {X509_V_ERR_EE_KEY_TOO_SMALL, "needs another one"},
        {X509_V_ERR_CERT_REVOKED, "revoked"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect((struct tls_notes){.verify = cases[i].verify, .alert = -1}, false, cases[i].says);
    }
}

static void alerts_of_the_broker(void **state)
{
    (void)state;
    static const struct {
        int alert;
        bool has_own;
        const char *says;
    } cases[] = {
        {SSL_AD_CERTIFICATE_REQUIRED, false, "set mqtt.cert_file and mqtt.key_file"},
        {SSL_AD_HANDSHAKE_FAILURE, false, "set mqtt.cert_file and mqtt.key_file"},
        {SSL_AD_UNKNOWN_CA, true, "signed by a CA that the broker knows"},
        {SSL_AD_CERTIFICATE_REVOKED, true, "is revoked"},
        {SSL_AD_CERTIFICATE_EXPIRED, true, "has expired"},
        {SSL_AD_PROTOCOL_VERSION, false, "no TLS 1.2"},
        {SSL_AD_UNRECOGNIZED_NAME, false, "no certificate for b.lan"},
        {SSL_AD_NO_APPLICATION_PROTOCOL, false, "mqtt.alpn"},
        {SSL_AD_INTERNAL_ERROR, false, "its log"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect((struct tls_notes){.alert = cases[i].alert}, cases[i].has_own, cases[i].says);
    }
}

static void what_openssl_says_itself(void **state)
{
    (void)state;
    static const struct {
        int library;
        int reason;
        const char *says;
    } cases[] = {
        {ERR_LIB_SSL, SSL_R_WRONG_VERSION_NUMBER, "port 8883 of b.lan does not answer in TLS"},
        {ERR_LIB_SSL, SSL_R_UNEXPECTED_EOF_WHILE_READING, "does not answer in TLS"},
        {ERR_LIB_SSL, SSL_R_UNSUPPORTED_PROTOCOL, "no TLS 1.2"},
        {ERR_LIB_SSL, SSL_R_NO_SHARED_CIPHER, "no shared cipher"},
        {ERR_LIB_X509, SSL_R_WRONG_VERSION_NUMBER, "does not come up"},
    };
    OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, NULL); // or it has no words yet
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned long problem = ERR_PACK(cases[i].library, 0, cases[i].reason);
        expect((struct tls_notes){.alert = -1, .problem = problem}, false, cases[i].says);
    }
    expect((struct tls_notes){.alert = -1}, false, "does not answer in TLS");
}

static void what_is_not_about_tls(void **state)
{
    (void)state;
    const struct settings_mqtt mqtt = {.url = ""};
    struct fault why;
    assert_false(tls_explain(&(struct tls_notes){.alert = -1}, &mqtt, &url, &why));
    const struct tls_notes good = {.is_begun = true, .is_established = true, .alert = -1};
    assert_false(tls_explain(&good, &mqtt, &url, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_of_the_broker),
        cmocka_unit_test(alerts_of_the_broker),
        cmocka_unit_test(what_openssl_says_itself),
        cmocka_unit_test(what_is_not_about_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
