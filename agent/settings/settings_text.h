// The settings file and what it @includes, as one text for libconfig, and the way back from a line
// of that text to the file and line that a person can open.
//
// @include is done here because libconfig 1.5 ends the process when the name is a folder, and
// cannot take a full path. What libconfig 1.5 would silently read as another number (an integer
// beyond 32 bits without its L) is given its L.
#pragma once

#include "base/bytes.h"

#include <stdint.h>

enum {
    SETTINGS_FILE_MAX = 1 << 20, // bytes in all; one of ours is 10 kB
    SETTINGS_FILES_MAX = 64,
    SETTINGS_INCLUDE_DEPTH_MAX = 8,
};

struct settings_span {
    unsigned from; // line of the whole text, from 1
    unsigned line; // line of the file that it is
    unsigned file; // which of `files`
};

struct settings_text {
    struct bytes text;  // ends with NUL once read
    struct bytes spans; // of struct settings_span, ascending
    unsigned line;      // of the whole text, while it is being put together
    unsigned file_count;
    char *files[SETTINGS_FILES_MAX];
};

struct settings_place {
    const char *file; // owned by the text
    unsigned line;
};

void settings_text_init(struct settings_text *text);
void settings_text_fini(struct settings_text *text);

// An @include is found from the folder of the file that names it. FAULT_CONFIG is a complete
// finding: "file:line: what".
__attribute__((warn_unused_result)) bool settings_text_read(struct settings_text *text,
                                                            const char *path, struct fault *fault);

struct settings_place settings_text_place(const struct settings_text *text, unsigned line);
