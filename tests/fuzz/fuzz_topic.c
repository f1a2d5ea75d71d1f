// A topic off the wire, of any bytes: for this device or for nobody, and what is taken for a
// command is what stands behind one of its own prefixes; and one that a reply may go to is none
// that could harm.
#include "fuzz.h"

#include "delivery/topic.h"

#include <string.h>

static const char *const audiences[] = {"P/cam/", "P/@all/", "P/@garden/", "P/@roof-2/"};

static struct settings make_settings(void)
{
    struct settings settings = {0};
    snprintf(settings.mqtt.prefix, sizeof settings.mqtt.prefix, "P");
    snprintf(settings.device.id, sizeof settings.device.id, "cam");
    snprintf(settings.device.groups, sizeof settings.device.groups, "garden, roof-2");
    return settings;
}

static bool is_below_one_of_ours(const char *topic, size_t len, const char *suffix)
{
    for (size_t i = 0; i < sizeof audiences / sizeof audiences[0]; i++) {
        size_t head = strlen(audiences[i]);
        if (len >= head && memcmp(topic, audiences[i], head) == 0) {
            return strncmp(topic + head, suffix, strlen(suffix)) == 0;
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings settings = make_settings();
    // at the end of its memory, and not terminated
    char *topic = malloc(size > 0 ? size : 1);
    MUST(topic != NULL);
    if (size > 0) {
        memcpy(topic, data, size);
    }
    for (size_t room = 1; room <= 320; room += 29) {
        char suffix[320];
        enum audience audience;
        if (topic_for_us(&settings, topic, size, &audience, suffix, room)) {
            MUST(strnlen(suffix, room) < room);
            MUST(memchr(topic, '\0', size) == NULL);
            char *terminated = calloc(1, size + 1);
            MUST(terminated != NULL);
            memcpy(terminated, topic, size);
            MUST(is_below_one_of_ours(terminated, size, suffix));
            free(terminated);
        }
    }
    if (topic_is_for_reply("P", "cam", topic, size)) {
        MUST(size > 0 && topic[0] != '$');
        MUST(memchr(topic, '+', size) == NULL && memchr(topic, '#', size) == NULL &&
             memchr(topic, '\0', size) == NULL);
        MUST(size < 2 || memcmp(topic, "P/", 2) != 0 ||
             (size >= 11 && memcmp(topic, "P/cam/reply", 11) == 0));
    }
    free(topic);
    return 0;
}
