// The agent's loader and checks, for the group mqtt. Main thread, no state.
#include "ctl/ctl_settings.h"

#include "settings/settings_check_mqtt.h"
#include "settings/settings_environment.h"
#include "settings/settings_load.h"
#include "settings/settings_value.h"

struct variables {
    struct settings *settings;
    bool good;
    struct fault *fault;
};

// Other groups' variables, and what else begins like them, are no concern of the tool's.
static void take_variable(void *context, const char *name, const struct setting *setting,
                          const char *text)
{
    struct variables *variables = context;
    if (setting != NULL && setting_in_group(setting, "mqtt") && variables->good &&
        !settings_environment_put(setting, text, variables->settings, variables->fault)) {
        variables->good = fault_prefix(variables->fault, "%s", name);
    }
}

static bool put_options(const struct ctl_options *options, struct settings *settings,
                        struct fault *fault)
{
    for (int i = 0; i < CTL_CONNECTION_COUNT; i++) {
        const struct ctl_connection_key *key = &ctl_connection_keys[i];
        const struct setting *setting = settings_table_find("mqtt", key->key);
        const struct setting_value value = {SETTING_VALUE_TEXT, .text = options->connection[i]};
        if (value.text != NULL && !setting_put(setting, settings, value, fault)) {
            fault->kind = FAULT_USAGE;
            return fault_prefix(fault, "--%s", key->option);
        }
    }
    return true;
}

bool ctl_settings(const struct ctl_options *options, char *const *environment,
                  struct settings_mqtt *mqtt, struct bytes *findings, struct fault *fault)
{
    struct settings settings;
    settings_default(&settings); // without a device.id, which the tool needs none of
    if (options->config_path != NULL &&
        !settings_load(options->config_path, &settings, findings, fault)) {
        return false;
    }
    struct variables variables = {&settings, true, fault};
    settings_environment_walk(environment, take_variable, &variables);
    if (!variables.good || !put_options(options, &settings, fault) ||
        !settings_check_credentials(&settings.mqtt, fault) ||
        !settings_check_tls(&settings.mqtt, fault)) {
        return false;
    }
    *mqtt = settings.mqtt;
    return true;
}
