// Small files below /sys/class/leds. Main thread; what they do takes no time.
#include "control/led.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool file_path(const struct led *led, const char *name, char *path, size_t size)
{
    return (size_t)snprintf(path, size, "%s/%s", led->folder, name) < size;
}

static bool read_text(const struct led *led, const char *name, char *text, size_t size)
{
    char path[200];
    int fd = file_path(led, name, path, sizeof path) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return false;
    }
    ssize_t got = read(fd, text, size - 1);
    close(fd);
    text[got > 0 ? got : 0] = '\0';
    return got > 0;
}

static bool write_text(const struct led *led, const char *name, const char *text)
{
    char path[200];
    int fd =
        file_path(led, name, path, sizeof path) ? open(path, O_WRONLY | O_TRUNC | O_CLOEXEC) : -1;
    if (fd < 0) {
        return false;
    }
    bool good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return good;
}

// The one in [brackets] of those that there are.
static bool read_trigger(struct led *led)
{
    char all[4096];
    if (!read_text(led, "trigger", all, sizeof all)) {
        return false;
    }
    const char *begin = strchr(all, '[');
    size_t len = begin != NULL ? strcspn(begin + 1, "]\n") : 0;
    if (len == 0 || len >= sizeof led->trigger) {
        return false;
    }
    memcpy(led->trigger, begin + 1, len);
    led->trigger[len] = '\0';
    return true;
}

bool led_take(struct led *led, const char *leds)
{
    static const char *const names[] = {"ACT", "led0"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        *led = (struct led){0};
        snprintf(led->folder, sizeof led->folder, "%s/%s", leds, names[i]);
        if (read_trigger(led) &&
            read_text(led, "brightness", led->brightness, sizeof led->brightness) &&
            write_text(led, "trigger", "none")) {
            return true;
        }
    }
    *led = (struct led){0};
    return false;
}

void led_light(const struct led *led, bool on)
{
    if (led->folder[0] != '\0') {
        write_text(led, "brightness", on ? "1" : "0");
    }
}

void led_give_back(struct led *led)
{
    if (led->folder[0] != '\0') {
        write_text(led, "brightness", led->brightness);
        write_text(led, "trigger", led->trigger);
        *led = (struct led){0};
    }
}
