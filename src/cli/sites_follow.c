/*
 * Files that come and go with rows: whoever looks for names while the rows are ahead of the tree is answered when it has
 * caught up. A thread of its own reads the rows and makes the tree, once for all who came before it began, so that no
 * request's thread waits for the database, or for who is configuring.
 */
#include "cli/sites_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"

#define CLEAN_MS 1000

static void follow(struct sites *s)
{
    pthread_mutex_lock(&s->lock);
    if (exports_files_old(s->exports)) {
        /* Set before the files are others, cleared when the tree shows them: nobody sees the one without the other. */
        atomic_store(&s->changing, true);
        if (exports_follow(s->exports) == 1)
            sites_show(s, s->config, false);
        atomic_store(&s->changing, false);
    }
    pthread_mutex_unlock(&s->lock);
}

/* With f->lock: until somebody looks, or, while something is left to be cleaned, for a moment. */
static void wait_for_news(struct follower *f, bool clean)
{
    int64_t until = clock_monotonic_ms() + CLEAN_MS;
    const struct timespec at = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
    int r = 0;

    while (!f->stop && !f->lookers && r == 0)
        r = clean ? pthread_cond_wait(&f->news, &f->lock)
                  : pthread_cond_clockwait(&f->news, &f->lock, CLOCK_MONOTONIC, &at);
}

static bool clean_up(struct sites *s)
{
    pthread_mutex_lock(&s->lock);
    bool clean = exports_clean(s->exports);
    pthread_mutex_unlock(&s->lock);
    return clean;
}

static void answer(struct looker *list)
{
    while (list) {
        struct looker *l = list;
        list = l->next;
        l->done(l->arg);
        free(l);
    }
}

static void *run(void *arg)
{
    struct sites *s = arg;
    struct follower *f = &s->follower;
    bool stop, clean = true;

    do {
        pthread_mutex_lock(&f->lock);
        wait_for_news(f, clean);
        struct looker *list = steal_pointer(f->lookers);
        f->last = &f->lookers;
        stop = f->stop;
        pthread_mutex_unlock(&f->lock);
        if (!stop && list)
            follow(s);
        answer(list);
        clean = stop || clean_up(s);
    } while (!stop);
    return NULL;
}

bool sites_follow(void *arg, void (*done)(void *arg), void *done_arg)
{
    struct sites *s = arg;
    struct follower *f = &s->follower;

    if (!exports_files_old(s->exports) && !atomic_load(&s->changing))
        return false;
    struct looker *l = xmalloc(sizeof *l);
    *l = (struct looker){NULL, done, done_arg};
    pthread_mutex_lock(&f->lock);
    bool waits = !f->stop;
    if (waits) {
        *f->last = l;
        f->last = &l->next;
        pthread_cond_signal(&f->news);
    }
    pthread_mutex_unlock(&f->lock);
    if (!waits)
        free(l);
    return waits;
}

int follower_start(struct sites *s, struct error *err)
{
    struct follower *f = &s->follower;

    f->last = &f->lookers;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->news, NULL);
    int r = -pthread_create(&f->thread, NULL, run, s);
    f->running = r == 0;
    return r < 0 ? error_set(err, r, "cannot start a thread: %s", strerror(-r)) : 0;
}

void follower_stop(struct sites *s)
{
    struct follower *f = &s->follower;

    if (!f->running)
        return;
    pthread_mutex_lock(&f->lock);
    f->stop = true;
    pthread_cond_signal(&f->news);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    f->running = false;
}
