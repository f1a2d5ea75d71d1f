// argv as a struct. Main thread (getopt keeps globals); prints nothing.
#include "ctl/ctl_options.h"

#include <getopt.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const struct ctl_connection_key ctl_connection_keys[CTL_CONNECTION_COUNT] = {
    {"url", "url"},
    {"prefix", "prefix"},
    {"username", "username"},
    {"password-file", "password_file"},
    {"allow-plaintext-password", "allow_plaintext_password"},
    {"ca-file", "ca_file"},
    {"cert-file", "cert_file"},
    {"key-file", "key_file"},
    {"alpn", "alpn"},
    {"mqtt-version", "version"},
};

// Above every letter, so that getopt's optopt tells -c from --config.
enum {
    OPTION_ALL = 256,
    OPTION_GROUP,
    OPTION_OLD,
    OPTION_JSON,
    OPTION_TIMEOUT,
    OPTION_VERSION,
    OPTION_CONNECTION, // + index into ctl_connection_keys
};

#define CONNECTION(index, name)                                    \
    {                                                              \
        name, required_argument, NULL, OPTION_CONNECTION + (index) \
    }

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"output", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, 'h'},
    {"all", no_argument, NULL, OPTION_ALL},
    {"group", required_argument, NULL, OPTION_GROUP},
    {"allow-old", no_argument, NULL, OPTION_OLD},
    {"json", no_argument, NULL, OPTION_JSON},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"version", no_argument, NULL, OPTION_VERSION},
    CONNECTION(0, "url"),
    CONNECTION(1, "prefix"),
    CONNECTION(2, "username"),
    CONNECTION(3, "password-file"),
    CONNECTION(4, "allow-plaintext-password"),
    CONNECTION(5, "ca-file"),
    CONNECTION(6, "cert-file"),
    CONNECTION(7, "key-file"),
    CONNECTION(8, "alpn"),
    CONNECTION(9, "mqtt-version"),
    {NULL, 0, NULL, 0},
};

static const struct {
    const char *name;
    enum ctl_verb verb;
    int words_min;
    int words_max;
    const char *usage;
} verbs[] = {
    {"list", CTL_LIST, 0, 0, "list"},
    {"snap", CTL_SNAP, 0, 10000, "snap ID…, snap --all or snap --group GROUP"},
    {"watch", CTL_WATCH, 0, 1, "watch [ID]"},
    {"set", CTL_SET, 3, 3, "set ID KEY VALUE"},
    {"unset", CTL_UNSET, 2, 2, "unset ID KEY"},
    {"state", CTL_STATE, 1, 1, "state ID"},
};

static bool take_timeout(struct ctl_options *options, struct fault *fault)
{
    char *end;
    options->timeout_s = strtod(optarg, &end);
    return (end != optarg && *end == '\0' && options->timeout_s >= 0.1 &&
            options->timeout_s <= 86400) ||
           fault_set(fault, FAULT_USAGE, 0, "--timeout wants seconds, 0.1 to 86400, not %s",
                     optarg);
}

static bool take_group(struct ctl_options *options, struct fault *fault)
{
    options->group = optarg[0] == '@' ? optarg + 1 : optarg;
    return options->group[0] != '\0' ||
           fault_set(fault, FAULT_USAGE, 0, "--group wants a name, which is empty here");
}

// getopt names what it did not like as a letter, or else it is the word before optind
static bool refuse(char **argv, const char *what, struct fault *fault)
{
    if (optopt > 0 && optopt < OPTION_ALL) {
        return fault_set(
            fault, FAULT_USAGE, 0, "%s -%c%s", what, optopt,
            optopt >= '0' && optopt <= '9' ? ": a value that begins with - goes behind --" : "");
    }
    return fault_set(fault, FAULT_USAGE, 0, "%s %s", what, argv[optind - 1]);
}

static bool take(int option, char **argv, struct ctl_options *options, struct fault *fault)
{
    switch (option) {
    case 'c':
        options->config_path = optarg;
        return true;
    case 'o':
        options->output = optarg;
        return optarg[0] != '\0' ||
               fault_set(fault, FAULT_USAGE, 0, "--output wants a name, which is empty here");
    case OPTION_ALL:
        options->all = true;
        return true;
    case OPTION_GROUP:
        return take_group(options, fault);
    case OPTION_OLD:
        options->allow_old = true;
        return true;
    case OPTION_JSON:
        options->json = true;
        return true;
    case OPTION_TIMEOUT:
        return take_timeout(options, fault);
    case ':':
        return refuse(argv, "a word is missing after", fault);
    case '?':
        return refuse(argv, "unknown option", fault);
    default:
        options->connection[option - OPTION_CONNECTION] = optarg;
        return true;
    }
}

