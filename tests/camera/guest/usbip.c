// USB/IP as the kernel speaks it on the socket that it is given: a header of 48 bytes in network
// order, and the data behind it.
#include "usbip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    SUBMIT = 1,
    UNLINK = 2,
    SUBMITTED = 3,
    UNLINKED = 4,
    DIRECTION_IN = 1,
    SPEED_HIGH = 3,
    DEVICE_ID = 0x10001,
    PLUG_DEADLINE_MS = 5000,
    PLUG_RETRY_MS = 10,
};

struct header {
    uint32_t command;
    uint32_t seqnum;
    uint32_t device;
    uint32_t direction;
    uint32_t endpoint;
    // flags, length, first frame, packets, interval; or status, length, …; or the unlinked seqnum
    uint32_t words[5];
    uint8_t setup[8];
};
_Static_assert(sizeof(struct header) == 48, "a header is 48 bytes on the wire");

static bool receive_all(int link, void *data, size_t len)
{
    return len == 0 || recv(link, data, len, MSG_WAITALL) == (ssize_t)len;
}

// A link that has gone shows at the next receive.
static void send_all(int link, const void *data, size_t len)
{
    const uint8_t *at = data;
    while (len > 0) {
        ssize_t sent = send(link, at, len, MSG_NOSIGNAL);
        if (sent < 0) {
            return;
        }
        at += sent;
        len -= (size_t)sent;
    }
}

int usbip_plug(unsigned port)
{
    static const char path[] = "/sys/devices/platform/vhci_hcd.0/attach";
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        perror("socketpair");
        exit(1);
    }
    char text[64];
    int len = snprintf(text, sizeof text, "%u %d %d %d", port, pair[1], DEVICE_ID, SPEED_HIGH);
    int attach = open(path, O_WRONLY | O_CLOEXEC);
    // the device that was here a moment ago may not be gone yet
    for (int left_ms = PLUG_DEADLINE_MS; write(attach, text, (size_t)len) != len;
         left_ms -= PLUG_RETRY_MS) {
        if (errno != EBUSY || left_ms <= 0) {
            perror(path);
            exit(1);
        }
        poll(NULL, 0, PLUG_RETRY_MS);
    }
    close(attach);
    close(pair[1]);
    return pair[0];
}

bool usbip_receive(int link, struct usbip_transfer *transfer)
{
    struct header header;
    if (!receive_all(link, &header, sizeof header)) {
        return false;
    }
    *transfer = (struct usbip_transfer){
        .seqnum = ntohl(header.seqnum),
        .unlink_seqnum = ntohl(header.words[0]),
        .len = ntohl(header.words[1]),
    };
    if (ntohl(header.command) == UNLINK) {
        transfer->type = USBIP_UNLINK;
        return true;
    }
    memcpy(transfer->setup, header.setup, sizeof transfer->setup);
    bool is_in = ntohl(header.direction) == DIRECTION_IN;
    transfer->type = ntohl(header.endpoint) == 0 ? USBIP_CONTROL : USBIP_IN;
    return ntohl(header.command) == SUBMIT &&
           (is_in || (transfer->len <= sizeof transfer->data &&
                      receive_all(link, transfer->data, transfer->len)));
}

void usbip_answer(int link, uint32_t seqnum, int status, const void *data, uint32_t len)
{
    struct header header = {
        .command = htonl(SUBMITTED),
        .seqnum = htonl(seqnum),
        .words = {htonl((uint32_t)status), htonl(len)},
    };
    send_all(link, &header, sizeof header);
    if (data != NULL) {
        send_all(link, data, len);
    }
}

void usbip_answer_unlink(int link, uint32_t seqnum, int status)
{
    struct header header = {
        .command = htonl(UNLINKED),
        .seqnum = htonl(seqnum),
        .words = {htonl((uint32_t)status)},
    };
    send_all(link, &header, sizeof header);
}
