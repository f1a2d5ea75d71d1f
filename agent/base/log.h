// The log: one line an event, one write(2) to standard error, so threads need no lock.
//
// Each line begins with the "<N>" level prefix that journald understands when standard error is
// not a terminal; on a terminal it begins with the UTC time. Only those who decide log: main, the
// agent, the publisher, and a driver for itself.
#pragma once

enum log_level {
    LOG_LEVEL_ERROR = 3,   // someone must act
    LOG_LEVEL_WARNING = 4, // we coped
    LOG_LEVEL_INFO = 6,    // start, stop, link and camera changes
    LOG_LEVEL_DEBUG = 7,   // every picture
};

// Lines above `level` are not written. The threshold is the only mutable global of the program; set
// it before threads start.
void log_threshold(enum log_level level);

// Control characters in the text, and what is not UTF-8, are written as '?', so that no message
// from outside can forge a line.
__attribute__((format(printf, 2, 3))) void log_line(enum log_level level, const char *format, ...);

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
