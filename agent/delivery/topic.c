// P/ID/suffix, put together and taken apart. Any thread, no state.
#include "delivery/topic.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void topic_make(char topic[static TOPIC_SIZE], const char *prefix, const char *id,
                const char *suffix)
{
    int len = snprintf(topic, TOPIC_SIZE, "%s/%s/%s", prefix, id, suffix);
    assert(len > 0 && len < TOPIC_SIZE);
}

bool topic_below(const char *prefix, const char *id, const char *topic, size_t len, char *suffix,
                 size_t size)
{
    char base[TOPIC_SIZE];
    topic_make(base, prefix, id, "");
    size_t skip = strlen(base);
    if (len <= skip || memcmp(topic, base, skip) != 0 || memchr(topic, '\0', len) != NULL) {
        return false;
    }
    size_t rest = len - skip;
    if (rest >= size) {
        rest = size - 1;
        while (rest > 0 && ((unsigned char)topic[skip + rest] & 0xC0) == 0x80) {
            rest--; // never within a UTF-8 character
        }
    }
    memcpy(suffix, topic + skip, rest);
    suffix[rest] = '\0';
    return true;
}
