// The manual as data: one row a key, in the order of conf/still2mqtt.conf.
#include "settings/settings_table.h"

#include "settings/settings_check.h"

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
        .type = SETTING_TEXT,
        .text = "",
        .example = "Front door",
        .help = "The name for people. Left out, it is the id.",
    },
    {
        FIELD(device.health_s),
        .type = SETTING_DOUBLE,
        .min = 1,
        .max = 86400,
        .unit = "seconds",
        .number = 60,
        .help = "How often the health document is published, at the least.",
    },
    {
        FIELD(camera.driver),
        .type = SETTING_WORD,
        .words = WORDS("libcamera", "pattern", "files"),
        .text = "libcamera",
        .help = "libcamera: the Pi's cameras and USB webcams. pattern: a test card with a clock,\n"
                "without a camera. files: the pictures of a folder in turn.",
    },
    {
        FIELD(camera.select),
        .type = SETTING_TEXT,
        .text = "",
        .example = "imx708",
        .help =
            "Which camera, where there are several: its id, its index (\"0\") or its model, as\n"
            "still2mqtt --list-cameras shows them. Left out, it is the first.",
    },
    {
        FIELD(camera.width),
        .type = SETTING_UINT,
        .min = 64,
        .max = 9152,
        .unit = "pixels",
        .number = 1920,
        .help = "Width of the picture. The camera takes the nearest size that it has; the topic\n"
                "state says which.",
    },
    {
        FIELD(camera.height),
        .type = SETTING_UINT,
        .min = 48,
        .max = 6944,
        .unit = "pixels",
        .number = 1080,
        .help = "Height of the picture, likewise.",
    },
    {
        FIELD(camera.format),
        .type = SETTING_WORD,
        .words = WORDS("auto", "YUV420", "NV12", "YUYV", "RGB888", "BGR888", "XRGB8888", "XBGR8888",
                       "MJPEG"),
        .text = "auto",
        .help = "What the camera delivers, by libcamera's names. auto takes the cheapest to\n"
                "compress. MJPEG passes a webcam's own JPEG through untouched.",
    },
    {
        FIELD(camera.color_space),
        .type = SETTING_WORD,
        .words = WORDS("auto", "sYCC", "Smpte170m", "Rec709", "Rec2020"),
        .text = "auto",
        .help =
            "What the frames really hold, for a camera that announces the wrong thing: colours\n"
            "that are off, or blacks that are grey. auto believes the camera.",
    },
    {
        FIELD(camera.fps),
        .type = SETTING_DOUBLE,
        .min = 0.1,
        .max = 120,
        .unit = "frames a second",
        .number = 15,
        .help = "How fast the camera runs between pictures. Faster answers a command sooner;\n"
                "slower allows longer exposures at night and saves power.",
    },
    {
        FIELD(camera.path),
        .type = SETTING_TEXT,
        .text = "",
        .example = "/var/lib/still2mqtt/pictures",
        .help = "The folder of the driver files, as a full path.",
    },
    {
        FIELD(camera.timeout_s),
        .type = SETTING_DOUBLE,
        .min = 1,
        .max = 300,
        .unit = "seconds",
        .number = 5,
        .help = "A picture that takes longer than this, plus two frames, has failed. Raise it for\n"
                "very long exposures.",
    },
    {
        FIELD(picture.quality),
        .type = SETTING_UINT,
        .min = 1,
        .max = 100,
        .number = 90,
        .help = "JPEG quality. 75 is about half the size of 90, and 95 one and a half times it.",
    },
    {
        FIELD(picture.subsampling),
        .type = SETTING_WORD,
        .words = WORDS("4:2:0", "4:2:2", "4:4:4"),
        .text = "4:2:0",
        .help = "How much of the colour is kept. 4:2:0 is what cameras deliver; more keeps the\n"
                "edges of small coloured letters, from a camera that delivers RGB or YUYV.",
    },
    {
        FIELD(picture.payload),
        .type = SETTING_WORD,
        .words = WORDS("base64", "raw", "json"),
        .text = "base64",
        .help = "What PREFIX/ID/image holds. base64: the JPEG as text. raw: the JPEG itself, a\n"
                "quarter smaller. json: an object with meta and the base64 text.",
    },
    {
        FIELD(schedule.interval_s),
        .type = SETTING_DOUBLE,
        .min = 0.1,
        .max = 604800,
        .or_zero = true,
        .unit = "seconds",
        .number = 10,
        .help = "From one picture to the next. 0 takes pictures on command only.",
    },
    {
        FIELD(schedule.on_start),
        .type = SETTING_BOOL,
        .number = 1,
        .help = "Whether to take a picture as soon as the camera is there.",
    },
    {
        FIELD(mqtt.url),
        .type = SETTING_TEXT,
        .text = "mqtt://localhost:1883",
        .check = settings_check_broker_url,
        .help = "The broker: mqtt://HOST:PORT, tcp://HOST:PORT or ws://HOST:PORT/PATH; IPv6\n"
                "addresses in [brackets]. Without encryption: only on a network that you trust.",
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
                "to read it (chmod 600), or the agent does not start.",
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
        .number = 20,
        .help = "A silent connection is found dead after about one and a half times this.",
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
        FIELD(spool.max_bytes),
        .type = SETTING_SIZE,
        .min = 65536,
        .max = 4294967296,
        .unit = "bytes",
        .number = 33554432,
        .help = "Memory for pictures that wait, counted as JPEG.",
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
};
const size_t settings_table_count = sizeof settings_table / sizeof settings_table[0];

const char *setting_key(const struct setting *setting)
{
    return strchr(setting->path, '.') + 1;
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
