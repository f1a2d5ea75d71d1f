// Paho's TLS, watched from within (link_tls.h says why). SSL_new() and what it sets up run on
// Paho's threads and must never wait. Needs globals, for SSL_new() has no context.
#include "delivery/link_tls.h"

#include "delivery/tls_files.h"
#include "delivery/tls_words.h"
#include "settings/settings_load.h"

#include <dlfcn.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Paho takes OpenSSL's security level down to 1: this takes it up again, and leaves out whatever
// older versions of TLS could use.
static const char ciphers[] = "DEFAULT:!SSLv3:!TLSv1:@SECLEVEL=2";

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char wanted_host[BROKER_HOST_SIZE]; // "": not ours yet
static struct tls_notes notes;
static unsigned count;

static void on_handshake(const SSL *ssl, int where, int value)
{
    pthread_mutex_lock(&lock);
    if ((where & SSL_CB_HANDSHAKE_DONE) != 0) {
        notes.is_established = true;
    }
    bool is_fatal = (where & SSL_CB_ALERT) != 0 && value >> 8 == SSL3_AL_FATAL;
    if (is_fatal && (where & SSL_CB_READ) != 0) {
        notes.alert = value & 0xFF;
    } else if (is_fatal) {
        notes.verify = SSL_get_verify_result(ssl);
    }
    pthread_mutex_unlock(&lock);
}

// What fails in here, Paho's own check of the name still catches.
static void guard(SSL *ssl, const char *host)
{
    SSL_set_min_proto_version(ssl, TLS1_2_VERSION);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) != 1) {
        SSL_set1_host(ssl, host);
    }
    SSL_set_info_callback(ssl, on_handshake);
}

SSL *SSL_new(SSL_CTX *context)
{
    SSL *(*theirs)(SSL_CTX *) = (SSL * (*)(SSL_CTX *)) dlsym(RTLD_NEXT, "SSL_new");
    SSL *ssl = theirs != NULL ? theirs(context) : NULL;
    pthread_mutex_lock(&lock);
    if (ssl != NULL && wanted_host[0] != '\0') {
        guard(ssl, wanted_host);
        notes.is_begun = true;
        count++;
    }
    pthread_mutex_unlock(&lock);
    return ssl;
}

// A broker that does not like our certificate says so and hangs up; Paho notices that it cannot
// write, and closes without having read what the broker said.
int SSL_shutdown(SSL *ssl)
{
    char unused;
    (void)SSL_read(ssl, &unused, 1); // the socket does not block; an alert ends in on_handshake
    ERR_clear_error();
    int (*theirs)(SSL *) = (int (*)(SSL *))dlsym(RTLD_NEXT, "SSL_shutdown");
    return theirs != NULL ? theirs(ssl) : -1;
}

// Paho's own check of an address compares what stands in its URI: of IPv6 with a bracket before it,
// and in some releases one after it.
int X509_check_ip_asc(X509 *certificate, const char *address, unsigned flags)
{
    int (*theirs)(X509 *, const char *, unsigned) =
        (int (*)(X509 *, const char *, unsigned))dlsym(RTLD_NEXT, "X509_check_ip_asc");
    char bare[INET6_ADDRSTRLEN];
    if (address[0] == '[') {
        snprintf(bare, sizeof bare, "%.*s", (int)strcspn(address + 1, "]"), address + 1);
        address = bare;
    }
    return theirs != NULL ? theirs(certificate, address, flags) : -1;
}

// A line of OpenSSL's: "thread:error:code:library:function:reason:file:line:more".
static int on_problem(const char *text, size_t len, void *context)
{
    (void)len;
    (void)context;
    const char *code = strstr(text, ":error:");
    pthread_mutex_lock(&lock);
    if (notes.problem == 0 && code != NULL) {
        notes.problem = strtoul(code + strlen(":error:"), NULL, 16);
    }
    pthread_mutex_unlock(&lock);
    return 1;
}

static void forget(const struct broker_url *url)
{
    pthread_mutex_lock(&lock);
    notes = (struct tls_notes){.verify = X509_V_OK, .alert = -1};
    snprintf(wanted_host, sizeof wanted_host, "%s", url->host);
    pthread_mutex_unlock(&lock);
}

static void name_protocol(struct link_tls *tls, const char *name)
{
    size_t len = strlen(name);
    if (len > 0) {
        tls->protocols[0] = (unsigned char)len;
        memcpy(tls->protocols + 1, name, len);
        tls->options.protos = tls->protocols;
        tls->options.protos_len = (unsigned)len + 1;
    }
}

bool link_tls_begin(struct link_tls *tls, const struct settings_mqtt *mqtt,
                    const struct broker_url *url, struct fault *fault)
{
    if (!tls_files_check(mqtt, fault)) {
        return false;
    }
    *tls = (struct link_tls){.options = MQTTAsync_SSLOptions_initializer};
    tls->options.verify = 1;
    tls->options.enableServerCertAuth = 1;
    tls->options.enabledCipherSuites = ciphers;
    tls->options.ssl_error_cb = on_problem;
    if (mqtt->ca_file[0] != '\0') {
        tls->options.trustStore = mqtt->ca_file;
    }
    if (mqtt->cert_file[0] != '\0') {
        if (!settings_secret_path(mqtt->key_file, tls->key_path, sizeof tls->key_path, fault)) {
            return false;
        }
        tls->options.keyStore = mqtt->cert_file;
        tls->options.privateKey = tls->key_path;
        tls->options.privateKeyPassword = tls->no_passphrase; // or OpenSSL asks at the terminal
    }
    name_protocol(tls, mqtt->alpn);
    forget(url);
    return true;
}

static struct tls_notes look(void)
{
    pthread_mutex_lock(&lock);
    struct tls_notes copy = notes;
    pthread_mutex_unlock(&lock);
    return copy;
}

bool link_tls_explain(const struct settings_mqtt *mqtt, const struct broker_url *url,
                      struct fault *why)
{
    struct tls_notes copy = look();
    return tls_explain(&copy, mqtt, url, why);
}

bool link_tls_is_established(void)
{
    return look().is_established;
}

unsigned link_tls_count(void)
{
    pthread_mutex_lock(&lock);
    unsigned copy = count;
    pthread_mutex_unlock(&lock);
    return copy;
}
