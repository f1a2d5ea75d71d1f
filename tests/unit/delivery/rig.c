// The settings, hooks and mailbox that main would provide.
#include "rig.h"

#include "cmocka_all.h"

#include "base/timing.h"
#include "digest.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_S = 30, NEWS_MAX = 64 };

static bool fill(struct bytes *bytes, const char *word, uint64_t seq, size_t size,
                 struct fault *fault)
{
    char head[40];
    int len = snprintf(head, sizeof head, "%s:%" PRIu64, word, seq);
    if (!bytes_append(bytes, head, (size_t)len, fault)) {
        return false;
    }
    if (size > bytes->len) {
        size_t more = size - bytes->len;
        if (!bytes_reserve(bytes, more, fault)) {
            return false;
        }
        memset(bytes->data + bytes->len, ' ', more);
        bytes->len = size;
    }
    return true;
}

static bool develop(void *context, struct shot *shot, struct picture *picture, struct fault *fault)
{
    struct rig *rig = context;
    rig->max_jpeg_bytes = shot->max_jpeg_bytes;
    if (rig->develop_fails) {
        return fault_set(fault, FAULT_PICTURE, 0, "the film tore");
    }
    memcpy(picture->id, shot->id, sizeof picture->id);
    memcpy(picture->request_id, shot->request_id, sizeof picture->request_id);
    picture->seq = shot->seq;
    picture->trigger = shot->trigger;
    picture->captured_event = shot->captured_event;
    shot->captured_event = NULL;
    picture->reply_image = shot->reply_image;
    shot->reply_image = NULL;
    if (!fill(&picture->jpeg, "jpeg", shot->seq, rig->picture_size, fault) ||
        !fill(&picture->meta, "meta", shot->seq, 0, fault)) {
        return false;
    }
    digest(&picture->jpeg, picture->sha256);
    return true;
}

static bool wrap(const struct picture *picture, enum picture_form form, struct bytes *payload,
                 struct fault *fault)
{
    const char *word = form == PICTURE_FORM_ENVELOPE ? "late" : "image";
    return fill(payload, word, picture->seq, picture->jpeg.len, fault);
}

static uint64_t jpeg_budget(enum picture_form form, uint64_t payload_max)
{
    return form == PICTURE_FORM_ENVELOPE ? payload_max / 2 : payload_max;
}

void rig_init(struct rig *rig, int port)
{
    struct fault fault;
    *rig = (struct rig){.picture_size = 1000};
    struct settings *settings = &rig->settings;
    snprintf(settings->device.id, sizeof settings->device.id, "cam");
    snprintf(settings->picture.payload, sizeof settings->picture.payload, "base64");
    snprintf(settings->mqtt.url, sizeof settings->mqtt.url, "tcp://127.0.0.1:%d", port);
    snprintf(settings->mqtt.prefix, sizeof settings->mqtt.prefix, "p");
    snprintf(settings->mqtt.client_id, sizeof settings->mqtt.client_id, "cam");
    snprintf(settings->mqtt.version, sizeof settings->mqtt.version, "auto");
    settings->mqtt.qos = 1;
    settings->mqtt.retain = true;
    settings->mqtt.keepalive_s = 30;
    snprintf(settings->spool.mode, sizeof settings->spool.mode, "memory");
    settings->spool.max_bytes = 64 * 1024 * 1024;
    settings->spool.max_age_s = 3600;
    rig->news = mailbox_create(NEWS_MAX, news_drop, &fault);
    assert_non_null(rig->news);
}

void rig_start(struct rig *rig)
{
    struct fault fault;
    struct publisher_hooks hooks = {
        .develop = develop, .wrap = wrap, .jpeg_budget = jpeg_budget, .context = rig};
    rig->publisher = publisher_create(&rig->settings, NULL, &hooks, rig->news, &fault);
    assert_non_null(rig->publisher);
}

