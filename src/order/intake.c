/*
 * The intake thread.
 *
 * One round, and what a crash at each point leaves:
 *
 *   take                        the bytes and the name are on the disk: judged again at the next start
 *   judge the content, parse the orders   before the transaction: others write to the database meanwhile
 *   begin, order_import ..., commit   one transaction for all that is complete; several for very many orders
 *     crash before the commit:  as above, nothing was done
 *     crash between two:        judged again; the journal knows how many of its orders are decided, the rest follows
 *     crash after the last:     judged again; the journal knows the object's key, so nothing is decided twice
 *   file the original           a hard link into archive/ or refused/; again after a crash: the same inode is found
 *   NAME.error.txt, results/NAME.txt     written again from the journal
 *   order_import_filed          written again; with the next commit, or soon
 *   the name lingers, then vanishes      the object's file is removed only after the archive's directory was synced
 *
 * Every step may be repeated, and until the last one the object's file and name are kept: nothing is lost,
 * and nothing done twice. The original is filed after the commit, never before, so the archive holds no order
 * that is not in.
 *
 * A database that cannot be used (locked, full disk, damaged) delays everything: the files wait where they
 * are. When a batch fails, its files are tried one by one, so that one that cannot be taken holds up only
 * itself and what may revise it (intake_turns.h). Whatever is tried again keeps its place by arrival.
 */
#include "order/intake.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "order/intake_internal.h"

#define TAKE_MAX 64
#define BATCH_BYTES ((uint64_t)32 << 20)
#define TRIM_BYTES ((uint64_t)4 << 20)
#define WAIT_MS 60000
#define WITHDRAWN_MS 500 /* until the next try to note what was withdrawn */
#define FINISHED_MS 100  /* what is finished waits so long for another commit */
#define FINISHED_MAX 256

/* What was done with refused files since. */
static void note_withdrawn(struct intake *t)
{
    struct error err cleanup(error_release) = ERROR_INIT;
    int rc;

    if (t->options.check || !atomic_load(&t->refused.pending) || link_resting(&t->link))
        return;
    intake_flush_finished(t); /* their rows are found by the names under which they were filed */
    rc = link_open(&t->link, &err);
    if (rc == 0)
        rc = refused_journal(&t->refused, t->link.db, t->site, &err);
    if (rc < 0)
        link_failed(&t->link, rc, &err);
    else
        link_well(&t->link);
}

static void entry_init(struct entry *e, const struct incoming_job *job)
{
    *e = (struct entry){.job = *job,
                        .key = xstrdup(job->object_key),
                        .name = xstrdup(job->name),
                        .size = job->size,
                        .expired = job->expired};
}

static void entry_release(struct entry *e)
{
    import_result_release(&e->result);
    import_reading_release(&e->reading);
    error_release(&e->unreadable);
    free(e->key);
    free(e->name);
    free(e->filed_as);
    free(e->refused_as);
}

/* What was read of the files goes at once: it is several times their size. The allocator would keep it in pieces for
 * the next big file, which may come in a month. */
static void decide_batch(struct intake *t, struct entry **batch, size_t n, uint64_t bytes)
{
    intake_decide(t, batch, n);
    for (size_t i = 0; i < n; i++)
        import_reading_release(&batch[i]->reading);
#ifdef __GLIBC__
    if (bytes > TRIM_BYTES)
        malloc_trim(0);
#else
    (void)bytes;
#endif
}

/* In their order of arrival, as many at a time as memory should hold. */
static void decide_all(struct intake *t, struct entry *entries, size_t n)
{
    struct entry *batch[TAKE_MAX];
    uint64_t bytes = 0;
    size_t in_batch = 0;

    for (size_t i = 0; i < n; i++) {
        struct entry *e = &entries[i];

        intake_judge(t, e);
        if (e->fate != FATE_DECIDE)
            continue;
        if (in_batch && bytes + e->size > BATCH_BYTES) {
            decide_batch(t, batch, in_batch, bytes);
            in_batch = 0;
            bytes = 0;
        }
        batch[in_batch++] = e;
        bytes += e->size;
    }
    decide_batch(t, batch, in_batch, bytes);
}

static void process(struct intake *t, const struct incoming_job *jobs, size_t n)
{
    struct entry *entries = xcalloc(n, sizeof *entries);

    for (size_t i = 0; i < n; i++)
        entry_init(&entries[i], &jobs[i]);
    decide_all(t, entries, n);
    for (size_t i = 0; i < n; i++) {
        if (entries[i].fate != FATE_SETTLED)
            t->options.check ? intake_tell(t, &entries[i]) : intake_finish(t, &entries[i]);
    }
    crash_point("round over");
    for (size_t i = 0; i < n; i++) {
        if (entries[i].fate != FATE_SETTLED)
            intake_end(t, &entries[i]);
        entry_release(&entries[i]);
    }
    free(entries);
}

static bool set_busy(struct intake *t, bool busy)
{
    bool stopping;

    pthread_mutex_lock(&t->lock);
    t->busy = busy;
    stopping = t->stopping;
    pthread_mutex_unlock(&t->lock);
    return stopping;
}

/* maps and policy ------------------------------------------------------------------------------------- */

