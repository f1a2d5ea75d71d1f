// poll() and usleep() for Paho's receive thread (paho_pacing.h says why). Runs on whatever thread
// calls them; must never change what they do for any other. Needs globals, for poll() has no
// context.
#include "delivery/paho_pacing.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    SOCKETS_MAX = 7,           // more than any agent has; beyond it Paho keeps its own pace
    RECHECK_FIRST_US = 50,     // how soon a write that became partial is noticed, while there are
    RECHECK_CAP_US = 2000,     // writes, and when there were none for a while
    DRAIN_MS = 100,            // the longest wait for a full socket buffer, which wakes us itself
    LOOP_REST_US = 100000,     // the rest at the end of each turn of Paho's loop
    UNCONNECTED_REST_US = 5000 // the same while it connects and has no socket to wait for yet
};

static atomic_int wake_fd = -1;
static atomic_bool busy;
static atomic_bool has_error;
static atomic_uint_fast64_t paced_count;

// the receive thread has just waited in poll(), so the rest that follows is only delay
static _Thread_local bool has_waited;

bool paho_pacing_init(struct fault *fault)
{
    if (atomic_load(&wake_fd) >= 0) {
        return true;
    }
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0) {
        return fault_set(fault, FAULT_SYSTEM, errno, "eventfd: %s", strerror(errno));
    }
    atomic_store(&wake_fd, fd);
    return true;
}

void paho_pacing_busy(bool is_busy)
{
    bool was_busy = atomic_exchange(&busy, is_busy);
    if (is_busy && !was_busy) {
        uint64_t one = 1;
        ssize_t written = write(atomic_load(&wake_fd), &one, sizeof one);
        (void)written; // a full counter wakes as well
    }
}

uint64_t paho_pacing_count(void)
{
    return atomic_load(&paced_count);
}

bool paho_pacing_take_error(void)
{
    return atomic_exchange(&has_error, false);
}

// Paho names its threads before they first poll.
static bool is_receive_thread(void)
{
    static _Thread_local enum { UNKNOWN, NO, YES } receives;
    if (receives == UNKNOWN) {
        char name[17] = "";
        prctl(PR_GET_NAME, name);
        receives = strcmp(name, "MQTTAsync_rcv") == 0 ? YES : NO;
    }
    return receives == YES;
}

static int poll_us(struct pollfd *polled, nfds_t count, int timeout_us)
{
    struct timespec left = {timeout_us / 1000000, (timeout_us % 1000000) * 1000L};
    return ppoll(polled, count, &left, NULL);
}

static int poll_plainly(struct pollfd *polled, nfds_t count, int timeout_ms)
{
    struct timespec left = {timeout_ms / 1000, (timeout_ms % 1000) * 1000000L};
    return ppoll(polled, count, timeout_ms < 0 ? NULL : &left, NULL);
}

