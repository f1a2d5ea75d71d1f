// What the operator asked for: one plain struct, units in the names, made once and const while
// threads run. Every field is described in settings_table.c, which is the manual as data.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    SETTINGS_ID_SIZE = 65,    // device.id: 1 to 64 of [A-Za-z0-9_-]
    SETTINGS_TEXT_SIZE = 256, // names, user names, camera ids
    SETTINGS_PATH_SIZE = 1024,
    SETTINGS_TOPIC_SIZE = 129, // mqtt.prefix: 1 to 128 bytes
    SETTINGS_WORD_SIZE = 16,   // one word of a closed list
};

struct settings_device {
    char id[SETTINGS_ID_SIZE];     // never empty once loaded
    char name[SETTINGS_TEXT_SIZE]; // for people; the id where none is given
    double health_s;               // how often `health` is published, at the least
};

struct settings_camera {
    char driver[SETTINGS_WORD_SIZE]; // "libcamera", "pattern", "files"
    char select[SETTINGS_TEXT_SIZE]; // camera id, index or model; "" is the first one
    uint32_t width;
    uint32_t height;
    char format[SETTINGS_WORD_SIZE];      // "auto" or libcamera's name of a pixel format
    char color_space[SETTINGS_WORD_SIZE]; // "auto" or libcamera's name of what the frames hold
    double fps;                           // frame rate asked of the camera
    char path[SETTINGS_PATH_SIZE];        // the folder of the files driver
    double timeout_s; // a shot that takes longer than this, plus two frame intervals, has failed
};

struct settings_picture {
    uint32_t quality;                     // 1 to 100, as libjpeg counts
    char subsampling[SETTINGS_WORD_SIZE]; // "4:2:0", "4:2:2", "4:4:4"
    char payload[SETTINGS_WORD_SIZE];     // "base64", "raw", "json": the form on P/ID/image
};

struct settings_schedule {
    double interval_s; // 0: only on command
    bool on_start;     // a shot as soon as the camera is there
};

struct settings_mqtt {
    char url[SETTINGS_PATH_SIZE];
    char prefix[SETTINGS_TOPIC_SIZE];
    char client_id[SETTINGS_TEXT_SIZE]; // never empty once loaded
    char username[SETTINGS_TEXT_SIZE];
    char password_file[SETTINGS_PATH_SIZE];
    uint32_t qos; // of pictures and their meta: 0 or 1
    bool retain;  // whether the broker keeps the newest picture
    uint32_t keepalive_s;
    char version[SETTINGS_WORD_SIZE]; // "auto", "5", "3.1.1"
};

struct settings_spool {
    uint64_t max_bytes; // of JPEG held for the broker
    double max_age_s;   // older pictures are not delivered late
};

struct settings {
    struct settings_device device;
    struct settings_camera camera;
    struct settings_picture picture;
    struct settings_schedule schedule;
    struct settings_mqtt mqtt;
    struct settings_spool spool;
};