static void release_rules(const struct intake_options *o)
{
    if (o->release)
        o->release(o->release_arg);
}

void intake_configure(struct intake *t, const struct intake_options *options)
{
    struct intake_options *next = xmalloc(sizeof *next), *unused;

    *next = *options;
    pthread_mutex_lock(&t->lock);
    unused = t->next;
    t->next = next;
    pthread_mutex_unlock(&t->lock);
    if (unused)
        release_rules(unused);
    free(unused);
    incoming_wake(t->options.incoming);
}

static void take_rules(struct intake *t)
{
    pthread_mutex_lock(&t->lock);
    struct intake_options *next = steal_pointer(t->next);
    pthread_mutex_unlock(&t->lock);
    if (!next)
        return;
    release_rules(&t->options);
    t->options.maps = next->maps;
    t->options.n_maps = next->n_maps;
    t->options.policy = next->policy;
    t->options.release = next->release;
    t->options.release_arg = next->release_arg;
    free(next);
}

static void *intake_thread(void *arg)
{
    struct incoming_job jobs[TAKE_MAX];
    struct intake *t = arg;

    if (!t->options.check)
        refused_tidy(&t->refused);
    note_withdrawn(t);
    while (!set_busy(t, false)) {
        int wait = t->n_finished ? FINISHED_MS : atomic_load(&t->refused.pending) ? WITHDRAWN_MS : WAIT_MS;
        size_t n = incoming_take(t->options.incoming, jobs, TAKE_MAX, wait);

        set_busy(t, true);
        take_rules(t);
        if (n)
            process(t, jobs, n);
        if (!n || t->n_finished > FINISHED_MAX)
            intake_flush_finished(t);
        note_withdrawn(t);
    }
    intake_flush_finished(t);
    intake_settle_finished(t); /* where the database was away: known after the next start */
    return NULL;
}

static void intake_free(struct intake *t)
{
    if (t->archive >= 0)
        close(t->archive);
    refused_release(&t->refused);
    if (t->results >= 0)
        close(t->results);
    wait_release(t);
    turns_release(&t->turns);
    free(t->finished);
    if (t->next)
        release_rules(t->next);
    free(t->next);
    link_release(&t->link);
    pthread_mutex_destroy(&t->lock);
    free(t->site);
    free(t);
}

int intake_start(struct intake **out, const struct intake_options *options, struct error *err)
{
    struct intake *t = xcalloc(1, sizeof *t);
    int rc = 0;

    t->options = *options;
    t->site = xstrdup(options->site);
    t->link.store = options->store;
    pthread_mutex_init(&t->lock, NULL);
    t->archive = options->check ? -1 : io_open_dir(options->state_dir, "archive", 0755);
    if (options->check)
        refused_none(&t->refused);
    else
        rc = refused_open(&t->refused, options->state_dir);
    t->results = io_open_dir(options->state_dir, "results", 0755);
    if (!options->check && t->archive < 0)
        rc = t->archive;
    if (t->results < 0)
        rc = t->results;
    if (rc < 0) {
        error_set(err, rc, "cannot open the directories of decided orders: %s", strerror(-rc));
    } else {
        t->busy = true; /* with what an earlier run left */
        rc = -pthread_create(&t->thread, NULL, intake_thread, t);
        if (rc < 0)
            error_set(err, rc, "cannot start the intake of orders: %s", strerror(-rc));
    }
    if (rc < 0) {
        intake_free(t);
        return rc;
    }
    *out = t;
    return 0;
}

void intake_stop(struct intake *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->stopping = true;
    pthread_mutex_unlock(&t->lock);
    incoming_wake(t->options.incoming);
    pthread_join(t->thread, NULL);
    release_rules(&t->options);
    intake_free(t);
}

int intake_discard(struct intake *t, const char *name)
{
    int rc = refused_discard(&t->refused, name);

    incoming_wake(t->options.incoming);
    return rc;
}

int intake_retry(struct intake *t, const char *name, struct incoming_node *dir, const char *new_name,
                 uid_t uid, gid_t gid, unsigned flags)
{
    int rc = refused_retry(&t->refused, name, t->options.incoming, dir, new_name, uid, gid, flags);

    incoming_wake(t->options.incoming);
    return rc;
}

int intake_try(struct intake *t, const char *name, struct incoming *check, struct incoming_node *dir,
               const char *new_name, uid_t uid, gid_t gid, unsigned flags)
{
    return refused_try(&t->refused, name, check, dir, new_name, uid, gid, flags);
}

void intake_status(struct intake *t, struct intake_status *out)
{
    for (size_t i = 0; i < INTAKE_COUNTS; i++)
        out->files[i] = atomic_load_explicit(&t->counters.files[i], memory_order_relaxed);
    out->orders = atomic_load_explicit(&t->counters.orders, memory_order_relaxed);
    incoming_waiting(t->options.incoming, &out->load);
}

bool intake_idle(struct intake *t)
{
    bool busy;

    if (incoming_busy(t->options.incoming))
        return false;
    pthread_mutex_lock(&t->lock);
    busy = t->busy || atomic_load(&t->refused.pending);
    pthread_mutex_unlock(&t->lock);
    return !busy && !incoming_busy(t->options.incoming);
}
