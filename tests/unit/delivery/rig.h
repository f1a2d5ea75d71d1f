// A publisher with a fake camera and a fake darkroom behind it, for tests of delivery.
#pragma once

#include "base/mailbox.h"
#include "delivery/publisher.h"
#include "fake_broker.h"

struct rig {
    struct settings settings;
    struct mailbox *news;
    struct publisher *publisher;
    uint64_t seq;        // of the latest shot
    size_t picture_size; // bytes of JPEG that the darkroom makes
    bool develop_fails;
    const struct reply_address *reply_image; // of the next shots
    uint64_t max_jpeg_bytes;                 // what the latest shot was told
    struct fake_broker *broker;              // of rig_test
    size_t seen;                             // how many of its publishes the test has looked at
};

// P = "p", ID = "cam"; broker on loopback. Change the settings before rig_start.
void rig_init(struct rig *rig, int port);
void rig_start(struct rig *rig);
void rig_end(struct rig *rig); // fails the test when the publisher does not end within its deadline
void rig_link_up(struct rig *rig); // starts it, and waits until the link is up

// A test that has a rig at a fake broker in *state, and need neither start the one nor end the
// other.
#define rig_test(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
int rig_set_up(void **state);
int rig_tear_down(void **state);

// Puts a shot and waits until it is done. The picture's base64 form begins with "image:SEQ ", its
// envelope with "late:SEQ ", its meta is "meta:SEQ" and its event "event:SEQ".
struct news_shot rig_shoot(struct rig *rig);
// Puts it only.
void rig_put_shot(struct rig *rig);

// The body of the next news of this kind, other news before it is dropped; the caller frees it.
void *rig_wait(struct rig *rig, enum news kind);
// Waits for it and drops it.
void rig_skip(struct rig *rig, enum news kind);
struct news_link rig_link(struct rig *rig, enum news kind);
struct news_picture rig_picture(struct rig *rig, enum news kind);

// The broker's next publish, which must be this one; `head` is what its payload begins with.
struct fake_publish rig_expect(struct rig *rig, const char *topic, const char *head, bool retain);
// The next one with this topic.
struct fake_publish rig_expect_later(struct rig *rig, const char *topic, const char *head,
                                     bool retain);
// The next one whose topic ends in `suffix`.
struct fake_publish rig_find(struct rig *rig, const char *suffix);
