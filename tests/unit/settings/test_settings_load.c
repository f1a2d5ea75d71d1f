// From file to struct, and what is said of a file that is wrong.
#include "settings/settings_load.h"

#include "folder.h"
#include "settings/settings_identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ID "device: { id = \"a\"; };\n"

static void expect(const char *text, const char *findings)
{
    struct settings settings;
    assert_string_equal(folder_load_text(text, &settings), findings);
}

static void defaults_alone(void **state)
{
    (void)state;
    struct settings settings;
    struct fault fault;
    char id[SETTINGS_ID_SIZE];
    const char *findings = folder_load(NULL, &settings);
    if (!settings_identity("/proc/device-tree/serial-number", "/etc/machine-id", id, &fault)) {
        assert_non_null(strstr(findings, "settings: device.id: this machine has neither"));
        return;
    }
    assert_string_equal(findings, "");
    assert_string_equal(settings.device.id, id);
    assert_string_equal(settings.device.name, id);
    assert_string_equal(settings.mqtt.client_id + strlen("still2mqtt-"), id);
    assert_string_equal(settings.camera.driver, "libcamera");
    assert_int_equal(settings.camera.width, 1920);
    assert_int_equal(settings.picture.quality, 90);
    assert_true(settings.schedule.on_start);
    assert_true(settings.schedule.interval_s == 10);
    assert_string_equal(settings.mqtt.prefix, "still2mqtt");
    assert_int_equal(settings.spool.max_bytes, 32 << 20);
}

static void values_of_every_type(void **state)
{
    (void)state;
    struct settings settings;
    assert_string_equal(
        folder_load_text("# a comment with 9999999999 and a \"\n"
                         "device: { id = \"yard\"; name = \"Tür \\\"süd\\\" \\\\\"; };\n"
                         "camera: { width = 0xFA1; fps = 12; timeout_s = 2.5; };\n"
                         "schedule = { on_start = FALSE; interval_s = 0; };\n"
                         "mqtt: { qos = 0L; client_id = \"\"; }\n"
                         "spool: { max_bytes = 65536; max_age_s = 1e3; };\n",
                         &settings),
        "");
    assert_string_equal(settings.device.name, "Tür \"süd\" \\");
    assert_string_equal(settings.mqtt.client_id, "still2mqtt-yard");
    assert_int_equal(settings.camera.width, 4001);
    assert_true(settings.camera.fps == 12);
    assert_true(settings.camera.timeout_s == 2.5);
    assert_false(settings.schedule.on_start);
    assert_true(settings.schedule.interval_s == 0);
    assert_int_equal(settings.mqtt.qos, 0);
    assert_true(settings.spool.max_age_s == 1000);
}

static void texts_are_joined_and_crlf_is_fine(void **state)
{
    (void)state;
    struct settings settings;
    assert_string_equal(folder_load_text("\xEF\xBB\xBF"
                                         "device: {\r\n  id = \"a\" \"b\"; // one\r\n};\r\n"
                                         "/* 3000000000 */ camera: { width = 64; };\r\n",
                                         &settings),
                        "");
    assert_string_equal(settings.device.id, "ab");
    assert_int_equal(settings.camera.width, 64);
}

// libconfig 1.5 reads 4294967296 as 0, 4295032832 as 65536 and 3000000000 as a negative number.
static void numbers_beyond_32_bits(void **state)
{
    (void)state;
    struct settings settings;
    assert_string_equal(folder_load_text(ID "spool: { max_bytes = 4294967296; };", &settings), "");
    assert_true(settings.spool.max_bytes == 4294967296);
    assert_string_equal(folder_load_text(ID "spool: { max_bytes = 4294967296L; };", &settings), "");
    assert_true(settings.spool.max_bytes == 4294967296);
    assert_string_equal(folder_load_text(ID "spool: { max_bytes = 0xB2D05E00; };", &settings), "");
    assert_true(settings.spool.max_bytes == 3000000000);
    expect(ID "spool: { max_bytes = 4295032832; };",
           "t.conf:2: spool.max_bytes: 4295032832 is out of range: 65536 to 4294967296 bytes\n");
    expect(ID "camera: { width = -4294965376; };",
           "t.conf:2: camera.width: -4294965376 is out of range: 64 to 9152 pixels\n");
    expect(ID "camera: { width = 99999999999999999999; };",
           "t.conf:2: 99999999999999999999 is too large a number\n");
    expect(ID "camera: { width = 0xFFFFFFFFFFFFFFFFF; };",
           "t.conf:2: 0xFFFFFFFFFFFFFFFFF is too large a number\n");
    expect(ID "camera: { width = 0xFFFFFFFFFFFFFFFFL; };",
           "t.conf:2: 0xFFFFFFFFFFFFFFFFL is too large a number\n");
    expect(ID "camera: { width = 1000000000000000000000000000000; };",
           "t.conf:2: a number of 31 digits: none is that long\n");
    expect(ID "camera: { fps = 1e400; };",
           "t.conf:2: camera.fps: inf is out of range: 0.1 to 120 frames a second\n");
}

