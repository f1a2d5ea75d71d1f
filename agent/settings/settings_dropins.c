// A folder's names, sorted. Main thread; reads the folder, not its files.
#include "settings/settings_dropins.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t settings_folder_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? (size_t)(slash - path) + 1 : 0;
}

static bool is_dropin(const char *name)
{
    size_t len = strlen(name);
    return name[0] != '.' && len > 5 && strcmp(name + len - 5, ".conf") == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add(struct settings_dropins *dropins, const char *folder, const char *name,
                struct fault *fault)
{
    if (dropins->count == SETTINGS_DROPINS_MAX) {
        return fault_set(fault, FAULT_CONFIG, 0, "%s: more than %d files", folder,
                         SETTINGS_DROPINS_MAX);
    }
    if (asprintf(&dropins->paths[dropins->count], "%s/%s", folder, name) < 0) {
        return fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for the settings");
    }
    dropins->count++;
    return true;
}

// All of them but the one that a candidate takes the place of.
static bool list(struct settings_dropins *dropins, const char *folder, bool has_candidate,
                 struct fault *fault)
{
    DIR *open = opendir(folder);
    if (open == NULL) {
        return errno == ENOENT ||
               fault_set(fault, FAULT_CONFIG, errno, "cannot read %s: %s", folder, strerror(errno));
    }
    bool good = true;
    for (const struct dirent *entry; good && (entry = readdir(open)) != NULL;) {
        bool is_replaced = has_candidate && strcmp(entry->d_name, SETTINGS_ADOPTED_NAME) == 0;
        good =
            !is_dropin(entry->d_name) || is_replaced || add(dropins, folder, entry->d_name, fault);
    }
    closedir(open);
    return good;
}

// The candidate stands under the adopted file's name until all are sorted.
static bool put_candidate(struct settings_dropins *dropins, const char *adopted,
                          const char *candidate, struct fault *fault)
{
    for (size_t i = 0; i < dropins->count; i++) {
        if (strcmp(dropins->paths[i], adopted) == 0) {
            char *path = strdup(candidate);
            if (path == NULL) {
                return fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for the settings");
            }
            free(dropins->paths[i]);
            dropins->paths[i] = path;
            return true;
        }
    }
    return true;
}

static bool find(const char *folder, const char *adopted, const char *candidate,
                 struct settings_dropins *dropins, struct fault *fault)
{
    if (!list(dropins, folder, candidate != NULL, fault) ||
        (candidate != NULL && !add(dropins, folder, SETTINGS_ADOPTED_NAME, fault))) {
        return false;
    }
    qsort(dropins->paths, dropins->count, sizeof dropins->paths[0], by_name);
    return candidate == NULL || put_candidate(dropins, adopted, candidate, fault);
}

bool settings_dropins_find(const char *config_path, const char *candidate,
                           struct settings_dropins *dropins, struct fault *fault)
{
    *dropins = (struct settings_dropins){.count = 0};
    char *folder = NULL;
    char *adopted = NULL;
    int len = (int)settings_folder_len(config_path);
    if (asprintf(&folder, "%.*s" SETTINGS_DROPINS_FOLDER, len, config_path) < 0) {
        return fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for the settings");
    }
    bool good = asprintf(&adopted, "%s/" SETTINGS_ADOPTED_NAME, folder) >= 0 ||
                fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for the settings");
    good = good && find(folder, adopted, candidate, dropins, fault);
    free(adopted);
    free(folder);
    return good;
}

void settings_dropins_fini(struct settings_dropins *dropins)
{
    for (size_t i = 0; i < dropins->count; i++) {
        free(dropins->paths[i]);
    }
    dropins->count = 0;
}
