// Commands: what is carried out, and how everything else is refused.
#include "control/command.h"

#include "control/documents.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct command command;
static const char *request_id = command.request_id;
static const char *verb;
static struct fault fault;

// The payload lies in a block of just its size, so that ASan sees a byte read beyond it.
static bool parse(const char *topic, const char *payload, size_t len, bool retained)
{
    uint8_t *block = malloc(len == 0 ? 1 : len);
    memcpy(block, payload, len);
    memset(&command, 'x', sizeof command);
    bool good =
        command_parse(topic, len == 0 ? NULL : block, len, retained, &command, &verb, &fault);
    free(block);
    assert_non_null(memchr(command.request_id, '\0', sizeof command.request_id));
    return good;
}

// A refusal has a reason, and reason and request id travel in an event unharmed.
static void assert_told(void)
{
    assert_int_equal(fault.kind, FAULT_COMMAND);
    assert_in_range(fault.code, COMMAND_OK + 1, COMMAND_CODES - 1);
    assert_non_null(command_code_name((enum command_code)fault.code));
    assert_true(fault.text[0] != '\0');
    char *text = document_event(&(struct document_event){
        .event_type = "refused", .request_id = request_id, .reason = fault.text});
    assert_non_null(text);
    json_error_t error;
    json_t *event = json_loads(text, 0, &error);
    assert_non_null(event);
    assert_string_equal(json_string_value(json_object_get(event, "reason")), fault.text);
    if (request_id[0] != '\0') {
        assert_string_equal(json_string_value(json_object_get(event, "request_id")), request_id);
    }
    json_decref(event);
    free(text);
}

static void assert_refused_bytes(const char *payload, size_t len, const char *said)
{
    assert_false(parse("command/snapshot", payload, len, false));
    if (strstr(fault.text, said) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fault.text, said);
    }
    assert_told();
}

static void assert_refused(const char *payload, const char *said)
{
    assert_refused_bytes(payload, strlen(payload), said);
}

static void assert_accepted(const char *payload, const char *id)
{
    if (!parse("command/snapshot", payload, strlen(payload), false)) {
        fail_msg("%s: %s", payload, fault.text);
    }
    assert_int_equal(command.verb, COMMAND_SNAPSHOT);
    assert_string_equal(command.request_id, id);
    assert_string_equal(request_id, id);
}

static void a_snapshot_needs_nothing(void **state)
{
    (void)state;
    assert_accepted("", "");
    assert_accepted("{}", "");
    assert_accepted(" \t\r\n{ } \n", "");
}

static void a_request_id_is_taken_as_it_is(void **state)
{
    (void)state;
    assert_accepted("{\"request_id\": \"door-17\"}", "door-17");
    assert_accepted("{\"request_id\":\"!\"}", "!");
    assert_accepted("{\"request_id\":\"" ID_64 "\"}", ID_64);
    assert_accepted("{\"request_id\":\"\\\"\\\\\\u0041~\"}", "\"\\A~");
}

static void a_request_id_that_is_none_is_refused(void **state)
{
    (void)state;
    const char *const wrong[] = {
        "\"\"",        "\"" ID_64 "x\"",     "\"a b\"", "\"tür\"", "\"\\n\"",
        "\"\\u007f\"", "\"\\ud83d\\udcf7\"", "\"a/+\"", "\"#\""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char payload[160];
        snprintf(payload, sizeof payload, "{\"request_id\":%s}", wrong[i]);
        assert_refused(payload, "request_id must be 1 to 64 printable ASCII characters");
    }
    const char *const no_string[] = {"17", "null", "true", "[]", "{}", "1.5"};
    for (size_t i = 0; i < sizeof no_string / sizeof no_string[0]; i++) {
        char payload[160];
        snprintf(payload, sizeof payload, "{\"request_id\":%s}", no_string[i]);
        assert_refused(payload, "request_id must be a string");
    }
    assert_string_equal(request_id, "");
}

