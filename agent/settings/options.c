// argv as a struct. Main thread (getopt keeps globals); prints nothing.
#include "settings/options.h"

#include <getopt.h>
#include <stddef.h>

// Above every letter, so that getopt's optopt tells -c from --config.
enum {
    OPTION_CONFIG = 256,
    OPTION_DRIVERS,
    OPTION_VERBOSE,
    OPTION_ACTION, // + enum options_action
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"check", no_argument, NULL, OPTION_ACTION + OPTIONS_CHECK},
    {"print-config", no_argument, NULL, OPTION_ACTION + OPTIONS_PRINT_CONFIG},
    {"list-cameras", no_argument, NULL, OPTION_ACTION + OPTIONS_LIST_CAMERAS},
    {"snapshot", required_argument, NULL, OPTION_ACTION + OPTIONS_SNAPSHOT},
    {"adopt", required_argument, NULL, OPTION_ACTION + OPTIONS_ADOPT},
    {"drivers", required_argument, NULL, OPTION_DRIVERS},
    {"verbose", no_argument, NULL, OPTION_VERBOSE},
    {"version", no_argument, NULL, OPTION_ACTION + OPTIONS_VERSION},
    {"help", no_argument, NULL, OPTION_ACTION + OPTIONS_HELP},
    {NULL, 0, NULL, 0},
};

static const char *action_name(enum options_action action)
{
    const struct option *option = long_options;
    while (option->val != OPTION_ACTION + (int)action) {
        option++;
    }
    return option->name;
}

static bool set_action(struct options *options, enum options_action action, struct fault *fault)
{
    if (options->action != OPTIONS_RUN && options->action != action) {
        return fault_set(fault, FAULT_USAGE, 0, "--%s and --%s do not go together: give one",
                         action_name(options->action), action_name(action));
    }
    options->action = action;
    return true;
}

static bool set_path(const char **path, const char *name, struct fault *fault)
{
    if (optarg[0] == '\0') {
        return fault_set(fault, FAULT_USAGE, 0, "--%s wants a name, which is empty here", name);
    }
    *path = optarg;
    return true;
}

// getopt names what it did not like as a letter, or else it is the word before optind
static bool refuse(char **argv, const char *what, struct fault *fault)
{
    if (optopt > 0 && optopt < OPTION_CONFIG) {
        return fault_set(fault, FAULT_USAGE, 0, "%s -%c", what, optopt);
    }
    return fault_set(fault, FAULT_USAGE, 0, "%s %s", what, argv[optind - 1]);
}

static bool take(int option, char **argv, struct options *options, struct fault *fault)
{
    switch (option) {
    case 'c':
    case OPTION_CONFIG:
        return set_path(&options->config_path, "config", fault);
    case OPTION_DRIVERS:
        return set_path(&options->drivers_path, "drivers", fault);
    case 'v':
    case OPTION_VERBOSE:
        options->verbose = true;
        return true;
    case 'h':
        return set_action(options, OPTIONS_HELP, fault);
    case OPTION_ACTION + OPTIONS_SNAPSHOT:
        return set_path(&options->snapshot_path, "snapshot", fault) &&
               set_action(options, OPTIONS_SNAPSHOT, fault);
    case OPTION_ACTION + OPTIONS_ADOPT:
        return set_path(&options->adopt_path, "adopt", fault) &&
               set_action(options, OPTIONS_ADOPT, fault);
    case ':':
        return refuse(argv, "a word is missing after", fault);
    case '?':
        return refuse(argv, "unknown option", fault);
    default:
        return set_action(options, (enum options_action)(option - OPTION_ACTION), fault);
    }
}

bool options_parse(int argc, char **argv, struct options *options, struct fault *fault)
{
    struct options parsed = {.action = OPTIONS_RUN};
    optind = 0; // glibc: begin anew, also after an earlier call
    opterr = 0;
    for (;;) {
        int option = getopt_long(argc, argv, ":c:vh", long_options, NULL);
        if (option < 0) {
            break;
        }
        if (!take(option, argv, &parsed, fault)) {
            return false;
        }
    }
    if (optind < argc) {
        return fault_set(fault, FAULT_USAGE, 0, "unexpected word %s", argv[optind]);
    }
    if (parsed.action == OPTIONS_ADOPT && parsed.config_path == NULL) {
        return fault_set(fault, FAULT_USAGE, 0, "--adopt wants --config: the settings to add to");
    }
    *options = parsed;
    return true;
}

const char *options_help(void)
{
    return "Usage: still2mqtt [--config FILE] [ACTION]\n"
           "\n"
           "Takes stills with a camera, on a timer or on command, and publishes them over MQTT.\n"
           "Without an action it runs in the foreground until SIGTERM or SIGINT.\n"
           "\n"
           "  -c, --config FILE    the settings, and conf.d/*.conf beside it; without it, the\n"
           "                       defaults. STILL2MQTT_GROUP_KEY in the environment overrides\n"
           "      --drivers DIR    where the camera drivers are, if not beside the agent\n"
           "  -v, --verbose        log every picture\n"
           "\n"
           "Actions:\n"
           "      --check          say what is wrong with the settings, and exit (0: nothing)\n"
           "      --print-config   print the settings in effect, and exit\n"
           "      --list-cameras   list the cameras that the driver finds, and exit\n"
           "      --snapshot FILE  write one JPEG to FILE (-: standard output), without a broker\n"
           "      --adopt FILE     take the settings of FILE, on a boot partition, into conf.d\n"
           "      --version        print the version, and exit\n"
           "  -h, --help           print this, and exit\n";
}
