// The tool's argv as a struct. No side effects.
#pragma once

#include "base/fault.h"

enum ctl_verb {
    CTL_HELP,
    CTL_VERSION,
    CTL_LIST,
    CTL_SNAP,
    CTL_WATCH,
    CTL_SET,
    CTL_UNSET,
    CTL_STATE,
};

// The options that are settings too, in the order of ctl_connection_keys.
enum { CTL_CONNECTION_COUNT = 10 };
struct ctl_connection_key {
    const char *option; // "ca-file"
    const char *key;    // "ca_file" of the group mqtt
};
extern const struct ctl_connection_key ctl_connection_keys[CTL_CONNECTION_COUNT];

// All texts are borrowed from argv; NULL: not given.
struct ctl_options {
    enum ctl_verb verb;
    char **words; // behind the verb
    int word_count;
    const char *config_path;
    const char *connection[CTL_CONNECTION_COUNT];
    const char *output;
    const char *group; // without its @
    bool all;
    bool allow_old;
    bool json;
    double timeout_s; // 0: not given
};

// FAULT_USAGE names the word that is wrong, and the number of words that the verb takes.
__attribute__((warn_unused_result)) bool
ctl_options_parse(int argc, char **argv, struct ctl_options *options, struct fault *fault);

// The text of --help.
const char *ctl_options_help(void);
