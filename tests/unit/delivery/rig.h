// A publisher with a fake camera and a fake darkroom behind it, for tests of delivery.
#pragma once

#include "base/mailbox.h"
#include "delivery/publisher.h"

struct rig {
    struct settings settings;
    struct mailbox *news;
    struct publisher *publisher;
    uint64_t seq;        // of the latest shot
    size_t picture_size; // bytes of JPEG that the darkroom makes
    bool develop_fails;
    uint64_t max_jpeg_bytes; // what the latest shot was told
};

// P = "p", ID = "cam"; broker on loopback. Change the settings before rig_start.
void rig_init(struct rig *rig, int port);
void rig_start(struct rig *rig);
void rig_end(struct rig *rig); // fails the test when the publisher does not end within its deadline

// Puts a shot and waits until it is done. The picture's base64 form begins with "image:SEQ ", its
// envelope with "late:SEQ ", its meta is "meta:SEQ" and its event "event:SEQ".
struct news_shot rig_shoot(struct rig *rig);
// Puts it only.
void rig_put_shot(struct rig *rig);

// The body of the next news of this kind, other news before it is dropped; the caller frees it.
void *rig_wait(struct rig *rig, enum news kind);
// Waits for it and drops it.
void rig_skip(struct rig *rig, enum news kind);
