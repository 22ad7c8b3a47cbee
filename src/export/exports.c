/* The set of exports: start, stop, and what they share. */
#include "export/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"

#define INDEX_FORMAT 2 /* a change makes every version be rendered again */
#define THREADS_MAX 64
#define STOP_STEP_MS 50

/* -- what exports share -------------------------------------------------------------------------------- */

bool exports_sleep(struct exports *x, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    int r = 0;
    pthread_mutex_lock(&x->wait_lock);
    while (!x->stop && r == 0)
        r = pthread_cond_timedwait(&x->stopped, &x->wait_lock, &until);
    bool stop = x->stop;
    pthread_mutex_unlock(&x->wait_lock);
    return !stop;
}

uint64_t exports_ino(struct exports *x)
{
    return x->next_ino ? x->next_ino(x->next_ino_arg) : atomic_fetch_add(&x->ino, 1);
}

int exports_state(struct exports *x, struct change_state *out, struct error *err)
{
    pthread_mutex_lock(&x->question_lock);
    int r = x->question ? 0 : store_reader(x->store, &x->question, err);
    if (r == 0)
        r = db_in_place(x->question, err);
    if (r == 0)
        db_patience(x->question, 0);
    if (r == 0 && (r = change_state(x->question, out, err)) < 0 && r != -EAGAIN) {
        db_close(x->question); /* asked on a new connection next time */
        x->question = NULL;
    }
    pthread_mutex_unlock(&x->question_lock);
    return r;
}

/* Which database this is: a file put in its place is another, even when its state looks alike. */
static uint64_t origin_of(struct store *store)
{
    struct {
        uint64_t ino, born_s, born_ns, schema, format;
    } id = {0};
    struct statx st;
    if (statx(AT_FDCWD, store_path(store), 0, STATX_INO | STATX_BTIME, &st) == 0) {
        id.ino = st.stx_ino;
        if (st.stx_mask & STATX_BTIME) {
            id.born_s = (uint64_t)st.stx_btime.tv_sec;
            id.born_ns = st.stx_btime.tv_nsec;
        }
    }
    id.schema = (uint64_t)store_schema_version();
    id.format = INDEX_FORMAT;
    return digest_hash64(&id, sizeof id);
}

/* -- start and stop ------------------------------------------------------------------------------------ */

static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : (unsigned)n;
}

static bool all_verified(const struct exports *x)
{
    for (size_t i = 0; i < x->n; i++)
        if (x->list[i]->verify)
            return false;
    return true;
}

static int start(struct exports *x, const struct exports_options *o, struct error *err)
{
    int r = spool_dir_open(&x->dir, o->state_dir, err);
    if (r == 0)
        r = index_open(&x->index, x->dir, o->state_path, err);
    if (r == 0)
        r = store_reader(x->store, &x->question, err);
    if (r < 0)
        return r;
    x->members = members_load(spool_dir_fd(x->dir));
    r = exports_configure(x, o->sites, o->n_sites, err);
    if (r < 0)
        return r;
    int64_t *ids = xreallocarray(NULL, x->n + 1, sizeof *ids);
    for (size_t i = 0; i < x->n; i++)
        ids[i] = x->list[i]->index_id;
    r = index_keep_only(x->index, x->dir, ids, x->n, err);
    free(ids);
    /* Before the first byte changes. While something must still be read back the mark of the run that left it
     * so stays: a kill before that is done must not make it believed. */
    if (r == 0 && all_verified(x))
        r = spool_dir_mark(x->dir, false, err);
    x->started = r == 0;
    return r;
}

int exports_start(struct exports **out, struct store *store, const struct exports_options *o,
                  struct error *err)
{
    struct exports *x = xcalloc(1, sizeof *x);
    x->store = store;
    x->threads = o->threads ? o->threads : processors();
    if (x->threads > THREADS_MAX)
        x->threads = THREADS_MAX;
    x->now_ms = o->now_ms ? o->now_ms : clock_now_ms;
    x->next_ino = o->next_ino;
    x->next_ino_arg = o->next_ino_arg;
    x->ino = o->first_ino;
    x->published = o->published;
    x->published_arg = o->published_arg;
    x->origin = origin_of(store);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&x->wait_lock, NULL);
    pthread_cond_init(&x->stopped, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&x->question_lock, NULL);
    pthread_mutex_init(&x->note_lock, NULL);
    pthread_mutex_init(&x->share_lock, NULL);
    pthread_mutex_init(&x->members_lock, NULL);
    x->row_limit_ms = 1000 * (int64_t)(o->row_limit_s ? o->row_limit_s : ROW_LIMIT_S);
    x->sessions = sessions_new(store, x->threads + 2, x->row_limit_ms);
    x->pool = pool_new(x->threads - 1);
    x->crew = crew_new();
    int r = start(x, o, err);
    if (r < 0) {
        exports_stop(x);
        return r;
    }
    *out = x;
    return 0;
}

/* Everything on the disk before the mark says so. */
static void leave(struct exports *x)
{
    struct error err = ERROR_INIT;
    int r = 0;
    for (size_t i = 0; i < x->n; i++) {
        struct export *e = x->list[i];
        if (e->away)
            continue;
        export_save(e);
        if (e->behind && r == 0)
            r = -EIO;
        spool_seal(e->spool);
        int synced = spool_sync(e->spool);
        r = r < 0 ? r : synced;
    }
    int closed = index_close(x->index, x->dir, true);
    r = r < 0 ? r : closed;
    x->index = NULL;
    if (r == 0 && x->started && all_verified(x))
        r = spool_dir_mark(x->dir, true, &err);
    if (r < 0)
        log_warning("the spool was not left clean (%s): it is checked before its next use after a reboot",
                    err.message ? err.message : strerror(-r));
    error_release(&err);
}

void exports_halt(struct exports *x)
{
    pthread_mutex_lock(&x->wait_lock);
    x->stop = true;
    pthread_cond_broadcast(&x->stopped);
    pthread_mutex_unlock(&x->wait_lock);
    /* Again and again: an interrupt between two statements is forgotten by the engine. */
    do
        sessions_interrupt(x->sessions);
    while (!crew_quiet(x->crew, STOP_STEP_MS));
}

void exports_stop(struct exports *x)
{
    if (!x)
        return;
    exports_halt(x);
    crew_free(x->crew);
    pool_free(x->pool);
    if (x->index)
        leave(x);
    for (size_t i = 0; i < x->n; i++)
        export_free(x->list[i]);
    free(x->list);
    for (size_t i = 0; i < x->n_outlets; i++)
        outlet_unref(x->outlets[i]);
    free(x->outlets);
    members_free(x->members);
    free(x->remarks);
    documents_free(x->documents);
    site_list_free(x->sites, x->n_sites);
    sessions_free(x->sessions);
    db_close(x->question);
    db_close(x->following);
    spool_dir_unref(x->dir);
    pthread_cond_destroy(&x->stopped);
    pthread_mutex_destroy(&x->wait_lock);
    pthread_mutex_destroy(&x->question_lock);
    pthread_mutex_destroy(&x->note_lock);
    pthread_mutex_destroy(&x->share_lock);
    pthread_mutex_destroy(&x->members_lock);
    free(x);
}

size_t exports_count(struct exports *x)
{
    pthread_mutex_lock(&x->share_lock);
    size_t n = x->n;
    pthread_mutex_unlock(&x->share_lock);
    return n;
}

struct export *exports_at(struct exports *x, size_t index)
{
    pthread_mutex_lock(&x->share_lock);
    struct export *e = x->list[index];
    pthread_mutex_unlock(&x->share_lock);
    return e;
}
