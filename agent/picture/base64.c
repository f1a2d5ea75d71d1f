// Base64 through libcrypto, which is linked for the digest anyway. Pure.
#include "picture/base64.h"

#include <openssl/evp.h>

size_t base64_size(size_t len)
{
    size_t groups = len / 3 + (len % 3 != 0);
    return groups > SIZE_MAX / 4 ? SIZE_MAX : groups * 4;
}

bool base64_append(struct bytes *text, const uint8_t *data, size_t len, struct fault *fault)
{
    size_t size = base64_size(len);
    // EVP_EncodeBlock ends what it writes with a NUL
    if (size == SIZE_MAX) {
        return fault_set(fault, FAULT_SYSTEM, 0, "no memory for base64 of %zu bytes", len);
    }
    if (!bytes_reserve(text, size + 1, fault)) {
        return false;
    }
    // lengths are int there: whole groups of three at a time, far from its end
    enum { BLOCK = 3 << 20 };
    while (len > 0) {
        size_t block = len < BLOCK ? len : BLOCK;
        text->len += (size_t)EVP_EncodeBlock(text->data + text->len, data, (int)block);
        data += block;
        len -= block;
    }
    return true;
}