static void everything_wrong_is_said_in_order(void **state)
{
    (void)state;
    expect("device: { id = \"a b\"; };\n"
           "camera: {\n"
           "    heigth = 1080;\n"
           "    width = 12;\n"
           "    fps = \"15\";\n"
           "    format = \"JPEG\";\n"
           "    select = 0;\n"
           "};\n"
           "picture: { quality = { x = 1; }; subsampling = [ 1, 2 ]; payload = ( ); };\n"
           "schedule: { on_start = 1; interval_s = 0.05; };\n"
           "mqtt: { version = 5; qos = 1.0; url = \"http://b\"; };\n"
           "camra: { width = 1; };\n"
           "quality = 90;\n"
           "spool = 5;\n"
           "xyzzy = 5;\n",
           "t.conf:1: device.id: only A-Z, a-z, 0-9, _ and -, 1 to 64 of them\n"
           "t.conf:3: camera.heigth: unknown key (did you mean camera.height?)\n"
           "t.conf:4: camera.width: 12 is out of range: 64 to 9152 pixels\n"
           "t.conf:5: camera.fps: a number is expected, such as 15 (0.1 to 120 frames a second), "
           "without quotes\n"
           "t.conf:6: camera.format: \"auto\", \"YUV420\", \"NV12\", \"YUYV\", \"RGB888\", "
           "\"BGR888\", \"XRGB8888\", \"XBGR8888\" or \"MJPEG\" is expected\n"
           "t.conf:7: camera.select: a text in quotes is expected, such as \"imx708\"\n"
           "t.conf:9: picture.quality: a whole number is expected, such as 90 (1 to 100), without "
           "quotes\n"
           "t.conf:9: picture.subsampling: \"4:2:0\", \"4:2:2\" or \"4:4:4\" is expected, in "
           "quotes\n"
           "t.conf:9: picture.payload: \"base64\", \"raw\" or \"json\" is expected, in quotes\n"
           "t.conf:10: schedule.on_start: true or false is expected\n"
           "t.conf:10: schedule.interval_s: 0.05 is out of range: 0, or 0.1 to 604800 seconds\n"
           "t.conf:11: mqtt.version: \"auto\", \"5\" or \"3.1.1\" is expected, in quotes\n"
           "t.conf:11: mqtt.qos: a whole number is expected, such as 1 (0 to 1), without quotes\n"
           "t.conf:11: mqtt.url: an address such as \"mqtts://broker:8883\" is expected; it begins "
           "with mqtts://, mqtt://, wss:// or ws://\n"
           "t.conf:12: camra: unknown key (did you mean camera?)\n"
           "t.conf:13: quality: unknown key (did you mean picture.quality?)\n"
           "t.conf:14: spool: a group is expected: spool: { ... };\n"
           "t.conf:15: xyzzy: unknown key\n");
}

