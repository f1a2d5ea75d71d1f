// What a service manager hears, at a socket that the test plays.
#include "base/service.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static int listener = -1;
static struct sockaddr_un address = {.sun_family = AF_UNIX};

static int begin(void **state)
{
    (void)state;
    snprintf(address.sun_path, sizeof address.sun_path, "/tmp/still2mqtt-notify-%d", getpid());
    listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
           setenv("NOTIFY_SOCKET", address.sun_path, 1) != 0;
}

static int end(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    close(listener);
    return unlink(address.sun_path);
}

static void expect(const char *said)
{
    char text[1000] = "";
    ssize_t got = recv(listener, text, sizeof text - 1, MSG_DONTWAIT);
    assert_true(got >= 0 || said[0] == '\0');
    assert_string_equal(text, said);
}

static void every_word_is_heard(void **state)
{
    (void)state;
    service_ready();
    expect("READY=1");
    service_alive();
    expect("WATCHDOG=1");
    service_status("camera %s", "online");
    expect("STATUS=camera online");
    service_stopping();
    expect("STOPPING=1");
    expect("");
}

static void a_long_status_is_cut(void **state)
{
    (void)state;
    char text[2000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    service_status("%s", text);
    char heard[2000] = "";
    ssize_t got = recv(listener, heard, sizeof heard - 1, MSG_DONTWAIT);
    assert_in_range(got, 100, 600);
    assert_memory_equal(heard, "STATUS=xxx", 10);
}

static void without_a_manager_nothing_happens(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    service_ready();
    service_status("camera %s", "online");
    service_alive();
    service_stopping();
    expect("");
    assert_int_equal(service_watchdog_ns(), 0);
}

static void the_watchdog_is_ours_or_nobodys(void **state)
{
    (void)state;
    char pid[20];
    assert_int_equal(setenv("WATCHDOG_USEC", "30000000", 1), 0);
    assert_int_equal(service_watchdog_ns(), INT64_C(30000000000));
    snprintf(pid, sizeof pid, "%d", getpid());
    assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
    assert_int_equal(service_watchdog_ns(), INT64_C(30000000000));
    assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0); // another process's
    assert_int_equal(service_watchdog_ns(), 0);
    assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
    assert_int_equal(setenv("WATCHDOG_USEC", "soon", 1), 0);
    assert_int_equal(service_watchdog_ns(), 0);
}

#define SERVICE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVICE_TEST(every_word_is_heard),
        SERVICE_TEST(a_long_status_is_cut),
        SERVICE_TEST(without_a_manager_nothing_happens),
        SERVICE_TEST(the_watchdog_is_ours_or_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
