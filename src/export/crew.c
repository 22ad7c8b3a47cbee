#include "export/crew.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"

#define IDLE_SECONDS 5

struct member {
    pthread_t thread;
    struct crew *crew;
    struct member *next;
};

struct crew {
    pthread_mutex_t lock; /* guards all that follows */
    pthread_cond_t wanted;
    pthread_cond_t done;
    struct work *first, **last;
    unsigned queued, idle, threads, running;
    struct member *finished; /* ended by themselves, to be joined */
    bool stop;
};

static struct timespec in_ms(unsigned ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

struct crew *crew_new(void)
{
    struct crew *c = xcalloc(1, sizeof *c);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->wanted, &attr);
    pthread_cond_init(&c->done, &attr);
    pthread_condattr_destroy(&attr);
    c->last = &c->first;
    return c;
}

static void *member_main(void *arg)
{
    struct member *m = arg;
    struct crew *c = m->crew;
    pthread_mutex_lock(&c->lock);
    for (;;) {
        int r = 0;
        struct timespec until = in_ms(IDLE_SECONDS * 1000);
        c->idle++;
        while (!c->first && !c->stop && r == 0)
            r = pthread_cond_timedwait(&c->wanted, &c->lock, &until);
        c->idle--;
        struct work *w = c->first;
        if (!w)
            break;
        c->first = w->next;
        if (!c->first)
            c->last = &c->first;
        c->queued--;
        c->running++;
        pthread_mutex_unlock(&c->lock);
        w->run(w);
        pthread_mutex_lock(&c->lock);
        c->running--;
        pthread_cond_broadcast(&c->done);
    }
    c->threads--;
    m->next = c->finished;
    c->finished = m;
    pthread_cond_broadcast(&c->done);
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

static void join_all(struct member *m)
{
    while (m) {
        struct member *next = m->next;
        pthread_join(m->thread, NULL);
        free(m);
        m = next;
    }
}

int crew_submit(struct crew *c, struct work *w)
{
    struct member *m = NULL;
    int r = 0;
    pthread_mutex_lock(&c->lock);
    struct member *finished = c->finished;
    c->finished = NULL;
    if (c->queued >= c->idle) {
        m = xcalloc(1, sizeof *m);
        m->crew = c;
        r = -pthread_create(&m->thread, NULL, member_main, m);
        if (r == 0)
            c->threads++;
        else
            free(m);
    }
    if (r == 0 || c->threads > 0) { /* without a thread of its own it waits for one that becomes free */
        r = 0;
        w->next = NULL;
        *c->last = w;
        c->last = &w->next;
        c->queued++;
        pthread_cond_signal(&c->wanted);
    }
    pthread_mutex_unlock(&c->lock);
    join_all(finished);
    return r;
}

bool crew_quiet(struct crew *c, unsigned ms)
{
    struct timespec until = in_ms(ms);
    int r = 0;
    pthread_mutex_lock(&c->lock);
    while ((c->queued || c->running) && r == 0)
        r = pthread_cond_timedwait(&c->done, &c->lock, &until);
    bool quiet = !c->queued && !c->running;
    pthread_mutex_unlock(&c->lock);
    return quiet;
}

void crew_free(struct crew *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_broadcast(&c->wanted);
    while (c->threads)
        pthread_cond_wait(&c->done, &c->lock);
    struct member *finished = c->finished;
    pthread_mutex_unlock(&c->lock);
    join_all(finished);
    pthread_cond_destroy(&c->wanted);
    pthread_cond_destroy(&c->done);
    pthread_mutex_destroy(&c->lock);
    free(c);
}
