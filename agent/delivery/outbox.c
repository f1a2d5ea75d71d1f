// Slots and a ring behind one mutex, and an eventfd for the taker. Main puts, the publisher takes.
#include "delivery/outbox.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct outbox {
    pthread_mutex_t lock;
    int fd;
    struct shot *shot;
    char *documents[DOCUMENT_COUNT];
    char *events[OUTBOX_EVENTS_MAX];
    size_t first_event;
    size_t event_count;
    uint32_t events_dropped;
    bool ended;
    int64_t deadline_ns;
};

struct outbox *outbox_create(struct fault *fault)
{
    struct outbox *outbox = calloc(1, sizeof *outbox);
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (outbox == NULL || fd < 0) {
        fault_set(fault, FAULT_SYSTEM, errno, "cannot make an outbox: %s", strerror(errno));
        free(outbox);
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    pthread_mutex_init(&outbox->lock, NULL);
    outbox->fd = fd;
    return outbox;
}

void outbox_destroy(struct outbox *outbox)
{
    if (outbox == NULL) {
        return;
    }
    for (int i = 0; i < DOCUMENT_COUNT; i++) {
        free(outbox->documents[i]);
    }
    for (char *event; (event = outbox_take_event(outbox)) != NULL;) {
        free(event);
    }
    close(outbox->fd);
    pthread_mutex_destroy(&outbox->lock);
    free(outbox);
}

int outbox_fd(const struct outbox *outbox)
{
    return outbox->fd;
}

void outbox_clear(struct outbox *outbox)
{
    uint64_t counter;
    ssize_t got = read(outbox->fd, &counter, sizeof counter);
    (void)got; // EAGAIN: it was clear
}

static void unlock_and_wake(struct outbox *outbox)
{
    uint64_t one = 1;
    ssize_t written = write(outbox->fd, &one, sizeof one);
    (void)written; // a full counter wakes as well
    pthread_mutex_unlock(&outbox->lock);
}

void outbox_put_shot(struct outbox *outbox, struct shot *shot)
{
    pthread_mutex_lock(&outbox->lock);
    assert(outbox->shot == NULL);
    outbox->shot = shot;
    unlock_and_wake(outbox);
}

void outbox_put_document(struct outbox *outbox, enum document document, char *text)
{
    pthread_mutex_lock(&outbox->lock);
    free(outbox->documents[document]);
    outbox->documents[document] = text;
    unlock_and_wake(outbox);
}

void outbox_put_event(struct outbox *outbox, char *text)
{
    pthread_mutex_lock(&outbox->lock);
    if (outbox->event_count == OUTBOX_EVENTS_MAX) {
        free(outbox->events[outbox->first_event]);
        outbox->first_event = (outbox->first_event + 1) % OUTBOX_EVENTS_MAX;
        outbox->event_count--;
        outbox->events_dropped++;
    }
    outbox->events[(outbox->first_event + outbox->event_count++) % OUTBOX_EVENTS_MAX] = text;
    unlock_and_wake(outbox);
}

void outbox_return_event(struct outbox *outbox, char *text)
{
    pthread_mutex_lock(&outbox->lock);
    if (outbox->event_count == OUTBOX_EVENTS_MAX) {
        free(text); // it is the oldest
        outbox->events_dropped++;
    } else {
        outbox->first_event = (outbox->first_event + OUTBOX_EVENTS_MAX - 1) % OUTBOX_EVENTS_MAX;
        outbox->events[outbox->first_event] = text;
        outbox->event_count++;
    }
    pthread_mutex_unlock(&outbox->lock);
}

void outbox_put_end(struct outbox *outbox, int64_t deadline_ns)
{
    pthread_mutex_lock(&outbox->lock);
    outbox->ended = true;
    outbox->deadline_ns = deadline_ns;
    unlock_and_wake(outbox);
}

struct shot *outbox_take_shot(struct outbox *outbox)
{
    pthread_mutex_lock(&outbox->lock);
    struct shot *shot = outbox->shot;
    outbox->shot = NULL;
    pthread_mutex_unlock(&outbox->lock);
    return shot;
}

char *outbox_take_document(struct outbox *outbox, enum document document)
{
    pthread_mutex_lock(&outbox->lock);
    char *text = outbox->documents[document];
    outbox->documents[document] = NULL;
    pthread_mutex_unlock(&outbox->lock);
    return text;
}

char *outbox_take_event(struct outbox *outbox)
{
    pthread_mutex_lock(&outbox->lock);
    char *text = NULL;
    if (outbox->event_count > 0) {
        text = outbox->events[outbox->first_event];
        outbox->first_event = (outbox->first_event + 1) % OUTBOX_EVENTS_MAX;
        outbox->event_count--;
    }
    pthread_mutex_unlock(&outbox->lock);
    return text;
}

bool outbox_has_ended(struct outbox *outbox, int64_t *deadline_ns)
{
    pthread_mutex_lock(&outbox->lock);
    bool ended = outbox->ended;
    if (ended) {
        *deadline_ns = outbox->deadline_ns;
    }
    pthread_mutex_unlock(&outbox->lock);
    return ended;
}

uint32_t outbox_events_dropped(struct outbox *outbox)
{
    pthread_mutex_lock(&outbox->lock);
    uint32_t dropped = outbox->events_dropped;
    pthread_mutex_unlock(&outbox->lock);
    return dropped;
}
