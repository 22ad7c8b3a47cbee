/*
 * One refresh: from a snapshot of the database to a published version, or to the knowledge that nothing changed.
 *
 *   snapshot   a read transaction is begun; the round is counted first, so that a waiter can tell whether it came
 *              before (this refresh is its answer) or after (the next one is)
 *   plan       marks since the last state -> dirty chunks; none: done, only the state advances
 *   pace       something is dirty, but the last version's mtime is ahead of the clock: the snapshot is given up,
 *              time passes, again from the start. So a stream of commits makes one version a second
 *   render     dirty chunks, dated sections with the date of the version there is
 *   compare    no byte differs: done as above
 *   date       mtime = max(now, last + 1); dated sections are rendered with it
 *   record     spool's header, then the index: (4) holds here
 *   publish    under the export's lock
 *
 * Invariants
 * (4) What the index names is on the spool, and stays until the index names something else: `indexed` is a
 *     reference. A kill at any point leaves an index whose version is whole.
 * (5) last_mtime never falls, and no version is published whose mtime is not above it, unless its bytes are those
 *     of the version that had this mtime.
 */
#include "export/export.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "export/note.h"
#include "mapping/export_files.h"

#define PACE_MS 1000

/* Milliseconds until a version may be published. A clock that stepped back does not stop publication: then it
 * is one version a second by the clock that never steps. */
static int64_t pace(const struct export *e)
{
    int64_t ahead = (e->last_mtime + 1 - MTIME_AHEAD) * 1000 - e->set->now_ms();
    int64_t since = clock_monotonic_ms() - e->published_at;
    int64_t wait = PACE_MS - since;
    if (!e->published_at || ahead <= 0 || wait <= 0)
        return 0;
    return ahead < wait ? ahead : wait;
}

static int64_t next_mtime(const struct export *e)
{
    int64_t now = e->set->now_ms() / 1000;
    return now > e->last_mtime ? now : e->last_mtime + 1;
}

int export_verify(struct export *e, struct builder *b, struct error *err)
{
    int r = build_verify(b, e->current, err);
    if (r < 0)
        return r;
    if (e->current->lost)
        log_warning("export '%s': %zu of %zu chunks did not survive and are rendered again", e->name,
                    e->current->lost, e->current->chunks);
    pthread_mutex_lock(&e->lock);
    e->usable = e->current->lost == 0;
    pthread_mutex_unlock(&e->lock);
    e->verify = false;
    return 0;
}

/* Begins a snapshot, counting the round before it, and asks whose file it is. */
static int snapshot(struct export *e, struct builder *b, struct refreshed *out, struct error *err)
{
    pthread_mutex_lock(&e->lock);
    out->round = ++e->round;
    pthread_mutex_unlock(&e->lock);
    int r = build_begin(b, &out->state, err);
    if (r == 0)
        r = export_share(e, b->own->db, &out->state, err);
    b->site = e->site;
    return r < 0 ? r : 0;
}

static int make_plan(struct export *e, struct builder *b, struct plan *p, struct error *err)
{
    struct renderer *r;
    int follows = e->same_origin ? change_follows(b->own->db, &e->state, err) : 0;
    if (follows < 0)
        return follows;
    int code = session_renderer(b->own, e->map, e->site, &r, err);
    if (code < 0)
        return code;
    struct version *base = follows ? e->current : NULL;
    plan_release(p, e->spool);
    return base ? plan_changes(p, e->map, base, b->own->db, r, e->state.sequence, err)
                : plan_fresh(p, e->map, r, err);
}

/* Snapshot, plan and pace. */
static int prepare(struct export *e, struct builder *b, struct plan *p, struct refreshed *out,
                   struct error *err)
{
    for (;;) {
        int r = snapshot(e, b, out, err);
        if (r == 0)
            r = make_plan(e, b, p, err);
        if (r < 0 || p->n == 0)
            return r;
        int64_t wait = pace(e);
        if (wait == 0 && p->n <= BUILD_ALONE)
            return 0;
        if (wait == 0) {
            struct change_state planned = out->state;
            r = build_gather(b, &out->state, err);
            if (r < 0 || change_same(&planned, &out->state))
                return r;
            r = export_share(e, b->own->db, &out->state, err);
            if (r == 0) /* ranges of keys hold for any state; marks are made again */
                return p->base ? make_plan(e, b, p, err) : 0;
            if (r < 0)
                return r;
        }
        plan_release(p, e->spool);
        db_end(b->own->db);
        if (!exports_sleep(e->set, wait))
            return error_set(err, -ECANCELED, "the rendering was cancelled");
    }
}