// All that was ever written to the sockets: what the peers have, and what waits for them.
static uint64_t written_to(const struct pollfd *polled, nfds_t count)
{
    uint64_t sum = 0;
    for (nfds_t i = 0; i < count; i++) {
        struct tcp_info info = {0};
        socklen_t len = sizeof info;
        int waiting = 0;
        if (getsockopt(polled[i].fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
            ioctl(polled[i].fd, SIOCOUTQ, &waiting) == 0) {
            sum += info.tcpi_bytes_acked + (unsigned)waiting;
        }
    }
    return sum;
}

// A fast link takes what Paho wrote while we look, so that the buffer is never seen full though
// there is more to write: then the next look is soon.
static int choose_recheck_us(const struct pollfd *polled, nfds_t count)
{
    static _Thread_local uint64_t written;
    static _Thread_local int recheck_us;
    uint64_t now = written_to(polled, count);
    bool moves = now != written;
    written = now;
    recheck_us = moves ? RECHECK_FIRST_US : recheck_us * 2;
    recheck_us = recheck_us < RECHECK_CAP_US ? recheck_us : RECHECK_CAP_US;
    return recheck_us;
}

// Whether something has got under way since the last look.
static bool take_wake(struct pollfd *wake)
{
    uint64_t counter;
    return wake->revents != 0 && read(wake->fd, &counter, sizeof counter) > 0;
}

// Idle: Paho's own wait, which the wake descriptor ends as soon as something is under way.
static int poll_idly(struct pollfd *polled, nfds_t count, int timeout_ms)
{
    struct pollfd woken[SOCKETS_MAX + 1];
    memcpy(woken, polled, count * sizeof *polled);
    woken[count] = (struct pollfd){atomic_load(&wake_fd), POLLIN, 0};
    int ready = poll_plainly(woken, count + 1, timeout_ms);
    if (ready < 0) {
        return ready;
    }
    for (nfds_t i = 0; i < count; i++) {
        polled[i].revents = woken[i].revents;
    }
    if (woken[count].revents != 0) {
        ready--;
    }
    has_waited = take_wake(&woken[count]);
    return ready;
}

// Busy: waits for what is polled, for room in a full socket buffer, or only for so long that a
// buffer that has just become full is noticed.
static int poll_busily(struct pollfd *polled, nfds_t count, int timeout_ms)
{
    struct pollfd writable[SOCKETS_MAX];
    memcpy(writable, polled, count * sizeof *polled);
    for (nfds_t i = 0; i < count; i++) {
        writable[i].events = POLLOUT;
    }
    bool full = poll_plainly(writable, count, 0) < (int)count;
    atomic_fetch_add(&paced_count, 1);
    has_waited = true;
    if (!full) {
        return poll_us(polled, count, choose_recheck_us(polled, count));
    }
    for (nfds_t i = 0; i < count; i++) {
        writable[i].events = (short)(polled[i].events | POLLOUT);
    }
    poll_plainly(writable, count, timeout_ms < DRAIN_MS ? timeout_ms : DRAIN_MS);
    return poll_plainly(polled, count, 0);
}

// Paho has no option for it, and this is where its socket can be seen.
static void set_patience(const struct pollfd *polled, nfds_t count)
{
    for (nfds_t i = 0; i < count; i++) {
        unsigned patience_ms;
        socklen_t len = sizeof patience_ms;
        if (getsockopt(polled[i].fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms, &len) == 0 &&
            patience_ms != PAHO_PACING_PATIENCE_MS) {
            patience_ms = PAHO_PACING_PATIENCE_MS;
            setsockopt(polled[i].fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms, len);
        }
    }
}

static void note_errors(const struct pollfd *polled, nfds_t count)
{
    for (nfds_t i = 0; i < count; i++) {
        if ((polled[i].revents & POLLERR) != 0) {
            atomic_store(&has_error, true);
        }
    }
}

int poll(struct pollfd *polled, nfds_t count, int timeout_ms)
{
    if (timeout_ms <= 0 || count == 0 || count > SOCKETS_MAX || atomic_load(&wake_fd) < 0 ||
        !is_receive_thread()) {
        return poll_plainly(polled, count, timeout_ms);
    }
    has_waited = false;
    set_patience(polled, count);
    int ready = atomic_load(&busy) ? poll_busily(polled, count, timeout_ms)
                                   : poll_idly(polled, count, timeout_ms);
    if (ready > 0) {
        note_errors(polled, count);
    }
    return ready;
}

// The rest at the end of a turn of the receive thread's loop.
static void rest(void)
{
    if (has_waited) {
        has_waited = false;
        return;
    }
    int64_t rest_us = atomic_load(&busy) ? UNCONNECTED_REST_US : LOOP_REST_US;
    struct timespec left = {0, (long)rest_us * 1000};
    struct pollfd wake = {atomic_load(&wake_fd), atomic_load(&busy) ? 0 : POLLIN, 0};
    ppoll(&wake, 1, &left, NULL);
    take_wake(&wake);
}

int usleep(useconds_t us)
{
    if (us == LOOP_REST_US && atomic_load(&wake_fd) >= 0 && is_receive_thread()) {
        rest();
        return 0;
    }
    struct timespec left = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
    return nanosleep(&left, NULL);
}
