// Settings in layers: a file, the folder beside it, the environment; and what is said of where each
// value is from.
#include "settings/settings_load.h"

#include "folder.h"
#include "settings/settings_dropins.h"
#include "settings/settings_environment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ENTRY(text) ((char[]){text})

static struct settings settings;
static struct settings_sources sources;
static char findings[1 << 14];

// Loads site/main.conf with what is beside it; returns the findings.
static const char *load(const char *candidate, char *const *environment)
{
    struct settings_layers layers = {"site/main.conf", candidate, environment};
    struct fault fault;
    struct bytes found;
    bytes_init(&found);
    settings_sources_fini(&sources);
    bool good = settings_load_layers(&layers, &settings, &sources, &found, &fault);
    assert_int_equal(good, found.len == 0);
    assert_true(found.len < sizeof findings);
    snprintf(findings, sizeof findings, "%.*s", (int)found.len,
             found.len > 0 ? (const char *)found.data : "");
    bytes_fini(&found);
    return findings;
}

static const char *source_of(const char *path)
{
    static char text[SETTINGS_SOURCE_TEXT_SIZE];
    return settings_sources_text(&sources, settings_table_row(path), text) ? text : "default";
}

static int begin(void **state)
{
    folder_enter(state);
    assert_int_equal(mkdir("site", 0700), 0);
    folder_write_text("site/main.conf", "device: { id = \"main\"; };\n"
                                        "camera: { width = 640;\n height = 480; };\n");
    return 0;
}

static int end(void **state)
{
    settings_sources_fini(&sources);
    return folder_leave(state);
}

static void make_dropin(const char *name, const char *text)
{
    char path[100];
    (void)mkdir("site/conf.d", 0700);
    snprintf(path, sizeof path, "site/conf.d/%s", name);
    folder_write_text(path, text);
}

static void a_file_alone(void **state)
{
    (void)state;
    assert_string_equal(load(NULL, NULL), "");
    assert_string_equal(source_of("camera.height"), "site/main.conf:3");
    assert_string_equal(source_of("camera.fps"), "default");
    assert_string_equal(source_of("device.name"), "default"); // made of the id
}

static void dropins_override_in_the_order_of_their_names(void **state)
{
    (void)state;
    make_dropin("90-late.conf", "camera: { width = 1024; };");
    make_dropin("10-early.conf", "\ncamera: { width = 800; height = 600; };");
    make_dropin("9-by-bytes.conf", "picture: { quality = 70; };"); // after 10 and 90
    make_dropin("50-other.conf.dpkg-old", "nonsense");
    make_dropin(".hidden.conf", "nonsense");
    make_dropin("README", "nonsense");
    assert_string_equal(load(NULL, NULL), "");
    assert_int_equal(settings.camera.width, 1024);
    assert_int_equal(settings.camera.height, 600);
    assert_int_equal(settings.picture.quality, 70);
    assert_string_equal(settings.device.id, "main");
    assert_string_equal(source_of("camera.width"), "site/conf.d/90-late.conf:1");
    assert_string_equal(source_of("camera.height"), "site/conf.d/10-early.conf:2");
    assert_string_equal(source_of("device.id"), "site/main.conf:1");
}

static void findings_name_the_file_that_is_wrong(void **state)
{
    (void)state;
    make_dropin("10-a.conf", "camera: {\n  heigth = 1; };\n");
    make_dropin("20-b.conf", "camera: { width 3; };");
    make_dropin("30-c.conf", "picture: { quality = 0; };");
    assert_int_equal(mkdir("site/conf.d/40-d.conf", 0700), 0);
    assert_string_equal(
        load(NULL, NULL),
        "site/conf.d/10-a.conf:2: camera.heigth: unknown key (did you mean camera.height?)\n"
        "site/conf.d/20-b.conf:1: syntax error here or just before: is a quote, brace or ';' "
        "missing?\n"
        "site/conf.d/30-c.conf:1: picture.quality: 0 is out of range: 1 to 100\n"
        "cannot read site/conf.d/40-d.conf: Is a directory\n");
}

static void what_layers_mean_together_is_told_where_it_was_set(void **state)
{
    (void)state;
    make_dropin("10-a.conf", "camera: { rotation = 90; };");
    make_dropin("20-b.conf", "picture: { exif = false; };");
    char *const environment[] = {ENTRY("STILL2MQTT_CAMERA_DRIVER=files"), NULL};
    assert_string_equal(load(NULL, environment),
                        "STILL2MQTT_CAMERA_DRIVER: camera.path: the driver files needs the folder "
                        "with the pictures\n"
                        "site/conf.d/10-a.conf:1: camera.rotation: needs picture.exif = true, for "
                        "what the camera cannot turn itself\n");
}

