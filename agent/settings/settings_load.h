// The settings file, read by libconfig and held against settings_table.c.
#pragma once

#include "base/bytes.h"
#include "settings/settings.h"

// Starts from the defaults, walks the file (and what it @includes), and refuses what the table does
// not know: every finding is a line "file:line: key: what is wrong and what would be right" in
// `findings`, in the order of the file. True: `settings` is complete, device.id and what derives
// from it included. False: `findings` says everything that is wrong, `fault` (FAULT_CONFIG) sums it
// up, `settings` is untouched. `path` NULL: the defaults alone.
__attribute__((warn_unused_result)) bool settings_load(const char *path, struct settings *settings,
                                                       struct bytes *findings, struct fault *fault);

// The effective settings as a file that settings_load reads back to the same struct. Secrets live
// in files of their own, so there is none in it.
__attribute__((warn_unused_result)) bool settings_print(const struct settings *settings,
                                                        struct bytes *text, struct fault *fault);

// The commented reference file, every key at its default: conf/still2mqtt.conf is this text.
__attribute__((warn_unused_result)) bool settings_reference(struct bytes *text,
                                                            struct fault *fault);

// Reads the first line of a file that holds a secret; a NUL stands behind it, beyond `len`. Refuses
// (FAULT_CONFIG, with the cure) a file that group or others can get at, or that belongs to neither
// us nor root, an empty line, and a NUL byte within. A relative path is meant from where we run;
// "credential:NAME" is the file of that name that systemd hands to its service.
__attribute__((warn_unused_result)) bool settings_secret(const char *name, struct bytes *secret,
                                                         struct fault *fault);

// Whether the file can be read, and by nobody else; for one that somebody else reads.
__attribute__((warn_unused_result)) bool settings_secret_check(const char *name,
                                                               struct fault *fault);

// Where the file is.
__attribute__((warn_unused_result)) bool settings_secret_path(const char *name, char *path,
                                                              size_t size, struct fault *fault);
