// P/ID/suffix, put together and taken apart. Any thread, no state.
#include "delivery/topic.h"

#include "settings/settings_check.h"
#include "settings/settings_names.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const asked[] = {"command/+", "set/+", "unset/+"};
enum { ASKED = sizeof asked / sizeof asked[0] };

void topic_make(char topic[static TOPIC_SIZE], const char *prefix, const char *id,
                const char *suffix)
{
    int len = snprintf(topic, TOPIC_SIZE, "%s/%s/%s", prefix, id, suffix);
    assert(len > 0 && len < TOPIC_SIZE);
}

size_t topic_filter_count(const struct settings *settings)
{
    return ASKED * (2 + settings_names_count(settings->device.groups));
}

void topic_filter(const struct settings *settings, size_t index, char filter[static TOPIC_SIZE])
{
    char level[SETTINGS_ID_SIZE + 1];
    size_t audience = index / ASKED;
    if (audience == 0) {
        snprintf(level, sizeof level, "%s", settings->device.id);
    } else if (audience == 1) {
        snprintf(level, sizeof level, "@all");
    } else {
        const char *at = settings->device.groups;
        const char *name = NULL;
        size_t len = 0;
        for (size_t i = 1; i < audience; i++) {
            name = settings_names_next(&at, &len);
        }
        assert(name != NULL);
        snprintf(level, sizeof level, "@%.*s", (int)len, name);
    }
    topic_make(filter, settings->mqtt.prefix, level, asked[index % ASKED]);
}

static bool find_audience(const struct settings_device *device, const char *level, size_t len,
                          enum audience *audience)
{
    if (len == strlen(device->id) && memcmp(level, device->id, len) == 0) {
        *audience = AUDIENCE_DEVICE;
        return true;
    }
    if (len == 4 && memcmp(level, "@all", 4) == 0) {
        *audience = AUDIENCE_ALL;
        return true;
    }
    *audience = AUDIENCE_GROUP;
    return len > 1 && level[0] == '@' && settings_names_have(device->groups, level + 1, len - 1);
}

static void copy_cut(char *suffix, size_t size, const char *rest, size_t len)
{
    if (len >= size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)rest[len] & 0xC0) == 0x80) {
            len--; // never within a UTF-8 character
        }
    }
    memcpy(suffix, rest, len);
    suffix[len] = '\0';
}

bool topic_for_us(const struct settings *settings, const char *topic, size_t len,
                  enum audience *audience, char *suffix, size_t size)
{
    const char *prefix = settings->mqtt.prefix;
    size_t skip = strlen(prefix);
    if (len <= skip || memcmp(topic, prefix, skip) != 0 || topic[skip] != '/' ||
        memchr(topic, '\0', len) != NULL) {
        return false;
    }
    const char *level = topic + skip + 1;
    const char *end = topic + len;
    const char *slash = memchr(level, '/', (size_t)(end - level));
    if (slash == NULL || slash + 1 == end ||
        !find_audience(&settings->device, level, (size_t)(slash - level), audience)) {
        return false;
    }
    copy_cut(suffix, size, slash + 1, (size_t)(end - slash - 1));
    return true;
}

static bool begins_with(const char *text, const char *head)
{
    return strncmp(text, head, strlen(head)) == 0;
}

bool topic_is_for_reply(const char *prefix, const char *id, const char *topic, size_t len)
{
    char text[REPLY_TOPIC_MAX + 1];
    if (len == 0 || len >= sizeof text || memchr(topic, '\0', len) != NULL) {
        return false;
    }
    memcpy(text, topic, len);
    text[len] = '\0';
    if (text[0] == '$' || strpbrk(text, "+#") != NULL || !settings_text_is_clean(text)) {
        return false;
    }
    size_t prefix_len = strlen(prefix);
    bool is_ours =
        begins_with(text, prefix) && (text[prefix_len] == '/' || text[prefix_len] == '\0');
    char own[TOPIC_SIZE];
    topic_make(own, prefix, id, "reply");
    size_t own_len = strlen(own);
    return !is_ours || (begins_with(text, own) && (text[own_len] == '/' || text[own_len] == '\0'));
}