static bool take_verb(struct ctl_options *options, const char *name, struct fault *fault)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(name, verbs[i].name) != 0) {
            continue;
        }
        options->verb = verbs[i].verb;
        return (options->word_count >= verbs[i].words_min &&
                options->word_count <= verbs[i].words_max) ||
               fault_set(fault, FAULT_USAGE, 0, "it is %s", verbs[i].usage);
    }
    return fault_set(fault, FAULT_USAGE, 0,
                     "there is no %s: list, snap, watch, set, unset and state are there", name);
}

// What goes with which verb.
static bool check(const struct ctl_options *options, struct fault *fault)
{
    bool is_snap = options->verb == CTL_SNAP;
    if (!is_snap &&
        (options->all || options->group != NULL || options->output != NULL || options->allow_old)) {
        return fault_set(fault, FAULT_USAGE, 0,
                         "--all, --group, --output and --allow-old belong to snap");
    }
    int ways = (options->word_count > 0) + options->all + (options->group != NULL);
    if (is_snap && ways != 1) {
        return fault_set(fault, FAULT_USAGE, 0,
                         "it is snap ID…, or snap --all, or snap --group GROUP");
    }
    if (is_snap && options->json && options->output != NULL && strcmp(options->output, "-") == 0) {
        return fault_set(fault, FAULT_USAGE, 0, "--json and --output - both want standard output");
    }
    return true;
}

bool ctl_options_parse(int argc, char **argv, struct ctl_options *options, struct fault *fault)
{
    struct ctl_options parsed = {0};
    optind = 0; // glibc: begin anew, also after an earlier call
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":c:o:h", long_options, NULL)) >= 0;) {
        if (option == 'h' || option == OPTION_VERSION) {
            *options = (struct ctl_options){.verb = option == 'h' ? CTL_HELP : CTL_VERSION};
            return true;
        }
        if (!take(option, argv, &parsed, fault)) {
            return false;
        }
    }
    if (optind == argc) {
        return fault_set(fault, FAULT_USAGE, 0,
                         "what is to be done? list, snap, watch, set, unset or state");
    }
    parsed.words = argv + optind + 1;
    parsed.word_count = argc - optind - 1;
    if (!take_verb(&parsed, argv[optind], fault) || !check(&parsed, fault)) {
        return false;
    }
    *options = parsed;
    return true;
}

const char *ctl_options_help(void)
{
    return "Usage: still2mqtt-ctl [OPTION…] VERB …\n"
           "\n"
           "Talks to the cameras of still2mqtt agents through their broker.\n"
           "\n"
           "  list                 who is there: id, name, status of agent and camera, age of the\n"
           "                       newest picture, version\n"
           "  snap ID…             asks for a picture and waits for it; proves that it is the one\n"
           "                       asked for, whole, and exposed after the command; prints its file\n"
           "  snap --all           of every camera that is online\n"
           "  snap --group GROUP   of those online whose device.groups names it\n"
           "  watch [ID]           a line for every event and change, until Ctrl-C\n"
           "  set ID KEY VALUE     changes a setting, like picture.quality 80; waits for the answer\n"
           "  unset ID KEY         takes such a change back\n"
           "  state ID             prints what the agent says about itself, as JSON\n"
           "\n"
           "  -o, --output PATH    snap: the file, -: standard output, or the folder; without it,\n"
           "                       ID.jpg here\n"
           "      --allow-old      snap: takes a picture from before the command too\n"
           "      --timeout S      how long to wait for answers (30); watch ends after so long\n"
           "      --json           for programs: snap and watch print an object a line\n"
           "      --version        prints the version\n"
           "  -h, --help           prints this\n"
           "\n"
           "The connection, in the words of the group mqtt of the agent's settings. An option\n"
           "overrides a variable like STILL2MQTT_MQTT_URL, and that overrides the file:\n"
           "  -c, --config FILE    a settings file of the agent's, of which that group is used\n"
           "      --url URL        mqtts://HOST:PORT or as in that file (mqtt://localhost:1883)\n"
           "      --prefix PREFIX  --username NAME  --password-file FILE  --ca-file FILE\n"
           "      --cert-file FILE --key-file FILE  --alpn NAME\n"
           "      --mqtt-version auto|5|3.1.1       --allow-plaintext-password HOSTS\n"
           "\n"
           "Exit status: 0 all is well; 64 wrong words; 65 a picture is broken or too old, or a\n"
           "setting is refused; 67 no such camera; 69 no broker, or the camera is offline or took no\n"
           "picture; 71 the system failed; 73 a file cannot be written; 74 nor standard output; 75 no\n"
           "answer in time; 77 the broker does not let us; 78 the settings are wrong. Of several\n"
           "pictures that did not come, it is that of the first by id; all are named.\n";
}