void rig_end(struct rig *rig)
{
    assert_true(publisher_destroy(rig->publisher, timing_now_ns() + TIMING_S(WAIT_S)));
    rig->publisher = NULL;
    mailbox_destroy(rig->news);
    rig->news = NULL;
}

void rig_link_up(struct rig *rig)
{
    rig_start(rig);
    rig_skip(rig, NEWS_LINK_UP);
}

int rig_set_up(void **state)
{
    struct rig *rig = malloc(sizeof *rig);
    assert_non_null(rig);
    struct fake_broker *broker = fake_broker_start();
    rig_init(rig, fake_broker_port(broker));
    rig->broker = broker;
    *state = rig;
    return 0;
}

int rig_tear_down(void **state)
{
    struct rig *rig = *state;
    if (rig->publisher != NULL) {
        rig_end(rig);
    }
    fake_broker_end(rig->broker);
    free(rig);
    return 0;
}

void *rig_wait(struct rig *rig, enum news kind)
{
    int64_t deadline_ns = timing_now_ns() + TIMING_S(WAIT_S);
    for (;;) {
        struct mail mail;
        while (mailbox_take(rig->news, &mail)) {
            if (mail.kind == kind) {
                return mail.body;
            }
            news_drop(mail);
        }
        int64_t left_ns = deadline_ns - timing_now_ns();
        struct pollfd polled = {mailbox_fd(rig->news), POLLIN, 0};
        struct timespec left = {left_ns / 1000000000, left_ns % 1000000000};
        assert_true(left_ns > 0);
        assert_true(ppoll(&polled, 1, &left, NULL) > 0);
    }
}

void rig_skip(struct rig *rig, enum news kind)
{
    news_drop((struct mail){kind, rig_wait(rig, kind)});
}

struct news_link rig_link(struct rig *rig, enum news kind)
{
    struct news_link *body = rig_wait(rig, kind);
    struct news_link link = *body;
    free(body);
    return link;
}

struct news_picture rig_picture(struct rig *rig, enum news kind)
{
    struct news_picture *body = rig_wait(rig, kind);
    struct news_picture picture = *body;
    free(body);
    return picture;
}

static void assert_publish(const struct fake_publish *publish, const char *topic, const char *head,
                           bool retain)
{
    assert_string_equal(publish->topic, topic);
    assert_memory_equal(publish->head, head, strlen(head));
    assert_int_equal(publish->retain, retain);
}

struct fake_publish rig_expect(struct rig *rig, const char *topic, const char *head, bool retain)
{
    struct fake_publish publish = fake_broker_wait(rig->broker, rig->seen++);
    assert_publish(&publish, topic, head, retain);
    return publish;
}

struct fake_publish rig_find(struct rig *rig, const char *suffix)
{
    return fake_broker_next(rig->broker, suffix, &rig->seen);
}

struct fake_publish rig_expect_later(struct rig *rig, const char *topic, const char *head,
                                     bool retain)
{
    struct fake_publish publish = rig_find(rig, topic);
    assert_publish(&publish, topic, head, retain);
    return publish;
}

void rig_put_shot(struct rig *rig)
{
    struct shot *shot = calloc(1, sizeof *shot);
    assert_non_null(shot);
    shot->seq = ++rig->seq;
    snprintf(shot->id, sizeof shot->id, "id-%" PRIu64, shot->seq);
    assert_true(asprintf(&shot->captured_event, "event:%" PRIu64, shot->seq) > 0);
    if (rig->reply_image != NULL) {
        shot->reply_image = malloc(sizeof *shot->reply_image);
        assert_non_null(shot->reply_image);
        *shot->reply_image = *rig->reply_image;
    }
    publisher_put_shot(rig->publisher, shot);
}

struct news_shot rig_shoot(struct rig *rig)
{
    rig_put_shot(rig);
    struct news_shot *body = rig_wait(rig, NEWS_SHOT_DONE);
    struct news_shot done = *body;
    assert_int_equal(done.shot->seq, rig->seq);
    free(done.shot->captured_event);
    free(done.shot);
    done.shot = NULL;
    free(body);
    return done;
}
