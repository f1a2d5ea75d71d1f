// A message from the broker: its topic up to the first newline, then its payload. Refused with a
// code and in words, or a command or a setting within all its bounds; of a retained one, always
// refused.
#include "fuzz.h"

#include "control/command.h"
#include "control/setting_message.h"

#include <string.h>

static void expect_request_id(const char *request_id)
{
    size_t len = strnlen(request_id, PICTURE_REQUEST_ID_SIZE);
    MUST(len < PICTURE_REQUEST_ID_SIZE);
    for (size_t i = 0; i < len; i++) {
        MUST(request_id[i] >= 0x20 && request_id[i] < 0x7F);
    }
}

static void expect_refusal(const struct fault *fault)
{
    MUST(fault->kind == FAULT_COMMAND && fault->text[0] != '\0');
}

static void try_command(const char *topic, const uint8_t *payload, size_t len, bool retained)
{
    struct command command;
    struct fault fault = {.kind = FAULT_NONE};
    const char *verb = NULL;
    bool good = command_parse(topic, payload, len, retained, &command, &verb, &fault);
    expect_request_id(command.request_id);
    if (!good) {
        expect_refusal(&fault);
        MUST(fault.code > COMMAND_OK && fault.code < COMMAND_CODES);
        MUST(command_code_name((enum command_code)fault.code)[0] != '\0');
        return;
    }
    MUST(!retained && verb != NULL && len <= COMMAND_PAYLOAD_MAX);
    MUST(strncmp(topic, "command/", 8) == 0 && strcmp(topic + 8, verb) == 0);
    MUST(command.spread_ms <= 600000);
    MUST(command.quality <= 100);
    MUST(command.count <= COMMAND_COUNT_MAX);
    MUST(command.gap_s >= 0 && command.gap_s <= 60); // and so no NaN
    MUST(command.max_bytes == 0 || command.max_bytes >= 4096);
}

static void try_setting(const char *topic, const uint8_t *payload, size_t len, bool retained)
{
    static struct settings settings;
    struct setting_message message;
    struct fault fault = {.kind = FAULT_NONE};
    bool good = setting_message_read(topic, payload, len, retained, &message, &fault);
    expect_request_id(message.request_id);
    if (!good) {
        expect_refusal(&fault);
        return;
    }
    MUST(!retained && message.setting != NULL);
    if (!message.is_unset) {
        settings_default(&settings);
        if (!setting_put(message.setting, &settings, message.value, &fault)) {
            MUST(fault.kind == FAULT_CONFIG && fault.text[0] != '\0');
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char topic[320];
    const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t len = end != NULL ? (size_t)(end - data) : 0;
    if (end == NULL || len >= sizeof topic || memchr(data, '\0', len) != NULL) {
        return 0; // which news_offer_command lets nobody see
    }
    memcpy(topic, data, len);
    topic[len] = '\0';
    const uint8_t *payload = end + 1;
    size_t payload_len = size - len - 1;
    for (int retained = 0; retained <= 1; retained++) {
        if (setting_message_is(topic)) {
            try_setting(topic, payload, payload_len, retained);
        } else {
            try_command(topic, payload, payload_len, retained);
        }
    }
    return 0;
}
