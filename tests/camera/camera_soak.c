// camera_soak DRIVERS SELECT warm|cold|restart COUNT: the agent's camera with the real driver in
// DRIVERS for COUNT shots. warm: one after the other. cold: the device is closed after each.
// restart: the driver is killed after each. Prints memory, descriptors and threads of this process
// and of the driver early and late, and fails if anything has grown.
#include "base/timing.h"
#include "camera/camera.h"
#include "settings/settings_value.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PATIENCE_S = 20,
    RSS_SLACK_KIB = 1536, // an allocator's habits; a leaked 640x480 frame is 450
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool is_sanitized = true; // what was freed is kept for a while
#else
static const bool is_sanitized = false;
#endif

struct vitals {
    long rss_kib;
    long fds;
    long threads;
};

struct soak {
    struct loop *loop;
    struct camera *camera;
    struct settings settings;
    struct frame *frame;
    const struct camera_info *info;
    unsigned frames;
    unsigned failed;
    struct vitals driver; // at the newest frame
};

static long entries(const char *path)
{
    long count = 0;
    DIR *folder = opendir(path);
    while (folder != NULL && readdir(folder) != NULL) {
        count++;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return count;
}

static struct vitals vitals_of(int pid)
{
    struct vitals vitals = {0};
    char path[64];
    char line[256];
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            vitals.rss_kib = strtol(line + 6, NULL, 10);
        } else if (strncmp(line, "Threads:", 8) == 0) {
            vitals.threads = strtol(line + 8, NULL, 10);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    vitals.fds = entries(path);
    return vitals;
}

static void on_online(void *context, const struct camera_info *info)
{
    struct soak *soak = context;
    soak->info = info;
}

static void on_offline(void *context, const struct fault *why)
{
    (void)context;
    if (strstr(why->text, "killed by signal 9") == NULL) {
        printf("offline: %s\n", why->text);
    }
}

static void on_frame(void *context, uint64_t shot, struct frame *frame)
{
    (void)shot;
    struct soak *soak = context;
    soak->frame = frame;
    soak->frames++;
    soak->driver = vitals_of(soak->info->pid);
}

static void on_failed(void *context, uint64_t shot, const struct fault *why)
{
    (void)shot;
    struct soak *soak = context;
    soak->failed++;
    printf("failed: %s\n", why->text);
}

static void on_healing(void *context, const struct fault *why)
{
    (void)context;
    printf("healing: %s\n", why->text);
}

static void on_log(void *context, uint32_t level, const char *text)
{
    (void)context;
    (void)level;
    (void)text;
}

static void turn(struct soak *soak, int64_t until_ns)
{
    struct fault fault;
    if (!loop_turn(soak->loop, until_ns, &fault) || timing_now_ns() >= until_ns) {
        printf("nothing happens any more\n");
        exit(EXIT_FAILURE);
    }
}

static void take(struct soak *soak)
{
    int64_t until_ns = timing_now_ns() + TIMING_S(PATIENCE_S);
    while (!camera_is_online(soak->camera)) {
        turn(soak, until_ns);
    }
    unsigned answers = soak->frames + soak->failed;
    camera_shoot(soak->camera, answers + 1, timing_now_ns());
    while (soak->frames + soak->failed == answers) {
        turn(soak, until_ns);
    }
    if (soak->frame != NULL) {
        camera_give_back(soak->camera, soak->frame);
        soak->frame = NULL;
    }
}

static void switch_off(struct soak *soak, const char *how)
{
    int64_t until_ns = timing_now_ns() + TIMING_S(PATIENCE_S);
    if (strcmp(how, "cold") == 0) {
        while (!camera_is_resting(soak->camera)) {
            turn(soak, until_ns);
        }
    } else if (strcmp(how, "restart") == 0) {
        kill(soak->info->pid, SIGKILL);
        while (camera_is_online(soak->camera)) {
            turn(soak, until_ns);
        }
    }
}

static bool is_flat(const char *who, const struct vitals *early, const struct vitals *late)
{
    printf("%s: RSS %ld -> %ld KiB, descriptors %ld -> %ld, threads %ld -> %ld\n", who,
           early->rss_kib, late->rss_kib, early->fds, late->fds, early->threads, late->threads);
    return (is_sanitized || late->rss_kib - early->rss_kib < RSS_SLACK_KIB) &&
           late->fds <= early->fds && late->threads <= early->threads;
}

static bool soak(struct soak *soak, const char *how, unsigned count)
{
    struct vitals early = {0};
    struct vitals driver_early = {0};
    int64_t begun_ns = timing_now_ns();
    camera_start(soak->camera);
    for (unsigned i = 1; i <= count; i++) {
        take(soak);
        if (i == (count + 9) / 10) {
            early = vitals_of((int)getpid());
            driver_early = soak->driver;
        }
        if (i < count) {
            switch_off(soak, how);
        }
    }
    struct vitals late = vitals_of((int)getpid());
    printf("%s: %u shots in %.1f s, %u frames, %u failed, %u restarts\n", how, count,
           (double)(timing_now_ns() - begun_ns) / 1e9, soak->frames, soak->failed,
           camera_health(soak->camera).restarts);
    bool agent = is_flat("agent", &early, &late);
    bool driver = is_flat("driver", &driver_early, &soak->driver);
    return agent && driver && soak->failed == 0;
}

int main(int argc, char **argv)
{
    static const struct camera_events events = {
        .online = on_online,
        .offline = on_offline,
        .frame = on_frame,
        .failed = on_failed,
        .healing = on_healing,
        .log = on_log,
    };
    static const struct camera_deadlines deadlines = {
        .stage_ms = 15000,
        .stall_ms = 5000,
        .stop_ms = 5000,
        .waiting_ms = 30000,
        .ping_interval_ms = 1000,
        .pong_ms = 5000,
        .exit_ms = 5000,
        .end_ms = 1000,
        .linger_ms = 1,
        .retry_first_ms = 1,
        .retry_cap_ms = 2,
    };
    if (argc != 5) {
        fprintf(stderr, "usage: camera_soak DRIVERS SELECT warm|cold|restart COUNT\n");
        return 64;
    }
    struct soak all = {0};
    struct fault fault;
    settings_default(&all.settings);
    struct settings_camera *wish = &all.settings.camera;
    snprintf(wish->select, sizeof wish->select, "%s", argv[2]);
    snprintf(wish->standby, sizeof wish->standby, "%s",
             strcmp(argv[3], "cold") == 0 ? "cold" : "warm");
    wish->width = 640;
    wish->height = 480;
    wish->fps = 30;
    wish->settle_ms = 0;
    all.loop = loop_create(&fault);
    all.camera = camera_create(all.loop, wish, argv[1], 1, &events, &all, &fault);
    camera_set_deadlines(all.camera, &deadlines);
    bool good = soak(&all, argv[3], (unsigned)strtoul(argv[4], NULL, 10));
    camera_destroy(all.camera);
    loop_destroy(all.loop);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
