// From the boot partition to conf.d: look first, then write, then clean up. One thread.
#include "settings/settings_adopt.h"

#include "base/durable_file.h"
#include "settings/settings_dropins.h"
#include "settings/settings_load.h"
#include "settings/settings_text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PASSWORD_MAX = 65535 };

struct adoption {
    const char *boot_path;
    char config_folder[PATH_MAX]; // "." or what ends before the file's name
    char boot_folder[PATH_MAX];
    char password_path[PATH_MAX]; // on the boot partition
    char rejected_path[PATH_MAX];
    char adopted_path[PATH_MAX];
    bool has_settings;
    bool has_password;
    bool is_wiped;         // a run that was cut short has left zeros in the place of the password
    struct bytes password; // without a line end
};

static bool set_path(char path[static PATH_MAX], const char *head, int head_len, const char *tail,
                     struct fault *fault)
{
    return snprintf(path, PATH_MAX, "%.*s%s", head_len, head, tail) < PATH_MAX ||
           fault_set(fault, FAULT_CONFIG, ENAMETOOLONG, "%s: the path is too long", head);
}

static bool name_paths(struct adoption *adoption, const char *config_path, struct fault *fault)
{
    const char *boot_path = adoption->boot_path;
    int folder_len = (int)settings_folder_len(boot_path);
    int config_len = (int)settings_folder_len(config_path);
    const char *dot = strrchr(boot_path + folder_len, '.');
    int stem_len = dot != NULL ? (int)(dot - boot_path) : (int)strlen(boot_path);
    int len = (int)strlen(boot_path);
    return set_path(adoption->config_folder, config_path, config_len, ".", fault) &&
           set_path(adoption->boot_folder, boot_path, folder_len, ".", fault) &&
           set_path(adoption->password_path, boot_path, stem_len, SETTINGS_ADOPT_PASSWORD_SUFFIX,
                    fault) &&
           set_path(adoption->rejected_path, boot_path, len, ".rejected.txt", fault) &&
           set_path(adoption->adopted_path, boot_path, len, ".adopted", fault);
}

static bool find(struct bytes *findings, const char *where, const char *what, struct fault *fault)
{
    return bytes_append_text(findings, where, fault) && bytes_append_text(findings, ": ", fault) &&
           bytes_append_text(findings, what, fault) && bytes_append_text(findings, "\n", fault);
}

// ---- looking