static bool dated(const struct export *e, uint32_t section)
{
    return export_map_section(e->map, section)->dated;
}

/* Chunks that came out too big are cut and rendered again. */
static int split_big(struct export *e, struct builder *b, struct plan *p, time_t stamp, struct error *err)
{
    for (size_t i = 0; i < p->n; i++) {
        struct slot *s = &p->slots[i];
        s->split = s->result && s->result != s->old && s->result->rows > CHUNK_ROWS_MAX &&
                   s->result->rows > 2 * s->result->split_tried && s->high - CHANGE_BLOCK >= s->low &&
                   export_map_section(e->map, s->section)->kind == SECTION_KEYED;
    }
    struct renderer *r;
    size_t cut = 0;
    int code = session_renderer(b->own, e->map, e->site, &r, err);
    if (code == 0)
        code = plan_refine(p, r, e->spool, &cut, err);
    return code == 0 && cut ? build_todo(b, p, stamp, err) : code;
}

/* After everything else is rendered: what stands around rows, or does not because there are none. */
static int settle_wraps(struct export *e, struct builder *b, struct plan *p, time_t stamp, struct error *err)
{
    return plan_wraps(p, e->spool) ? build_todo(b, p, stamp, err) : 0;
}

/* Renders what is dirty; 1 when bytes differ from the base or there is none, 0 when not. *made is a version
 * of the results without date where anything new was written. */
static int render(struct export *e, struct builder *b, struct plan *p, struct version *was,
                  struct version **made, struct error *err)
{
    bool news = !p->base;
    for (size_t i = 0; i < p->n; i++) /* without a version to compare with, dates are left for later */
        p->slots[i].todo = was || !dated(e, p->slots[i].section);
    int r = build_todo(b, p, was ? (time_t)was->mtime : 0, err);
    if (r == 0)
        r = split_big(e, b, p, was ? (time_t)was->mtime : 0, err);
    if (r == 0)
        r = settle_wraps(e, b, p, was ? (time_t)was->mtime : 0, err);
    for (size_t i = 0; i < p->n && !news; i++)
        news = slot_is_new(&p->slots[i]);
    if (r < 0 || !news)
        return r;
    if (!was)
        return 1;
    *made = plan_version(p, e->spool);
    r = version_equal(was, *made);
    if (r < 0)
        return error_set(err, r, "cannot read the spool: %s", strerror(-r));
    return !r;
}

/* The version's own date in its dated sections, small neighbours joined. */
static int date(struct export *e, struct builder *b, struct plan *p, int64_t mtime, struct version **made,
                struct error *err)
{
    bool any = false;
    size_t joined = 0;
    for (uint32_t s = 0; s < export_map_sections(e->map); s++) {
        if (!dated(e, s))
            continue;
        plan_section(p, s);
        any = true;
    }
    for (size_t i = 0; i < p->n; i++)
        p->slots[i].todo = dated(e, p->slots[i].section);
    int r = any ? build_todo(b, p, (time_t)mtime, err) : 0;
    if (r == 0)
        r = settle_wraps(e, b, p, (time_t)mtime, err);
    if (r == 0)
        r = plan_join(p, e->spool, &b->own->out, &joined, err);
    if (r < 0 || (*made && !any && !joined))
        return r;
    version_unref(*made);
    *made = plan_version(p, e->spool);
    return 0;
}

/* Invariant (4). A failure of the index is not one of the version: the older one stays on record, and kept.
 */
static void save(struct export *e, struct version *v, const struct change_state *state)
{
    struct error err = ERROR_INIT;
    struct index_head head = {
        .origin = e->set->origin, .state = *state, .private_data = e->private_data};
    memcpy(head.digest, export_map_digest(e->map), SHA256_SIZE);
    int r = v == e->indexed ? index_save_head(e->set->index, e->index_id, &head, v, &err)
                            : index_save(e->set->index, e->index_id, &head, e->indexed, v, &err);
    e->saved_at = clock_monotonic_ms();
    e->behind = r < 0;
    if (r < 0) {
        log_error_object(LOG_LEVEL_WARNING, "the render index cannot be written", &err);
        error_release(&err);
    } else if (v != e->indexed) {
        version_unref(e->indexed);
        e->indexed = version_ref(v);
    }
}