static void what_is_not_an_object_is_refused(void **state)
{
    (void)state;
    assert_refused("[]", "a JSON object");
    assert_refused("[{\"request_id\":\"a\"}]", "a JSON object");
    const char *const wrong[] = {"null",
                                 "17",
                                 "\"now\"",
                                 "true",
                                 "NaN",
                                 "snapshot",
                                 "{",
                                 "}",
                                 "{\"request_id\"}",
                                 "{request_id:\"a\"}",
                                 "{'a':1}",
                                 " ",
                                 "\n",
                                 "{} {}",
                                 "{}x",
                                 "{},",
                                 "{\"a\":NaN}",
                                 "{\"a\":1e999}",
                                 "{\"a\":99999999999999999999}",
                                 "{\"a\":-}",
                                 "\xEF\xBB\xBF{}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_refused(wrong[i], "JSON");
    }
}

static void bytes_that_are_no_text_are_refused(void **state)
{
    (void)state;
    assert_refused("{\"request_id\":\"\xFF\"}", "not JSON");
    assert_refused("{\"\xC3\":1}", "not JSON");
    assert_refused("{\"\xED\xA0\x80\":1}", "not JSON");
    assert_refused("{\"\x01\":1}", "not JSON");
    assert_refused("{\"a\\u0000b\":1}", "not JSON");
    assert_refused_bytes("\0", 1, "not JSON");
    assert_refused_bytes("{}\0", 3, "not JSON");
    assert_refused_bytes("{\"request_id\":\"a\0b\"}", 20, "not JSON");
}

static void a_key_that_is_not_known_is_named(void **state)
{
    (void)state;
    assert_refused("{\"qualty\":90}",
                   "unknown key \"qualty\": snapshot takes request_id, spread_ms, "
                   "quality, max_bytes, max_width, ");
    assert_int_equal(fault.code, COMMAND_UNKNOWN_KEY);
    assert_refused("{\"\":1}", "unknown key \"\"");
    assert_refused("{\"Request_id\":\"a\"}", "unknown key \"Request_id\"");
    assert_refused("{\"a\\n\\u001b[2J\":1}", "unknown key \"a??[2J\"");
    // whoever asked is told, wherever the id stands
    assert_refused("{\"x\":90,\"request_id\":\"door-17\"}", "unknown key");
    assert_string_equal(request_id, "door-17");
}

static void a_key_twice_is_refused(void **state)
{
    (void)state;
    assert_refused("{\"request_id\":\"a\",\"request_id\":\"b\"}", "duplicate");
    assert_refused("{\"request_id\":\"a\",\"request_id\":\"a\"}", "duplicate");
}

// As long as they may be, and of characters that do not end where the sentence cuts them.
static void long_keys_and_topics_do_not_spoil_the_reason(void **state)
{
    (void)state;
    for (int shift = 0; shift < 4; shift++) {
        char text[COMMAND_PAYLOAD_MAX];
        int len = snprintf(text, sizeof text, "{\"%.*s", shift, "abc");
        while (len + 8 < COMMAND_PAYLOAD_MAX) {
            memcpy(text + len, "📷", 4);
            len += 4;
        }
        snprintf(text + len, sizeof text - (size_t)len, "\":1}");
        assert_refused(text, "unknown key");

        char topic[320];
        snprintf(topic, sizeof topic, "command/%.300s", text + 2);
        assert_false(parse(topic, "", 0, false));
        assert_told();
    }
}

static void the_longest_payload_is_read_and_a_longer_one_is_not(void **state)
{
    (void)state;
    char text[COMMAND_PAYLOAD_MAX + 2];
    memset(text, ' ', sizeof text);
    memcpy(text, "{\"request_id\":\"a\"}", 18);
    assert_true(parse("command/snapshot", text, COMMAND_PAYLOAD_MAX, false));
    assert_string_equal(command.request_id, "a");
    assert_refused_bytes(text, COMMAND_PAYLOAD_MAX + 1, "4097 bytes, a command has at most 4096");
    // longer than was brought along: nothing of it may be read
    assert_false(command_parse("command/snapshot", NULL, SIZE_MAX, false, &command, &verb, &fault));
    assert_told();
}

static void depth_is_no_bomb(void **state)
{
    (void)state;
    char text[COMMAND_PAYLOAD_MAX];
    memset(text, '[', sizeof text);
    assert_refused_bytes(text, sizeof text, "depth");
    memset(text + sizeof text / 2, ']', sizeof text / 2);
    assert_refused_bytes(text, sizeof text, "JSON");
    memset(text, '[', 2000);
    memset(text + 2000, ']', 2000);
    assert_refused_bytes(text, 4000, "a JSON object");
    for (size_t i = 0; i + 5 <= sizeof text; i += 5) {
        memcpy(text + i, "{\"a\":", 5);
    }
    assert_refused_bytes(text, sizeof text, "JSON");
}

