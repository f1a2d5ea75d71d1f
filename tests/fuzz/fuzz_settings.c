// A settings file of any bytes: refused with findings that a person can read, or read into settings
// that, printed, are read back as the same.
#include "fuzz.h"

#include "settings/settings_load.h"
#include "settings/settings_text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

// libconfig 1.5 loses the text that it was reading when it meets a syntax error
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig\n";
}

// In memory: a file system would be most of the work.
static void load(const void *data, size_t size, bool *good, struct settings *settings,
                 struct bytes *findings, struct fault *fault)
{
    char path[64];
    int fd = memfd_create("settings", MFD_CLOEXEC);
    MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    *good = settings_load(path, settings, findings, fault);
    close(fd);
}

static void expect_the_same(const struct settings *settings)
{
    static struct settings again;
    struct fault fault;
    struct bytes text;
    struct bytes findings;
    bytes_init(&text);
    bytes_init(&findings);
    MUST(settings_print(settings, NULL, &text, &fault));
    memset(&again, 0, sizeof again);
    bool good;
    load(text.data, text.len, &good, &again, &findings, &fault);
    MUST(good);
    struct bytes text_again;
    bytes_init(&text_again);
    MUST(settings_print(&again, NULL, &text_again, &fault));
    MUST(text.len == text_again.len && memcmp(text.data, text_again.data, text.len) == 0);
    bytes_fini(&text_again);
    bytes_fini(&text);
    bytes_fini(&findings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct settings settings;
    struct fault fault;
    struct bytes findings;
    bytes_init(&findings);
    bool good;
    load(data, size, &good, &settings, &findings, &fault);
    if (good) {
        MUST(findings.len == 0);
        expect_the_same(&settings);
    } else {
        MUST(fault.kind != FAULT_NONE && fault.text[0] != '\0');
        MUST(fault.kind != FAULT_CONFIG || findings.len > 0);
    }
    bytes_fini(&findings);
    return 0;
}