void export_save(struct export *e)
{
    if (e->behind && e->settled && e->map)
        save(e, e->current, &e->state);
}

static void record(struct export *e, struct version *v, const struct change_state *state)
{
    int r = v->mtime > spool_last_mtime(e->spool) ? spool_note_mtime(e->spool, v->mtime) : 0;
    if (r < 0)
        log_warning("export '%s': cannot write the spool's header: %s", e->name, strerror(-r));
    save(e, v, state);
}

static void publish(struct export *e, struct version *v, bool news)
{
    pthread_mutex_lock(&e->lock);
    struct version *was = e->current;
    e->current = version_ref(v);
    e->usable = true;
    if (news)
        e->published++;
    e->same_origin = true;
    e->last_mtime = v->mtime > e->last_mtime ? v->mtime : e->last_mtime;
    pthread_mutex_unlock(&e->lock);
    version_unref(was);
    if (news)
        export_accept_forget(spool_dir_fd(e->set->dir), e->name);
    if (news)
        e->published_at = clock_monotonic_ms();
}

/* keep-rows: what looks like an accident is not published without an operator's word (E6). */
static int guard(struct export *e, const struct version *was, const struct version *made,
                 struct refreshed *out, struct error *err)
{
    unsigned keep = export_map_keep_rows(e->map);
    if (!keep || !was || made->rows * 100 >= was->rows * keep ||
        export_accepted(spool_dir_fd(e->set->dir), e->name))
        return 0;
    out->shrunk = true;
    out->refused = made->rows;
    error_set(err, -EDOM, "only %llu of %llu rows are left, less than the %u%% that keep-rows asks for",
              (unsigned long long)made->rows, (unsigned long long)was->rows, keep);
    error_at(err, export_map_file(e->map), 0, NULL);
    error_advise(err, "if that is right: shopctl exports SOURCE accept %s", e->path);
    return -EDOM;
}

static int build(struct export *e, struct builder *b, struct plan *p, struct refreshed *out,
                 struct error *err)
{
    struct version *was = e->current, *made = NULL; /* only this thread replaces current */
    int differs = render(e, b, p, was, &made, err), r = differs;
    if (r == 1 && made)
        r = guard(e, was, made, out, err);
    if (r >= 0 && differs == 1) {
        int64_t mtime = next_mtime(e);
        r = date(e, b, p, mtime, &made, err);
        if (r == 0) {
            made->mtime = mtime;
            made->ino = exports_ino(e->set);
        }
    } else if (r == 0 && made && (!p->base || !e->usable)) {
        /* The same content in other chunks: by another mapping, or written again after a power cut. */
        made->mtime = was->mtime;
        made->ino = was->ino;
    } else if (made) {
        version_unref(made);
        made = NULL;
    }
    if (r == 0 && made) {
        record(e, made, &out->state);
        publish(e, made, differs);
        out->published = differs;
        out->recorded = true;
    }
    version_unref(made);
    return r;
}

static int refresh(struct export *e, struct refreshed *out, struct error *err)
{
    struct exports *x = e->set;
    struct builder b = {.sessions = x->sessions,
                        .pool = x->pool,
                        .map = e->map,
                        .spool = e->spool,
                        .helpers_wanted = x->threads - 1,
                        .stop = &x->stop};
    struct plan p = {0};
    int64_t began = clock_monotonic_ms();
    int r = 0;
    if (e->verify)
        r = export_verify(e, &b, err);
    if (r == 0)
        r = prepare(e, &b, &p, out, err);
    b.broken |= r < 0;
    bool dirty = r == 0 && p.n > 0;
    if (dirty)
        r = build(e, &b, &p, out, err);
    b.broken |= r < 0;
    plan_release(&p, e->spool);
    build_end(&b);

    pthread_mutex_lock(&e->lock);
    e->rendered += b.rendered;
    if (dirty)
        e->last_render_ms = clock_monotonic_ms() - began;
    pthread_mutex_unlock(&e->lock);
    return r;
}

