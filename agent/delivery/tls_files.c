// Looks into the PEM files of the settings. No state; never prints what a key file holds.
#include "delivery/tls_files.h"

#include "settings/settings_load.h"

#include <errno.h>
#include <limits.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

static int no_passphrase(char *text, int size, int is_writing, void *context)
{
    (void)text;
    (void)size;
    (void)is_writing;
    (void)context;
    return -1; // without this OpenSSL asks whoever sits at the terminal
}

static FILE *open_file(const char *key, const char *path, struct fault *fault)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fault_set(fault, FAULT_LINK, errno, "%s: cannot read %s: %s", key, path, strerror(errno));
    }
    return file;
}

static X509 *read_certificate(const char *key, const char *path, struct fault *fault)
{
    FILE *file = open_file(key, path, fault);
    if (file == NULL) {
        return NULL;
    }
    X509 *certificate = PEM_read_X509(file, NULL, no_passphrase, NULL);
    fclose(file);
    if (certificate == NULL) {
        fault_set(fault, FAULT_LINK, 0, "%s: %s holds no certificate in PEM form", key, path);
    }
    return certificate;
}

static EVP_PKEY *read_key(const char *path, struct fault *fault)
{
    FILE *file = open_file("mqtt.key_file", path, fault);
    if (file == NULL) {
        return NULL;
    }
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, no_passphrase, NULL);
    fclose(file);
    if (key == NULL) {
        fault_set(fault, FAULT_LINK, 0,
                  "mqtt.key_file: %s holds no private key in PEM form, or one with a passphrase: "
                  "take that away with \"openssl pkey\"",
                  path);
    }
    return key;
}

static bool check_pair(const X509 *certificate, const char *path, struct fault *fault)
{
    EVP_PKEY *key = read_key(path, fault);
    if (key == NULL) {
        return false;
    }
    bool is_pair = X509_check_private_key(certificate, key) == 1;
    EVP_PKEY_free(key);
    if (!is_pair) {
        return fault_set(fault, FAULT_LINK, 0,
                         "mqtt.key_file is not the key of the certificate in mqtt.cert_file");
    }
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
        return fault_set(fault, FAULT_LINK, 0,
                         "the certificate in mqtt.cert_file has expired, by this device's clock: "
                         "get a new one");
    }
    return true;
}

static bool check_own(const struct settings_mqtt *mqtt, struct fault *fault)
{
    char path[PATH_MAX];
    if (!settings_secret_path(mqtt->key_file, path, sizeof path, fault) ||
        !settings_secret_check(mqtt->key_file, fault)) {
        return fault_prefix(fault, "mqtt.key_file");
    }
    X509 *certificate = read_certificate("mqtt.cert_file", mqtt->cert_file, fault);
    bool good = certificate != NULL && check_pair(certificate, path, fault);
    X509_free(certificate);
    return good;
}

bool tls_files_check(const struct settings_mqtt *mqtt, struct fault *fault)
{
    if (mqtt->ca_file[0] != '\0') {
        X509 *certificate = read_certificate("mqtt.ca_file", mqtt->ca_file, fault);
        X509_free(certificate);
        if (certificate == NULL) {
            return false;
        }
    }
    return mqtt->cert_file[0] == '\0' || check_own(mqtt, fault);
}
