// The log, read back through a pipe that stands where standard error was.
#include "base/log.h"

#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct captured {
    int real_stderr;
    int pipe;
    char text[4096];
};

static int begin(void **state)
{
    static struct captured captured;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return -1;
    }
    captured.real_stderr = dup(STDERR_FILENO);
    captured.pipe = ends[0];
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    log_threshold(LOG_LEVEL_INFO);
    *state = &captured;
    return 0;
}

static int end(void **state)
{
    struct captured *captured = *state;
    dup2(captured->real_stderr, STDERR_FILENO);
    close(captured->real_stderr);
    close(captured->pipe);
    return 0;
}

static const char *written(struct captured *captured)
{
    ssize_t got = read(captured->pipe, captured->text, sizeof captured->text - 1);
    captured->text[got > 0 ? got : 0] = '\0';
    return captured->text;
}

static void a_line_begins_with_the_level_that_journald_reads(void **state)
{
    log_error("camera %d", 1);
    assert_string_equal(written(*state), "<3>camera 1\n");
    log_warning("x");
    assert_string_equal(written(*state), "<4>x\n");
    log_info("y");
    assert_string_equal(written(*state), "<6>y\n");
}

static void lines_above_the_threshold_are_not_written(void **state)
{
    log_debug("no");
    assert_string_equal(written(*state), "");
    log_threshold(LOG_LEVEL_DEBUG);
    log_debug("yes");
    assert_string_equal(written(*state), "<7>yes\n");
    log_threshold(LOG_LEVEL_ERROR);
    log_warning("no");
    assert_string_equal(written(*state), "");
}

static void a_message_cannot_forge_a_line_or_command_a_terminal(void **state)
{
    log_info("topic %s", "a\n<3>forged\r\x1B[2J\x7F\xC2\x9B"
                         "2J\xFFz");
    assert_string_equal(written(*state), "<6>topic a?<3>forged??[2J???2J?z\n");
    log_info("Tür 📷");
    assert_string_equal(written(*state), "<6>Tür 📷\n");
}

static void a_long_line_is_cut_at_a_character_and_still_ends(void **state)
{
    // one byte more each time, so that every place of the cut is met
    for (size_t shift = 0; shift < 4; shift++) {
        char text[2048];
        memset(text, 'x', sizeof text);
        for (size_t at = shift; at + 4 < sizeof text; at += 4) {
            memcpy(text + at, "📷", 4);
        }
        text[sizeof text - 1] = '\0';
        log_info("%s", text);
        const char *line = written(*state);
        size_t len = strlen(line);
        assert_in_range(len, 1024 - 4, 1024);
        assert_int_equal(line[len - 1], '\n');
        assert_memory_equal(line + 3, text, len - 4);
        assert_int_equal((len - 4 - shift) % 4, 0);
    }
}

static void on_a_terminal_a_line_begins_with_the_time(void **state)
{
    struct captured *captured = *state;
    struct termios raw = {.c_cflag = CS8};
    int terminal;
    close(captured->pipe);
    assert_int_equal(openpty(&captured->pipe, &terminal, NULL, &raw, NULL), 0);
    dup2(terminal, STDERR_FILENO);
    close(terminal);
    log_warning("camera 1");
    const char *line = written(captured);
    assert_int_equal(strspn(line, "0123456789-T:.Z"), strlen("2026-01-31T23:59:59.123Z"));
    assert_string_equal(strchr(line, ' '), " warning: camera 1\n");
    log_error("x");
    assert_non_null(strstr(written(captured), " error: x\n"));
    log_info("y");
    assert_string_equal(strchr(written(captured), ' '), " y\n");
}

static void a_lost_standard_error_harms_nobody(void **state)
{
    (void)state;
    close(STDERR_FILENO);
    log_error("nobody reads this");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_begins_with_the_level_that_journald_reads, begin,
                                        end),
        cmocka_unit_test_setup_teardown(lines_above_the_threshold_are_not_written, begin, end),
        cmocka_unit_test_setup_teardown(a_message_cannot_forge_a_line_or_command_a_terminal, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut_at_a_character_and_still_ends, begin,
                                        end),
        cmocka_unit_test_setup_teardown(on_a_terminal_a_line_begins_with_the_time, begin, end),
        cmocka_unit_test_setup_teardown(a_lost_standard_error_harms_nobody, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
