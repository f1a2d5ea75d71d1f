// The manual as data: one row a key, in the order of conf/still2mqtt.conf.
#include "settings/settings_table.h"

#include "settings/settings_check.h"
#include "settings/settings_check_mqtt.h"
#include "settings/settings_names.h"
#include "settings/settings_times.h"

#include <string.h>

// The path of a key is the way to its field, so that the two cannot differ.
#define FIELD(member)                                             \
    .path = #member, .offset = offsetof(struct settings, member), \
    .size = sizeof(((struct settings *)NULL)->member)

#define WORDS(...)        \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }

const struct setting_group settings_groups[] = {
    {"device", "This device among others."},
    {"camera", "Where the pixels come from, and in which size."},
    {"picture", "How a frame becomes a JPEG, and what the JPEG travels as."},
    {"schedule", "When pictures are taken without being asked for."},
    {"mqtt", "The broker. Topics are PREFIX/ID/image, PREFIX/ID/meta and so on."},
    {"spool", "What is kept while the broker cannot be reached. The oldest picture goes first."},
    {"commands", "What is carried out that comes over MQTT, on PREFIX/ID/command/VERB."},
};
const size_t settings_groups_count = sizeof settings_groups / sizeof settings_groups[0];

const struct setting settings_table[] = {
    {
        FIELD(device.id),
        .type = SETTING_TEXT,
        .text = "",
        .example = "front-door",
        .check = settings_check_device_id,
        .help = "Names this device in every topic: 1 to 64 of A-Z, a-z, 0-9, _ and -.\n"
                "Left out, it is made from the board's serial number or the machine id, so that a\n"
                "copied card does not copy it.",
    },
    {
        FIELD(device.name),
        .reach = SETTING_LIVE,
        .type = SETTING_TEXT,
        .text = "",
        .example = "Front door",
        .help = "The name for people. Left out, it is the id.",
    },
    {
        FIELD(device.area),
        .reach = SETTING_LIVE,
        .type = SETTING_TEXT,
        .text = "",
        .example = "Garden",
        .help = "Where the device is, for people.",
    },
    {
        FIELD(device.groups),
        .type = SETTING_TEXT,
        .text = "",
        .example = "outdoor, north",
        .check = settings_check_groups,
        .help = "Groups that the device is in, up to 8: it obeys what is sent to\n"
                "PREFIX/@GROUP/command/VERB too, and always to PREFIX/@all/command/VERB.",
    },
    {
        FIELD(device.health_s),
        .reach = SETTING_LIVE,
        .type = SETTING_DOUBLE,
        .min = 1,
        .max = 86400,
        .unit = "seconds",
        .number = 60,
        .help = "How often the health document is published, at the least.",
    },
    {
        FIELD(device.state_path),
        .type = SETTING_TEXT,
        .text = "/var/lib/still2mqtt",
        .check = settings_check_full_path,
        .help =
            "The folder for what is changed over MQTT (topic PREFIX/ID/set/KEY), as a full path;\n"
            "made if it is not there. Each device has a file in it, ID.changes, read on top\n"
            "of this one. Where it cannot be written, changes last until the agent ends.",
    },
    {
        FIELD(device.trial_s),
        .type = SETTING_DOUBLE,
        .min = 2,
        .max = 3600,
        .unit = "seconds",
        .number = 60,
        .help = "How long a change over MQTT is on trial. It is taken back if it loses the camera\n"
                "in that time, or if the broker is away at its end; only then is it kept.",
    },
#include "settings/settings_table_camera.inc"
    {
        FIELD(picture.quality),
        .reach = SETTING_LIVE,
        .type = SETTING_UINT,
        .min = 1,
        .max = 100,
        .number = 90,
        .help = "JPEG quality. 75 is about half the size of 90, and 95 one and a half times it.",
    },
    {
        FIELD(picture.subsampling),
        .reach = SETTING_LIVE,
        .type = SETTING_WORD,
        .words = WORDS("4:2:0", "4:2:2", "4:4:4"),
        .text = "4:2:0",
        .help = "How much of the colour is kept. 4:2:0 is what cameras deliver; more keeps the\n"
                "edges of small coloured letters, from a camera that delivers RGB or YUYV.",
    },
    {
        FIELD(picture.max_bytes),
        .reach = SETTING_LIVE,
        .type = SETTING_SIZE,
        .min = 4096,
        .max = 268435456,
        .or_zero = true,
        .unit = "bytes",
        .number = 0,
        .help = "The most that a JPEG may have. Quality goes down as far as min_quality to meet\n"
                "it, then width and height are halved; the topic meta says what was done. A\n"
                "webcam's own JPEG that is larger is compressed again. 0: no bound but the\n"
                "broker's. base64 makes 4 bytes of 3.",
    },
    {
        FIELD(picture.min_quality),
        .reach = SETTING_LIVE,
        .type = SETTING_UINT,
        .min = 1,
        .max = 100,
        .number = 40,
        .help = "How far the quality may go down before the size is halved; no more than quality.",
    },
    {
        FIELD(picture.exif),
        .reach = SETTING_LIVE,
        .type = SETTING_BOOL,
        .number = 1,
        .help = "Whether the JPEG says when and how it was taken, as far as the camera tells:\n"
                "model, time, exposure, ISO, focus, orientation. No place, no serial number. A\n"
                "webcam's own JPEG stays as it is, byte for byte, unless camera.rotation is set.",
    },
    {
        FIELD(picture.payload),
        .reach = SETTING_LIVE,
        .type = SETTING_WORD,
        .words = WORDS("base64", "raw", "json"),
        .text = "base64",
        .help = "What PREFIX/ID/image holds. base64: the JPEG as text. raw: the JPEG itself, a\n"
                "quarter smaller. json: an object with meta and the base64 text.",
    },
#include "settings/settings_table_schedule.inc"
    {
        FIELD(mqtt.url),
        .type = SETTING_TEXT,
        .text = "mqtt://localhost:1883",
        .check = settings_check_broker_url,
        .help =
            "The broker: mqtts://HOST:PORT (TLS) or mqtt://HOST:PORT (not encrypted: only on a\n"
            "network that you trust); ssl:// and tls://, and tcp://, mean the same. IPv6 addresses\n"
            "stand in [brackets]. wss://HOST:PORT/PATH and ws:// go through WebSocket, for where\n"
            "only that gets through: it costs a pass over each picture, and Paho is at its most\n"
            "solid without it. Several, separated by spaces, are tried in order.",
    },
    {
        FIELD(mqtt.prefix),
        .type = SETTING_TEXT,
        .text = "still2mqtt",
        .check = settings_check_topic_prefix,
        .help = "What every topic begins with: up to 128 bytes without +, # or a / at its ends.",
    },
    {
        FIELD(mqtt.client_id),
        .type = SETTING_TEXT,
        .text = "",
        .example = "still2mqtt-front-door",
        .help = "Must be unique at the broker. Left out, it is still2mqtt- and the id.",
    },
    {
        FIELD(mqtt.username),
        .type = SETTING_TEXT,
        .text = "",
        .example = "camera",
        .help = "The user name at the broker. Left out, the connection is anonymous.",
    },
    {
        FIELD(mqtt.password_file),
        .type = SETTING_TEXT,
        .text = "",
        .example = "/etc/still2mqtt/password",
        .help = "A file whose first line is the password, as a full path. Nobody else may be able\n"
                "to read it (chmod 600), or the agent does not start. \"credential:NAME\" is the\n"
                "file that systemd puts there for LoadCredential=NAME:... or SetCredential=.",
    },
    {
        FIELD(mqtt.allow_plaintext_password),
        .type = SETTING_TEXT,
        .text = "",
        .example = "broker.lan",
        .help = "Hosts of mqtt.url that may be sent the password without encryption, separated by\n"
                "spaces. Whoever is on the way can read it. Needed for no host with mqtts:// or\n"
                "wss://, nor for this machine itself.",
    },
    {
        FIELD(mqtt.ca_file),
        .type = SETTING_TEXT,
        .text = "",
        .example = "/etc/still2mqtt/ca.pem",
        .help =
            "The certificate of the CA that signed the broker's, in PEM form, as a full path.\n"
            "Left out, the CAs of the system (the package ca-certificates) are believed. The\n"
            "certificate and the name of the broker are always checked. This file and the next\n"
            "two are read at each connect.",
    },
    {
        FIELD(mqtt.cert_file),
        .type = SETTING_TEXT,
        .text = "",
        .example = "/etc/still2mqtt/cert.pem",
        .help =
            "This device's own certificate (and what lies between it and the CA), in PEM form,\n"
            "for a broker that asks for one.",
    },
    {
        FIELD(mqtt.key_file),
        .type = SETTING_TEXT,
        .text = "",
        .example = "/etc/still2mqtt/key.pem",
        .help =
            "Its private key, in PEM form and without a passphrase. As with mqtt.password_file,\n"
            "nobody else may be able to read it, and \"credential:NAME\" is possible.",
    },
    {
        FIELD(mqtt.alpn),
        .type = SETTING_TEXT,
        .text = "",
        .example = "x-amzn-mqtt-ca",
        .help =
            "The protocol to name in the TLS handshake (ALPN), where a broker on port 443 asks\n"
            "for it: x-amzn-mqtt-ca for AWS IoT, mqtt for others.",
    },
    {
        FIELD(mqtt.qos),
        .type = SETTING_UINT,
        .min = 0,
        .max = 1,
        .number = 1,
        .help = "1: a picture counts as delivered once the broker has confirmed it. 0: once it\n"
                "has been sent; what a dying connection swallows is lost.",
    },
    {
        FIELD(mqtt.retain),
        .type = SETTING_BOOL,
        .number = 1,
        .help = "Whether the broker keeps the newest picture for whoever subscribes later.",
    },
    {
        FIELD(mqtt.keepalive_s),
        .type = SETTING_UINT,
        .min = 5,
        .max = 3600,
        .unit = "seconds",
        .number = 15,
        .help =
            "How often a connection on which nothing happens is tried. One that is dead is found\n"
            "10 seconds later, or, while pictures are sent, 10 seconds after it died; the broker\n"
            "says offline after one and a half times this.",
    },
    {
        FIELD(mqtt.reconnect_spread_s),
        .type = SETTING_DOUBLE,
        .min = 0,
        .max = 3600,
        .unit = "seconds",
        .number = 30,
        .help =
            "When the broker itself goes away, all its clients would be back at the same moment:\n"
            "each waits a part of this, of its own. What a network has broken is mended at once.",
    },
    {
        FIELD(mqtt.version),
        .type = SETTING_WORD,
        .words = WORDS("auto", "5", "3.1.1"),
        .text = "auto",
        .help =
            "auto tries MQTT 5 first. With 3.1.1 a broker cannot say that it refused a picture.",
    },
    {
        FIELD(spool.mode),
        .type = SETTING_WORD,
        .words = WORDS("memory", "disk"),
        .text = "memory",
        .help =
            "memory: what waits is lost when the agent ends or the power fails. disk: a picture\n"
            "that was accepted is on the disk, and is delivered after a crash or a power cut too.\n"
            "It costs a write of every picture, which wears a card.",
    },
    {
        FIELD(spool.path),
        .type = SETTING_TEXT,
        .text = "/var/lib/still2mqtt/spool",
        .check = settings_check_full_path,
        .help = "The folder for disk, as a full path; made if it is not there. Only one agent may\n"
                "use it, and nobody else may be able to write to it (chmod 700), or the agent\n"
                "does not start. While the disk takes nothing, what waits is kept in memory, up\n"
                "to 32 MiB, and the topic health says why.",
    },
    {
        FIELD(spool.max_bytes),
        .type = SETTING_SIZE,
        .min = 65536,
        .max = 4294967296,
        .unit = "bytes",
        .number = 33554432,
        .help = "The most that pictures that wait may take: of memory, counted as JPEG, or of the\n"
                "disk, counted as files.",
    },
    {
        FIELD(spool.max_age_s),
        .type = SETTING_DOUBLE,
        .min = 1,
        .max = 31536000,
        .unit = "seconds",
        .number = 86400,
        .help = "Pictures that have waited longer than this are not delivered late.",
    },
    {
        FIELD(spool.late_per_s),
        .type = SETTING_DOUBLE,
        .min = 0.1,
        .max = 1000,
        .or_zero = true,
        .unit = "pictures a second",
        .number = 10,
        .help = "How fast pictures that have waited are sent to PREFIX/ID/late, behind the live\n"
                "ones. 0: as fast as the connection takes them.",
    },
    {
        FIELD(commands.allow),
        .type = SETTING_TEXT,
        .text = "snapshot, restart, identify, shutter, config",
        .check = settings_check_verbs,
        .help = "The commands that are carried out; the others are refused. Whoever may write to\n"
                "the topics can give them, so that is for the broker to bound. \"\": none.",
    },
    {
        FIELD(commands.per_s),
        .type = SETTING_DOUBLE,
        .min = 0.1,
        .max = 100,
        .unit = "a second",
        .number = 10,
        .help = "How many commands are carried out, in the long run; more are refused.",
    },
    {
        FIELD(commands.burst),
        .type = SETTING_UINT,
        .min = 1,
        .max = 100,
        .number = 20,
        .help = "How many of them may come at once.",
    },
};
const size_t settings_table_count = sizeof settings_table / sizeof settings_table[0];

const char *setting_key(const struct setting *setting)
{
    return strrchr(setting->path, '.') + 1;
}

bool setting_in_group(const struct setting *setting, const char *group)
{
    size_t len = strlen(group);
    return strncmp(setting->path, group, len) == 0 && setting->path[len] == '.';
}

const struct setting *settings_table_find(const char *group, const char *key)
{
    for (size_t i = 0; i < settings_table_count; i++) {
        const struct setting *setting = &settings_table[i];
        if (setting_in_group(setting, group) && strcmp(setting_key(setting), key) == 0) {
            return setting;
        }
    }
    return NULL;
}

const struct setting *settings_table_row(const char *path)
{
    for (size_t i = 0; i < settings_table_count; i++) {
        if (strcmp(settings_table[i].path, path) == 0) {
            return &settings_table[i];
        }
    }
    return NULL;
}
