// For tests that make pictures of their own.
#include "digest.h"

#include "cmocka_all.h"

#include <openssl/evp.h>
#include <stdio.h>

void digest(const struct bytes *bytes, char hex[static PICTURE_SHA256_SIZE])
{
    uint8_t sum[32];
    assert_int_equal(EVP_Digest(bytes->data, bytes->len, sum, NULL, EVP_sha256(), NULL), 1);
    for (size_t i = 0; i < sizeof sum; i++) {
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    }
}
