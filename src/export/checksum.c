#include "export/checksum.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"

#define THREADS 2 /* so that one big file does not hold up the small ones */
#define BLOCK (256 * 1024)

struct waiter {
    struct waiter *next;
    checksum_ready_fn ready;
    void *arg;
};

/* A version to be hashed, from the first request for it to its answer. */
struct job {
    struct job *next;
    struct checksum *of;
    struct version *version;
    struct waiter *waiters;
    bool running;
};

struct checksum {
    struct checksums *all;
    struct checksum *next;
    char *name;
    /* The newest version hashed; all->lock. */
    uint64_t version_ino; /* 0: none yet */
    char *text;
};

struct checksums {
    struct checksum *first; /* before the first request */
    pthread_mutex_t lock;   /* jobs, their waiters, started, what checksums remember */
    pthread_cond_t wake;
    struct job *jobs; /* oldest first */
    unsigned started;
    pthread_t threads[THREADS];
    atomic_bool stopping;
};

struct checksums *checksums_new(void)
{
    struct checksums *all = xcalloc(1, sizeof *all);

    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->wake, NULL);
    return all;
}

struct checksum *checksum_add(struct checksums *all, const char *name)
{
    struct checksum *c = xcalloc(1, sizeof *c);

    c->all = all;
    c->name = xstrdup(name);
    pthread_mutex_lock(&all->lock);
    c->next = all->first;
    all->first = c;
    pthread_mutex_unlock(&all->lock);
    return c;
}

size_t checksum_len(const struct checksum *c)
{
    return SHA256_HEX_LEN + 2 + strlen(c->name) + 1;
}

static int hash_version(struct checksums *all, const struct version *v, uint8_t out[static SHA256_SIZE])
{
    uint64_t size = version_size(v), at = 0;
    struct sha256 *state = sha256_new();
    char *block = xmalloc(BLOCK);
    int r = 0;

    while (at < size && r == 0) {
        ssize_t got = version_read(v, block, BLOCK, at);
        if (got > 0) {
            sha256_update(state, block, (size_t)got);
            at += (uint64_t)got;
        } else {
            r = got < 0 ? (int)got : -EIO;
        }
        if (atomic_load(&all->stopping))
            r = -ESHUTDOWN;
    }
    free(block);
    sha256_finish_free(state, out);
    return r;
}

/* sha256sum(1) puts a backslash before a line whose name needs escapes; the names of exports do not. */
static char *line_of(const char *name, const uint8_t sum[static SHA256_SIZE])
{
    char hex[SHA256_HEX_LEN + 1];

    digest_hex(sum, SHA256_SIZE, hex);
    return xasprintf("%s  %s\n", hex, name);
}

/* Under the lock. Inode numbers only rise, so a straggler does not replace its successor. */
static void remember(struct checksum *c, uint64_t version_ino, const char *line)
{
    if (version_ino < c->version_ino)
        return;
    free(c->text);
    c->text = xstrdup(line);
    c->version_ino = version_ino;
}

/* Under the lock. Sites that share a version share its line. */
static bool known_elsewhere(struct checksum *c, uint64_t version_ino)
{
    for (const struct checksum *o = c->all->first; o != NULL; o = o->next)
        if (o->version_ino == version_ino && o != c && o->text != NULL && strcmp(o->name, c->name) == 0) {
            remember(c, version_ino, o->text);
            return c->version_ino == version_ino;
        }
    return false;
}

static void job_unlink(struct checksums *all, struct job *job)
{
    struct job **p = &all->jobs;

    while (*p != job)
        p = &(*p)->next;
    *p = job->next;
}

/* Answers whoever asked and frees the job, which is no longer in the list. */
static void job_answer(struct job *job, const char *line, int status)
{
    while (job->waiters != NULL) {
        struct waiter *w = job->waiters;
        job->waiters = w->next;
        w->ready(w->arg, line, status);
        free(w);
    }
    version_unref(job->version);
    free(job);
}

