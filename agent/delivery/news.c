// The bodies of the mail to main. No state.
#include "delivery/news.h"

#include "base/timing.h"
#include "delivery/topic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct news_picture *news_picture_create(const struct picture *picture, bool late, bool refused,
                                         const struct fault *why)
{
    struct news_picture *body = calloc(1, sizeof *body);
    if (body != NULL) {
        memcpy(body->id, picture->id, sizeof body->id);
        memcpy(body->request_id, picture->request_id, sizeof body->request_id);
        body->captured_ns = picture->captured_ns;
        memcpy(body->captured_at, picture->captured_at, sizeof body->captured_at);
        memcpy(body->sha256, picture->sha256, sizeof body->sha256);
        body->width = picture->width;
        body->height = picture->height;
        body->bytes = picture->jpeg.len;
        body->seq = picture->seq;
        body->trigger = picture->trigger;
        body->late = late;
        body->refused = refused;
        if (why != NULL) {
            body->why = *why;
        }
    }
    return body;
}

struct news_link *news_link_create(const char *url, const char *version, uint32_t backlog,
                                   const struct fault *why, uint32_t retry_ms)
{
    struct news_link *body = calloc(1, sizeof *body);
    if (body != NULL) {
        snprintf(body->url, sizeof body->url, "%.255s", url);
        snprintf(body->version, sizeof body->version, "%s", version);
        body->backlog = backlog;
        body->retry_ms = retry_ms;
        if (why != NULL) {
            body->why = *why;
        }
    }
    return body;
}

struct news_spool *news_spool_create(const struct fault *why)
{
    struct news_spool *body = calloc(1, sizeof *body);
    if (body != NULL) {
        body->why = *why;
    }
    return body;
}

static void take_reply_to(struct news_command *body, const struct settings *settings,
                          const struct link_arrival *arrival)
{
    struct reply_address *to = &body->reply_to;
    if (arrival->response_topic == NULL) {
        return; // Correlation Data is nothing without it
    }
    if (arrival->correlation_len > sizeof to->correlation ||
        !topic_is_for_reply(settings->mqtt.prefix, settings->device.id, arrival->response_topic,
                            arrival->response_topic_len)) {
        body->has_bad_reply_to = true;
        return;
    }
    memcpy(to->topic, arrival->response_topic, arrival->response_topic_len);
    if (arrival->correlation_len > 0) {
        memcpy(to->correlation, arrival->correlation, arrival->correlation_len);
    }
    to->correlation_len = arrival->correlation_len;
}

static struct news_command *command_create(const struct settings *settings,
                                           const struct link_arrival *arrival)
{
    size_t told = arrival->len <= NEWS_PAYLOAD_MAX ? arrival->len : 0;
    struct news_command *body = calloc(1, sizeof *body + told);
    if (body != NULL) {
        body->arrived_ns = timing_now_ns();
        body->retained = arrival->retained;
        body->full_len = arrival->len;
        body->len = told;
        if (told > 0) {
            memcpy(body->payload, arrival->payload, told);
        }
        take_reply_to(body, settings, arrival);
    }
    return body;
}

bool news_offer_command(struct mailbox *news, const struct settings *settings,
                        const struct link_arrival *arrival)
{
    struct news_command *body = command_create(settings, arrival);
    if (body == NULL) {
        return false;
    }
    if (!topic_for_us(settings, arrival->topic, arrival->topic_len, &body->audience, body->topic,
                      sizeof body->topic)) {
        free(body);
        return true;
    }
    if (!mailbox_offer(news, (struct mail){NEWS_COMMAND, body})) {
        free(body);
        return false;
    }
    return true;
}

void news_drop(struct mail mail)
{
    if (mail.kind == NEWS_SHOT_DONE && mail.body != NULL) {
        shot_free(((struct news_shot *)mail.body)->shot);
    }
    free(mail.body);
}
