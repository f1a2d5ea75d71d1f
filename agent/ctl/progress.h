// One line on a terminal that tells how far it is, and goes away. Silent where standard error is
// none.
#pragma once

__attribute__((format(printf, 1, 2))) void progress_show(const char *format, ...);
void progress_clear(void);

// A sentence on standard error, with the line out of its way.
__attribute__((format(printf, 1, 2))) void progress_note(const char *format, ...);