static void keys_that_need_each_other(void **state)
{
    (void)state;
    expect(ID "\ncamera: { driver = \"files\"; };\n",
           "t.conf:3: camera.path: the driver files needs the folder with the pictures\n");
    expect(ID "camera: { driver = \"files\"; path = \"/p\"; };\n", "");
    expect(ID "mqtt: { username = \"u\"; };\n", "");
    expect(ID "mqtt: { url = \"mqtt://b.lan\";\n username = \"u\";\n password_file = \"/p\"; };\n",
           "t.conf:4: mqtt.password_file: the password would go to b.lan unencrypted: use mqtts:// "
           "in mqtt.url, or set mqtt.allow_plaintext_password = \"b.lan\" if you trust all of the "
           "network in between\n");
    expect(ID "mqtt: {\n url = \"mqtts://b.lan\"; cert_file = \"/c\"; };\n",
           "t.conf:3: mqtt.url: a client certificate needs both mqtt.cert_file and "
           "mqtt.key_file\n");
    expect(ID "picture: { quality = 30; };\n", ""); // the default of min_quality gives way
    expect(ID "picture: { quality = 30; min_quality = 30; };\n", "");
    expect(ID "picture: { quality = 30;\nmin_quality = 31; };\n",
           "t.conf:3: picture.min_quality: must not be more than picture.quality, which is 30\n");
    expect(ID "camera: { rotation = 90; };\n", "");
    expect(ID "picture: { exif = false; };\ncamera: { rotation = 180; };\n",
           "t.conf:3: camera.rotation: needs picture.exif = true, for what the camera cannot turn "
           "itself\n");
}

static void syntax_errors_name_their_line(void **state)
{
    (void)state;
    expect("device: {\n id = \"a\";\n name = ;\n};\n",
           "t.conf:3: syntax error here or just before: is a quote, brace or ';' missing?\n");
    expect("device: { id = \"a\"; };\n\ncamera: { name = \"front\n\n",
           "t.conf:3: the text that begins here has no closing quote\n");
    expect("device: { id = \"a\\\"; };\n", "t.conf:1: the text that begins here has no closing "
                                           "quote\n");
    expect("device: { id = \"a\\", "t.conf:1: the text that begins here has no closing quote\n");
    expect("\n/* device: { id = \"a\"; };\n",
           "t.conf:2: the comment that begins here has no closing */\n");
    expect(ID "camera: { width = 64;\n",
           "t.conf:3: syntax error here or just before: is a quote, brace or ';' missing?\n");
    expect(ID "camera: { width = 64; };\ncamera: { height = 64; };\n",
           "t.conf:3: this key or group is here for the second time: give it once\n");
    expect(ID "camera: {\n width = 64;\n width = 65;\n};\n",
           "t.conf:4: this key or group is here for the second time: give it once\n");
}

static void includes_keep_their_places(void **state)
{
    (void)state;
    struct settings settings;
    assert_int_equal(mkdir("sub", 0700), 0);
    folder_write_text("sub/site.conf", "# the site\n@include \"deep.conf\" # of the same folder\n"
                                       "picture: { quality = 0; };");
    folder_write_text("sub/deep.conf", "camera: {\n  widht = 640;\n};");
    folder_write_text("top.conf", "  @include \"sub/site.conf\"\n"
                                  "mqtt: { qos = 2; };\n");
    assert_string_equal(folder_load("top.conf", &settings),
                        "sub/deep.conf:2: camera.widht: unknown key (did you mean camera.width?)\n"
                        "sub/site.conf:3: picture.quality: 0 is out of range: 1 to 100\n"
                        "top.conf:2: mqtt.qos: 2 is out of range: 0 to 1\n");

    // from the folder of the file, not from where we run; within a group; by a full path
    char here[256];
    char text[512];
    assert_non_null(getcwd(here, sizeof here));
    folder_write_text("sub/id.conf", "id = \"inside\";");
    snprintf(text, sizeof text, "device: {\n@include \"id.conf\"\n};\n@include \"%s/q.conf\"\n",
             here);
    folder_write_text("q.conf", "picture: { quality = 55; };\n");
    folder_write_text("sub/main.conf", text);
    assert_string_equal(folder_load("sub/main.conf", &settings), "");
    assert_string_equal(settings.device.id, "inside");
    assert_int_equal(settings.picture.quality, 55);

    folder_write_text("sub/bad.conf", "camera: {\n\n width == 5; };\n");
    expect("\n@include \"sub/bad.conf\"\n",
           "sub/bad.conf:3: syntax error here or just before: is a quote, brace or ';' missing?\n");
}