static void job_run(struct checksums *all, struct job *job)
{
    uint8_t sum[SHA256_SIZE];
    char *text = NULL;
    int r = hash_version(all, job->version, sum);

    if (r == 0)
        text = line_of(job->of->name, sum);
    else if (r != -ESHUTDOWN)
        log_error("checksum=%s error=\"%s\"", job->of->name, strerror(-r));
    pthread_mutex_lock(&all->lock);
    job_unlink(all, job);
    if (r == 0)
        remember(job->of, version_ino(job->version), text);
    pthread_mutex_unlock(&all->lock);
    job_answer(job, text, r);
    free(text);
}

static void *work(void *arg)
{
    struct checksums *all = arg;

    pthread_mutex_lock(&all->lock);
    while (!atomic_load(&all->stopping)) {
        struct job *job = all->jobs;
        while (job != NULL && job->running)
            job = job->next;
        if (job == NULL) {
            pthread_cond_wait(&all->wake, &all->lock);
            continue;
        }
        job->running = true;
        pthread_mutex_unlock(&all->lock);
        job_run(all, job);
        pthread_mutex_lock(&all->lock);
    }
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

/* Under the lock. The threads come with the first request: most shops never need them. */
static int start_threads(struct checksums *all)
{
    while (all->started < THREADS) {
        int r = pthread_create(&all->threads[all->started], NULL, work, all);
        if (r != 0)
            return all->started > 0 ? 0 : -r;
        all->started++;
    }
    return 0;
}

/* Under the lock: the job for this version, new at the end of the list if there is none. */
static struct job *job_for(struct checksum *c, struct version *v)
{
    struct job **p = &c->all->jobs;

    for (; *p != NULL; p = &(*p)->next)
        if (version_ino((*p)->version) == version_ino(v) && strcmp((*p)->of->name, c->name) == 0)
            return *p;
    *p = xcalloc(1, sizeof **p);
    (*p)->of = c;
    (*p)->version = version_ref(v);
    pthread_cond_signal(&c->all->wake);
    return *p;
}

void checksum_request(struct checksum *c, struct version *v, checksum_ready_fn ready, void *arg)
{
    struct checksums *all = c->all;
    char *text = NULL;
    int r = 0;

    pthread_mutex_lock(&all->lock);
    if (atomic_load(&all->stopping)) {
        r = -ESHUTDOWN;
    } else if (c->version_ino == version_ino(v) || known_elsewhere(c, version_ino(v))) {
        text = xstrdup(c->text);
    } else if ((r = start_threads(all)) == 0) {
        struct job *job = job_for(c, v);
        struct waiter *w = xmalloc(sizeof *w);
        *w = (struct waiter){job->waiters, ready, arg};
        job->waiters = w;
        ready = NULL;
    }
    pthread_mutex_unlock(&all->lock);
    if (ready != NULL)
        ready(arg, text, r);
    free(text);
    version_unref(v);
}

void checksums_stop(struct checksums *all)
{
    pthread_mutex_lock(&all->lock);
    atomic_store(&all->stopping, true);
    unsigned n = all->started;
    all->started = 0;
    pthread_cond_broadcast(&all->wake);
    pthread_mutex_unlock(&all->lock);
    for (unsigned i = 0; i < n; i++)
        pthread_join(all->threads[i], NULL);
    /* Nobody adds jobs any more. */
    while (all->jobs != NULL) {
        struct job *job = all->jobs;
        all->jobs = job->next;
        job_answer(job, NULL, -ESHUTDOWN);
    }
}

void checksums_free(struct checksums *all)
{
    if (all == NULL)
        return;
    checksums_stop(all);
    while (all->first != NULL) {
        struct checksum *c = all->first;
        all->first = c->next;
        free(c->text);
        free(c->name);
        free(c);
    }
    pthread_cond_destroy(&all->wake);
    pthread_mutex_destroy(&all->lock);
    free(all);
}
