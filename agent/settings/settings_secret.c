// A secret from its file. Never logs what it read.
#include "settings/settings_load.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_MAX = 65535 }; // bytes of an MQTT password

static const char credential_head[] = "credential:";

static bool is_credential(const char *name)
{
    return strncmp(name, credential_head, strlen(credential_head)) == 0;
}

bool settings_secret_path(const char *name, char *path, size_t size, struct fault *fault)
{
    const char *rest = name;
    const char *folder = "";
    if (is_credential(name)) {
        rest += strlen(credential_head);
        if (rest[0] == '\0' || strchr(rest, '/') != NULL) {
            return fault_set(fault, FAULT_CONFIG, 0, "%s: a name without '/' is expected", name);
        }
        folder = getenv("CREDENTIALS_DIRECTORY");
        if (folder == NULL) {
            return fault_set(fault, FAULT_CONFIG, 0,
                             "%s is there only where systemd starts the agent, with "
                             "LoadCredential=%s:/PATH in its unit; name a file otherwise",
                             name, rest);
        }
    }
    if ((size_t)snprintf(path, size, "%s%s%s", folder, folder[0] != '\0' ? "/" : "", rest) >=
        size) {
        return fault_set(fault, FAULT_CONFIG, 0, "%s: the path is too long", name);
    }
    return true;
}

// systemd lets the agent's user at a credential by an access list, which shows as the group's bits
// of a file of root's.
static mode_t forbidden_bits(const char *name, const struct stat *stat)
{
    bool is_roots = stat->st_uid == 0 && stat->st_gid == 0;
    return is_credential(name) && is_roots ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
}

static bool check_owner(int fd, const char *name, const char *path, struct fault *fault)
{
    struct stat stat;
    if (fstat(fd, &stat) != 0) {
        return fault_set(fault, FAULT_CONFIG, errno, "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(stat.st_mode)) {
        return fault_set(fault, FAULT_CONFIG, 0, "%s: a secret must be in a regular file", path);
    }
    if (stat.st_uid != geteuid() && stat.st_uid != 0) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "%s belongs to user %u, who could change it: chown it to user %u", path,
                         (unsigned)stat.st_uid, (unsigned)geteuid());
    }
    if ((stat.st_mode & forbidden_bits(name, &stat)) != 0) {
        return fault_set(fault, FAULT_CONFIG, 0,
                         "%s has mode %04o, so that others can get at the secret: chmod 600 it",
                         path, (unsigned)(stat.st_mode & 07777));
    }
    return true;
}

static bool read_line(int fd, const char *path, struct bytes *secret, struct fault *fault)
{
    if (!bytes_reserve(secret, SECRET_MAX + 3, fault)) { // CR, LF and the end
        return false;
    }
    size_t room = SECRET_MAX + 2;
    ssize_t got = 1;
    while (room > 0 && got > 0) {
        got = read(fd, secret->data + secret->len, room);
        if (got < 0 && errno != EINTR) {
            return fault_set(fault, FAULT_CONFIG, errno, "%s: %s", path, strerror(errno));
        }
        if (got < 0) {
            got = 1;
            continue;
        }
        secret->len += (size_t)got;
        room -= (size_t)got;
    }
    const uint8_t *feed = secret->len > 0 ? memchr(secret->data, '\n', secret->len) : NULL;
    secret->len = feed != NULL ? (size_t)(feed - secret->data) : secret->len;
    if (secret->len > 0 && secret->data[secret->len - 1] == '\r') {
        secret->len--;
    }
    secret->data[secret->len] = '\0';
    return true;
}

static bool check_line(const struct bytes *secret, const char *path, struct fault *fault)
{
    if (secret->len == 0) {
        return fault_set(fault, FAULT_CONFIG, 0, "%s: its first line is empty", path);
    }
    if (secret->len > SECRET_MAX) {
        return fault_set(fault, FAULT_CONFIG, 0, "%s: its first line is longer than %d bytes", path,
                         SECRET_MAX);
    }
    if (memchr(secret->data, '\0', secret->len) != NULL) {
        return fault_set(fault, FAULT_CONFIG, 0, "%s: its first line holds a NUL byte", path);
    }
    return true;
}

static int open_secret(const char *name, char *path, size_t size, struct fault *fault)
{
    if (!settings_secret_path(name, path, size, fault)) {
        return -1;
    }
    // without O_NONBLOCK a FIFO would make us wait for a writer
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        fault_set(fault, FAULT_CONFIG, errno, "cannot read %s: %s", path, strerror(errno));
    } else if (!check_owner(fd, name, path, fault)) {
        close(fd);
        return -1;
    }
    return fd;
}

bool settings_secret_check(const char *name, struct fault *fault)
{
    char path[PATH_MAX];
    int fd = open_secret(name, path, sizeof path, fault);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

bool settings_secret(const char *name, struct bytes *secret, struct fault *fault)
{
    char path[PATH_MAX];
    int fd = open_secret(name, path, sizeof path, fault);
    if (fd < 0) {
        return false;
    }
    bytes_clear(secret);
    bool good = read_line(fd, path, secret, fault) && check_line(secret, path, fault);
    close(fd);
    if (!good) {
        bytes_clear(secret);
    }
    return good;
}

bool settings_secrets(const struct settings_mqtt *mqtt, struct bytes *password, struct fault *fault)
{
    if (mqtt->key_file[0] != '\0' && !settings_secret_check(mqtt->key_file, fault)) {
        return fault_prefix(fault, "mqtt.key_file");
    }
    if (mqtt->password_file[0] != '\0' && !settings_secret(mqtt->password_file, password, fault)) {
        return fault_prefix(fault, "mqtt.password_file");
    }
    return true;
}

void settings_secret_wipe(struct bytes *secret)
{
    if (secret->room > 0) {
        explicit_bzero(secret->data, secret->room);
    }
    bytes_fini(secret);
}
