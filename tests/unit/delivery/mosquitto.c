// Starts and ends processes; every wait has a deadline.
#include "mosquitto.h"

#include "cmocka_all.h"

#include "base/timing.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_S = 20, WORDS_MAX = 16 };

// $MOSQUITTO, or Debian's
static const char *broker_path(void)
{
    const char *path = getenv("MOSQUITTO");
    return path != NULL ? path : "/usr/sbin/mosquitto";
}

bool mosquitto_is_installed(void)
{
    return access(broker_path(), X_OK) == 0 && access("/usr/bin/mosquitto_pub", X_OK) == 0;
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

static int free_port(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    getsockname(fd, (struct sockaddr *)&address, &len);
    close(fd);
    return ntohs(address.sin_port);
}

void mosquitto_put(const struct mosquitto *mosquitto, const char *name, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", mosquitto->dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void mosquitto_init(struct mosquitto *mosquitto, const char *extra)
{
    *mosquitto = (struct mosquitto){.port = free_port()};
    snprintf(mosquitto->dir, sizeof mosquitto->dir, "/tmp/s2m-test-XXXXXX");
    assert_non_null(mkdtemp(mosquitto->dir));
    char lines[256] = "";
    const char *place = strstr(extra, "%s");
    if (place != NULL) {
        snprintf(lines, sizeof lines, "%.*s%s%s", (int)(place - extra), extra, mosquitto->dir,
                 place + 2);
    }
    char text[512];
    snprintf(text, sizeof text,
             "listener %d 127.0.0.1\nallow_anonymous true\nuser root\nlog_dest none\n%s\n",
             mosquitto->port, place != NULL ? lines : extra);
    mosquitto_put(mosquitto, "conf", text);
}

static bool answers(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = loopback(port);
    bool connected = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return connected;
}

// In the child: ends with the test, and sees none of its signal mask.
static void become(const char *path, const char *const *words)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(path, (char *const *)(uintptr_t)words);
    _exit(127);
}

void mosquitto_start(struct mosquitto *mosquitto)
{
    char conf[64];
    snprintf(conf, sizeof conf, "%s/conf", mosquitto->dir);
    const char *words[] = {"mosquitto", "-c", conf, NULL};
    mosquitto->pid = fork();
    if (mosquitto->pid == 0) {
        become(broker_path(), words);
    }
    int64_t deadline_ns = timing_now_ns() + TIMING_S(START_S);
    while (!answers(mosquitto->port)) {
        assert_true(timing_now_ns() < deadline_ns);
        struct timespec pause = {0, 10000000};
        ppoll(NULL, 0, &pause, NULL);
    }
}

void mosquitto_kill(struct mosquitto *mosquitto)
{
    if (mosquitto->pid > 0) {
        kill(mosquitto->pid, SIGKILL);
        waitpid(mosquitto->pid, NULL, 0);
        mosquitto->pid = 0;
    }
}

void mosquitto_fini(struct mosquitto *mosquitto)
{
    mosquitto_kill(mosquitto);
    static const char *const names[] = {"conf", "acl", "payload"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", mosquitto->dir, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(mosquitto->dir), 0);
}

// Runs a tool to its end and keeps the beginning of its output.
static void run_tool(const struct mosquitto *mosquitto, const char *tool, const char *const *words,
                     char *text, size_t size)
{
    char path[64];
    char port[8];
    snprintf(path, sizeof path, "/usr/bin/%s", tool);
    snprintf(port, sizeof port, "%d", mosquitto->port);
    const char *all[WORDS_MAX] = {path, "-h", "127.0.0.1", "-p", port};
    for (size_t i = 0, n = 5; words[i] != NULL; i++) {
        assert_true(n < WORDS_MAX - 1);
        all[n++] = words[i];
    }
    int out[2];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        become(path, all);
    }
    close(out[1]);
    size_t len = 0;
    char rest[4096];
    for (ssize_t got; (got = read(out[0], rest, sizeof rest)) > 0;) {
        size_t keep = (size_t)got < size - 1 - len ? (size_t)got : size - 1 - len;
        memcpy(text + len, rest, keep);
        len += keep;
    }
    text[len] = '\0';
    close(out[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

void mosquitto_publish(const struct mosquitto *mosquitto, const char *const *words)
{
    char nothing[2];
    run_tool(mosquitto, "mosquitto_pub", words, nothing, sizeof nothing);
}

void mosquitto_retained(const struct mosquitto *mosquitto, const char *topic, char *text,
                        size_t size)
{
    const char *const words[] = {"-t", topic, "-C", "1", "-W", "20", "-N", NULL};
    run_tool(mosquitto, "mosquitto_sub", words, text, size);
}
