// The list of cameras for a person at a terminal: complete, or a reason in good time.
#include "camera/camera_list.h"

#include "resources.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned seen;

static void see(void *context, const struct driver_camera *camera)
{
    assert_null(context);
    assert_string_equal(camera->model, "imx708");
    seen++;
}

static bool list(const char *driver, const char *behaviour, char *library, struct fault *fault)
{
    int fds_before = resources_open_fds();
    unsigned count = 99;
    seen = 0;
    setenv("FAKE_DRIVER", behaviour, 1);
    bool good = camera_list(FAKE_DRIVERS, driver, see, NULL, library, &count, fault);
    assert_int_equal(count, good ? seen : 99);
    assert_int_equal(resources_open_fds(), fds_before);
    assert_false(resources_have_child());
    return good;
}

static void every_camera_is_told(void **state)
{
    (void)state;
    char library[112];
    struct fault fault;
    assert_true(list("fake", "", library, &fault));
    assert_int_equal(seen, 2);
    assert_string_equal(library, "fake 1.0");
}

static void assert_no_list(const char *driver, const char *behaviour, const char *said)
{
    char library[112] = "untouched";
    struct fault fault = {.kind = FAULT_NONE};
    assert_false(list(driver, behaviour, library, &fault));
    assert_int_equal(fault.kind, FAULT_CAMERA);
    assert_non_null(strstr(fault.text, said));
    assert_string_equal(library, "untouched");
}

static void a_driver_that_does_not_list_is_told(void **state)
{
    (void)state;
    assert_no_list("missing", "", "still2mqtt-camera-missing");
    assert_no_list("fake", "hello:exit", "ended before it had answered");
    assert_no_list("fake", "hello:garbage", "the driver sent");
    assert_no_list("fake", "hello:version", "speaks protocol 3");
    assert_no_list("fake", "list:abort", "ended before it had answered");
    assert_no_list("fake", "list:failed", "no such camera");
    assert_no_list("fake", "list:turn", "out of turn");
}

static void a_list_without_end_is_no_list(void **state)
{
    (void)state;
    assert_no_list("fake", "list:endless", "more than 64 cameras");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_camera_is_told),
        cmocka_unit_test(a_driver_that_does_not_list_is_told),
        cmocka_unit_test(a_list_without_end_is_no_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