static bool read_password(struct adoption *adoption, struct fault *fault)
{
    int fd = open(adoption->password_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        return fault_set(fault, FAULT_SYSTEM, errno, "cannot read %s: %s", adoption->password_path,
                         strerror(errno));
    }
    struct bytes *password = &adoption->password;
    bool good = bytes_reserve(password, PASSWORD_MAX + 3, fault);
    ssize_t got = 1;
    while (good && got > 0 && password->len < PASSWORD_MAX + 2) {
        got = read(fd, password->data + password->len, PASSWORD_MAX + 2 - password->len);
        good = got >= 0 || fault_set(fault, FAULT_SYSTEM, errno, "cannot read %s: %s",
                                     adoption->password_path, strerror(errno));
        password->len += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    adoption->is_wiped = good && password->len > 0 && password->data[0] == '\0';
    // the editors of other systems end lines with CR LF, and begin files with a byte order mark
    if (good && password->len >= 3 && memcmp(password->data, "\xEF\xBB\xBF", 3) == 0) {
        memmove(password->data, password->data + 3, password->len -= 3);
    }
    const uint8_t *end =
        good && password->len > 0 ? memchr(password->data, '\n', password->len) : NULL;
    password->len = end != NULL ? (size_t)(end - password->data) : password->len;
    if (password->len > 0 && password->data[password->len - 1] == '\r') {
        password->len--;
    }
    return good;
}

// A password that no setting names would be lost without a word.
static bool check_password(const struct adoption *adoption, const struct settings *settings,
                           struct bytes *findings, struct fault *fault)
{
    const struct bytes *password = &adoption->password;
    if (adoption->is_wiped) {
        return true;
    }
    if (password->len == 0 || password->len > PASSWORD_MAX ||
        memchr(password->data, '\0', password->len) != NULL) {
        return find(findings, adoption->password_path,
                    "its first line must be a password of 1 to 65535 bytes", fault);
    }
    const char *named = settings->mqtt.password_file;
    size_t len = settings_folder_len(named);
    bool is_read = strcmp(named, "credential:" SETTINGS_ADOPT_PASSWORD_NAME) == 0 ||
                   strcmp(named + len, SETTINGS_ADOPT_PASSWORD_NAME) == 0;
    return is_read || find(findings, adoption->password_path,
                           "no setting reads it: set mqtt.password_file = "
                           "\"credential:" SETTINGS_ADOPT_PASSWORD_NAME "\"",
                           fault);
}

// False is FAULT_SYSTEM alone; what is wrong with the files goes to `findings`.
static bool look(struct adoption *adoption, const char *config_path, char *const *environment,
                 struct bytes *findings, struct fault *fault)
{
    const struct settings_layers layers = {
        .path = config_path,
        .candidate = adoption->has_settings ? adoption->boot_path : NULL,
        .environment = environment,
    };
    struct settings settings;
    if (!settings_load_layers(&layers, &settings, NULL, findings, fault)) {
        return fault->kind == FAULT_CONFIG;
    }
    return !adoption->has_password ||
           (read_password(adoption, fault) && check_password(adoption, &settings, findings, fault));
}

// ---- writing

// What it @includes goes with it: the boot partition is not there when it is read again.
static bool write_settings(const struct adoption *adoption, struct fault *fault)
{
    char folder[PATH_MAX];
    struct settings_text text;
    if (!set_path(folder, adoption->config_folder, (int)strlen(adoption->config_folder),
                  "/" SETTINGS_DROPINS_FOLDER, fault)) {
        return false;
    }
    settings_text_init(&text);
    bool good = settings_text_read(&text, adoption->boot_path, fault) &&
                durable_file_replace(folder, SETTINGS_ADOPTED_NAME, text.text.data,
                                     strlen((const char *)text.text.data), fault);
    settings_text_fini(&text);
    return good;
}

static bool write_password(struct adoption *adoption, struct fault *fault)
{
    if (adoption->is_wiped) {
        return true;
    }
    mode_t before = umask(S_IRWXG | S_IRWXO);
    bool good = durable_file_replace(adoption->config_folder, SETTINGS_ADOPT_PASSWORD_NAME,
                                     adoption->password.data, adoption->password.len, fault);
    umask(before);
    return good;
}

// ---- cleaning up

static bool sync_folder(const struct adoption *adoption, struct fault *fault)
{
    int fd = open(adoption->boot_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    return good || fault_set(fault, FAULT_SYSTEM, error, "cannot sync %s: %s",
                             adoption->boot_folder, strerror(error));
}

// Overwritten, as far as a card lets itself be overwritten, and gone.
static bool remove_password(const struct adoption *adoption, struct fault *fault)
{
    static const char zeros[4096];
    int fd = open(adoption->password_path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    bool good = fd >= 0;
    struct stat stat;
    off_t left = good && fstat(fd, &stat) == 0 ? stat.st_size : 0;
    while (good && left > 0) {
        ssize_t wrote = write(fd, zeros, left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros);
        good = wrote > 0;
        left -= good ? wrote : 0;
    }
    good = good && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (unlink(adoption->password_path) != 0 || !good) {
        return fault_set(fault, FAULT_SYSTEM, error,
                         "the password is taken over, but cannot be removed from %s: %s",
                         adoption->password_path, strerror(good ? errno : error));
    }
    return true;
}

static bool clean_up(const struct adoption *adoption, struct fault *fault)
{
    if (adoption->has_password && !remove_password(adoption, fault)) {
        return false;
    }
    if (adoption->has_settings && rename(adoption->boot_path, adoption->adopted_path) != 0) {
        return fault_set(fault, FAULT_SYSTEM, errno, "cannot rename %s: %s", adoption->boot_path,
                         strerror(errno));
    }
    (void)unlink(adoption->rejected_path); // of an earlier try, if there was one
    return sync_folder(adoption, fault);
}

static bool reject(const struct adoption *adoption, const struct bytes *findings,
                   struct fault *fault)
{
    const char *name = adoption->rejected_path + settings_folder_len(adoption->rejected_path);
    if (!durable_file_replace(adoption->boot_folder, name, findings->data, findings->len, fault)) {
        return false;
    }
    fault_set(fault, FAULT_CONFIG, 0, "%s is not taken over: see %s",
              adoption->has_settings ? adoption->boot_path : adoption->password_path,
              adoption->rejected_path);
    return true;
}

static bool adopt(struct adoption *adoption, const char *config_path, char *const *environment,
                  enum settings_adopted *adopted, struct bytes *findings, struct fault *fault)
{
    if (!look(adoption, config_path, environment, findings, fault)) {
        return false;
    }
    if (findings->len > 0) {
        *adopted = SETTINGS_ADOPT_REJECTED;
        return reject(adoption, findings, fault);
    }
    *adopted = SETTINGS_ADOPT_DONE;
    return (!adoption->has_password || write_password(adoption, fault)) &&
           (!adoption->has_settings || write_settings(adoption, fault)) &&
           clean_up(adoption, fault);
}

bool settings_adopt(const char *config_path, const char *boot_path, char *const *environment,
                    enum settings_adopted *adopted, struct bytes *findings, struct fault *fault)
{
    struct adoption adoption = {.boot_path = boot_path};
    bytes_init(&adoption.password);
    if (!name_paths(&adoption, config_path, fault)) {
        return false;
    }
    adoption.has_settings = access(boot_path, F_OK) == 0;
    adoption.has_password = access(adoption.password_path, F_OK) == 0;
    *adopted = SETTINGS_ADOPT_NOTHING;
    bool good = (!adoption.has_settings && !adoption.has_password) ||
                adopt(&adoption, config_path, environment, adopted, findings, fault);
    settings_secret_wipe(&adoption.password);
    return good;
}
