#include "export/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/mem.h"

/* -- chunks -------------------------------------------------------------------------------------------- */

struct chunk *chunk_new(uint32_t section, int64_t low, int64_t high)
{
    struct chunk *c = xcalloc(1, sizeof *c);
    c->refs = 1;
    c->section = section;
    c->low = low;
    c->high = high;
    return c;
}

void chunk_seal(struct chunk *c, uint64_t at, uint64_t len, uint64_t hash, uint64_t rows)
{
    c->at = at;
    c->len = len;
    c->hash = hash;
    c->rows = rows;
    const uint64_t parts[] = {c->section, (uint64_t)c->low, (uint64_t)c->high, at, len, hash, rows};
    c->proof = digest_hash64(parts, sizeof parts);
}

struct chunk *chunk_ref(struct chunk *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void chunk_unref(struct chunk *c, struct spool *spool)
{
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    spool_free(spool, c->at, c->len);
    free(c);
}

/* <0, 0, >0: how the beginnings of two chunks stand to each other in file order. */
static int compare_low(const struct chunk *a, const struct chunk *b)
{
    if (a->section != b->section)
        return a->section < b->section ? -1 : 1;
    return (a->low > b->low) - (a->low < b->low);
}

/* b begins behind a's end. */
static bool ends_before(const struct chunk *a, const struct chunk *b)
{
    return a->section != b->section ? a->section < b->section : a->high < b->low;
}

/* -- groups -------------------------------------------------------------------------------------------- */

static struct group *group_new(struct chunk *const *chunks, size_t n)
{
    struct group *g = xmalloc(sizeof *g + n * (sizeof *g->chunks + sizeof *g->end));
    uint64_t size = 0;
    g->refs = 1;
    g->n = (uint32_t)n;
    g->rows = g->proof = 0;
    g->end = (uint64_t *)(g->chunks + n);
    for (size_t i = 0; i < n; i++) {
        g->chunks[i] = chunks[i];
        g->rows += chunks[i]->rows;
        g->proof += chunks[i]->proof;
        g->end[i] = size += chunks[i]->len;
    }
    return g;
}

static struct group *group_ref(struct group *g)
{
    atomic_fetch_add_explicit(&g->refs, 1, memory_order_relaxed);
    return g;
}

static void group_unref(struct group *g, struct spool *spool)
{
    if (atomic_fetch_sub_explicit(&g->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < g->n; i++)
        chunk_unref(g->chunks[i], spool);
    free(g);
}

/* -- building ------------------------------------------------------------------------------------------ */

static void add_group(struct version *v, struct group *g)
{
    v->end[v->n] = (v->n ? v->end[v->n - 1] : 0) + g->end[g->n - 1];
    v->groups[v->n++] = g;
    v->chunks += g->n;
    v->rows += g->rows;
    v->proof += g->proof;
}

/* Room for so many groups. */
static struct version *version_empty(struct spool *spool, size_t most)
{
    struct version *v = xcalloc(1, sizeof *v);
    v->refs = 1;
    v->spool = spool_ref(spool);
    v->groups = xreallocarray(NULL, most + 1, sizeof *v->groups);
    v->end = xreallocarray(NULL, most + 1, sizeof *v->end);
    return v;
}

/* In equal parts of no more than `most`. */
static void add_chunks(struct version *v, struct chunk *const *chunks, size_t n, size_t most)
{
    size_t parts = (n + most - 1) / most;
    for (size_t i = 0, at = 0; i < parts; i++) {
        size_t len = n / parts + (i < n % parts);
        add_group(v, group_new(chunks + at, len));
        at += len;
    }
}

struct version *version_new(struct spool *spool, struct chunk *const *chunks, size_t n)
{
    struct version *v = version_empty(spool, n / GROUP_CHUNKS + 1);
    add_chunks(v, chunks, n, GROUP_CHUNKS);
    return v;
}

struct version *version_of_groups(struct spool *spool, struct chunk *const *chunks, const uint32_t *sizes,
                                  size_t n_groups)
{
    struct version *v = version_empty(spool, n_groups);
    for (size_t i = 0; i < n_groups; chunks += sizes[i++])
        add_group(v, group_new(chunks, sizes[i]));
    return v;
}

/* The chunks of g, those replaced by some of chunks[*at ...] left out and these put in, appended to out. */
static size_t merge_group(const struct group *g, struct chunk *const *chunks, size_t n, size_t *at, struct chunk **out)
{
    size_t k = 0;
    for (size_t i = 0; i < g->n; i++) {
        struct chunk *c = g->chunks[i];
        while (*at < n && !ends_before(c, chunks[*at]))
            out[k++] = chunks[(*at)++];
        /* What was put in last, here or for a group before, may reach over this one. */
        if (*at == 0 || ends_before(chunks[*at - 1], c))
            out[k++] = chunk_ref(c);
    }
    return k;
}

struct version *version_with(const struct version *base, struct chunk *const *chunks, size_t n)
{
    struct version *v = version_empty(base->spool, base->n + 3 * n); /* a full group and a chunk make three */
    struct chunk **open = xreallocarray(NULL, n + GROUP_MIN + GROUP_MAX, sizeof *open); /* of groups made anew */
    size_t at = 0, n_open = 0;
    for (size_t i = 0; i < base->n; i++) {
        struct group *g = base->groups[i];
        bool reached = at > 0 && !ends_before(chunks[at - 1], g->chunks[0]);
        bool changes = at < n && !ends_before(g->chunks[g->n - 1], chunks[at]);
        if (n_open == 0 && !reached && !changes) {
            add_group(v, group_ref(g));
            continue;
        }
        n_open += merge_group(g, chunks, n, &at, open + n_open);
        if (n_open >= GROUP_MIN) {
            add_chunks(v, open, n_open, n_open > GROUP_MAX ? GROUP_CHUNKS : GROUP_MAX);
            n_open = 0;
        }
    }
    add_chunks(v, open, n_open, GROUP_CHUNKS);
    free(open);
    return v;
}

struct version *version_ref(struct version *v)
{
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    return v;
}

void version_unref(struct version *v)
{
    if (!v || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < v->n; i++)
        group_unref(v->groups[i], v->spool);
    spool_unref(v->spool);
    free(v->groups);
    free(v->end);
    free(v);
}

uint64_t version_ino(const struct version *v)
{
    return v->ino;
}

uint64_t version_size(const struct version *v)
{
    return v->n ? v->end[v->n - 1] : 0;
}

uint64_t version_rows(const struct version *v)
{
    return v->rows;
}

struct timespec version_mtime(const struct version *v)
{
    return (struct timespec){.tv_sec = (time_t)v->mtime};
}

/* -- places -------------------------------------------------------------------------------------------- */

struct chunk *version_chunk(const struct version *v, struct chunk_place at)
{
    return at.g < v->n ? v->groups[at.g]->chunks[at.i] : NULL;
}

struct chunk_place version_next(const struct version *v, struct chunk_place at)
{
    if (++at.i >= v->groups[at.g]->n)
        at = (struct chunk_place){at.g + 1, 0};
    return at;
}

struct chunk_place version_find(const struct version *v, uint32_t section, int64_t key)
{
    const struct chunk wanted = {.section = section, .low = key};
    size_t low = 0, high = v->n;
    while (low < high) { /* the first group whose end is not before the key */
        size_t mid = low + (high - low) / 2;
        const struct group *g = v->groups[mid];
        if (ends_before(g->chunks[g->n - 1], &wanted))
            low = mid + 1;
        else
            high = mid;
    }
    struct chunk_place at = {low, 0};
    if (low == v->n)
        return at;
    for (high = v->groups[low]->n - 1; at.i < high;) {
        size_t mid = at.i + (high - at.i) / 2;
        if (ends_before(v->groups[low]->chunks[mid], &wanted))
            at.i = mid + 1;
        else
            high = mid;
    }
    return at;
}

/* -- reading ------------------------------------------------------------------------------------------- */

/* The first of n ends that lies beyond `at`. */
static size_t find_end(const uint64_t *end, size_t n, uint64_t at)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (end[mid] <= at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* The place of byte `at`; *inside: its number within the chunk. */
static struct chunk_place find_byte(const struct version *v, uint64_t at, uint64_t *inside)
{
    struct chunk_place p = {find_end(v->end, v->n, at), 0};
    if (p.g == v->n)
        return p;
    const struct group *g = v->groups[p.g];
    at -= p.g ? v->end[p.g - 1] : 0;
    p.i = find_end(g->end, g->n, at);
    *inside = at - (p.i ? g->end[p.i - 1] : 0);
    return p;
}

/* Up to max pieces of the len bytes from byte *inside of the chunk at *p on, which both move behind them. */
static size_t take_pieces(const struct version *v, struct chunk_place *p, uint64_t *inside, size_t len,
                          struct spool_piece *out, size_t max)
{
    size_t n = 0;
    for (; n < max && len > 0 && p->g < v->n; *p = version_next(v, *p), *inside = 0) {
        const struct chunk *c = version_chunk(v, *p);
        uint64_t left = c->len - *inside;
        if (left == 0)
            continue;
        out[n] = (struct spool_piece){c->at + *inside, left < len ? (size_t)left : len, NULL};
        len -= out[n++].len;
    }
    return n;
}

ssize_t version_read(const struct version *v, void *data, size_t len, uint64_t at)
{
    struct spool_piece pieces[SPOOL_PIECES];
    uint64_t inside = 0;
    size_t done = 0, n;
    struct chunk_place p = find_byte(v, at, &inside);
    while ((n = take_pieces(v, &p, &inside, len - done, pieces, SPOOL_PIECES)) > 0) {
        for (size_t i = 0; i < n; i++) {
            pieces[i].to = (char *)data + done;
            done += pieces[i].len;
        }
        int r = spool_read_pieces(v->spool, pieces, n);
        if (r < 0)
            return r;
    }
    return (ssize_t)done;
}

int version_extents(const struct version *v, struct version_extent *out, size_t max, size_t len, uint64_t at, int *fd)
{
    struct spool_piece pieces[SPOOL_PIECES];
    uint64_t inside = 0, end = 0;
    size_t found = 0, n;
    struct chunk_place p = find_byte(v, at, &inside);
    while ((n = take_pieces(v, &p, &inside, len, pieces, SPOOL_PIECES)) > 0) {
        if (n > max - found)
            return -ENOBUFS;
        for (size_t i = 0; i < n; i++) {
            out[found++] = (struct version_extent){(off_t)pieces[i].at, pieces[i].len};
            len -= pieces[i].len;
            if (pieces[i].at + pieces[i].len > end)
                end = pieces[i].at + pieces[i].len;
        }
    }
    *fd = spool_file(v->spool);
    return spool_reaches(v->spool, end) ? (int)found : -EIO;
}

/* -- comparing ----------------------------------------------------------------------------------------- */

/* 1: the len bytes of a at `x` are those of b at `y`; 0; -errno. */
static int equal_bytes(const struct version *a, uint64_t x, const struct version *b, uint64_t y, uint64_t len)
{
    enum { PIECE = 64 * 1024 };
    if (len == 0)
        return 1;
    char *one = xmalloc(PIECE), *two = xmalloc(PIECE);
    int r = 1;
    for (uint64_t done = 0; done < len && r == 1;) {
        size_t want = len - done < PIECE ? (size_t)(len - done) : PIECE;
        ssize_t n = version_read(a, one, want, x + done), m = version_read(b, two, want, y + done);
        if (n < 0 || m < 0 || n != m || n == 0)
            r = n < 0 ? (int)n : m < 0 ? (int)m : -EIO;
        else if (memcmp(one, two, (size_t)n) != 0)
            r = 0;
        done += n > 0 ? (size_t)n : 0;
    }
    free(one);
    free(two);
    return r;
}

/* <0, 0, >0: how the next chunks of two versions stand to each other in file order; 0 at the end of both. */
static int compare_place(const struct version *a, struct chunk_place x, const struct version *b, struct chunk_place y)
{
    if (x.g >= a->n || y.g >= b->n)
        return (x.g >= a->n) - (y.g >= b->n);
    return compare_low(version_chunk(a, x), version_chunk(b, y));
}

/* Two versions gone through together; x and y: bytes passed of each. */
struct walk {
    const struct version *was, *now;
    struct chunk_place i, k;
    uint64_t x, y;
};

/* Where both come to the same group it is passed as a whole. */
static bool pass_shared_group(struct walk *w)
{
    if (w->i.i || w->k.i || w->i.g >= w->was->n || w->k.g >= w->now->n ||
        w->was->groups[w->i.g] != w->now->groups[w->k.g])
        return false;
    const struct group *g = w->was->groups[w->i.g];
    w->x += g->end[g->n - 1];
    w->y += g->end[g->n - 1];
    w->i.g++;
    w->k.g++;
    return true;
}

static void pass_chunk(const struct version *v, struct chunk_place *at, uint64_t *bytes)
{
    const struct chunk *c = version_chunk(v, *at);
    if (!c)
        return;
    *bytes += c->len;
    *at = version_next(v, *at);
}

static void pass_chunks(struct walk *w, bool of_was, bool of_now)
{
    if (of_was)
        pass_chunk(w->was, &w->i, &w->x);
    if (of_now)
        pass_chunk(w->now, &w->k, &w->y);
}

/* Both are at the same chunk, or at the same range of one whose bytes are lost: 1; 0; -1: the lost one has no like. */
static int at_same_chunk(const struct walk *w, int place)
{
    const struct chunk *was = version_chunk(w->was, w->i), *now = version_chunk(w->now, w->k);
    if (place == 0 && was == now)
        return 1;
    if (place > 0 || !was->lost)
        return 0;
    return place == 0 && was->high == now->high && was->len == now->len && was->hash == now->hash ? 1 : -1;
}

int version_equal(const struct version *was, const struct version *now)
{
    if (version_size(was) != version_size(now))
        return 0;
    struct walk w = {.was = was, .now = now};
    while (w.i.g < was->n || w.k.g < now->n) {
        if (pass_shared_group(&w))
            continue;
        /* A run: up to where both have the same chunk again. */
        uint64_t from_x = w.x, from_y = w.y;
        int same = 0;
        while (w.i.g < was->n || w.k.g < now->n) {
            int place = compare_place(was, w.i, now, w.k);
            if ((same = at_same_chunk(&w, place)) != 0)
                break;
            pass_chunks(&w, place <= 0, place >= 0);
        }
        if (same < 0 || w.x - from_x != w.y - from_y)
            return 0;
        int r = equal_bytes(was, from_x, now, from_y, w.x - from_x);
        if (r != 1)
            return r;
        if (same && !pass_shared_group(&w))
            pass_chunks(&w, true, true);
    }
    return 1;
}

int version_difference(const struct version *was, const struct version *now, group_fn fn, void *arg)
{
    size_t i = 0, k = 0, n = was ? was->n : 0;
    int r = 0;
    while ((i < n || k < now->n) && r == 0) {
        if (i < n && k < now->n && was->groups[i] == now->groups[k]) {
            i++;
            k++;
            continue;
        }
        int order = i >= n        ? 1
                    : k >= now->n ? -1
                                  : compare_low(was->groups[i]->chunks[0], now->groups[k]->chunks[0]);
        if (order <= 0)
            r = fn(arg, was->groups[i++], false);
        else
            r = fn(arg, now->groups[k++], true);
    }
    return r;
}
