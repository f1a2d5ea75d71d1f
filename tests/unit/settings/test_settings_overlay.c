// Changes on top of the user's file: kept, read back, and harmless whatever becomes of them.
#include "settings/settings_overlay.h"

#include "folder.h"
#include "settings/settings_change.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct settings base;
static struct settings_overlay changes;
static char findings[4096];

// The user's file, and nothing changed; its state folder is the folder of the test.
static void begin(const char *rest)
{
    char text[2048];
    char folder[512];
    assert_non_null(getcwd(folder, sizeof folder));
    snprintf(text, sizeof text, "device: { id = \"a\"; state_path = \"%s/state\"; };\n%s", folder,
             rest);
    assert_string_equal(folder_load_text(text, &base), "");
    memset(&changes, 0, sizeof changes);
    (void)unlink("state/a.changes");
}

static const struct setting *row(const char *path)
{
    const struct setting *setting = NULL;
    struct fault fault;
    assert_true(settings_change_find(path, &setting, &fault));
    return setting;
}

static void set_whole(const char *path, int64_t whole)
{
    struct fault fault;
    struct setting_value value = {SETTING_VALUE_WHOLE, .whole = whole};
    assert_true(settings_change_set(row(path), value, &base, &changes, &fault));
}

static void set_text(const char *path, const char *text)
{
    struct fault fault;
    struct setting_value value = {SETTING_VALUE_TEXT, .text = text};
    assert_true(settings_change_set(row(path), value, &base, &changes, &fault));
}

static void set_flag(const char *path, bool flag)
{
    struct fault fault;
    struct setting_value value = {SETTING_VALUE_FLAG, .flag = flag};
    assert_true(settings_change_set(row(path), value, &base, &changes, &fault));
}

// Loads what is in the file, over `changes`; the findings, without the folder.
static const char *load(void)
{
    struct bytes text;
    struct fault fault;
    bytes_init(&text);
    settings_overlay_load(&base, &changes, &text);
    assert_true(bytes_append(&text, "", 1, &fault));
    assert_true(text.len <= sizeof findings);
    memcpy(findings, text.data, text.len);
    bytes_fini(&text);
    return findings;
}

static void write_state(const char *text)
{
    (void)mkdir("state", 0755);
    folder_write_text("state/a.changes", text);
}

static void changes_survive(void **state)
{
    (void)state;
    begin("picture: { quality = 70; max_bytes = 500000L; };\n");
    set_whole("picture.quality", 80);
    set_whole("picture.max_bytes", 8000);
    set_text("camera.select", "a \"quoted\" \\ name");
    set_flag("camera.hflip", true);
    struct settings_overlay saved = changes;
    struct fault fault;
    assert_true(settings_overlay_save(&changes, &base, &fault));
    assert_int_equal(access("state/a.changes.tmp", F_OK), -1);
    assert_string_equal(load(), "");
    assert_memory_equal(changes.is_changed, saved.is_changed, sizeof saved.is_changed);

    struct settings applied;
    settings_overlay_apply(&changes, &base, &applied);
    assert_int_equal(applied.picture.quality, 80);
    assert_int_equal(applied.picture.max_bytes, 8000);
    assert_string_equal(applied.camera.select, "a \"quoted\" \\ name");
    assert_true(applied.camera.hflip);
    assert_int_equal(applied.camera.width, base.camera.width);
    assert_string_equal(applied.device.id, "a");
}

static void without_a_file_nothing_is_changed(void **state)
{
    (void)state;
    begin("");
    assert_string_equal(load(), "");
    assert_true(settings_overlay_is_empty(&changes));
}

static void what_is_taken_back_is_the_users_again(void **state)
{
    (void)state;
    begin("picture: { quality = 70; };\n");
    set_whole("picture.quality", 80);
    struct fault fault;
    assert_true(settings_change_unset(row("picture.quality"), &base, &changes, &fault));
    assert_true(settings_overlay_is_empty(&changes));
    assert_true(settings_overlay_save(&changes, &base, &fault));
    assert_string_equal(load(), "");
    struct settings applied;
    settings_overlay_apply(&changes, &base, &applied);
    assert_memory_equal(&applied, &base, sizeof base);
}

static void expect_finding(const char *what)
{
    if (strstr(findings, what) == NULL) {
        fail_msg("no \"%s\" in:\n%s", what, findings);
    }
}

