// A failure as a value: what kind, which code, and one sentence for the person who must act.
//
// Whoever can fail returns bool and takes the caller's `struct fault` last; it is written only on
// failure, and out-parameters only on success. Whoever decides what to do about it logs it, once.
#pragma once

#include <stdarg.h>
#include <stdbool.h>

enum fault_kind {
    FAULT_NONE,
    FAULT_USAGE,   // argv
    FAULT_CONFIG,  // the settings file, or a file that it names
    FAULT_CAMERA,  // the driver, or the camera behind it
    FAULT_PICTURE, // pixels that cannot become a JPEG, or a JPEG that is none
    FAULT_LINK,    // the broker or the way to it
    FAULT_COMMAND, // a message from outside that is refused
    FAULT_SYSTEM,  // the kernel said no: memory, descriptors, files
};

struct fault {
    enum fault_kind kind;
    int code;       // an errno or a library's own code, 0 where there is none
    char text[320]; // one sentence, no full stop; UTF-8 without control characters, whatever it
                    // repeats of others; cut at a character when too long
};

// Fills `fault` (which may not be NULL) and returns false, so that failing is one line:
//     return fault_set(fault, FAULT_CAMERA, errno, "cannot open %s: %s", path, strerror(errno));
__attribute__((format(printf, 4, 5))) bool fault_set(struct fault *fault, enum fault_kind kind,
                                                     int code, const char *format, ...);

bool fault_vset(struct fault *fault, enum fault_kind kind, int code, const char *format,
                va_list arguments) __attribute__((format(printf, 4, 0)));

// Puts "<text>: " before the sentence that is there already, and returns false.
__attribute__((format(printf, 2, 3))) bool fault_prefix(struct fault *fault, const char *format,
                                                        ...);
