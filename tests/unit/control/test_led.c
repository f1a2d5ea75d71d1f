// A LED as files: taken, lit, and given back as it was.
#include "control/led.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char leds[] = "/tmp/still2mqtt-leds-XXXXXX";

static void path_of(const char *name, char path[static 128])
{
    snprintf(path, 128, "%s/%s", leds, name);
}

static void put(const char *name, const char *text)
{
    char path[128];
    path_of(name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void assert_holds(const char *name, const char *expected)
{
    char path[128];
    char text[64] = "";
    path_of(name, path);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t got = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    assert_true(got < sizeof text);
    assert_string_equal(text, expected);
}

static int begin(void **state)
{
    (void)state;
    if (mkdtemp(leds) == NULL) {
        return -1;
    }
    char path[128];
    path_of("led0", path);
    return mkdir(path, 0700);
}

static int end(void **state)
{
    (void)state;
    static const char *const names[] = {"led0/trigger", "led0/brightness"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        path_of(names[i], path);
        unlink(path);
    }
    path_of("led0", path);
    rmdir(path);
    return rmdir(leds);
}

static void a_led_is_given_back_as_it_was(void **state)
{
    (void)state;
    put("led0/trigger", "none kbd-scrolllock [mmc0] timer\n");
    put("led0/brightness", "255");
    struct led led;
    assert_true(led_take(&led, leds));
    assert_holds("led0/trigger", "none");
    led_light(&led, true);
    assert_holds("led0/brightness", "1");
    led_light(&led, false);
    assert_holds("led0/brightness", "0");
    led_give_back(&led);
    assert_holds("led0/brightness", "255");
    assert_holds("led0/trigger", "mmc0");
    led_give_back(&led); // once only
    led_light(&led, true);
    assert_holds("led0/brightness", "255");
}

static void what_is_no_led_is_not_taken(void **state)
{
    (void)state;
    struct led led;
    put("led0/trigger", "none mmc0\n"); // none is chosen
    assert_false(led_take(&led, leds));
    put("led0/trigger", "[]\n");
    assert_false(led_take(&led, leds));
    assert_false(led_take(&led, "/nonexistent"));
    led_light(&led, true);
    led_give_back(&led);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_led_is_given_back_as_it_was),
        cmocka_unit_test(what_is_no_led_is_not_taken),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
