// argv as a struct. No side effects.
#pragma once

#include "base/fault.h"

enum options_action {
    OPTIONS_RUN,
    OPTIONS_CHECK,        // --check: read the settings, say what is wrong, exit
    OPTIONS_PRINT_CONFIG, // --print-config: the effective settings
    OPTIONS_LIST_CAMERAS, // --list-cameras
    OPTIONS_SNAPSHOT,     // --snapshot FILE: one picture, no broker
    OPTIONS_ADOPT,        // --adopt FILE: take settings over from the boot partition
    OPTIONS_VERSION,
    OPTIONS_HELP,
};

struct options {
    enum options_action action;
    const char *config_path;   // borrowed from argv; NULL where none was given
    const char *snapshot_path; // for OPTIONS_SNAPSHOT; "-" is standard output
    const char *adopt_path;    // for OPTIONS_ADOPT
    const char *drivers_path; // --drivers DIR: where the camera drivers are; NULL: beside the agent
    bool verbose;             // --verbose: debug lines too
};

// FAULT_USAGE names the word that is wrong.
__attribute__((warn_unused_result)) bool
options_parse(int argc, char **argv, struct options *options, struct fault *fault);

// The text of --help.
const char *options_help(void);
