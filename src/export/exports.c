/* The set of a site's exports: start, stop, and what they share. */
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
#define RETRY_AT_ONCE_MS 1000000

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

/* -- one export's start -------------------------------------------------------------------------------- */

/* Opens the spool and what the index has of it. */
static int take_over(struct export *e, const char *file, struct error *err)
{
    struct exports *x = e->set;
    auto_free char *name = spool_file_name(e->path, ".data");
    struct index_entry entry = {0};
    bool cut;
    int r = spool_open(&e->spool, x->dir, name, err);
    if (r == 0)
        r = index_register(x->index, e->path, file, &e->index_id, err);
    if (r == 0)
        r = index_load(x->index, e->index_id, e->spool, &entry, &cut, err);
    if (r < 0)
        return r;
    e->last_mtime = entry.mtime > spool_last_mtime(e->spool) ? entry.mtime : spool_last_mtime(e->spool);
    if (entry.version) {
        e->current = version_ref(entry.version);
        e->indexed = version_ref(entry.version);
        e->current->ino = exports_ino(x);
        e->verify = cut || !spool_dir_trusted(x->dir);
        e->usable = !e->verify;
        e->state = entry.head.state;
        e->same_origin = e->map && entry.head.origin == x->origin &&
                         memcmp(entry.head.digest, export_map_digest(e->map), SHA256_SIZE) == 0;
        e->settled = e->same_origin && e->usable;
        if (!e->map)
            e->private_data = entry.head.private_data;
    }
    index_entry_release(&entry);
    return 0;
}

static bool path_taken(const struct exports *x, const char *path)
{
    for (size_t i = 0; i < x->n; i++)
        if (strcmp(x->list[i]->path, path) == 0)
            return true;
    return false;
}

/* A mapping that does not compile: its file's last good version is served, with the reason in the status; a
 * file that never was good is left out. */
static int start_export(struct exports *x, const char *file, struct error *err)
{
    struct error why = ERROR_INIT;
    struct export_map *map = NULL;
    auto_free char *path = NULL;
    struct change_state now;
    int r = change_state(x->question, &now, err);
    if (r < 0)
        return r;
    int failed = export_map_compile(&map, file, x->question, &why);
    if (failed == 0)
        path = xstrdup(export_map_path(map));
    else
        path = index_path_of(x->index, file);
    if (!path || path_taken(x, path)) {
        if (failed)
            log_error_object(LOG_LEVEL_ERROR, "an export is left out", &why);
        else
            log_error("an export is left out: '%s' makes '%s' like another mapping before it", file, path);
        export_map_unref(map);
        error_release(&why);
        return 0;
    }
    struct export *e = export_new(x, path, file);
    e->map = map;
    e->schema = now.schema;
    e->private_data = map ? export_map_private(map) : false;
    r = take_over(e, file, err);
    if (r == 0 && !map) {
        struct builder b = {.stop = &x->stop};
        if (e->verify)
            r = export_verify(e, &b, err);
        export_failed(e, failed, &why);
    }
    if (r == 0)
        export_note_down(e);
    error_release(&why);
    if (r < 0) {
        export_free(e);
        return r;
    }
    x->list = xreallocarray(x->list, x->n + 1, sizeof *x->list);
    x->list[x->n++] = e;
    return 0;
}

/* ------------------------------------------------------------------------------------------------------------
 */

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
    for (size_t i = 0; r == 0 && o->mappings && o->mappings[i]; i++)
        r = start_export(x, o->mappings[i], err);
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
    x->sessions = sessions_new(store, o->site, x->threads + 2);
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
    sessions_free(x->sessions);
    db_close(x->question);
    spool_dir_unref(x->dir);
    pthread_cond_destroy(&x->stopped);
    pthread_mutex_destroy(&x->wait_lock);
    pthread_mutex_destroy(&x->question_lock);
    pthread_mutex_destroy(&x->note_lock);
    free(x);
}

/* -- mappings read anew -------------------------------------------------------------------------------- */

/* What becomes of an export's mapping: it is wrong, as it was, or to be tried by the next refresh. Takes map
 * over. */
static void take_mapping(struct export *e, struct export_map *map, uint64_t schema, const struct error *why)
{
    auto_buf text = BUF_INIT;
    if (!map)
        error_format(why, &text);
    pthread_mutex_lock(&e->lock);
    struct export_map *now = e->next_map ? e->next_map : e->map;
    bool other = map && (!now || memcmp(export_map_digest(now), export_map_digest(map), SHA256_SIZE) != 0);
    bool news = strcmp(e->mapping_error ? e->mapping_error : "", buf_str(&text)) != 0;
    if (other) {
        struct export_map *untried = e->next_map;
        e->next_map = map;
        e->schema = schema;
        map = untried;
        e->failed_at = e->retry_at = -RETRY_AT_ONCE_MS;
    }
    free(e->mapping_error);
    e->mapping_error = text.len ? xstrdup(buf_str(&text)) : NULL;
    pthread_mutex_unlock(&e->lock);
    export_map_unref(map);
    if (news && text.len)
        log_error("export '%s': %s (the mapping as it was stays in service)", e->path, buf_str(&text));
    else if (news || other)
        log_notice("export '%s': its mapping was read anew", e->path);
    if (news)
        export_note_down(e);
}

int exports_reload(struct exports *x)
{
    struct error err = ERROR_INIT;
    struct db *db = NULL;
    struct change_state now = {0};
    int broken = 0, r = store_reader(x->store, &db, &err);
    if (r == 0)
        r = change_state(db, &now, &err);
    if (r < 0)
        log_error_object(LOG_LEVEL_ERROR, "the mappings cannot be read anew", &err);
    for (size_t i = 0; r == 0 && i < x->n; i++) {
        struct export *e = x->list[i];
        struct export_map *map = NULL;
        int failed = export_map_compile(&map, e->file, db, &err);
        if (failed == 0 && strcmp(export_map_path(map), e->path) != 0) {
            failed = error_set(&err, -EINVAL, "the path is '%s' now, which needs a new mount",
                               export_map_path(map));
            error_at(&err, e->file, 0, "export");
            export_map_unref(map);
            map = NULL;
        }
        take_mapping(e, map, now.schema, &err);
        broken += failed < 0;
        error_release(&err);
    }
    db_close(db);
    error_release(&err);
    return r < 0 ? r : broken;
}

size_t exports_count(const struct exports *x)
{
    return x->n;
}

struct export *exports_at(const struct exports *x, size_t index)
{
    return x->list[index];
}