static void a_retained_command_is_refused(void **state)
{
    (void)state;
    const char *payload = "{\"request_id\":\"door-17\"}";
    assert_false(parse("command/snapshot", payload, strlen(payload), true));
    assert_non_null(strstr(fault.text, "without the retain flag"));
    assert_string_equal(request_id, "door-17");
    assert_told();
}

static void a_verb_that_is_not_known_is_named(void **state)
{
    (void)state;
    const char *const topics[] = {"command/reboot",
                                  "command/",
                                  "command",
                                  "",
                                  "snapshot",
                                  "command/snapshot/now",
                                  "command/Snapshot",
                                  "set/camera.width",
                                  "command/\xFF\xC3(\n<3>forged",
                                  "command/%s%n"};
    const char *payload = "{\"delay_s\":5,\"request_id\":\"door-17\"}"; // of a command to come
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        assert_false(parse(topics[i], payload, strlen(payload), false));
        assert_non_null(strstr(fault.text, "unknown command"));
        assert_string_equal(request_id, "door-17");
        assert_told();
    }
}

static void assert_taken(const char *topic, const char *payload)
{
    if (!parse(topic, payload, strlen(payload), false)) {
        fail_msg("%s: %s", payload, fault.text);
    }
}

static void a_snapshot_has_wishes(void **state)
{
    (void)state;
    assert_taken("command/snapshot",
                 "{\"request_id\":\"a\",\"quality\":1,\"max_bytes\":268435456,\"max_width\":64,"
                 "\"max_height\":48,\"payload\":\"json\",\"freshness\":\"latest\",\"reply\":"
                 "\"image\",\"count\":20,\"gap_s\":0.25,\"spread_ms\":600000}");
    assert_int_equal(command.quality, 1);
    assert_int_equal(command.max_bytes, 268435456);
    assert_int_equal(command.max_width, 64);
    assert_int_equal(command.max_height, 48);
    assert_int_equal(command.payload, PAYLOAD_JSON);
    assert_int_equal(command.freshness, FRESHNESS_LATEST);
    assert_int_equal(command.reply, REPLY_IMAGE);
    assert_int_equal(command.count, 20);
    assert_true(command.gap_s == 0.25);
    assert_int_equal(command.spread_ms, 600000);
    assert_taken("command/snapshot", "{\"gap_s\":60}");
    assert_int_equal(command.count, 1);
    assert_int_equal(command.quality, 0);
    assert_string_equal(verb, "snapshot");
}

static void the_other_verbs(void **state)
{
    (void)state;
    assert_taken("command/restart", "{\"what\":\"agent\"}");
    assert_int_equal(command.verb, COMMAND_RESTART);
    assert_int_equal(command.what, WHAT_AGENT);
    assert_taken("command/restart", "{\"what\":\"camera\"}");
    assert_int_equal(command.what, WHAT_CAMERA);
    assert_taken("command/shutter", "{\"state\":\"open\"}");
    assert_int_equal(command.state, STATE_OPEN);
    assert_taken("command/shutter", "{\"state\":\"closed\"}");
    assert_int_equal(command.state, STATE_CLOSED);
    assert_taken("command/identify", "");
    assert_int_equal(command.verb, COMMAND_IDENTIFY);
    assert_taken("command/config", "{\"spread_ms\":0}");
    assert_int_equal(command.verb, COMMAND_CONFIG);
    assert_string_equal(verb, "config");
}