static void includes_that_are_wrong(void **state)
{
    (void)state;
    expect(ID "@include \"nope.conf\"\n",
           "t.conf:2: cannot read nope.conf: No such file or directory (is the path right?)\n");
    // libconfig 1.5 ends the process here
    expect(ID "@include \".\"\n", "t.conf:2: cannot read .: Is a directory\n");
    expect(ID "@include nope.conf\n",
           "t.conf:2: @include \"other.conf\" is expected, alone on its line\n");
    expect(ID "@include \"\"\n",
           "t.conf:2: @include \"other.conf\" is expected, alone on its line\n");
    expect(ID "@include \"a\" @include \"b\"\n",
           "t.conf:2: @include \"other.conf\" is expected, alone on its line\n");
    expect(ID "@include", "t.conf:2: @include \"other.conf\" is expected, alone on its line\n");
    expect(ID "@include \"t.conf\"\n",
           "t.conf:2: cannot include t.conf: more than 64 files, or 8 deep\n");
    expect(ID "x = 1; @include \"nope.conf\"\n",
           "t.conf:2: syntax error here or just before: is a quote, brace or ';' missing?\n");
    expect("device: { id = \"a\"; name = \"@include\"; };\n# @include \"nope.conf\"\n"
           "/*\n@include \"nope.conf\"\n*/\n",
           "");
}

static void lines_after_texts_of_several_lines(void **state)
{
    (void)state;
    expect(
        "device: { id = \"a\"; /* one\ntwo */ name = \"x\"\n\"y\"; };\ncamera: { width = 1; };\n",
        "t.conf:4: camera.width: 1 is out of range: 64 to 9152 pixels\n");
    expect("device: { id = \"a\"; name = \"x\ny\"; };\ncamera: { width = 1; };\n",
           "t.conf:1: device.name: must be UTF-8 without control characters\n"
           "t.conf:3: camera.width: 1 is out of range: 64 to 9152 pixels\n");
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    struct settings settings;
    assert_string_equal(
        folder_load("absent.conf", &settings),
        "cannot read absent.conf: No such file or directory (is the path right?)\n");
    assert_string_equal(folder_load(".", &settings), "cannot read .: Is a directory\n");
    if (geteuid() != 0) { // root reads everything
        folder_write_text("shut.conf", ID);
        assert_int_equal(chmod("shut.conf", 0), 0);
        assert_string_equal(folder_load("shut.conf", &settings),
                            "cannot read shut.conf: Permission denied (may this user read it, and "
                            "enter its folders?)\n");
    }
}

static void the_end_of_the_file(void **state)
{
    (void)state;
    expect(ID "# a comment without a line feed", "");
    expect(ID "// another", "");
    expect("device: { id = \"a\"; }", "");
}

static void escapes_in_texts(void **state)
{
    (void)state;
    struct settings settings;
    assert_string_equal(
        folder_load_text("device: { id = \"\\x61\"; name = \"\\\\x00 \\q\"; };", &settings), "");
    assert_string_equal(settings.device.id, "a");
    assert_string_equal(settings.device.name, "\\x00 \\q");
    expect("device: { id = \"a\\x00b\"; };", "t.conf:1: \\x00 would end the text early\n");
    expect(ID "mqtt: { prefix = \"a\\nb\"; };",
           "t.conf:2: mqtt.prefix: must be UTF-8 without control characters\n");
}

static void failure_leaves_the_settings_alone(void **state)
{
    (void)state;
    struct settings settings;
    struct settings before;
    memset(&settings, 0x5A, sizeof settings);
    memcpy(&before, &settings, sizeof before);
    struct bytes findings;
    struct fault fault;
    bytes_init(&findings);
    folder_write_text("t.conf", ID "camera: { width = 64; height = 1; fps = 0; };");
    assert_false(settings_load("t.conf", &settings, &findings, &fault));
    assert_memory_equal(&settings, &before, sizeof before);
    assert_string_equal(fault.text, "t.conf: 2 things to mend");
    bytes_fini(&findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_alone),
        cmocka_unit_test(values_of_every_type),
        cmocka_unit_test(texts_are_joined_and_crlf_is_fine),
        cmocka_unit_test(numbers_beyond_32_bits),
        cmocka_unit_test(everything_wrong_is_said_in_order),
        cmocka_unit_test(keys_that_need_each_other),
        cmocka_unit_test(syntax_errors_name_their_line),
        cmocka_unit_test(includes_keep_their_places),
        cmocka_unit_test(includes_that_are_wrong),
        cmocka_unit_test(lines_after_texts_of_several_lines),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(the_end_of_the_file),
        cmocka_unit_test(escapes_in_texts),
        cmocka_unit_test(failure_leaves_the_settings_alone),
    };
    return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
