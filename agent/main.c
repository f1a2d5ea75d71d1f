// Reads options and settings, does what was asked, chooses the exit code.
#include "agent.h"
#include "base/log.h"
#include "camera/camera_list.h"
#include "camera/driver_link.h"
#include "settings/options.h"
#include "settings/settings_adopt.h"
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

static int print_config(const struct settings *settings, const struct settings_sources *sources)
{
    struct fault fault;
    struct bytes text;
    bytes_init(&text);
    int status = settings_print(settings, sources, &text, &fault) ? print(&text) : fail(&fault);
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

static int check(const struct options *options, const struct settings *settings)
{
    struct fault fault;
    struct bytes password;
    bytes_init(&password);
    bool good = settings_secrets(&settings->mqtt, &password, &fault);
    settings_secret_wipe(&password);
    if (!good) {
        return fail(&fault);
    }
    printf("%s: no faults found\n",
           options->config_path != NULL ? options->config_path : "the defaults");
    return EX_OK;
}

static int run(const struct settings *settings, const struct settings_overlay *changes,
               const char *drivers_path)
{
    struct fault fault;
    struct bytes password;
    bytes_init(&password);
    if (!settings_secrets(&settings->mqtt, &password, &fault)) {
        settings_secret_wipe(&password);
        return fail(&fault);
    }
    log_info("still2mqtt %s: device %s, %s driver, %s", STILL2MQTT_VERSION, settings->device.id,
             settings->camera.driver, settings->mqtt.url);
    block_signals();
    enum agent_end end =
        agent_run(settings, changes, (const char *)password.data, drivers_path, &fault);
    if (end == AGENT_STUCK || end == AGENT_RESTART_STUCK) {
        _exit(end == AGENT_STUCK ? EX_OK : EX_TEMPFAIL);
    }
    settings_secret_wipe(&password);
    if (end == AGENT_RESTART) {
        return EX_TEMPFAIL; // a failure to a service manager, so that it starts us again
    }
    return end == AGENT_ENDED ? EX_OK : fail(&fault);
}

static int adopt(const struct options *options)
{
    struct fault fault;
    struct bytes findings;
    enum settings_adopted adopted;
    bytes_init(&findings);
    bool good = settings_adopt(options->config_path, options->adopt_path, environ, &adopted,
                               &findings, &fault);
    bool is_rejected = good && adopted == SETTINGS_ADOPT_REJECTED;
    if (is_rejected) {
        fwrite(findings.data, 1, findings.len, stderr);
    } else if (good && adopted == SETTINGS_ADOPT_DONE) {
        log_info("%s: taken over", options->adopt_path);
    }
    bytes_fini(&findings);
    return good && !is_rejected ? EX_OK : fail(&fault);
}

static int act(const struct options *options, const struct settings *base,
               const struct settings_overlay *changes, const struct settings *settings,
               const struct settings_sources *sources)
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
        return print_config(settings, sources);
    case OPTIONS_LIST_CAMERAS:
        return list_cameras(settings, drivers_path);
    case OPTIONS_SNAPSHOT:
        return snapshot_run(settings, drivers_path, options->snapshot_path, &fault) ? EX_OK
                                                                                    : fail(&fault);
    case OPTIONS_RUN:
    case OPTIONS_ADOPT:
    case OPTIONS_VERSION:
    case OPTIONS_HELP:
        break;
    }
    return run(base, changes, drivers_path);
}

// What was changed over MQTT; what is wrong with it keeps nobody from starting.
static void load_changes(const struct settings *base, struct settings_overlay *changes,
                         struct settings_sources *sources)
{
    struct bytes findings;
    bytes_init(&findings);
    settings_overlay_load(base, changes, &findings);
    for (const uint8_t *at = findings.data; at < findings.data + findings.len;) {
        const uint8_t *end = memchr(at, '\n', (size_t)(findings.data + findings.len - at));
        log_warning("%.*s", (int)(end - at), (const char *)at);
        at = end + 1;
    }
    bytes_fini(&findings);
    settings_overlay_mark(changes, sources);
}

static int load_and_act(const struct options *options)
{
    struct fault fault;
    struct settings settings;
    struct bytes findings;
    bytes_init(&findings);
    struct settings_sources sources;
    struct settings_layers layers = {.path = options->config_path, .environment = environ};
    bool good = settings_load_layers(&layers, &settings, &sources, &findings, &fault);
    if (!good && findings.len > 0) {
        fwrite(findings.data, 1, findings.len, stderr);
    }
    bytes_fini(&findings);
    if (!good) {
        return fail(&fault);
    }
    struct settings_overlay changes;
    struct settings changed;
    load_changes(&settings, &changes, &sources);
    settings_overlay_apply(&changes, &settings, &changed);
    int status = act(options, &settings, &changes, &changed, &sources);
    settings_sources_fini(&sources);
    return status;
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
    if (options.action == OPTIONS_ADOPT) {
        return adopt(&options);
    }
    log_threshold(options.verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
    return load_and_act(&options);
}