static void a_contradiction_may_be_mended_by_a_later_file(void **state)
{
    (void)state;
    make_dropin("10-a.conf", "camera: { driver = \"files\"; };");
    make_dropin("20-b.conf", "camera: { path = \"/srv/pictures\"; };");
    assert_string_equal(load(NULL, NULL), "");
}

static void a_folder_that_is_none(void **state)
{
    (void)state;
    folder_write_text("site/conf.d", "");
    assert_string_equal(load(NULL, NULL), "cannot read site/conf.d: Not a directory\n");
}

static void there_may_be_so_many_dropins_and_no_more(void **state)
{
    (void)state;
    for (int i = 0; i <= SETTINGS_DROPINS_MAX; i++) {
        char name[20];
        snprintf(name, sizeof name, "%d.conf", i);
        make_dropin(name, "");
    }
    assert_string_equal(load(NULL, NULL), "site/conf.d: more than 64 files\n");
    assert_int_equal(unlink("site/conf.d/0.conf"), 0);
    assert_string_equal(load(NULL, NULL), "");
}

static void a_candidate_is_read_in_its_later_place(void **state)
{
    (void)state;
    make_dropin("40-a.conf", "camera: { width = 800; height = 600; };");
    make_dropin("50-boot.conf", "camera: { driver = \"files\"; path = \"/srv/old\"; fps = 5; };");
    make_dropin("60-b.conf", "camera: { height = 768; };");
    folder_write_text("boot.conf",
                      "camera: { width = 1024; height = 1024; driver = \"pattern\"; }");
    assert_string_equal(load("boot.conf", NULL), "");
    assert_int_equal(settings.camera.width, 1024);
    assert_int_equal(settings.camera.height, 768);
    assert_string_equal(settings.camera.path, ""); // nothing of the file that it replaces
    assert_string_equal(source_of("camera.width"), "boot.conf:1");
    // nor does that file hide what the candidate leaves out
    folder_write_text("boot.conf", "camera: { driver = \"files\"; };");
    assert_string_equal(load("boot.conf", NULL),
                        "boot.conf:1: camera.path: the driver files needs the folder with the "
                        "pictures\n");
    assert_int_equal(unlink("site/conf.d/50-boot.conf"), 0);
    folder_write_text("boot.conf", "camera: { width = 1024; };");
    assert_string_equal(load("boot.conf", NULL), "");
    assert_int_equal(settings.camera.width, 1024);
}

static void the_environment_overrides_the_files(void **state)
{
    (void)state;
    make_dropin("10-a.conf", "camera: { width = 800; };");
    char *const environment[] = {ENTRY("STILL2MQTT_CAMERA_WIDTH=1280"),
                                 ENTRY("STILL2MQTT_CAMERA_FPS=2.5"),
                                 ENTRY("STILL2MQTT_DEVICE_NAME=12"),
                                 ENTRY("STILL2MQTT_MQTT_RETAIN=false"),
                                 ENTRY("STILL2MQTT_PICTURE_QUALITY=71"),
                                 ENTRY("STILL2MQTT_PICTURE_PAYLOAD=raw"),
                                 ENTRY("STILL2MQTT_SPOOL_MAX_BYTES=4294967296"),
                                 ENTRY("STILL2MQTT_SCHEDULE_INTERVAL_S=30"),
                                 ENTRY("PATH=/bin"),
                                 ENTRY("STILL2MQTT=1"),
                                 ENTRY("NO_EQUALS"),
                                 NULL};
    assert_string_equal(load(NULL, environment), "");
    assert_int_equal(settings.camera.width, 1280);
    assert_true(settings.camera.fps == 2.5);
    assert_string_equal(settings.device.name, "12");
    assert_false(settings.mqtt.retain);
    assert_int_equal(settings.picture.quality, 71);
    assert_string_equal(settings.picture.payload, "raw");
    assert_true(settings.spool.max_bytes == 4294967296);
    assert_true(settings.schedule.interval_s == 30);
    assert_string_equal(source_of("camera.width"), "STILL2MQTT_CAMERA_WIDTH");
}

