// Files for tests. Aborts the test when the machine will not have it.
#include "folder.h"

#include "settings/settings_load.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

// libconfig 1.5 loses the text that it was reading when it meets a syntax error
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig\n";
}

static char folder[64];
static char findings[1 << 16];

int folder_enter(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/still2mqtt-settings-XXXXXX");
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int remove_one(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
    (void)stat;
    (void)kind;
    (void)ftw;
    return remove(path);
}

int folder_leave(void **state)
{
    (void)state;
    return chdir("/") != 0 || nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0;
}

void folder_write(const char *name, const void *data, size_t len)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    for (size_t done = 0; done < len;) {
        ssize_t wrote = write(fd, (const char *)data + done, len - done);
        assert_true(wrote > 0);
        done += (size_t)wrote;
    }
    close(fd);
}

void folder_write_text(const char *name, const char *text)
{
    folder_write(name, text, strlen(text));
}

const char *folder_load(const char *name, struct settings *settings)
{
    struct bytes found;
    struct fault fault = {.kind = FAULT_NONE};
    bytes_init(&found);
    bool good = settings_load(name, settings, &found, &fault);
    assert_true(found.len < sizeof findings);
    if (found.len > 0) {
        memcpy(findings, found.data, found.len);
    }
    findings[found.len] = '\0';
    bytes_fini(&found);
    // findings and failure are one and the same, and the failure is summed up
    assert_int_equal(good, findings[0] == '\0');
    assert_int_equal(fault.kind, good ? FAULT_NONE : FAULT_CONFIG);
    return findings;
}

const char *folder_load_text(const char *text, struct settings *settings)
{
    folder_write_text("t.conf", text);
    return folder_load("t.conf", settings);
}
