// Paho, behind a few calls and reports. The publisher's thread; link_mail.c has the other side.
#include "delivery/link.h"

#include "base/timing.h"
#include "delivery/link_inside.h"
#include "delivery/link_properties.h"
#include "delivery/link_words.h"
#include "delivery/paho_pacing.h"
#include "delivery/reason.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    MAIL_MAX = 64, // see link_mail_post
    STRETCH_MAX = 64,
};

int link_paho_version(const struct link *link)
{
    return link->plan.is_v5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
}

static bool watch_fd(struct link *link, int fd, struct fault *fault)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(link->news_fd, EPOLL_CTL_ADD, fd, &event) == 0 ||
           fault_set(fault, FAULT_SYSTEM, errno, "epoll: %s", strerror(errno));
}

static bool make_ears(struct link *link, struct fault *fault)
{
    link->news_fd = epoll_create1(EPOLL_CLOEXEC);
    if (link->news_fd < 0) {
        return fault_set(fault, FAULT_SYSTEM, errno, "epoll: %s", strerror(errno));
    }
    link->ears.mailbox = mailbox_create(MAIL_MAX, link_mail_drop, fault);
    if (link->ears.mailbox == NULL || !watch_fd(link, mailbox_fd(link->ears.mailbox), fault)) {
        return false;
    }
    // without it an outage ends when the next try is due, and not when the cable is back
    struct fault ignored;
    link->routes = route_watch_create(&ignored);
    return link->routes == NULL || watch_fd(link, route_watch_fd(link->routes), fault);
}

struct link *link_create(const struct link_config *config, struct fault *fault)
{
    if (!paho_pacing_init(fault)) {
        return NULL;
    }
    // Paho before 1.3.14 sends everything through the proxy that these name, meant for web
    // browsers; it has no option against it. Later ones do so where the third is set.
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    unsetenv("PAHO_C_CLIENT_USE_HTTP_PROXY");
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for the connection");
        return NULL;
    }
    link->config = *config;
    link->ears.arrived = config->arrived;
    link->ears.context = config->context;
    link->packet_max = LINK_PACKET_MAX_MQTT;
    link->stretch = 1;
    link->subscribe_qos = config->takes_pictures ? 0 : 1;
    link_plan_init(&link->plan, config->mqtt);
    if (!make_ears(link, fault)) {
        link_destroy(link);
        return NULL;
    }
    return link;
}

void link_update_pacing(const struct link *link)
{
    paho_pacing_busy(link->state == STATE_CONNECTING || link->state == STATE_CLOSING ||
                     link->is_pending);
}

void link_reset(struct link *link)
{
    if (link->handle != NULL) {
        paho_pacing_busy(true); // Paho's threads are to notice their end at once
        MQTTAsync_destroy(&link->handle);
        link->handle = NULL;
    }
    for (struct mail mail; mailbox_take(link->ears.mailbox, &mail);) {
        link_mail_drop(mail);
    }
    link->state = STATE_IDLE;
    link->is_pending = false;
    link_update_pacing(link);
}

void link_destroy(struct link *link)
{
    if (link == NULL) {
        return;
    }
    if (link->ears.mailbox != NULL) {
        link_reset(link);
    }
    route_watch_destroy(link->routes);
    mailbox_destroy(link->ears.mailbox);
    if (link->news_fd >= 0) {
        close(link->news_fd);
    }
    free(link);
}

int link_fd(const struct link *link)
{
    return link->news_fd;
}

