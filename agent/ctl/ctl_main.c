// The tool for the other end: reads options and settings, runs one verb, chooses the exit code.
#include "base/timing.h"
#include "ctl/ctl.h"
#include "ctl/ctl_settings.h"
#include "ctl/outcome.h"
#include "settings/settings_load.h"

#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

int64_t ctl_deadline_ns(const struct ctl *ctl)
{
    double seconds = ctl->options->timeout_s > 0 ? ctl->options->timeout_s : CTL_TIMEOUT_S;
    return timing_now_ns() + (int64_t)(seconds * 1e9);
}

static bool act(const struct ctl *ctl, struct fault *fault)
{
    switch (ctl->options->verb) {
    case CTL_LIST:
        return ctl_list(ctl, fault);
    case CTL_SNAP:
        return ctl_snap(ctl, fault);
    case CTL_WATCH:
        return ctl_watch(ctl, fault);
    case CTL_SET:
    case CTL_UNSET:
        return ctl_set(ctl, fault);
    case CTL_STATE:
        return ctl_state(ctl, fault);
    case CTL_HELP:
    case CTL_VERSION:
        break;
    }
    return true;
}

static bool run(const struct ctl_options *options, struct fault *fault)
{
    struct settings_mqtt mqtt;
    struct bytes findings;
    struct bytes password;
    bytes_init(&findings);
    bytes_init(&password);
    bool good = ctl_settings(options, environ, &mqtt, &findings, fault);
    if (!good && findings.len > 0) {
        fwrite(findings.data, 1, findings.len, stderr);
    }
    if (good && settings_secrets(&mqtt, &password, fault)) {
        const struct ctl ctl = {options, &mqtt, (const char *)password.data};
        good = act(&ctl, fault);
    } else {
        good = false;
    }
    settings_secret_wipe(&password);
    bytes_fini(&findings);
    return good;
}

int main(int argc, char **argv)
{
    struct ctl_options options;
    struct fault fault;
    if (!ctl_options_parse(argc, argv, &options, &fault)) {
        fprintf(stderr, "still2mqtt-ctl: %s\nTry --help.\n", fault.text);
        return EX_USAGE;
    }
    if (options.verb == CTL_HELP) {
        fputs(ctl_options_help(), stdout);
        return EX_OK;
    }
    if (options.verb == CTL_VERSION) {
        puts("still2mqtt-ctl " STILL2MQTT_VERSION);
        return EX_OK;
    }
    if (!run(&options, &fault)) {
        fprintf(stderr, "still2mqtt-ctl: %s\n", fault.text);
        return outcome_status(&fault);
    }
    return EX_OK;
}
