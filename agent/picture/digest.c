// SHA-256 by libcrypto. Any thread, no state.
#include "picture/digest.h"

#include <openssl/evp.h>
#include <stdio.h>

bool digest_sha256(const uint8_t *data, size_t len, char sha256[static PICTURE_SHA256_SIZE],
                   struct fault *fault)
{
    uint8_t sum[32];
    if (EVP_Digest(data, len, sum, NULL, EVP_sha256(), NULL) != 1) {
        return fault_set(fault, FAULT_SYSTEM, 0, "libcrypto has no SHA-256");
    }
    for (size_t i = 0; i < sizeof sum; i++) {
        snprintf(sha256 + 2 * i, 3, "%02x", sum[i]);
    }
    return true;
}
