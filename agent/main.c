// Reads options and settings, does what was asked, chooses the exit code.
#include "agent.h"
#include "base/log.h"
#include "camera/camera_list.h"
#include "camera/driver_link.h"
#include "settings/options.h"
#include "settings/settings_load.h"
#include "snapshot.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

// Neither a core file nor a debugger of another user's gets at the password. The drivers inherit
// the limit.
static void keep_memory_private(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

static int fail(const struct fault *fault)
{
    log_error("%s", fault->text);
    switch (fault->kind) {
    case FAULT_USAGE:
        return EX_USAGE;
    case FAULT_CONFIG:
        return EX_CONFIG;
    case FAULT_CAMERA:
    case FAULT_PICTURE:
    case FAULT_LINK:
        return EX_UNAVAILABLE;
    case FAULT_NONE:
    case FAULT_COMMAND:
    case FAULT_SYSTEM:
        break;
    }
    return EX_OSERR;
}

static int print(const struct bytes *text)
{
    bool good = fwrite(text->data, 1, text->len, stdout) == text->len && fflush(stdout) == 0;
    return good ? EX_OK : EX_IOERR;
}

static int print_config(const struct settings *settings)
{
    struct fault fault;
    struct bytes text;
    bytes_init(&text);
    int status = settings_print(settings, &text, &fault) ? print(&text) : fail(&fault);
    bytes_fini(&text);
    return status;
}

static void print_camera(void *context, const struct driver_camera *camera)
{
    (void)context;
    printf("%u: %s\n   model: %s, location: %s\n", camera->index, camera->id,
           camera->model[0] != '\0' ? camera->model : "unknown",
           camera->location[0] != '\0' ? camera->location : "unknown");
    for (const char *line = camera->details; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        printf("   %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

static int list_cameras(const struct settings *settings, const char *drivers_path)
{
    char library[112];
    unsigned count;
    struct fault fault;
    if (!camera_list(drivers_path, settings->camera.driver, print_camera, NULL, library, &count,
                     &fault)) {
        return fail(&fault);
    }
    if (count == 0) {
        printf("The %s driver (%s) sees no camera.\n", settings->camera.driver, library);
        return EX_UNAVAILABLE;
    }
    return EX_OK;
}

// Signals are taken from a descriptor by the agent's loop; a broken pipe is an error of a write.
static void block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

// The files that only we may be able to read: a fault of theirs is one of the settings.
static bool read_secrets(const struct settings_mqtt *mqtt, struct bytes *password,
                         struct fault *fault)
{
    if (mqtt->key_file[0] != '\0' && !settings_secret_check(mqtt->key_file, fault)) {
        return fault_prefix(fault, "mqtt.key_file");
    }
    if (mqtt->password_file[0] != '\0' && (!settings_secret(mqtt->password_file, password, fault) ||
                                           !bytes_append(password, "", 1, fault))) {
        return fault_prefix(fault, "mqtt.password_file");
    }
    return true;
}

static void wipe(struct bytes *secret)
{
    if (secret->room > 0) {
        explicit_bzero(secret->data, secret->room);
    }
    bytes_fini(secret);
}

static int check(const struct options *options, const struct settings *settings)
{
    struct fault fault;
    struct bytes password;
    bytes_init(&password);
    bool good = read_secrets(&settings->mqtt, &password, &fault);
    wipe(&password);
    if (!good) {
        return fail(&fault);
    }
    printf("%s: no faults found\n",
           options->config_path != NULL ? options->config_path : "the defaults");
    return EX_OK;
}

static int run(const struct settings *settings, const char *drivers_path)
{
    struct fault fault;
    struct bytes password;
    bytes_init(&password);
    if (!read_secrets(&settings->mqtt, &password, &fault)) {
        wipe(&password);
        return fail(&fault);
    }
    log_info("still2mqtt %s: device %s, %s driver, %s", STILL2MQTT_VERSION, settings->device.id,
             settings->camera.driver, settings->mqtt.url);
    block_signals();
    enum agent_end end = agent_run(settings, (const char *)password.data, drivers_path, &fault);
    if (end == AGENT_STUCK) {
        _exit(EX_OK);
    }
    wipe(&password);
    return end == AGENT_ENDED ? EX_OK : fail(&fault);
}

static int act(const struct options *options, const struct settings *settings)
{
    struct fault fault;
    char default_path[1280];
    const char *drivers_path = options->drivers_path;
    if (drivers_path == NULL) {
        if (!driver_link_default_path(default_path, sizeof default_path, &fault)) {
            return fail(&fault);
        }
        drivers_path = default_path;
    }
    switch (options->action) {
    case OPTIONS_CHECK:
        return check(options, settings);
    case OPTIONS_PRINT_CONFIG:
        return print_config(settings);
    case OPTIONS_LIST_CAMERAS:
        return list_cameras(settings, drivers_path);
    case OPTIONS_SNAPSHOT:
        return snapshot_run(settings, drivers_path, options->snapshot_path, &fault) ? EX_OK
                                                                                    : fail(&fault);
    case OPTIONS_RUN:
    case OPTIONS_VERSION:
    case OPTIONS_HELP:
        break;
    }
    return run(settings, drivers_path);
}

static int load_and_act(const struct options *options)
{
    struct fault fault;
    struct settings settings;
    struct bytes findings;
    bytes_init(&findings);
    bool good = settings_load(options->config_path, &settings, &findings, &fault);
    if (!good && findings.len > 0) {
        fwrite(findings.data, 1, findings.len, stderr);
    }
    bytes_fini(&findings);
    return good ? act(options, &settings) : fail(&fault);
}

int main(int argc, char **argv)
{
    keep_memory_private();
    struct options options;
    struct fault fault;
    if (!options_parse(argc, argv, &options, &fault)) {
        fprintf(stderr, "%s: %s\nTry --help.\n", argv[0], fault.text);
        return EX_USAGE;
    }
    if (options.action == OPTIONS_VERSION) {
        printf("still2mqtt %s\n", STILL2MQTT_VERSION);
        return EX_OK;
    }
    if (options.action == OPTIONS_HELP) {
        fputs(options_help(), stdout);
        return EX_OK;
    }
    log_threshold(options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    return load_and_act(&options);
}