static void variables_that_are_wrong(void **state)
{
    (void)state;
    char *const environment[] = {ENTRY("STILL2MQTT_CAMERA_HEIGTH=480"),
                                 ENTRY("STILL2MQTT_CAMERA_WIDTH=wide"),
                                 ENTRY("STILL2MQTT_CAMERA_FPS=1e999"),
                                 ENTRY("STILL2MQTT_PICTURE_QUALITY="),
                                 ENTRY("STILL2MQTT_MQTT_RETAIN=yes"),
                                 ENTRY("STILL2MQTT_PICTURE_PAYLOAD=hex"),
                                 ENTRY("STILL2MQTT_NOTHING_LIKE_IT=1"),
                                 ENTRY("STILL2MQTT_CAMERA_ROTATION=9999999999999999999999"),
                                 ENTRY("STILL2MQTT_DEVICE_NAME=a\nb"),
                                 NULL};
    assert_string_equal(
        load(NULL, environment),
        "environment: STILL2MQTT_CAMERA_HEIGTH: no setting has this name (did you mean "
        "STILL2MQTT_CAMERA_HEIGHT?)\n"
        "STILL2MQTT_CAMERA_WIDTH: camera.width: a whole number is expected, such as 1920 (64 to "
        "9152 pixels), without quotes\n"
        "STILL2MQTT_CAMERA_FPS: camera.fps: inf is out of range: 0.1 to 120 frames a second\n"
        "STILL2MQTT_PICTURE_QUALITY: picture.quality: a whole number is expected, such as 90 (1 "
        "to 100), without quotes\n"
        "STILL2MQTT_MQTT_RETAIN: mqtt.retain: true or false is expected\n"
        "STILL2MQTT_PICTURE_PAYLOAD: picture.payload: \"base64\", \"raw\" or \"json\" is "
        "expected\n"
        "environment: STILL2MQTT_NOTHING_LIKE_IT: no setting has this name\n"
        "STILL2MQTT_CAMERA_ROTATION: camera.rotation: a whole number is expected, such as 0 (0 to "
        "270 degrees in steps of 90), without quotes\n"
        "STILL2MQTT_DEVICE_NAME: device.name: must be UTF-8 without control characters\n");
}

static void every_row_has_a_variable(void **state)
{
    (void)state;
    for (size_t i = 0; i < settings_table_count; i++) {
        char name[SETTINGS_VARIABLE_SIZE];
        settings_environment_name(&settings_table[i], name);
        assert_int_equal(strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"), strlen(name));
        // nearest to itself, and to no other as well
        assert_ptr_equal(settings_environment_suggest(name), &settings_table[i]);
    }
}

// A name of any length is told as far as it fits, and never read as another.
static void a_long_name_is_no_other(void **state)
{
    (void)state;
    char variable[400];
    memset(variable, 'A', sizeof variable - 1);
    variable[sizeof variable - 1] = '\0';
    memcpy(variable, "STILL2MQTT_CAMERA_WIDTH", 23);
    memcpy(variable + sizeof variable - 3, "=1", 3);
    char *const environment[] = {variable, NULL};
    load(NULL, environment);
    assert_non_null(strstr(findings, "environment: STILL2MQTT_CAMERA_WIDTHAAA"));
    assert_non_null(strstr(findings, "A: no setting has this name\n"));
}

static void what_is_printed_says_its_source_and_is_read_back(void **state)
{
    (void)state;
    make_dropin("a\nb.conf", "camera: { width = 800; };");
    char *const environment[] = {ENTRY("STILL2MQTT_PICTURE_QUALITY=71"), NULL};
    assert_string_equal(load(NULL, environment), "");
    struct bytes text;
    struct fault fault;
    bytes_init(&text);
    assert_true(settings_print(&settings, &sources, &text, &fault));
    folder_write("printed.conf", text.data, text.len);
    assert_true(bytes_append(&text, "", 1, &fault));
    const char *printed = (const char *)text.data;
    assert_non_null(strstr(printed, "    # site/conf.d/a?b.conf:1\n    width = 800;\n"));
    assert_non_null(strstr(printed, "    # site/main.conf:3\n    height = 480;\n"));
    assert_non_null(strstr(printed, "    # STILL2MQTT_PICTURE_QUALITY\n    quality = 71;\n"));
    assert_null(strstr(printed, "#\n"));
    bytes_fini(&text);
    struct settings again;
    assert_string_equal(folder_load("printed.conf", &again), "");
    assert_memory_equal(&again, &settings, sizeof again);
}

#define SOURCES_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SOURCES_TEST(a_file_alone),
        SOURCES_TEST(dropins_override_in_the_order_of_their_names),
        SOURCES_TEST(findings_name_the_file_that_is_wrong),
        SOURCES_TEST(what_layers_mean_together_is_told_where_it_was_set),
        SOURCES_TEST(a_contradiction_may_be_mended_by_a_later_file),
        SOURCES_TEST(a_folder_that_is_none),
        SOURCES_TEST(there_may_be_so_many_dropins_and_no_more),
        SOURCES_TEST(a_candidate_is_read_in_its_later_place),
        SOURCES_TEST(the_environment_overrides_the_files),
        SOURCES_TEST(variables_that_are_wrong),
        SOURCES_TEST(every_row_has_a_variable),
        SOURCES_TEST(a_long_name_is_no_other),
        SOURCES_TEST(what_is_printed_says_its_source_and_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
