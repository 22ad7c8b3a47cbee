/*
 * One export: is its version current, and who waits for the next.
 *
 *              export_current(): the database moved on, or nothing is settled yet
 *      IDLE ---------------------------------------------------------------------------> QUEUED
 *       ^                                                                                  |
 *       | finish(): nobody waits                                        run(): a thread    |
 *       |                                                               of the crew        |
 *      RUNNING <---------------------------------------------------------------------------+
 *       |                                                                                  ^
 *       +----------------------------------------------------------------------------------+
 *                     finish(): someone came after the snapshot was taken
 *
 *   IDLE     no waiter.
 *   QUEUED   the export is in the crew's queue once; waiters come.
 *   RUNNING  one thread works on it and owns the refresh's fields; waiters come.
 *
 * Invariants
 * (6) A waiter is answered by the first refresh whose snapshot was begun after it came (its round), or whose
 *     state is the one it saw: this is promise E1.
 *     Who waited may get the same answer again, if no commit came after it (followers): what was committed
 *     while he waited is then not shown, as if his questions had been one.
 * (7) Every waiter is answered exactly once, without the lock.
 * (8) A failure changes neither current nor settled; everyone who waits gets the last good version (E6).
 */
#include "export/export.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "export/note.h"

#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 60000
#define RETRY_ENDLESS_MS 600000 /* everyone who looks at the directory waits for it */
#define LOG_AGAIN_MS 600000
#define FOLLOW_MS 100
#define RETRY_AT_ONCE_MS 1000000
#define SAVE_MS 1000 /* what need not be saved at once is saved this often */

static void run(struct work *w);

struct export *export_new(struct exports *set, const char *name, const char *site, const char *path,
                          const char *file)
{
    struct export *e = xcalloc(1, sizeof *e);
    e->set = set;
    e->name = xstrdup(name);
    e->site = xstrdup(site);
    e->path = xstrdup(path);
    e->file = xstrdup(file);
    e->work.run = run;
    e->last_waiter = &e->waiters;
    pthread_mutex_init(&e->lock, NULL);
    return e;
}

void export_free(struct export *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < FOLLOWERS; i++)
        version_unref(e->followers[i].version);
    version_unref(e->indexed);
    version_unref(e->current);
    spool_unref(e->spool);
    export_map_unref(e->map);
    export_map_unref(e->next_map);
    pthread_mutex_destroy(&e->lock);
    free(e->name);
    free(e->site);
    free(e->path);
    free(e->file);
    free(e->error);
    free(e->mapping_error);
    free(e->logged);
    free(e);
}

/* -- failures ------------------------------------------------------------------------------------------ */

void export_failed(struct export *e, int code, const struct error *err)
{
    int64_t now = clock_monotonic_ms();
    struct buf text = BUF_INIT;
    error_format(err, &text);
    free(e->error);
    e->error = text.len ? buf_detach(&text, NULL) : xstrdup(strerror(-code));
    buf_release(&text);
    e->failed_at = now;
    e->endless = code == -ETIMEDOUT;
    int64_t backoff = RETRY_MIN_MS << (e->failures < 6 ? e->failures : 6);
    e->retry_at = now + (e->endless ? RETRY_ENDLESS_MS : backoff < RETRY_MAX_MS ? backoff : RETRY_MAX_MS);
    e->failures++;
    e->failed++;
    if (code == -ECANCELED && e->set->stop)
        return;
    if (e->logged && strcmp(e->logged, e->error) == 0 && now - e->logged_at < LOG_AGAIN_MS)
        return;
    free(e->logged);
    e->logged = xstrdup(e->error);
    e->logged_at = now;
    log_error("export '%s': %s (%s)", e->name, e->error,
              e->current ? "the last good version stays" : "there is no good version yet");
}

static void recovered(struct export *e)
{
    if (e->logged)
        log_notice("export '%s' is up to date again", e->name);
    free(e->error);
    free(e->logged);
    e->error = e->logged = NULL;
    e->failures = 0;
    e->refreshed = (time_t)(clock_now_ms() / 1000);
    e->cannot_ask = e->shrunk = e->endless = false;
}