static bool make_handle(struct link *link, struct fault *fault)
{
    char uri[sizeof link->handle_uri];
    link_plan_uri(&link->plan, uri, sizeof uri);
    // one handle speaks one version with one broker
    if (link->handle != NULL &&
        (link->handle_is_v5 != link->plan.is_v5 || strcmp(link->handle_uri, uri) != 0)) {
        link_reset(link);
    }
    if (link->handle != NULL) {
        return true;
    }
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    options.MQTTVersion = link_paho_version(link);
    options.maxBufferedMessages = 4; // more than the one that we ever send
    int rc = MQTTAsync_createWithOptions(&link->handle, uri, link->config.mqtt->client_id,
                                         MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
    if (rc != MQTTASYNC_SUCCESS) {
        link->handle = NULL;
        return fault_set(fault, FAULT_LINK, rc, "Paho refuses mqtt.url or mqtt.client_id (%d)", rc);
    }
    snprintf(link->handle_uri, sizeof link->handle_uri, "%s", uri);
    link->handle_is_v5 = link->plan.is_v5;
    link_mail_handle(link->handle, &link->ears);
    return true;
}

static uint16_t keepalive(const struct link *link)
{
    // Paho before 1.3.14 does not take over what the broker asked for in CONNACK
    uint32_t ours = link->config.mqtt->keepalive_s * link->stretch;
    uint32_t theirs = link->server_keepalive_s;
    uint32_t seconds = theirs != 0 && (ours == 0 || theirs < ours) ? theirs : ours;
    return (uint16_t)(seconds < UINT16_MAX ? seconds : UINT16_MAX);
}

static bool begin_connect(struct link *link, struct fault *fault)
{
    const struct settings_mqtt *mqtt = link->config.mqtt;
    bool is_encrypted = link->plan.url.is_encrypted;
    if (is_encrypted && !link_tls_begin(&link->tls, mqtt, &link->plan.url, fault)) {
        return false;
    }
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    will.topicName = link->config.will_topic;
    will.message = link->config.will_payload;
    will.retained = 1;
    will.qos = 1;

    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer; // a clean session
    MQTTProperties properties = MQTTProperties_initializer;
    if (link->plan.is_v5) {
        options = (MQTTAsync_connectOptions)MQTTAsync_connectOptions_initializer5;
        properties = link_properties_connect(link->config.takes_pictures);
        options.connectProperties = &properties;
    } else {
        options.MQTTVersion = MQTTVERSION_3_1_1;
    }
    link_mail_connect(&options, link_paho_version(link), &link->ears);
    options.will = will.topicName != NULL ? &will : NULL;
    options.ssl = is_encrypted ? &link->tls.options : NULL;
    options.keepAliveInterval = keepalive(link);
    options.connectTimeout = LINK_CONNECT_TIMEOUT_S;
    if (mqtt->username[0] != '\0') {
        options.username = mqtt->username;
        options.password = link->config.password;
    }
    int rc = MQTTAsync_connect(link->handle, &options);
    MQTTProperties_free(&properties);
    return rc == MQTTASYNC_SUCCESS ||
           fault_set(fault, FAULT_LINK, rc, "Paho does not connect (%d)", rc);
}

void link_connect(struct link *link)
{
    assert(link->state == STATE_IDLE);
    paho_pacing_take_error();
    link->begin_why = (struct fault){0};
    bool has_handle = make_handle(link, &link->begin_why);
    link->state = STATE_CONNECTING;
    link->is_hurried = false;
    link->disconnect_reason = 0;
    snprintf(link->url, sizeof link->url, "%s", link->plan.text);
    link_update_pacing(link);
    if (!has_handle || !begin_connect(link, &link->begin_why)) {
        link_mail_post(&link->ears, MAIL_CONNECT_FAILED, &(struct link_mail){.code = -1});
    }
}

uint32_t link_packet_max(const struct link *link)
{
    return link->packet_max;
}

const char *link_version(const struct link *link)
{
    return link->plan.is_v5 ? "5" : "3.1.1";
}

const char *link_url(const struct link *link)
{
    return link->url;
}

static void report_connect_failed(struct link *link, const struct link_mail *mail,
                                  struct link_report *report)
{
    report->news = LINK_DOWN;
    report->reason = mail->code > 0 ? mail->code : 0;
    bool closed = false;
    if (link->begin_why.kind != FAULT_NONE) {
        report->why = link->begin_why;
    } else {
        closed = link_words_is_closed(&link->plan.url, mail);
        link_words_failure(link->config.mqtt, &link->plan.url, mail, &report->why);
    }
    if (link->plan.brokers > 1) {
        fault_prefix(&report->why, "%s:%u", link->plan.url.host, link->plan.url.port);
    }
    struct link_verdict verdict = link_plan_failed(&link->plan, mail->code, closed);
    report->retry_now = verdict.retry_now || link->is_hurried;
    // that is nothing to tell, but if it is so all the time, somebody has to hear why
    link->was_moot = link->is_hurried && !link->was_moot;
    report->is_silent = verdict.is_silent || link->was_moot;
    report->broker_left = true; // or never was there, for others neither
}

// Paho's ping waits in the queue behind a message, and Paho closes the connection two and a half
// keepalives after it last heard of the broker: too early for a large message on a slow link.
static bool was_own_impatience(const struct link *link)
{
    return link->state == STATE_UP && link->is_unanswered && link->disconnect_reason == 0 &&
           timing_now_ns() - link->begun_ns >= TIMING_S(2 * (int64_t)keepalive(link));
}

static void explain_loss(const struct link *link, const struct link_verdict *verdict,
                         struct fault *why)
{
    if (link->state == STATE_CLOSING) {
        *why = link->close_why;
    } else if (was_own_impatience(link)) {
        fault_set(why, FAULT_LINK, 0,
                  "a message took longer than the keepalive allows: the next connection has more "
                  "patience");
    } else if (verdict->is_rival) {
        fault_set(why, FAULT_LINK, link->disconnect_reason,
                  "another client with the id \"%s\" keeps taking the connection over: give each "
                  "device a device.id and mqtt.client_id of its own",
                  link->config.mqtt->client_id);
    } else if (link->disconnect_reason != 0) {
        fault_set(why, FAULT_LINK, link->disconnect_reason,
                  "the broker ended the connection: %s (%d)", reason_words(link->disconnect_reason),
                  link->disconnect_reason);
    } else {
        fault_set(why, FAULT_LINK, 0, "the connection to the broker broke");
    }
}

static void report_lost(struct link *link, struct link_report *report)
{
    report->news = LINK_DOWN;
    report->broken = link->state == STATE_UP;
    report->reason = link->disconnect_reason;
    struct link_verdict verdict = {0};
    if (report->broken) {
        bool was_closed = !paho_pacing_take_error();
        bool orderly = was_closed && !link->is_unanswered;
        verdict = link_plan_lost(&link->plan, link->disconnect_reason, orderly, timing_now_ns());
        report->broker_left = was_closed && !verdict.is_rival;
        link->subscribe_qos = link->is_unanswered && link->is_subscribing ? 0 : 1;
    }
    report->rest_ms = verdict.rest_ms;
    link->rest_ns = timing_now_ns() + TIMING_MS(verdict.rest_ms);
    explain_loss(link, &verdict, &report->why);
    if (was_own_impatience(link)) {
        report->broken = false; // not by the broker
        link->stretch = link->stretch < STRETCH_MAX ? link->stretch * 2 : STRETCH_MAX;
    }
}

static void note_connected(struct link *link, const struct link_mail *mail)
{
    link->state = STATE_UP;
    link_plan_up(&link->plan, timing_now_ns());
    bool is_limited = mail->packet_max != 0 && mail->packet_max < LINK_PACKET_MAX_MQTT;
    link->packet_max = is_limited ? mail->packet_max : LINK_PACKET_MAX_MQTT;
    link->server_keepalive_s = mail->keepalive_s;
}

// What Paho took just when the connection broke, it sends on the next one, before all else; whoever
// gave it has long been told of the loss. A new handle would not do that, but Paho before 1.3.14
// leaks what it has yet to send when it destroys one.
static bool is_stray(const struct link *link, const struct link_mail *mail)
{
    return mail->code >= 0 && mail->token != link->token;
}

// Whether the mail is news for the publisher in the present state; what comes too late is not.
static bool digest(struct link *link, enum mail_kind kind, const struct link_mail *mail,
                   struct link_report *report)
{
    *report = (struct link_report){0};
    switch (kind) {
    case MAIL_CONNECTED:
        if (link->state != STATE_CONNECTING) {
            return false;
        }
        note_connected(link, mail);
        report->news = LINK_UP;
        return true;
    case MAIL_CONNECT_FAILED:
        if (link->state != STATE_CONNECTING) {
            return false;
        }
        report_connect_failed(link, mail, report);
        link->state = STATE_IDLE;
        return true;
    case MAIL_LOST:
    case MAIL_CLOSED:
        if (link->state != STATE_UP && link->state != STATE_CLOSING) {
            return false;
        }
        report_lost(link, report);
        link->state = STATE_IDLE;
        link->is_pending = false;
        return true;
    case MAIL_DISCONNECT:
        if (link->state != STATE_UP && link->state != STATE_CLOSING) {
            return false;
        }
        link->disconnect_reason = mail->code;
        report_lost(link, report);
        link_reset(link); // Paho may or may not tell the end of such a connection
        return true;
    case MAIL_DONE:
        if (!link->is_pending || is_stray(link, mail)) {
            return false;
        }
        link->is_pending = false;
        link->is_unanswered = mail->code < 0; // it failed with the connection
        report->news = LINK_DONE;
        report->reason = mail->code;
        report->refused = mail->refused;
        return true;
    }
    return false;
}

static bool take_hope(struct link *link, struct link_report *report)
{
    if (link->routes == NULL || !route_watch_take(link->routes)) {
        return false;
    }
    link->is_hurried = link->state == STATE_CONNECTING;
    *report = (struct link_report){.news = LINK_HOPE};
    return link->state == STATE_IDLE && timing_now_ns() >= link->rest_ns;
}

bool link_next(struct link *link, struct link_report *report)
{
    for (struct mail mail; mailbox_take(link->ears.mailbox, &mail);) {
        bool is_news = digest(link, (enum mail_kind)mail.kind, mail.body, report);
        free(mail.body);
        link_update_pacing(link);
        if (is_news) {
            return true;
        }
    }
    return take_hope(link, report);
}
