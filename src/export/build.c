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

/* 1: these bytes are those of the old chunk; 0; -errno. */
static int same_as_old(const struct builder *b, const struct chunk *old, const char *data, size_t len, uint64_t hash,
                       uint64_t rows, struct error *err)
{
    if (!old || old->lost || old->len != len || old->hash != hash || old->rows != rows)
        return 0;
    int equal = len ? spool_equal(b->spool, old->at, data, len) : 1;
    return equal < 0 ? error_set(err, equal, "cannot read the spool: %s", strerror(-equal)) : equal;
}

static struct chunk *new_chunk(const struct slot *s, uint64_t at, uint64_t len, uint64_t hash, uint64_t rows)
{
    struct chunk *c = chunk_new(s->section, s->low, s->high);
    chunk_seal(c, at, len, hash, rows);
    c->split_tried = s->old ? s->old->split_tried : 0;
    return c;
}

/* Neighbouring slots that are rendered in one go: beginning the statements anew for each would cost a tenth. */
#define RUN_MAX 16
#define RUNS_PER_THREAD 8

/* What was rendered for them and is new is written in one go too, as it will lie in the spool: each chunk begins with a
 * block. Half the price of so many small writes. */
#define WRITE_MAX ((size_t)1 << 20)

struct unwritten {
    struct slot *slot;
    size_t at, len; /* of the session's buffer */
    uint64_t hash, rows;
};

struct run {
    size_t first, n; /* of todo.slots */
};

struct todo {
    struct builder *b;
    struct plan *plan;
    size_t *slots;
    struct run *runs;
    time_t stamp;
};

/* Writes what is in the buffer; empties it. */
static int write_chunks(struct builder *b, struct buf *out, const struct unwritten *chunks, size_t n, struct error *err)
{
    size_t len = n ? chunks[n - 1].at + chunks[n - 1].len : 0;
    uint64_t at = 0;
    int r = len ? spool_write(b->spool, out->data, len, &at) : 0;

    buf_clear(out);
    if (r < 0)
        return error_set(err, r, "cannot write %zu bytes to the spool: %s", len, strerror(-r));
    for (size_t i = 0; i < n; i++)
        chunks[i].slot->result = new_chunk(chunks[i].slot, at + chunks[i].at, chunks[i].len, chunks[i].hash, chunks[i].rows);
    return 0;
}

static void fill_block(struct buf *out)
{
    static const char zeros[SPOOL_BLOCK];
    size_t rest = out->len % SPOOL_BLOCK;

    buf_add(out, zeros, rest ? SPOOL_BLOCK - rest : 0);
}

/* Renders a slot behind what is in the buffer. It becomes the old chunk again, or *u: 1. */
static int render_slot(const struct todo *todo, struct slot *s, struct renderer *renderer, struct buf *out,
                       struct unwritten *u, struct error *err)
{
    struct builder *b = todo->b;
    if (atomic_load_explicit(b->stop, memory_order_relaxed))
        return error_set(err, -ECANCELED, "the rendering was cancelled");
    *u = (struct unwritten){.slot = s, .at = out->len};
    int r = renderer_section(renderer, s->section, s->low, s->high, todo->stamp, out, &u->rows, err);
    if (r < 0)
        return r;
    atomic_fetch_add_explicit(&b->rendered, 1, memory_order_relaxed);
    const char *data = buf_str(out) + u->at;
    u->len = out->len - u->at;
    u->hash = digest_hash64(data, u->len);
    r = same_as_old(b, s->old, data, u->len, u->hash, u->rows, err);
    if (r == 1) {
        s->result = chunk_ref(s->old);
        if (out->len)
            buf_truncate(out, u->at);
        return 0;
    }
    if (r < 0)
        return r;
    if (u->len == 0) {
        s->result = new_chunk(s, 0, 0, u->hash, u->rows);
        return 0;
    }
    fill_block(out);
    return 1;
}

static int render_run_of_slots(void *arg, size_t i, void *seat, struct error *err)
{
    struct todo *todo = arg;
    struct session *session = seat;
    struct slot *slots = todo->plan->slots;
    const size_t *number = &todo->slots[todo->runs[i].first];
    size_t n = todo->runs[i].n, waiting = 0;
    struct unwritten chunks[RUN_MAX];
    struct renderer *renderer;
    int r = session_renderer(session, todo->b->map, todo->b->site, &renderer, err);
    if (r < 0)
        return r;
    if (n > 1)
        renderer_span(renderer, slots[number[0]].section, slots[number[n - 1]].high);
    buf_clear(&session->out);
    for (size_t k = 0; k < n && r >= 0; k++) {
        r = render_slot(todo, &slots[number[k]], renderer, &session->out, &chunks[waiting], err);
        waiting += r == 1;
        if (r >= 0 && (session->out.len >= WRITE_MAX || k + 1 == n)) {
            r = write_chunks(todo->b, &session->out, chunks, waiting, err);
            waiting = 0;
        }
    }
    renderer_span_end(renderer);
    return r < 0 ? r : 0;
}

static bool neighbours(const struct slot *a, const struct slot *b)
{
    return a->section == b->section && a->high < b->low && a->high + 1 == b->low;
}

/* Returns how many runs n slots make. */
static size_t make_runs(struct todo *todo, size_t n)
{
    size_t most = n / ((todo->b->n_helpers + 1) * RUNS_PER_THREAD), runs = 0;
    most = most > RUN_MAX ? RUN_MAX : most;
    for (size_t i = 0; i < n; i++) {
        struct run *last = runs ? &todo->runs[runs - 1] : NULL;
        const struct slot *slots = todo->plan->slots;
        if (last && last->n < most && neighbours(&slots[todo->slots[i - 1]], &slots[todo->slots[i]]))
            last->n++;
        else
            todo->runs[runs++] = (struct run){i, 1};
    }
    return runs;
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
    todo.runs = xreallocarray(NULL, n + 1, sizeof *todo.runs);
    n = make_runs(&todo, n);
    struct pool_job job = {.run = render_run_of_slots, .arg = &todo, .n = n, .own_seat = b->own, .seats = seats};
    if (n > 1)
        for (; job.n_seats < b->n_helpers; job.n_seats++)
            seats[job.n_seats] = b->helpers[job.n_seats];
    int r = pool_run(b->pool, &job, err);
    b->broken |= r < 0;
    free(todo.runs);
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