static void values_out_of_their_range_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *topic;
        const char *payload;
        const char *said;
    } wrong[] = {
        {"snapshot", "{\"quality\":0}", "quality must be a whole number, 1 to 100"},
        {"snapshot", "{\"quality\":101}", "1 to 100"},
        {"snapshot", "{\"quality\":-1}", "1 to 100"},
        {"snapshot", "{\"quality\":9223372036854775807}", "1 to 100"},
        {"snapshot", "{\"quality\":4294967296}", "1 to 100"},
        {"snapshot", "{\"quality\":50.0}", "whole number"},
        {"snapshot", "{\"quality\":\"50\"}", "whole number"},
        {"snapshot", "{\"quality\":null}", "whole number"},
        {"snapshot", "{\"quality\":true}", "whole number"},
        {"snapshot", "{\"quality\":[50]}", "whole number"},
        {"snapshot", "{\"quality\":{}}", "whole number"},
        {"snapshot", "{\"max_bytes\":4095}", "4096 to 268435456"},
        {"snapshot", "{\"count\":0}", "1 to 20"},
        {"snapshot", "{\"count\":21}", "1 to 20"},
        {"snapshot", "{\"gap_s\":-0.1}", "0 to 60"},
        {"snapshot", "{\"gap_s\":60.1}", "0 to 60"},
        {"snapshot", "{\"gap_s\":1e308}", "0 to 60"},
        {"snapshot", "{\"spread_ms\":600001}", "0 to 600000"},
        {"snapshot", "{\"payload\":\"png\"}", "\"base64\", \"raw\" or \"json\""},
        {"snapshot", "{\"payload\":\"\"}", "must be"},
        {"snapshot", "{\"payload\":3}", "must be"},
        {"snapshot", "{\"reply\":\"/etc/passwd\"}", "must be"},
        {"restart", "", "say what"},
        {"restart", "{\"what\":\"reboot\"}", "\"camera\" or \"agent\""},
        {"shutter", "{}", "say how"},
        {"shutter", "{\"state\":\"locked\"}", "\"open\" or \"closed\""},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char topic[32];
        snprintf(topic, sizeof topic, "command/%s", wrong[i].topic);
        assert_false(parse(topic, wrong[i].payload, strlen(wrong[i].payload), false));
        if (strstr(fault.text, wrong[i].said) == NULL) {
            fail_msg("%s: \"%s\" does not say \"%s\"", wrong[i].payload, fault.text, wrong[i].said);
        }
        assert_int_equal(fault.code, COMMAND_BAD_VALUE);
        assert_told();
    }
}

static void a_key_of_another_verb_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {{"command/snapshot", "{\"what\":\"agent\"}"},
                                           {"command/restart", "{\"quality\":50}"},
                                           {"command/identify", "{\"count\":2}"},
                                           {"command/config", "{\"reply\":\"image\"}"}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(parse(wrong[i][0], wrong[i][1], strlen(wrong[i][1]), false));
        assert_int_equal(fault.code, COMMAND_UNKNOWN_KEY);
        assert_told();
    }
}

static void noise_is_refused(void **state)
{
    (void)state;
    const unsigned seed = 20260131;
    print_message("seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 20000; round++) {
        char text[64];
        size_t len = (size_t)rand() % sizeof text;
        for (size_t i = 0; i < len; i++) {
            // half of it from what JSON is made of, so that it gets beyond the first byte
            text[i] = (char)(rand() % 2 == 0 ? rand() : "{}[]\":,\\u01enrt\x80"[rand() % 16]);
        }
        if (!parse("command/snapshot", text, len, false)) {
            assert_told();
        } else {
            assert_string_equal(command.request_id, "");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_needs_nothing),
        cmocka_unit_test(a_request_id_is_taken_as_it_is),
        cmocka_unit_test(a_request_id_that_is_none_is_refused),
        cmocka_unit_test(what_is_not_an_object_is_refused),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
        cmocka_unit_test(a_key_that_is_not_known_is_named),
        cmocka_unit_test(a_key_twice_is_refused),
        cmocka_unit_test(long_keys_and_topics_do_not_spoil_the_reason),
        cmocka_unit_test(the_longest_payload_is_read_and_a_longer_one_is_not),
        cmocka_unit_test(depth_is_no_bomb),
        cmocka_unit_test(a_retained_command_is_refused),
        cmocka_unit_test(a_verb_that_is_not_known_is_named),
        cmocka_unit_test(a_snapshot_has_wishes),
        cmocka_unit_test(the_other_verbs),
        cmocka_unit_test(values_out_of_their_range_are_refused),
        cmocka_unit_test(a_key_of_another_verb_is_refused),
        cmocka_unit_test(noise_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
