// Base64 through libcrypto, which is linked for the digest anyway. Pure.
#include "picture/base64.h"

#include <openssl/evp.h>
#include <string.h>

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

// EVP_DecodeBlock takes blanks at the ends and '=' in the middle too, which nobody of ours writes.
static size_t padding(const uint8_t *text, size_t len)
{
    const uint8_t *first = len > 0 ? memchr(text, '=', len) : NULL;
    return first != NULL ? len - (size_t)(first - text) : 0;
}

bool base64_decode(struct bytes *data, const uint8_t *text, size_t len, struct fault *fault)
{
    size_t padded = padding(text, len);
    if (len == 0 || len % 4 != 0 || padded > 2 || (padded == 2 && text[len - 1] != '=')) {
        return fault_set(fault, FAULT_PICTURE, 0, "%zu bytes are no base64", len);
    }
    if (!bytes_reserve(data, len / 4 * 3, fault)) {
        return false;
    }
    size_t begin = data->len;
    enum { BLOCK = 4 << 20 };
    for (size_t at = 0; at < len;) {
        size_t block = len - at < BLOCK ? len - at : BLOCK;
        int got = EVP_DecodeBlock(data->data + data->len, text + at, (int)block);
        if (got < 0 || (size_t)got != block / 4 * 3) {
            data->len = begin;
            return fault_set(fault, FAULT_PICTURE, 0, "the base64 is damaged near byte %zu", at);
        }
        data->len += (size_t)got;
        at += block;
    }
    data->len -= padded;
    return true;
}
