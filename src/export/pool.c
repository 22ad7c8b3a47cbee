#include "export/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"

struct pool {
    pthread_mutex_t lock; /* guards all that follows and every job's members of the pool */
    pthread_cond_t wanted;
    pthread_cond_t done;
    struct pool_job *jobs; /* the first is asked first and goes to the end when it gave a task */
    pthread_t *threads;
    unsigned n, max;
    bool stop;
};

struct pool *pool_new(unsigned helpers)
{
    struct pool *p = xcalloc(1, sizeof *p);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wanted, NULL);
    pthread_cond_init(&p->done, NULL);
    p->max = helpers;
    p->threads = xcalloc(helpers ? helpers : 1, sizeof *p->threads);
    return p;
}

/* Runs the job's next task on a seat, the lock given up meanwhile. */
static void run_one(struct pool *p, struct pool_job *job, void *seat)
{
    size_t i = job->next++;
    struct error failed = ERROR_INIT;
    job->running++;
    pthread_mutex_unlock(&p->lock);
    int r = job->run(job->arg, i, seat, &failed);
    pthread_mutex_lock(&p->lock);
    job->running--;
    if (r < 0 && job->status == 0) {
        job->status = r;
        error_move(&job->err, &failed);
    }
    error_release(&failed);
}

static bool has_task(const struct pool_job *job)
{
    return job->next < job->n && job->status == 0;
}

static void unlink_job(struct pool *p, struct pool_job *job)
{
    struct pool_job **at = &p->jobs;
    while (*at != job)
        at = &(*at)->after;
    *at = job->after;
}

static void link_last(struct pool *p, struct pool_job *job)
{
    struct pool_job **at = &p->jobs;
    while (*at)
        at = &(*at)->after;
    *at = job;
    job->after = NULL;
}

static void *helper_main(void *arg)
{
    struct pool *p = arg;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        struct pool_job *job = p->jobs;
        while (job && !(has_task(job) && job->n_seats))
            job = job->after;
        if (!job) {
            pthread_cond_wait(&p->wanted, &p->lock);
            continue;
        }
        unlink_job(p, job);
        link_last(p, job);
        void *seat = job->seats[--job->n_seats];
        run_one(p, job, seat);
        job->seats[job->n_seats++] = seat;
        if (job->running == 0 || job->status)
            pthread_cond_broadcast(&p->done);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void start_helpers(struct pool *p, size_t wanted)
{
    while (p->n < p->max && p->n < wanted) {
        if (pthread_create(&p->threads[p->n], NULL, helper_main, p) != 0)
            return; /* fewer helpers: slower, not wrong */
        p->n++;
    }
}

int pool_run(struct pool *p, struct pool_job *job, struct error *err)
{
    job->next = job->running = 0;
    job->status = 0;
    job->err = (struct error)ERROR_INIT;
    pthread_mutex_lock(&p->lock);
    if (job->n_seats && job->n > 1) {
        start_helpers(p, job->n_seats);
        pthread_cond_broadcast(&p->wanted);
    }
    link_last(p, job);
    while (has_task(job))
        run_one(p, job, job->own_seat);
    while (job->running)
        pthread_cond_wait(&p->done, &p->lock);
    unlink_job(p, job);
    pthread_mutex_unlock(&p->lock);
    if (job->status && err)
        error_move(err, &job->err);
    error_release(&job->err);
    return job->status;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->wanted);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->n; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->wanted);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->lock);
    free(p->threads);
    free(p);
}
