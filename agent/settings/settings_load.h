// The settings file, read by libconfig and held against settings_table.c.
#pragma once

#include "base/bytes.h"
#include "settings/settings.h"
#include "settings/settings_overlay.h"
#include "settings/settings_sources.h"

// What settings are read from; the later overrides the earlier, key by key.
struct settings_layers {
    const char *path;         // a file, then every conf.d/*.conf beside it; NULL: none
    const char *candidate;    // read in the place of conf.d/50-boot.conf; NULL: that itself
    char *const *environment; // STILL2MQTT_GROUP_KEY=value; NULL: none
};

// Starts from the defaults, walks the files (and what they @include), and refuses what the table
// does not know: every finding is a line "file:line: key: what is wrong and what would be right" in
// `findings`, in the order of the files. True: `settings` is complete, device.id and what derives
// from it included, and `sources` (NULL: nobody asks; else the caller's to fini) says where each
// value is from. False: `findings` says everything that is wrong, `fault` (FAULT_CONFIG) sums it
// up, and `settings` and `sources` are untouched.
__attribute__((warn_unused_result)) bool
settings_load_layers(const struct settings_layers *layers, struct settings *settings,
                     struct settings_sources *sources, struct bytes *findings, struct fault *fault);

// The same of a file and its conf.d alone. `path` NULL: the defaults.
__attribute__((warn_unused_result)) bool settings_load(const char *path, struct settings *settings,
                                                       struct bytes *findings, struct fault *fault);

// Reads a file of changes, if there is one: each key that is valid by itself and may be changed
// remotely is taken; the others are left out, with a finding each. settings_overlay_load looks at
// what they mean together.
void settings_load_changes(const char *path, const struct settings *base,
                           struct settings_overlay *changes, struct bytes *findings);

// The effective settings as a file that settings_load reads back to the same struct; a comment
// before a value says its source (`sources` NULL: none), where it is not the default. Secrets live
// in files of their own, so there is none in it.
__attribute__((warn_unused_result)) bool settings_print(const struct settings *settings,
                                                        const struct settings_sources *sources,
                                                        struct bytes *text, struct fault *fault);

// The changes alone, as settings_load_changes reads them back.
__attribute__((warn_unused_result)) bool
settings_print_changes(const struct settings_overlay *changes, struct bytes *text,
                       struct fault *fault);

// The commented reference file, every key at its default: conf/still2mqtt.conf is this text.
__attribute__((warn_unused_result)) bool settings_reference(struct bytes *text,
                                                            struct fault *fault);

// Reads the first line of a file that holds a secret; a NUL stands behind it, beyond `len`. Refuses
// (FAULT_CONFIG, with the cure) a file that group or others can get at, or that belongs to neither
// us nor root, an empty line, and a NUL byte within. A relative path is meant from where we run;
// "credential:NAME" is the file of that name that systemd hands to its service.
__attribute__((warn_unused_result)) bool settings_secret(const char *name, struct bytes *secret,
                                                         struct fault *fault);

// All secrets of the settings at once: mqtt.password_file is read into `password`, which stays
// empty where there is none, and mqtt.key_file is looked at. What is wrong begins with the key.
__attribute__((warn_unused_result)) bool
settings_secrets(const struct settings_mqtt *mqtt, struct bytes *password, struct fault *fault);
// Leaves nothing of it in memory.
void settings_secret_wipe(struct bytes *secret);

// Whether the file can be read, and by nobody else; for one that somebody else reads.
__attribute__((warn_unused_result)) bool settings_secret_check(const char *name,
                                                               struct fault *fault);

// Where the file is.
__attribute__((warn_unused_result)) bool settings_secret_path(const char *name, char *path,
                                                              size_t size, struct fault *fault);
