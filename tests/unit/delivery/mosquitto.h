// A real mosquitto on a free loopback port, and its command line tools.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct mosquitto {
    pid_t pid; // 0: not running
    int port;
    char dir[32];
};

bool mosquitto_is_installed(void);

// `extra`: lines for its configuration, with %s for its own folder at most once.
void mosquitto_init(struct mosquitto *mosquitto, const char *extra);
void mosquitto_start(struct mosquitto *mosquitto); // returns once it answers
void mosquitto_kill(struct mosquitto *mosquitto);  // SIGKILL
void mosquitto_fini(struct mosquitto *mosquitto);
// Writes a file into its folder.
void mosquitto_put(const struct mosquitto *mosquitto, const char *name, const char *text);

// Runs mosquitto_pub with these words besides host and port.
void mosquitto_publish(const struct mosquitto *mosquitto, const char *const *words);
// What is retained on the topic or comes next, at most `size` - 1 bytes of it.
void mosquitto_retained(const struct mosquitto *mosquitto, const char *topic, char *text,
                        size_t size);