static void what_is_invalid_is_left_out_key_by_key(void **state)
{
    (void)state;
    begin("");
    write_state("picture: { quality = 101; subsampling = \"4:4:4\"; sheen = 3; };\n"
                "camera: { width = \"wide\"; driver = \"files\"; height = 720; };\n"
                "mqtt: { url = \"mqtt://evil\"; };\n"
                "device: { id = \"b\"; state_path = \"/\"; };\n"
                "gone: { x = 1; };\n");
    load();
    expect_finding("a.changes:1: picture.quality: 101 is out of range");
    expect_finding("a.changes:1: picture.sheen: unknown key");
    expect_finding("a.changes:2: camera.width: a whole number is expected");
    expect_finding("a.changes:2: camera.driver: left out: only the settings file can set it");
    expect_finding("a.changes:3: mqtt.url: left out");
    expect_finding("a.changes:4: device.id: left out");
    expect_finding("a.changes:4: device.state_path: left out");
    expect_finding("a.changes:5: gone: unknown key");
    struct settings applied;
    settings_overlay_apply(&changes, &base, &applied);
    assert_string_equal(applied.picture.subsampling, "4:4:4");
    assert_int_equal(applied.camera.height, 720);
    strcpy(applied.picture.subsampling, base.picture.subsampling);
    applied.camera.height = base.camera.height;
    assert_memory_equal(&applied, &base, sizeof base);
}

static void garbage_is_left_out_whole(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "picture: { quality = 80;",
        "\x7F\x45LF",
        "picture: { quality = 80; quality = 70; };",
        "quality = 80;",
        "picture = 80;",
        "@include \"nowhere.conf\"\n",
        "",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        begin("");
        write_state(texts[i]);
        assert_int_equal(load()[0] == '\0', texts[i][0] == '\0');
        assert_true(settings_overlay_is_empty(&changes));
    }
    begin("");
    assert_int_equal(mkdir("state/a.changes", 0755), 0);
    assert_string_not_equal(load(), "");
    assert_int_equal(rmdir("state/a.changes"), 0);
}

// The user's file has changed below a change that fitted it.
static void what_contradicts_the_users_file_is_left_out(void **state)
{
    (void)state;
    begin("picture: { exif = false; };\n");
    write_state("camera: { rotation = 90; height = 720; };\n");
    load();
    expect_finding("camera.rotation: left out: camera.rotation needs picture.exif = true");
    struct settings applied;
    settings_overlay_apply(&changes, &base, &applied);
    assert_int_equal(applied.camera.rotation, 0);
    assert_int_equal(applied.camera.height, 720);

    // two that need each other stay
    begin("picture: { exif = false; };\n");
    write_state("camera: { rotation = 90; };\npicture: { exif = true; };\n");
    assert_string_equal(load(), "");

    // two contradictions at once
    begin("picture: { exif = false; min_quality = 60; };\n");
    write_state("camera: { rotation = 90; };\npicture: { quality = 50; };\n");
    load();
    expect_finding("camera.rotation: left out");
    expect_finding("picture.quality: left out");
    assert_true(settings_overlay_is_empty(&changes));
}

static void a_file_that_cannot_be_written_is_told(void **state)
{
    (void)state;
    begin("");
    set_whole("picture.quality", 80);
    (void)mkdir("state", 0755);
    struct fault fault;
    assert_int_equal(mkdir("state/a.changes", 0755), 0); // cannot be replaced by a file
    assert_false(settings_overlay_save(&changes, &base, &fault));
    assert_int_equal(fault.kind, FAULT_SYSTEM);
    assert_non_null(strstr(fault.text, "/state: cannot replace a.changes"));
    assert_int_equal(access("state/a.changes.tmp", F_OK), -1);
    assert_int_equal(rmdir("state/a.changes"), 0);

    folder_write_text("no-folder", "");
    snprintf(base.device.state_path, sizeof base.device.state_path, "no-folder/state");
    assert_false(settings_overlay_save(&changes, &base, &fault));
    assert_int_equal(fault.kind, FAULT_SYSTEM);
    assert_int_equal(unlink("no-folder"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_survive),
        cmocka_unit_test(without_a_file_nothing_is_changed),
        cmocka_unit_test(what_is_taken_back_is_the_users_again),
        cmocka_unit_test(what_is_invalid_is_left_out_key_by_key),
        cmocka_unit_test(garbage_is_left_out_whole),
        cmocka_unit_test(what_contradicts_the_users_file_is_left_out),
        cmocka_unit_test(a_file_that_cannot_be_written_is_told),
    };
    return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
