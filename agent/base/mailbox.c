// A bounded queue between threads. A mutex held for a few instructions, an eventfd for the taker,
// a condition for posters that wait.
#include "base/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t room;
    int fd;
    bool closed;
    void (*drop)(struct mail mail);
    size_t capacity;
    size_t first;
    size_t count;
    struct mail ring[];
};

struct mailbox *mailbox_create(size_t capacity, void (*drop)(struct mail mail), struct fault *fault)
{
    struct mailbox *mailbox = calloc(1, sizeof *mailbox + capacity * sizeof mailbox->ring[0]);
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (mailbox == NULL || fd < 0) {
        fault_set(fault, FAULT_SYSTEM, errno, "cannot make a mailbox: %s", strerror(errno));
        free(mailbox);
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    pthread_mutex_init(&mailbox->lock, NULL);
    pthread_cond_init(&mailbox->room, NULL);
    mailbox->fd = fd;
    mailbox->drop = drop;
    mailbox->capacity = capacity;
    return mailbox;
}

void mailbox_destroy(struct mailbox *mailbox)
{
    if (mailbox == NULL) {
        return;
    }
    mailbox_close(mailbox);
    close(mailbox->fd);
    pthread_cond_destroy(&mailbox->room);
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox);
}

static void put(struct mailbox *mailbox, struct mail mail)
{
    mailbox->ring[(mailbox->first + mailbox->count++) % mailbox->capacity] = mail;
    // an eventfd counter cannot overflow here: it is read back to zero at every take from empty
    uint64_t one = 1;
    ssize_t written = write(mailbox->fd, &one, sizeof one);
    (void)written;
}

void mailbox_post(struct mailbox *mailbox, struct mail mail)
{
    pthread_mutex_lock(&mailbox->lock);
    while (!mailbox->closed && mailbox->count == mailbox->capacity) {
        pthread_cond_wait(&mailbox->room, &mailbox->lock);
    }
    bool closed = mailbox->closed;
    if (!closed) {
        put(mailbox, mail);
    }
    pthread_mutex_unlock(&mailbox->lock);
    if (closed) {
        mailbox->drop(mail);
    }
}

bool mailbox_offer(struct mailbox *mailbox, struct mail mail)
{
    pthread_mutex_lock(&mailbox->lock);
    bool taken = !mailbox->closed && mailbox->count < mailbox->capacity - mailbox->capacity / 4;
    if (taken) {
        put(mailbox, mail);
    }
    pthread_mutex_unlock(&mailbox->lock);
    return taken;
}

bool mailbox_take(struct mailbox *mailbox, struct mail *mail)
{
    pthread_mutex_lock(&mailbox->lock);
    bool any = mailbox->count > 0;
    if (any) {
        *mail = mailbox->ring[mailbox->first];
        mailbox->first = (mailbox->first + 1) % mailbox->capacity;
        mailbox->count--;
        pthread_cond_signal(&mailbox->room);
    }
    if (mailbox->count == 0) {
        uint64_t counter;
        ssize_t got = read(mailbox->fd, &counter, sizeof counter);
        (void)got; // EAGAIN when the box was empty already
    }
    pthread_mutex_unlock(&mailbox->lock);
    return any;
}

int mailbox_fd(const struct mailbox *mailbox)
{
    return mailbox->fd;
}

void mailbox_close(struct mailbox *mailbox)
{
    pthread_mutex_lock(&mailbox->lock);
    mailbox->closed = true;
    pthread_cond_broadcast(&mailbox->room);
    pthread_mutex_unlock(&mailbox->lock);
    for (struct mail mail; mailbox_take(mailbox, &mail);) {
        mailbox->drop(mail);
    }
}
