// The log. Any thread; a stack buffer and one write(2) a line.
#include "base/log.h"

#include "base/text.h"
#include "base/timing.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum log_level threshold = LOG_LEVEL_INFO;

void log_threshold(enum log_level level)
{
    threshold = level;
}

static const char *level_word(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error: ";
    case LOG_LEVEL_WARNING:
        return "warning: ";
    case LOG_LEVEL_INFO:
    case LOG_LEVEL_DEBUG:
        break;
    }
    return "";
}

void log_line(enum log_level level, const char *format, ...)
{
    if (level > threshold) {
        return;
    }
    char line[1024];
    int head = 0;
    if (isatty(STDERR_FILENO)) {
        char time[TIMING_RFC3339_SIZE];
        timing_rfc3339(timing_wall_ns(), time);
        head = snprintf(line, sizeof line, "%s %s", time, level_word(level));
    } else {
        head = snprintf(line, sizeof line, "<%d>", (int)level);
    }

    size_t room = sizeof line - (size_t)head - 1; // one for the line feed
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(line + head, room, format, arguments);
    va_end(arguments);
    if ((size_t)wanted >= room) {
        text_cut(line + head);
    }
    text_clean(line + head);

    size_t len = strlen(line);
    line[len++] = '\n';
    // standard error has gone: there is nobody left to tell
    ssize_t written = write(STDERR_FILENO, line, len);
    (void)written;
}