/* What ails it, malloced; NULL: nothing. Lock held. */
static char *ailment(const struct export *e)
{
    if (e->error && e->mapping_error && strcmp(e->error, e->mapping_error) != 0)
        return xasprintf("%s; %s", e->mapping_error, e->error);
    return xstrdup_or_null(e->error ? e->error : e->mapping_error);
}

void export_note_down(struct export *e)
{
    struct export_note note = {0};
    pthread_mutex_lock(&e->set->note_lock);
    pthread_mutex_lock(&e->lock);
    bool away = e->away;
    if (e->current) {
        note.size = version_size(e->current);
        note.rows = e->current->rows;
        note.mtime = e->current->mtime;
    }
    note.shrunk = e->shrunk;
    note.refused = e->refused;
    note.error = ailment(e);
    pthread_mutex_unlock(&e->lock);
    int dir = spool_dir_fd(e->set->dir), r = 0;
    if (away)
        export_note_forget(dir, e->name);
    else
        r = export_note_write(dir, e->name, &note);
    pthread_mutex_unlock(&e->set->note_lock);
    if (r < 0)
        log_debug("export '%s': its note is not written: %s", e->name, strerror(-r));
    export_note_release(&note);
}

bool export_take_mapping(struct export *e, struct export_map *map, uint64_t schema, const char *why)
{
    pthread_mutex_lock(&e->lock);
    struct export_map *now = e->next_map ? e->next_map : e->map;
    bool other = map && (!now || memcmp(export_map_digest(now), export_map_digest(map), SHA256_SIZE) != 0);
    bool news = strcmp(e->mapping_error ? e->mapping_error : "", why ? why : "") != 0;
    if (other) {
        struct export_map *untried = e->next_map;
        e->next_map = map;
        e->schema = schema;
        map = untried;
        e->failed_at = e->retry_at = -RETRY_AT_ONCE_MS;
    }
    free(e->mapping_error);
    e->mapping_error = xstrdup_or_null(why);
    pthread_mutex_unlock(&e->lock);
    export_map_unref(map);
    if (news)
        export_note_down(e);
    return other;
}

/* -- refreshing ---------------------------------------------------------------------------------------- */

/* The reference an answer carries. Lock held. */
static struct version *answer(struct export *e)
{
    return e->current && e->usable ? version_ref(e->current) : NULL;
}

static void give(const struct waiter *w, struct version *v, bool gone)
{
    w->ready(w->arg, v, v ? 0 : gone ? -ENOENT : -EIO);
}

/* Takes out of the list whom this refresh answers: all, when it failed. Lock held. */
static struct waiter *answered(struct export *e, const struct refreshed *done, bool failed)
{
    struct waiter *out = NULL, **end = &out, **at = &e->waiters;
    while (*at) {
        struct waiter *w = *at;
        if (!failed && w->round > done->round && !(w->known && change_same(&w->state, &done->state))) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        w->next = NULL;
        *end = w;
        end = &w->next;
    }
    e->last_waiter = at;
    return out;
}

/* Lock held. True when the crew has it. */
static int queue(struct export *e)
{
    int r = crew_submit(e->set->crew, &e->work);
    e->doing = r == 0 ? EXPORT_QUEUED : EXPORT_IDLE;
    return r;
}

/* -- followers ----------------------------------------------------------------------------------------- */

/* Remembers who of the list is about to be given v, and forgets whose time is over. */
static void remember(struct export *e, const struct waiter *list, struct version *v)
{
    struct error err = ERROR_INIT;
    struct change_state state;
    bool known = v && list && exports_state(e->set, &state, &err) == 0;
    struct version *dropped[FOLLOWERS];
    int64_t now = clock_monotonic_ms();

    error_release(&err);
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < FOLLOWERS; i++)
        dropped[i] = e->followers[i].until <= now ? steal_pointer(e->followers[i].version) : NULL;
    for (const struct waiter *w = list; known && w; w = w->next) {
        if (w->who == 0)
            continue;
        struct follower *f = &e->followers[e->next_follower++ % FOLLOWERS];
        version_unref(f->version);
        *f = (struct follower){w->who, state, now + FOLLOW_MS, version_ref(v)};
    }
    pthread_mutex_unlock(&e->lock);
    for (size_t i = 0; i < FOLLOWERS; i++)
        version_unref(dropped[i]);
}

