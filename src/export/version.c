#include "export/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/mem.h"

struct chunk *chunk_new(uint32_t section, int64_t low, int64_t high)
{
    struct chunk *c = xcalloc(1, sizeof *c);
    c->refs = 1;
    c->section = section;
    c->low = low;
    c->high = high;
    return c;
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

struct version *version_new(struct spool *spool, struct chunk **chunks, size_t n, int64_t mtime, uint64_t ino)
{
    struct version *v = xcalloc(1, sizeof *v);
    v->refs = 1;
    v->spool = spool_ref(spool);
    v->mtime = mtime;
    v->ino = ino;
    v->n = n;
    v->chunks = xreallocarray(NULL, n ? n : 1, sizeof *v->chunks);
    v->end = xreallocarray(NULL, n ? n : 1, sizeof *v->end);
    uint64_t size = 0;
    for (size_t i = 0; i < n; i++) {
        v->chunks[i] = chunks[i];
        v->rows += chunks[i]->rows;
        v->end[i] = size += chunks[i]->len;
    }
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
        chunk_unref(v->chunks[i], v->spool);
    spool_unref(v->spool);
    free(v->chunks);
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

/* The chunk that holds byte `at`: the first whose end lies beyond it. */
static size_t find_chunk(const struct version *v, uint64_t at)
{
    size_t low = 0, high = v->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (v->end[mid] <= at)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

ssize_t version_read(const struct version *v, void *data, size_t len, uint64_t at)
{
    size_t done = 0;
    for (size_t i = find_chunk(v, at); i < v->n && done < len; i++) {
        const struct chunk *c = v->chunks[i];
        uint64_t inside = at + done - (v->end[i] - c->len);
        size_t want = c->len - inside < len - done ? (size_t)(c->len - inside) : len - done;
        if (want == 0)
            continue;
        ssize_t n = spool_read(v->spool, (char *)data + done, want, c->at + inside);
        if (n < 0)
            return n;
        if ((size_t)n < want) /* someone cut the data file: never a short file instead of an error */
            return -EIO;
        done += want;
    }
    return (ssize_t)done;
}

/* 1: the len bytes of a at `x` are those of b at `y`; 0; -errno. */
static int equal_bytes(const struct version *a, uint64_t x, const struct version *b, uint64_t y, uint64_t len)
{
    enum { PIECE = 64 * 1024 };
    auto_free char *one = xmalloc(PIECE), *two = xmalloc(PIECE);
    for (uint64_t done = 0; done < len;) {
        size_t want = len - done < PIECE ? (size_t)(len - done) : PIECE;
        ssize_t n = version_read(a, one, want, x + done), m = version_read(b, two, want, y + done);
        if (n < 0 || m < 0 || n != m || n == 0)
            return n < 0 ? (int)n : m < 0 ? (int)m : -EIO;
        if (memcmp(one, two, (size_t)n) != 0)
            return 0;
        done += (size_t)n;
    }
    return 1;
}

/* <0, 0, >0: how the next chunks of two versions stand to each other in file order. */
static int compare_place(const struct version *a, size_t i, const struct version *b, size_t k)
{
    if (i >= a->n || k >= b->n)
        return (i >= a->n) - (k >= b->n);
    const struct chunk *x = a->chunks[i], *y = b->chunks[k];
    if (x->section != y->section)
        return x->section < y->section ? -1 : 1;
    return (x->low > y->low) - (x->low < y->low);
}

int version_equal(const struct version *was, const struct version *now)
{
    if (version_size(was) != version_size(now))
        return 0;
    uint64_t x = 0, y = 0; /* bytes passed and found equal */
    size_t i = 0, k = 0;
    while (i < was->n || k < now->n) {
        /* A run: up to where both have the same chunk, or the same range of one whose bytes are lost. */
        uint64_t from_x = x, from_y = y;
        while (i < was->n || k < now->n) {
            int place = compare_place(was, i, now, k);
            if (place == 0 && was->chunks[i] == now->chunks[k])
                break;
            if (place <= 0 && was->chunks[i]->lost) {
                const struct chunk *c = was->chunks[i];
                if (place == 0 && c->high == now->chunks[k]->high && c->len == now->chunks[k]->len &&
                    c->hash == now->chunks[k]->hash)
                    break;
                return 0;
            }
            if (place <= 0)
                x += was->chunks[i++]->len;
            if (place >= 0)
                y += now->chunks[k++]->len;
        }
        if (x - from_x != y - from_y)
            return 0;
        int r = equal_bytes(was, from_x, now, from_y, x - from_x);
        if (r != 1)
            return r;
        if (i < was->n && k < now->n) {
            x += was->chunks[i++]->len;
            y += now->chunks[k++]->len;
        }
    }
    return 1;
}

uint64_t version_list_hash(const struct version *v)
{
    uint64_t(*list)[5] = xreallocarray(NULL, v->n ? v->n : 1, sizeof *list);
    for (size_t i = 0; i < v->n; i++) {
        const struct chunk *c = v->chunks[i];
        list[i][0] = c->section;
        list[i][1] = (uint64_t)c->low;
        list[i][2] = c->at;
        list[i][3] = c->len;
        list[i][4] = c->hash;
    }
    uint64_t hash = digest_hash64(list, v->n * sizeof *list);
    free(list);
    return hash;
}
