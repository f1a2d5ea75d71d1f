// What the retained documents tell of a fleet, and what they cannot do to us.
#include "ctl/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int make(void **state)
{
    static struct roster roster;
    roster_init(&roster);
    *state = &roster;
    return 0;
}

static int end(void **state)
{
    roster_fini(*state);
    return 0;
}

static void learn(struct roster *roster, const char *id, const char *suffix, const char *payload)
{
    struct fault fault;
    assert_true(
        roster_learn(roster, id, suffix, (const uint8_t *)payload, strlen(payload), &fault));
}

static void stays_sorted(void **state)
{
    struct roster *roster = *state;
    for (unsigned i = 0; i < 200; i++) {
        char id[16];
        snprintf(id, sizeof id, "cam%u", i * 7919 % 200);
        learn(roster, id, "status", "online");
    }
    assert_int_equal(roster->count, 200);
    assert_int_equal(roster->facts, 200);
    for (size_t i = 1; i < roster->count; i++) {
        assert_true(strcmp(roster->devices[i - 1].id, roster->devices[i].id) < 0);
    }
    assert_non_null(roster_find(roster, "cam0"));
    assert_non_null(roster_find(roster, "cam199"));
    assert_null(roster_find(roster, "cam"));
    assert_null(roster_find(roster, "cam200"));
}

static void knows_what_was_said(void **state)
{
    struct roster *roster = *state;
    char text[64];
    learn(roster, "a", "status", "online");
    learn(roster, "a", "camera", "offline");
    learn(roster, "a", "state",
          "{\"device\":{\"name\":\"Front\\u001b[2J\",\"groups\":[\"yard\",7,\"all\"]}}");
    learn(roster, "a", "health", "{\"version\":\"0.1.0\"}");
    const struct device *device = roster_find(roster, "a");
    assert_int_equal(device->status, PRESENCE_ONLINE);
    assert_int_equal(device->camera, PRESENCE_OFFLINE);
    device_name(device, text, sizeof text);
    assert_string_equal(text, "Front?[2J"); // a terminal obeys nothing of it
    device_name(device, text, 4);
    assert_string_equal(text, "Fro");
    device_version(device, text, sizeof text);
    assert_string_equal(text, "0.1.0");
    assert_true(device_is_in_group(device, "yard"));
    assert_true(device_is_in_group(device, "all"));
    assert_false(device_is_in_group(device, "yar"));
    // the newest counts, and is no news of somebody
    size_t facts = roster->facts;
    learn(roster, "a", "status", "offline");
    assert_int_equal(device->status, PRESENCE_OFFLINE);
    assert_int_equal(roster->facts, facts);
}

static void believes_nothing(void **state)
{
    struct roster *roster = *state;
    static const char *const documents[] = {
        "",
        "x",
        "[]",
        "{",
        "17",
        "{\"device\":17}",
        "{\"device\":{\"name\":17,\"groups\":\"yard\"}}",
        "{\"device\":{\"groups\":{\"yard\":1}}}",
    };
    char text[64];
    learn(roster, "a", "status", "on\x1b[2J");
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        learn(roster, "a", "state", documents[i]);
        learn(roster, "a", "health", documents[i]);
        const struct device *device = roster_find(roster, "a");
        device_name(device, text, sizeof text);
        assert_true(text[0] == '\0' || text[0] == 'x');
        device_version(device, text, sizeof text);
        assert_string_equal(text, "");
        assert_false(device_is_in_group(device, "yard"));
        assert_int_equal(device->status, PRESENCE_UNKNOWN);
    }
}

static void what_is_not_about_who_is_there(void **state)
{
    struct roster *roster = *state;
    learn(roster, "a", "image", "xxxx");
    learn(roster, "a", "event", "{}");
    learn(roster, "a", "command/snapshot", "{}");
    learn(roster, "b", "status", ""); // what was retained is taken back
    assert_int_equal(roster->count, 0);
}

static void more_than_there_is_room_for(void **state)
{
    struct roster *roster = *state;
    for (unsigned i = 0; i < ROSTER_MAX + 3; i++) {
        char id[16];
        snprintf(id, sizeof id, "%05u", i);
        learn(roster, id, "status", "online");
    }
    assert_int_equal(roster->count, ROSTER_MAX);
    assert_int_equal(roster->left_out, 3);
}

static void suggests_the_nearest(void **state)
{
    struct roster *roster = *state;
    assert_null(roster_suggest(roster, "porch"));
    learn(roster, "porch", "status", "online");
    learn(roster, "patch", "status", "online");
    learn(roster, "garage", "status", "offline");
    assert_string_equal(roster_suggest(roster, "proch"), "porch");
    assert_string_equal(roster_suggest(roster, "Garage"), "garage");
    assert_null(roster_suggest(roster, "kitchen"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stays_sorted, make, end),
        cmocka_unit_test_setup_teardown(knows_what_was_said, make, end),
        cmocka_unit_test_setup_teardown(believes_nothing, make, end),
        cmocka_unit_test_setup_teardown(what_is_not_about_who_is_there, make, end),
        cmocka_unit_test_setup_teardown(more_than_there_is_room_for, make, end),
        cmocka_unit_test_setup_teardown(suggests_the_nearest, make, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
