// A growable byte buffer. Used by its one owner; no thread safety of its own.
#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

void bytes_init(struct bytes *bytes)
{
    *bytes = (struct bytes){0};
}

void bytes_fini(struct bytes *bytes)
{
    free(bytes->data);
    bytes_init(bytes);
}

bool bytes_reserve(struct bytes *bytes, size_t more, struct fault *fault)
{
    if (more <= bytes->room - bytes->len) {
        return true;
    }
    size_t need = bytes->len + more;
    size_t room = bytes->room < 256 ? 256 : bytes->room;
    while (room < need && room <= SIZE_MAX / 2) {
        room *= 2;
    }
    uint8_t *data = need < more || room < need ? NULL : realloc(bytes->data, room);
    if (data == NULL) {
        return fault_set(fault, FAULT_SYSTEM, 0, "no memory for %zu bytes", more);
    }
    bytes->data = data;
    bytes->room = room;
    return true;
}

bool bytes_append(struct bytes *bytes, const void *data, size_t len, struct fault *fault)
{
    if (!bytes_reserve(bytes, len, fault)) {
        return false;
    }
    if (len > 0) {
        memcpy(bytes->data + bytes->len, data, len);
        bytes->len += len;
    }
    return true;
}

bool bytes_append_text(struct bytes *bytes, const char *text, struct fault *fault)
{
    return bytes_append(bytes, text, strlen(text), fault);
}

void bytes_clear(struct bytes *bytes)
{
    bytes->len = 0;
}

void bytes_trim(struct bytes *bytes, size_t keep)
{
    if (bytes->room > keep) {
        bytes_fini(bytes);
    }
}
