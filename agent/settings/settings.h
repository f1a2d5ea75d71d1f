// What the operator asked for: one plain struct, units in the names, made once and const while
// threads run. Every field is described in settings_table.c, which is the manual as data.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    SETTINGS_ID_SIZE = 65,    // device.id: 1 to 64 of [A-Za-z0-9_-]
    SETTINGS_TEXT_SIZE = 256, // names, user names, camera ids
    SETTINGS_PATH_SIZE = 1024,
    SETTINGS_TOPIC_SIZE = 129,  // mqtt.prefix: 1 to 128 bytes
    SETTINGS_WORD_SIZE = 16,    // one word of a closed list
    SETTINGS_NUMBERS_SIZE = 64, // a few numbers in a text
    SETTINGS_NAMES_SIZE = 544,  // device.groups: 8 names
    SETTINGS_SCHEDULE_ENTRIES_MAX = 8,
};

struct settings_device {
    char id[SETTINGS_ID_SIZE];           // never empty once loaded
    char name[SETTINGS_TEXT_SIZE];       // for people; the id where none is given
    char area[SETTINGS_TEXT_SIZE];       // where it is, for people; "": not told
    char groups[SETTINGS_NAMES_SIZE];    // see settings_names.h; "": none
    double health_s;                     // how often `health` is published, at the least
    char state_path[SETTINGS_PATH_SIZE]; // of the folder of what was changed remotely
    double trial_s;                      // of a remote change
};

struct settings_camera {
    char driver[SETTINGS_WORD_SIZE]; // "libcamera", "pattern", "files"
    char select[SETTINGS_TEXT_SIZE]; // camera id, index or model; "" is the first one
    uint32_t width;
    uint32_t height;
    char format[SETTINGS_WORD_SIZE];      // "auto" or libcamera's name of a pixel format
    char color_space[SETTINGS_WORD_SIZE]; // "auto" or libcamera's name of what the frames hold
    uint32_t rotation;                    // clockwise: 0, 90, 180, 270
    double fps;                           // frame rate asked of the camera
    char path[SETTINGS_PATH_SIZE];        // the folder of the files driver
    double timeout_s; // a shot that takes longer than this, plus two frame intervals, has failed
    char shutter[SETTINGS_WORD_SIZE];   // "open", "closed", "locked": at the start
    char standby[SETTINGS_WORD_SIZE];   // "warm", "cold": what the camera does between pictures
    double idle_fps;                    // of a warm camera between pictures
    char freshness[SETTINGS_WORD_SIZE]; // "after-trigger", "latest"
    uint32_t settle_ms;                 // the longest wait for AE, AWB and AF after a start
    bool hflip;
    bool vflip;
    uint32_t exposure_us; // 0: the camera's choice
    double gain;          // 0: the camera's choice
    double ev;
    char awb[SETTINGS_WORD_SIZE];
    char awb_gains[SETTINGS_NUMBERS_SIZE]; // "RED, BLUE"; "": the camera's choice
    char metering[SETTINGS_WORD_SIZE];
    uint32_t flicker_period_us; // 0: the camera's choice
    double brightness;          // these four: the neutral value is the camera's choice
    double contrast;
    double saturation;
    double sharpness;
    char af_mode[SETTINGS_WORD_SIZE]; // "auto", "continuous", "manual", "off"
    double lens_position;             // dioptres, where af_mode is "manual"; 0 is infinity
    char roi[SETTINGS_NUMBERS_SIZE];  // "X, Y, WIDTH, HEIGHT" as fractions; "": the whole
    char hdr[SETTINGS_WORD_SIZE];
};

struct settings_picture {
    uint32_t quality;                     // 1 to 100, as libjpeg counts
    char subsampling[SETTINGS_WORD_SIZE]; // "4:2:0", "4:2:2", "4:4:4"
    uint32_t min_quality;                 // where max_bytes or the broker bounds the bytes
    uint64_t max_bytes;                   // of a JPEG; 0: no bound
    bool exif;
    char payload[SETTINGS_WORD_SIZE]; // "base64", "raw", "json": the form on P/ID/image
};

// A schedule of several; what it leaves open of the picture is as in struct settings_picture.
struct settings_schedule_entry {
    char name[SETTINGS_ID_SIZE]; // for people
    char window[SETTINGS_NUMBERS_SIZE];
    char weekdays[SETTINGS_NUMBERS_SIZE];
    double interval_s;
    double jitter_s;
    uint64_t max_bytes;                   // 0: open
    uint32_t quality;                     // 0: open
    uint32_t min_quality;                 // 0: open
    char subsampling[SETTINGS_WORD_SIZE]; // "inherit": open
    char payload[SETTINGS_WORD_SIZE];     // "inherit": open
    bool align;
};

struct settings_schedule {
    double interval_s;                    // 0: only on command
    double jitter_s;                      // this device's share of it is its own
    bool align;                           // to the wall clock
    bool on_start;                        // a shot as soon as the camera is there
    char window[SETTINGS_NUMBERS_SIZE];   // "08:00-18:00"; "": the whole day
    char weekdays[SETTINGS_NUMBERS_SIZE]; // "mon-fri"; "": every day
    char place[SETTINGS_NUMBERS_SIZE];    // "LATITUDE, LONGITUDE"; "": not known
    uint32_t entry_count;                 // 0: the keys above are the one schedule
    struct settings_schedule_entry entries[SETTINGS_SCHEDULE_ENTRIES_MAX];
};

struct settings_mqtt {
    char url[SETTINGS_PATH_SIZE]; // one broker, or several in order; see broker_url.h
    char prefix[SETTINGS_TOPIC_SIZE];
    char client_id[SETTINGS_TEXT_SIZE]; // never empty once loaded
    char username[SETTINGS_TEXT_SIZE];
    char password_file[SETTINGS_PATH_SIZE];
    char allow_plaintext_password[SETTINGS_TEXT_SIZE]; // hosts
    char ca_file[SETTINGS_PATH_SIZE];                  // "": the system's CAs
    char cert_file[SETTINGS_PATH_SIZE];
    char key_file[SETTINGS_PATH_SIZE];
    char alpn[SETTINGS_TEXT_SIZE];
    uint32_t qos; // of pictures and their meta: 0 or 1
    bool retain;  // whether the broker keeps the newest picture
    uint32_t keepalive_s;
    double reconnect_spread_s;        // 0: none
    char version[SETTINGS_WORD_SIZE]; // "auto", "5", "3.1.1"
};

struct settings_spool {
    char mode[SETTINGS_WORD_SIZE]; // "memory", "disk"
    char path[SETTINGS_PATH_SIZE]; // of the folder, with "disk"
    uint64_t max_bytes;            // of JPEG in memory, or of files
    double max_age_s;              // older pictures are not delivered late
    double late_per_s;             // pace of late pictures; 0: as fast as they go
};

struct settings_commands {
    char allow[SETTINGS_TEXT_SIZE]; // the verbs that are carried out
    double per_s;
    uint32_t burst; // at once
};

struct settings {
    struct settings_device device;
    struct settings_camera camera;
    struct settings_picture picture;
    struct settings_schedule schedule;
    struct settings_mqtt mqtt;
    struct settings_spool spool;
    struct settings_commands commands;
};
