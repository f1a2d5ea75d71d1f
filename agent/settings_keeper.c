// Two mailboxes and a thread between them. The thread touches nothing but them and `base`.
#include "settings_keeper.h"

#include "base/mailbox.h"
#include "base/timing.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    JOBS_MAX = 8, // saves that wait for a disk that hangs
    END_MS = 300, // of the two seconds in which a service manager expects a SIGTERM to work
};

enum mail_kind { MAIL_SAVE, MAIL_END, MAIL_SAVED, MAIL_ENDED };

struct job {
    uint64_t number;
    struct settings_overlay changes;
    struct fault why; // of the answer
};

struct settings_keeper {
    struct loop *loop;
    const struct settings *base;
    settings_kept_fn kept;
    void *context;
    struct mailbox *jobs;
    struct mailbox *answers;
    pthread_t thread;
    uint64_t asked; // the number of the newest save
};

static void drop(struct mail mail)
{
    free(mail.body);
}

static void save(struct settings_keeper *keeper, struct job *job)
{
    if (settings_overlay_save(&job->changes, keeper->base, &job->why)) {
        job->why = (struct fault){.kind = FAULT_NONE};
    }
    mailbox_post(keeper->answers, (struct mail){MAIL_SAVED, job});
}

static void *run(void *context)
{
    struct settings_keeper *keeper = context;
    for (;;) {
        struct pollfd ready = {mailbox_fd(keeper->jobs), POLLIN, 0};
        (void)poll(&ready, 1, -1); // a signal only asks again
        struct mail mail;
        if (!mailbox_take(keeper->jobs, &mail)) {
            continue;
        }
        if (mail.kind == MAIL_END) {
            mailbox_post(keeper->answers, (struct mail){MAIL_ENDED, NULL});
            return NULL;
        }
        save(keeper, mail.body);
    }
}

static void on_answer(void *context, short revents)
{
    (void)revents;
    struct settings_keeper *keeper = context;
    struct mail mail;
    if (!mailbox_take(keeper->answers, &mail)) {
        return;
    }
    const struct job *job = mail.body;
    if (job->number == keeper->asked) {
        keeper->kept(keeper->context, &job->why);
    }
    free(mail.body);
}

static bool open_parts(struct settings_keeper *keeper, struct fault *fault)
{
    keeper->jobs = mailbox_create(JOBS_MAX, drop, fault);
    keeper->answers = keeper->jobs != NULL ? mailbox_create(JOBS_MAX, drop, fault) : NULL;
    if (keeper->answers == NULL) {
        return false;
    }
    int error = pthread_create(&keeper->thread, NULL, run, keeper);
    if (error != 0) {
        return fault_set(fault, FAULT_SYSTEM, error, "cannot start a thread: %s", strerror(error));
    }
    return true;
}

struct settings_keeper *settings_keeper_create(struct loop *loop, const struct settings *base,
                                               settings_kept_fn kept, void *context,
                                               struct fault *fault)
{
    struct settings_keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL) {
        fault_set(fault, FAULT_SYSTEM, ENOMEM, "no memory for what keeps the settings");
        return NULL;
    }
    *keeper =
        (struct settings_keeper){.loop = loop, .base = base, .kept = kept, .context = context};
    if (!open_parts(keeper, fault)) {
        mailbox_destroy(keeper->jobs);
        mailbox_destroy(keeper->answers);
        free(keeper);
        return NULL;
    }
    loop_watch(loop, mailbox_fd(keeper->answers), POLLIN, on_answer, keeper);
    return keeper;
}

void settings_keeper_save(struct settings_keeper *keeper, const struct settings_overlay *changes)
{
    struct job *job = malloc(sizeof *job);
    struct fault why;
    fault_set(&why, FAULT_SYSTEM, ENOMEM, "no memory");
    keeper->asked++;
    if (job != NULL) {
        *job = (struct job){.number = keeper->asked, .changes = *changes};
        if (mailbox_offer(keeper->jobs, (struct mail){MAIL_SAVE, job})) {
            return;
        }
        free(job);
        fault_set(&why, FAULT_SYSTEM, EBUSY, "%s: the disk does not answer",
                  keeper->base->device.state_path);
    }
    keeper->kept(keeper->context, &why);
}

static bool has_ended(struct settings_keeper *keeper, int64_t until_ns)
{
    for (;;) {
        struct mail mail;
        while (mailbox_take(keeper->answers, &mail)) {
            if (mail.kind == MAIL_ENDED) {
                return true;
            }
            free(mail.body);
        }
        int64_t left_ns = until_ns - timing_now_ns();
        if (left_ns <= 0) {
            return false;
        }
        struct pollfd ready = {mailbox_fd(keeper->answers), POLLIN, 0};
        (void)poll(&ready, 1, (int)(left_ns / TIMING_MS(1)) + 1);
    }
}

void settings_keeper_destroy(struct settings_keeper *keeper)
{
    if (keeper == NULL) {
        return;
    }
    loop_unwatch(keeper->loop, mailbox_fd(keeper->answers));
    mailbox_post(keeper->jobs,
                 (struct mail){MAIL_END, NULL}); // there is room: the offers leave some
    if (!has_ended(keeper, timing_now_ns() + TIMING_MS(END_MS))) {
        return;
    }
    pthread_join(keeper->thread, NULL);
    mailbox_destroy(keeper->jobs);
    mailbox_destroy(keeper->answers);
    free(keeper);
}
