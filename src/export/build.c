#include "export/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

#define GATHER_TRIES 5

void (*build_between_snapshots)(void);

int build_begin(struct builder *b, struct change_state *state, struct error *err)
{
    int r = 0;
    if (!b->own)
        r = session_take(b->sessions, &b->own, b->map, err);
    if (r == 0) {
        db_end(b->own->db);
        r = db_begin_read(b->own->db, err);
    }
    if (r == 0)
        r = db_in_place(b->own->db, err);
    if (r == 0)
        r = change_state(b->own->db, state, err);
    b->broken |= r < 0;
    return r;
}

static void drop_helpers(struct builder *b, size_t keep)
{
    while (b->n_helpers > keep)
        session_give(b->sessions, b->helpers[--b->n_helpers], b->broken);
}

/* True when helper i reads what we read. */
static bool same_state(struct builder *b, size_t i, const struct change_state *state)
{
    struct change_state theirs;
    struct db *db = b->helpers[i]->db;
    db_end(db);
    if (build_between_snapshots)
        build_between_snapshots();
    return db_begin_read(db, NULL) == 0 && change_state(db, &theirs, NULL) == 0 &&
           change_same(&theirs, state);
}

int build_gather(struct builder *b, struct change_state *state, struct error *err)
{
    size_t wanted = b->helpers_wanted < BUILD_HELPERS_MAX ? b->helpers_wanted : BUILD_HELPERS_MAX;
    while (b->n_helpers < wanted && session_take(b->sessions, &b->helpers[b->n_helpers], b->map, NULL) == 0)
        b->n_helpers++; /* fewer connections: slower, not wrong */
    if (!b->n_helpers)
        return 0;
    for (int tries = 0;; tries++) {
        int r = build_begin(b, state, err);
        if (r < 0)
            return r;
        size_t agree = 0;
        for (size_t i = 0; i < b->n_helpers; i++) {
            if (!same_state(b, i, state))
                continue;
            struct session *s = b->helpers[i];
            b->helpers[i] = b->helpers[agree];
            b->helpers[agree++] = s;
        }
        if (agree == b->n_helpers || tries == GATHER_TRIES) {
            drop_helpers(b, agree);
            return 0;
        }
    }
}

void build_end(struct builder *b)
{
    drop_helpers(b, 0);
    if (b->own)
        session_give(b->sessions, b->own, b->broken);
    b->own = NULL;
}

/* -- one chunk ----------------------------------------------------------------------------------------- */

/* What the rendered bytes become: the old chunk again, or a new one. */
static int keep_or_write(struct builder *b, struct slot *s, const struct buf *out, uint64_t rows,
                         struct error *err)
{
    uint64_t hash = digest_hash64(buf_str(out), out->len);
    const struct chunk *old = s->old;
    if (old && !old->lost && old->len == out->len && old->hash == hash && old->rows == rows) {
        int equal = out->len ? spool_equal(b->spool, old->at, out->data, out->len) : 1;
        if (equal < 0)
            return error_set(err, equal, "cannot read the spool: %s", strerror(-equal));
        if (equal) {
            s->result = chunk_ref(s->old);
            return 0;
        }
    }
    uint64_t at = 0;
    int r = out->len ? spool_write(b->spool, out->data, out->len, &at) : 0;
    if (r < 0)
        return error_set(err, r, "cannot write %zu bytes to the spool: %s", out->len, strerror(-r));
    struct chunk *c = chunk_new(s->section, s->low, s->high);
    chunk_seal(c, at, out->len, hash, rows);
    c->split_tried = old ? old->split_tried : 0;
    s->result = c;
    return 0;
}

struct todo {
    struct builder *b;
    struct plan *plan;
    size_t *slots;
    time_t stamp;
};

static int render_slot(void *arg, size_t i, void *seat, struct error *err)
{
    struct todo *todo = arg;
    struct builder *b = todo->b;
    struct session *session = seat;
    struct slot *s = &todo->plan->slots[todo->slots[i]];
    if (atomic_load_explicit(b->stop, memory_order_relaxed))
        return error_set(err, -ECANCELED, "the rendering was cancelled");
    struct renderer *renderer;
    int r = session_renderer(session, b->map, b->site, &renderer, err);
    if (r < 0)
        return r;
    uint64_t rows = 0;
    buf_clear(&session->out);
    r = renderer_section(renderer, s->section, s->low, s->high, todo->stamp, &session->out, &rows, err);
    if (r < 0)
        return r;
    atomic_fetch_add_explicit(&b->rendered, 1, memory_order_relaxed);
    return keep_or_write(b, s, &session->out, rows, err);
}

int build_todo(struct builder *b, struct plan *p, time_t stamp, struct error *err)
{
    struct todo todo = {
        .b = b, .plan = p, .stamp = stamp, .slots = xreallocarray(NULL, p->n + 1, sizeof(size_t))};
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (!p->slots[i].todo)
            continue;
        p->slots[i].todo = false;
        chunk_unref(p->slots[i].result, b->spool);
        p->slots[i].result = NULL;
        todo.slots[n++] = i;
    }
    void *seats[BUILD_HELPERS_MAX];
    struct pool_job job = {.run = render_slot, .arg = &todo, .n = n, .own_seat = b->own, .seats = seats};
    if (n > 1)
        for (; job.n_seats < b->n_helpers; job.n_seats++)
            seats[job.n_seats] = b->helpers[job.n_seats];
    int r = pool_run(b->pool, &job, err);
    b->broken |= r < 0;
    free(todo.slots);
    return r;
}

/* True when the chunk's bytes are what the index says. */
static bool survived(const struct chunk *c, const struct spool *spool, struct buf *bytes)
{
    if (c->len > (uint64_t)1 << 32)
        return false;
    buf_clear(bytes);
    buf_reserve(bytes, c->len);
    ssize_t n = spool_read(spool, bytes->data, c->len, c->at);
    return n >= 0 && (uint64_t)n == c->len && digest_hash64(bytes->data, c->len) == c->hash;
}

int build_verify(struct builder *b, struct version *v, struct error *err)
{
    struct buf bytes = BUF_INIT;
    int r = 0;
    v->lost = 0;
    for (struct chunk_place at = {0, 0}; r == 0 && version_chunk(v, at); at = version_next(v, at)) {
        struct chunk *c = version_chunk(v, at);
        if (atomic_load_explicit(b->stop, memory_order_relaxed))
            r = error_set(err, -ECANCELED, "the check of the spool was cancelled");
        c->lost = r == 0 && c->len > 0 && !survived(c, v->spool, &bytes);
        v->lost += c->lost;
    }
    buf_release(&bytes);
    return r;
}