/* The version this thread waited for just before; the reference goes to the caller. One look may be two
 * questions: the kernel asks again when it finds another inode under a name. Lock held. */
static struct version *follow(struct export *e, uint64_t who, const struct change_state *state)
{
    for (size_t i = 0; who != 0 && i < FOLLOWERS; i++) {
        struct follower *f = &e->followers[i];
        if (f->version && f->who == who && change_same(&f->state, state) && clock_monotonic_ms() < f->until)
            return version_ref(f->version);
    }
    return NULL;
}

static void finish(struct export *e, int r, const struct refreshed *done, struct error *err)
{
    pthread_mutex_lock(&e->lock);
    bool news = done->published || r < 0 || e->error;
    e->rendering = false;
    if (r < 0) {
        e->failed_state = done->state;
        export_failed(e, r, err);
        e->shrunk = done->shrunk;
        e->refused = done->refused;
    } else {
        recovered(e);
        e->settled = true;
        e->recheck = false;
        e->shown++;
        e->behind |= !change_same(&e->state, &done->state) && !done->recorded;
        e->state = done->state;
        e->settled_round = done->round;
        e->stale_since = 0;
        if (e->behind && clock_monotonic_ms() - e->saved_at >= SAVE_MS)
            export_save(e);
    }
    struct waiter *list = answered(e, done, r < 0);
    struct version *v = list ? answer(e) : NULL;
    e->doing = EXPORT_IDLE;
    struct waiter *stranded = NULL;
    if (e->waiters && queue(e) < 0)
        stranded = answered(e, done, true);
    bool gone = e->unwanted;
    pthread_mutex_unlock(&e->lock);

    if (stranded) {
        struct waiter **end = &list;
        while (*end)
            end = &(*end)->next;
        *end = stranded;
    }
    remember(e, list, v);
    while (list) {
        struct waiter *w = list;
        list = w->next;
        give(w, v ? version_ref(v) : NULL, gone);
        free(w);
    }
    version_unref(v);
    if (news)
        export_note_down(e);
    /* After the answers: telling the kernel takes a lock that a waiting lookup holds. */
    if (done->published && e->set->published)
        e->set->published(e->set->published_arg, e);
}

static void run(struct work *w)
{
    struct export *e = (struct export *)((char *)w - offsetof(struct export, work));
    struct refreshed done = {0};
    struct error err = ERROR_INIT;
    pthread_mutex_lock(&e->lock);
    e->doing = EXPORT_RUNNING;
    e->rendering = true;
    pthread_mutex_unlock(&e->lock);
    int r = export_refresh(e, &done, &err);
    finish(e, r, &done, &err);
    error_release(&err);
}

/* -- asking -------------------------------------------------------------------------------------------- */

/* What there is answers at once: it is right, or nothing better can be had now. Lock held. */
static bool answers_now(struct export *e, int asked, const struct waiter *w, uint64_t round)
{
    int64_t now = clock_monotonic_ms();
    if (e->unwanted)
        return true;
    if (e->settled && !e->recheck && !e->next_map &&
        ((w->known && change_same(&e->state, &w->state)) || e->settled_round > round))
        return true;
    if ((asked < 0 && asked != -EAGAIN) || !(e->map || e->next_map) || e->set->stop)
        return true;
    if (e->shrunk && export_accepted(spool_dir_fd(e->set->dir), e->name))
        return false;
    /* A failure is tried again on the next change, but not more than once a second, and else after a while.
     */
    bool same = e->endless || (w->known && change_same(&w->state, &e->failed_state));
    return e->error && now < (same ? e->retry_at : e->failed_at + RETRY_MIN_MS);
}

/* Old content is allowed for a while; the refresh goes on behind it. Lock held. */
static bool may_be_stale(struct export *e)
{
    int64_t now = clock_monotonic_ms(), allowed_ms = e->map ? (int64_t)export_map_stale_s(e->map) * 1000 : 0;
    if (!allowed_ms || !e->current || !e->usable)
        return false;
    if (!e->stale_since)
        e->stale_since = now;
    return now - e->stale_since < allowed_ms;
}

