// The bodies of the mail to main. No state.
#include "delivery/news.h"

#include "base/timing.h"
#include "delivery/topic.h"

#include <assert.h>
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

static struct news_command *command_create(const char *topic, const void *payload, size_t len,
                                           bool retained)
{
    size_t told = len <= NEWS_PAYLOAD_MAX ? len : 0;
    struct news_command *body = calloc(1, sizeof *body + told);
    if (body != NULL) {
        assert(strlen(topic) < sizeof body->topic);
        memcpy(body->topic, topic, strlen(topic));
        body->arrived_ns = timing_now_ns();
        body->retained = retained;
        body->full_len = len;
        body->len = told;
        if (told > 0) {
            memcpy(body->payload, payload, told);
        }
    }
    return body;
}

bool news_offer_command(struct mailbox *news, const struct settings *settings, const char *topic,
                        size_t topic_len, const void *payload, size_t len, bool retained)
{
    char suffix[sizeof((struct news_command){0}.topic)];
    if (!topic_below(settings->mqtt.prefix, settings->device.id, topic, topic_len, suffix,
                     sizeof suffix)) {
        return true;
    }
    struct news_command *body = command_create(suffix, payload, len, retained);
    if (body == NULL || !mailbox_offer(news, (struct mail){NEWS_COMMAND, body})) {
        free(body);
        return false;
    }
    return true;
}

void news_drop(struct mail mail)
{
    if (mail.kind == NEWS_SHOT_DONE && mail.body != NULL) {
        struct shot *shot = ((struct news_shot *)mail.body)->shot;
        if (shot != NULL) {
            free(shot->captured_event);
            free(shot);
        }
    }
    free(mail.body);
}
