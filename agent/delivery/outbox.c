// Slots and two rings behind one mutex, and an eventfd for the taker. Main puts, the publisher
// takes.
#include "delivery/outbox.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

// Of malloc'ed blocks; what finds it full pushes the oldest out.
struct queue {
    void **items;
    size_t max;
    size_t first;
    size_t count;
    uint32_t dropped;
};

struct outbox {
    pthread_mutex_t lock;
    int fd;
    struct shot *shot;
    char *documents[DOCUMENT_COUNT];
    void *event_items[OUTBOX_EVENTS_MAX];
    void *reply_items[OUTBOX_REPLIES_MAX];
    struct queue events;
    struct queue replies;
    bool hides_pictures;
    bool ended;
    int64_t deadline_ns;
};

static void *queue_take(struct queue *queue)
{
    if (queue->count == 0) {
        return NULL;
    }
    void *item = queue->items[queue->first];
    queue->first = (queue->first + 1) % queue->max;
    queue->count--;
    return item;
}

static void queue_put(struct queue *queue, void *item)
{
    if (queue->count == queue->max) {
        free(queue_take(queue));
        queue->dropped++;
    }
    queue->items[(queue->first + queue->count++) % queue->max] = item;
}

static void queue_return(struct queue *queue, void *item)
{
    if (queue->count == queue->max) {
        free(item); // it is the oldest
        queue->dropped++;
        return;
    }
    queue->first = (queue->first + queue->max - 1) % queue->max;
    queue->items[queue->first] = item;
    queue->count++;
}

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
    outbox->events = (struct queue){.items = outbox->event_items, .max = OUTBOX_EVENTS_MAX};
    outbox->replies = (struct queue){.items = outbox->reply_items, .max = OUTBOX_REPLIES_MAX};
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
    for (void *item; (item = queue_take(&outbox->events)) != NULL;) {
        free(item);
    }
    for (void *item; (item = queue_take(&outbox->replies)) != NULL;) {
        free(item);
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

static void put_to(struct outbox *outbox, struct queue *queue, void *item)
{
    pthread_mutex_lock(&outbox->lock);
    queue_put(queue, item);
    unlock_and_wake(outbox);
}

void outbox_put_event(struct outbox *outbox, char *text)
{
    put_to(outbox, &outbox->events, text);
}

void outbox_put_reply(struct outbox *outbox, struct reply *reply)
{
    put_to(outbox, &outbox->replies, reply);
}

static void return_to(struct outbox *outbox, struct queue *queue, void *item)
{
    pthread_mutex_lock(&outbox->lock);
    queue_return(queue, item);
    pthread_mutex_unlock(&outbox->lock);
}

void outbox_return_event(struct outbox *outbox, char *text)
{
    return_to(outbox, &outbox->events, text);
}

void outbox_return_reply(struct outbox *outbox, struct reply *reply)
{
    return_to(outbox, &outbox->replies, reply);
}

void outbox_hide_pictures(struct outbox *outbox, bool hidden)
{
    pthread_mutex_lock(&outbox->lock);
    outbox->hides_pictures = hidden;
    unlock_and_wake(outbox);
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

static void *take_from(struct outbox *outbox, struct queue *queue)
{
    pthread_mutex_lock(&outbox->lock);
    void *item = queue_take(queue);
    pthread_mutex_unlock(&outbox->lock);
    return item;
}

char *outbox_take_event(struct outbox *outbox)
{
    return take_from(outbox, &outbox->events);
}

struct reply *outbox_take_reply(struct outbox *outbox)
{
    return take_from(outbox, &outbox->replies);
}

bool outbox_hides_pictures(struct outbox *outbox)
{
    pthread_mutex_lock(&outbox->lock);
    bool hides = outbox->hides_pictures;
    pthread_mutex_unlock(&outbox->lock);
    return hides;
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

static uint32_t dropped_of(struct outbox *outbox, const struct queue *queue)
{
    pthread_mutex_lock(&outbox->lock);
    uint32_t dropped = queue->dropped;
    pthread_mutex_unlock(&outbox->lock);
    return dropped;
}

uint32_t outbox_events_dropped(struct outbox *outbox)
{
    return dropped_of(outbox, &outbox->events);
}

uint32_t outbox_replies_dropped(struct outbox *outbox)
{
    return dropped_of(outbox, &outbox->replies);
}
