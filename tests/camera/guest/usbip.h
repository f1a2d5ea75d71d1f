// A USB device of ours, plugged into the kernel's virtual host controller (vhci_hcd): the USB/IP
// protocol over a socket pair, of which the kernel is given one end.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum usbip_type {
    USBIP_CONTROL, // a transfer on endpoint 0
    USBIP_IN,      // the host wants data from another endpoint
    USBIP_UNLINK,  // the host takes a transfer back
};

struct usbip_transfer {
    enum usbip_type type;
    uint32_t seqnum; // names the transfer; of USBIP_UNLINK: the one that is taken back
    uint32_t unlink_seqnum;
    uint32_t len;     // what the host sends or at most takes
    uint8_t setup[8]; // USBIP_CONTROL
    uint8_t data[64]; // USBIP_CONTROL towards the device
};

// Plugs into `port` of the controller, once that is free; the socket. Says on stderr what is wrong
// and ends the program if it cannot: there is nothing to simulate without it.
int usbip_plug(unsigned port);

// The next thing that the host wants; waits for it. false once the host has closed the link.
bool usbip_receive(int link, struct usbip_transfer *transfer);

// Answers: `status` is 0 or a negative errno. `data` is NULL for a transfer towards the device.
void usbip_answer(int link, uint32_t seqnum, int status, const void *data, uint32_t len);
void usbip_answer_unlink(int link, uint32_t seqnum, int status);