/* Puts a mapping in service; the one before, a reference. */
static struct export_map *put_in_service(struct export *e, struct export_map *map, bool trial)
{
    pthread_mutex_lock(&e->lock);
    struct export_map *was = e->map;
    e->map = map;
    e->untried_from = trial ? was : NULL;
    pthread_mutex_unlock(&e->lock);
    return was;
}

/* The mapping that was just tried does not go. Said once; the one before stays until the document changes. */
static void refuse_mapping(struct export *e, struct error *err)
{
    auto_buf text = BUF_INIT;
    error_format(err, &text);
    log_error("export '%s': %s (the mapping as it was stays in service)", e->name, buf_str(&text));
    pthread_mutex_lock(&e->lock);
    if (!e->next_map) {
        free(e->mapping_error);
        e->mapping_error = buf_detach(&text, NULL);
    }
    pthread_mutex_unlock(&e->lock);
    error_release(err);
}

/* The map of e's path, which is map itself or one of its files; NULL: the path is another now. Takes map over. */
static struct export_map *file_of(struct export *e, struct export_map *map, struct db *db)
{
    struct export_files files;
    if (!export_map_many(map) && strcmp(export_map_path(map), e->path) == 0)
        return map;
    struct export_map *found = NULL;
    if (export_map_many(map) && export_map_files(&files, map, db, e->site, NULL) == 0) {
        found = export_files_find(&files, e->path);
        export_files_release(&files);
    }
    export_map_unref(map);
    return found;
}

/* Tables and views are others than the mapping was compiled for, so what it reads may be other tables: the document
 * compiled anew, or NULL. */
static struct export_map *compile_anew(struct export *e, uint64_t schema)
{
    struct error err = ERROR_INIT;
    struct session *s = NULL;
    struct export_map *map = NULL;
    int r = session_take(e->set->sessions, &s, e->map, &err);
    if (r == 0)
        r = export_map_compile(&map, e->file, s->db, &err);
    if (r == 0)
        map = file_of(e, map, s->db);
    if (s)
        session_give(e->set->sessions, s, r < 0);
    if (r == -EINVAL) {
        refuse_mapping(e, &err);
        export_note_down(e);
    }
    error_release(&err);
    pthread_mutex_lock(&e->lock);
    if (r == 0 || r == -EINVAL) /* else it is tried again */
        e->schema = schema;
    if (map) {
        free(e->mapping_error);
        e->mapping_error = NULL;
    }
    pthread_mutex_unlock(&e->lock);
    return map;
}

int export_refresh(struct export *e, struct refreshed *out, struct error *err)
{
    struct change_state now;
    bool asked = exports_state(e->set, &now, NULL) == 0;
    pthread_mutex_lock(&e->lock);
    struct export_map *next = e->next_map;
    e->next_map = NULL;
    bool other = asked && now.schema != e->schema;
    pthread_mutex_unlock(&e->lock);
    struct export_map *anew = other ? compile_anew(e, now.schema) : NULL;
    if (anew) {
        export_map_unref(next);
        next = anew;
    }
    if (!next)
        return refresh(e, out, err);

    struct export_map *was = put_in_service(e, next, true);
    bool same_origin = e->same_origin;
    e->same_origin = false;
    int r = refresh(e, out, err);
    if (r == 0 || !was) {
        pthread_mutex_lock(&e->lock);
        e->untried_from = NULL;
        pthread_mutex_unlock(&e->lock);
        e->private_data = export_map_private(next);
        export_map_unref(was);
        return r;
    }
    put_in_service(e, was, false);
    e->same_origin = same_origin;
    if (r != -EINVAL && r != -ETIMEDOUT) { /* not the mapping's fault: it is tried again */
        pthread_mutex_lock(&e->lock);
        struct export_map *spare = e->next_map ? next : NULL;
        if (!spare)
            e->next_map = next;
        pthread_mutex_unlock(&e->lock);
        export_map_unref(spare);
        return r;
    }
    export_map_unref(next);
    refuse_mapping(e, err);
    export_note_down(e);
    *out = (struct refreshed){0};
    return refresh(e, out, err);
}
