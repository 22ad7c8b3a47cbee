#include "export/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

#define GATHER_TRIES 5

void (*build_between_snapshots)(void);

int build_begin(struct builder *b, uint64_t *sequence, struct error *err)
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
        r = change_sequence(b->own->db, sequence, err);
    b->broken |= r < 0;
    return r;
}

static void drop_helpers(struct builder *b, size_t keep)
{
    while (b->n_helpers > keep)
        session_give(b->sessions, b->helpers[--b->n_helpers], b->broken);
}

/* True when helper i reads what we read. */
static bool same_state(struct builder *b, size_t i, uint64_t sequence)
{
    uint64_t theirs = 0;
    struct db *db = b->helpers[i]->db;
    db_end(db);
    if (build_between_snapshots)
        build_between_snapshots();
    return db_begin_read(db, NULL) == 0 && change_sequence(db, &theirs, NULL) == 0 && theirs == sequence;
}

int build_gather(struct builder *b, uint64_t *sequence, struct error *err)
{
    size_t wanted = b->helpers_wanted < BUILD_HELPERS_MAX ? b->helpers_wanted : BUILD_HELPERS_MAX;
    while (b->n_helpers < wanted && session_take(b->sessions, &b->helpers[b->n_helpers], b->map, NULL) == 0)
        b->n_helpers++; /* fewer connections: slower, not wrong */
    if (!b->n_helpers)
        return 0;
    for (int tries = 0;; tries++) {
        int r = build_begin(b, sequence, err);
        if (r < 0)
            return r;
        size_t agree = 0;
        for (size_t i = 0; i < b->n_helpers; i++) {
            if (!same_state(b, i, *sequence))
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
    struct chunk *c = chunk_new(s->section, s->low, s->high);
    int r = out->len ? spool_write(b->spool, out->data, out->len, &c->at) : 0;
    if (r < 0) {
        chunk_unref(c, b->spool);
        return error_set(err, r, "cannot write %zu bytes to the spool: %s", out->len, strerror(-r));
    }
    c->len = out->len;
    c->hash = hash;
    c->rows = rows;
    c->split_tried = old ? old->split_tried : 0;
    s->result = c;
    return 0;
}

/* Neighbouring slots that are rendered in one go: beginning the statements anew for each would cost a tenth. */
#define GROUP_MAX 16
#define GROUPS_PER_THREAD 8

struct group {
    size_t first, n; /* of todo.slots */
};

struct todo {
    struct builder *b;
    struct plan *plan;
    size_t *slots;
    struct group *groups;
    time_t stamp;
};

static int render_slot(const struct todo *todo, struct slot *s, struct renderer *renderer, struct buf *out,
                       struct error *err)
{
    struct builder *b = todo->b;
    if (atomic_load_explicit(b->stop, memory_order_relaxed))
        return error_set(err, -ECANCELED, "the rendering was cancelled");
    uint64_t rows = 0;
    buf_clear(out);
    int r = renderer_section(renderer, s->section, s->low, s->high, todo->stamp, out, &rows, err);
    if (r < 0)
        return r;
    atomic_fetch_add_explicit(&b->rendered, 1, memory_order_relaxed);
    return keep_or_write(b, s, out, rows, err);
}

static int render_group(void *arg, size_t i, void *seat, struct error *err)
{
    struct todo *todo = arg;
    struct session *session = seat;
    struct slot *slots = todo->plan->slots;
    const size_t *number = &todo->slots[todo->groups[i].first];
    size_t n = todo->groups[i].n;
    struct renderer *renderer;
    int r = session_renderer(todo->b->sessions, session, todo->b->map, &renderer, err);
    if (r < 0)
        return r;
    if (n > 1)
        renderer_span(renderer, slots[number[0]].section, slots[number[n - 1]].high);
    for (size_t k = 0; k < n && r == 0; k++)
        r = render_slot(todo, &slots[number[k]], renderer, &session->out, err);
    renderer_span_end(renderer);
    return r;
}

static bool neighbours(const struct slot *a, const struct slot *b)
{
    return a->section == b->section && a->high < b->low && a->high + 1 == b->low;
}

/* Returns how many groups n slots make. */
static size_t make_groups(struct todo *todo, size_t n)
{
    size_t most = n / ((todo->b->n_helpers + 1) * GROUPS_PER_THREAD), groups = 0;
    most = most > GROUP_MAX ? GROUP_MAX : most;
    for (size_t i = 0; i < n; i++) {
        struct group *last = groups ? &todo->groups[groups - 1] : NULL;
        const struct slot *slots = todo->plan->slots;
        if (last && last->n < most && neighbours(&slots[todo->slots[i - 1]], &slots[todo->slots[i]]))
            last->n++;
        else
            todo->groups[groups++] = (struct group){i, 1};
    }
    return groups;
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
    todo.groups = xreallocarray(NULL, n + 1, sizeof *todo.groups);
    n = make_groups(&todo, n);
    struct pool_job job = {.run = render_group, .arg = &todo, .n = n, .own_seat = b->own, .seats = seats};
    if (n > 1)
        for (; job.n_seats < b->n_helpers; job.n_seats++)
            seats[job.n_seats] = b->helpers[job.n_seats];
    int r = pool_run(b->pool, &job, err);
    b->broken |= r < 0;
    free(todo.groups);
    free(todo.slots);
    return r;
}

int build_verify(struct builder *b, struct version *v, size_t *lost, struct error *err)
{
    struct buf bytes = BUF_INIT;
    int r = 0;
    *lost = 0;
    for (size_t i = 0; i < v->n && r == 0; i++) {
        struct chunk *c = v->chunks[i];
        if (atomic_load_explicit(b->stop, memory_order_relaxed))
            r = error_set(err, -ECANCELED, "the check of the spool was cancelled");
        if (c->len == 0 || r < 0)
            continue;
        buf_clear(&bytes);
        c->lost = c->len > (uint64_t)1 << 32;
        if (!c->lost) {
            buf_reserve(&bytes, c->len);
            ssize_t n = spool_read(v->spool, bytes.data, c->len, c->at);
            c->lost = n < 0 || (uint64_t)n != c->len || digest_hash64(bytes.data, c->len) != c->hash;
        }
        *lost += c->lost;
    }
    buf_release(&bytes);
    return r;
}