void export_current(struct export *e, export_ready_fn ready, void *arg)
{
    export_current_for(e, 0, ready, arg);
}

/* The question on behalf of one waiter. A database that another program holds is waited for by the refreshing
 * thread: nobody here has the time. */
static int ask(struct export *e, struct waiter *one)
{
    struct error err = ERROR_INIT;
    int asked = exports_state(e->set, &one->state, &err);
    one->known = asked == 0;
    pthread_mutex_lock(&e->lock);
    if (asked < 0 && asked != -EAGAIN && !e->set->stop) {
        export_failed(e, asked, &err);
        e->cannot_ask = true;
    } else if (asked == 0 && e->cannot_ask && e->settled && change_same(&e->state, &one->state)) {
        recovered(e);
    }
    pthread_mutex_unlock(&e->lock);
    error_release(&err);
    return asked;
}

void export_current_for(struct export *e, uint64_t who, export_ready_fn ready, void *arg)
{
    struct waiter one = {.ready = ready, .arg = arg, .who = who};
    pthread_mutex_lock(&e->lock);
    uint64_t round = e->round;
    bool mapped = e->map || e->next_map;
    pthread_mutex_unlock(&e->lock);
    int asked = mapped && !e->set->stop ? ask(e, &one) : 0;

    pthread_mutex_lock(&e->lock);
    struct version *v = one.known ? follow(e, who, &one.state) : NULL;
    bool now = v || answers_now(e, asked, &one, round), stale = !now && may_be_stale(e);
    if (!now && e->doing == EXPORT_IDLE && queue(e) < 0)
        now = true; /* no thread to be had: the last good version */
    if (!v && (now || stale))
        v = answer(e);
    if (!now && !stale) {
        struct waiter *w = xmalloc(sizeof *w);
        *w = one;
        w->round = e->round + 1;
        w->known = w->known && !e->next_map; /* a refresh that runs already does not know that mapping */
        w->next = NULL;
        *e->last_waiter = w;
        e->last_waiter = &w->next;
    }
    bool gone = e->unwanted;
    pthread_mutex_unlock(&e->lock);
    if (now || stale)
        give(&one, v, gone);
}

struct waiting {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    struct version *version;
    int status;
    bool done;
};

static void wake(void *arg, struct version *v, int status)
{
    struct waiting *w = arg;
    pthread_mutex_lock(&w->lock);
    w->version = v;
    w->status = status;
    w->done = true;
    pthread_cond_signal(&w->ready);
    pthread_mutex_unlock(&w->lock);
}

int export_current_wait(struct export *e, struct version **out, struct error *err)
{
    struct waiting w = {.done = false};
    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.ready, NULL);
    export_current(e, wake, &w);
    pthread_mutex_lock(&w.lock);
    while (!w.done)
        pthread_cond_wait(&w.ready, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_cond_destroy(&w.ready);
    pthread_mutex_destroy(&w.lock);
    if (w.status == 0) {
        *out = w.version;
        return 0;
    }
    pthread_mutex_lock(&e->lock);
    error_set(err, w.status, "export '%s': %s", e->path, e->error ? e->error : strerror(-w.status));
    pthread_mutex_unlock(&e->lock);
    return w.status;
}

/* ------------------------------------------------------------------------------------------------------------
 */

const char *export_path(const struct export *e)
{
    return e->path;
}

bool export_private(const struct export *e)
{
    return e->private_data;
}

void export_status(struct export *e, struct export_status *out)
{
    *out = (struct export_status){0};
    pthread_mutex_lock(&e->lock);
    if (e->current) {
        out->size = version_size(e->current);
        out->rows = e->current->rows;
        out->mtime = (time_t)e->current->mtime;
        out->chunks = e->current->chunks;
    }
    out->versions = e->published;
    out->chunks_rendered = e->rendered;
    out->last_render_ms = e->last_render_ms;
    out->failed = e->failed;
    out->refreshed = e->refreshed;
    out->rendering = e->rendering;
    out->error = ailment(e);
    pthread_mutex_unlock(&e->lock);
}

void export_status_release(struct export_status *s)
{
    free(s->error);
    *s = (struct export_status){0};
}
