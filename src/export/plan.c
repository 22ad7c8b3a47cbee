#include "export/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/mem.h"

static struct slot *add_slot(struct plan *p, uint32_t section, int64_t low, int64_t high)
{
    array_grow(p->slots, p->n, p->cap);
    p->slots[p->n] = (struct slot){.section = section, .low = low, .high = high};
    return &p->slots[p->n++];
}

static void find_sections(struct plan *p)
{
    size_t sections = export_map_sections(p->map), i = 0;
    p->first = xreallocarray(p->first, sections + 1, sizeof *p->first);
    for (size_t s = 0; s < sections; s++) {
        while (i < p->n && p->slots[i].section < s)
            i++;
        p->first[s] = i;
    }
    p->first[sections] = p->n;
}

int plan_fresh(struct plan *p, const struct export_map *map, struct renderer *r, struct error *err)
{
    p->map = map;
    for (size_t s = 0; s < export_map_sections(map); s++) {
        int64_t *low = NULL;
        size_t n = 0;
        int code = 0;
        if (export_map_section(map, s)->kind == SECTION_KEYED)
            code = renderer_ranges(r, s, CHUNK_ROWS, &low, &n, err);
        if (code < 0)
            return code;
        if (n == 0)
            add_slot(p, (uint32_t)s, INT64_MIN, INT64_MAX)->dirty = true;
        for (size_t i = 0; i < n; i++)
            add_slot(p, (uint32_t)s, i ? low[i] : INT64_MIN, i + 1 < n ? low[i + 1] - 1 : INT64_MAX)->dirty =
                true;
        free(low);
    }
    find_sections(p);
    return 0;
}

void plan_from(struct plan *p, const struct export_map *map, struct version *base)
{
    p->map = map;
    p->base = version_ref(base);
    for (size_t i = 0; i < base->n; i++) {
        struct chunk *c = base->chunks[i];
        struct slot *s = add_slot(p, c->section, c->low, c->high);
        s->old = c;
        s->dirty = c->lost;
    }
    find_sections(p);
}

/* -- marks --------------------------------------------------------------------------------------------- */

static void mark_range(struct plan *p, size_t section, enum change_source source, int64_t block)
{
    int64_t low = block * CHANGE_BLOCK, high = low + (CHANGE_BLOCK - 1);
    size_t from = p->first[section], to = p->first[section + 1];
    while (from < to) { /* the first slot whose end lies at or beyond low */
        size_t mid = from + (to - from) / 2;
        if (p->slots[mid].high < low)
            from = mid + 1;
        else
            to = mid;
    }
    for (size_t i = from; i < p->first[section + 1] && p->slots[i].low <= high; i++) {
        struct slot *s = &p->slots[i];
        s->dirty = true;
        if (s->source != source) {
            s->source = (uint8_t)source;
            s->marks = 0;
        }
        if (++s->marks > CHUNK_ROWS_MAX / CHANGE_BLOCK && s->high - CHANGE_BLOCK >= s->low)
            s->split = true;
    }
}

static int mark(void *arg, enum change_source source, int64_t block)
{
    struct plan *p = arg;
    for (size_t s = 0; s < export_map_sections(p->map); s++) {
        const struct section_info *info = export_map_section(p->map, s);
        if (info->whole & SOURCE_BIT(source)) {
            for (size_t i = p->first[s]; i < p->first[s + 1]; i++)
                p->slots[i].dirty = true;
        } else if (info->keyed & SOURCE_BIT(source)) {
            mark_range(p, s, source, block);
        }
    }
    return 0;
}

int plan_mark(struct plan *p, struct db *db, struct renderer *r, uint64_t since, struct error *err)
{
    source_set sources = 0;
    for (size_t i = 0; i < p->n; i++)
        p->slots[i].source = 0;
    for (size_t s = 0; s < export_map_sections(p->map); s++) {
        const struct section_info *info = export_map_section(p->map, s);
        sources |= info->whole | info->keyed;
    }
    int code = change_since(db, since, sources, mark, p, err);
    size_t cut;
    return code < 0 ? code : plan_refine(p, r, NULL, &cut, err); /* nothing is rendered yet */
}

/* -- cutting and joining ------------------------------------------------------------------------------- */

/* Appends to `to` the pieces of s between the bounds; returns how many. Without a bound inside s nothing is
 * done. */
static size_t cut_slot(struct plan *to, const struct slot *s, const int64_t *low, size_t n)
{
    size_t i = 0;
    while (i < n && low[i] <= s->low)
        i++;
    if (i == n || low[i] > s->high)
        return 0;
    size_t pieces = 0;
    int64_t from = s->low;
    for (;; i++) {
        bool more = i < n && low[i] <= s->high;
        struct slot *piece = add_slot(to, s->section, from, more ? low[i] - 1 : s->high);
        piece->dirty = piece->todo = true;
        pieces++;
        if (!more)
            return pieces;
        from = low[i];
    }
}

int plan_refine(struct plan *p, struct renderer *r, struct spool *spool, size_t *cut, struct error *err)
{
    size_t wanted = 0;
    *cut = 0;
    for (size_t i = 0; i < p->n; i++)
        wanted += p->slots[i].split;
    if (!wanted)
        return 0;

    struct plan to = {.map = p->map};
    int64_t *low = NULL;
    size_t n = 0, of_section = SIZE_MAX;
    int code = 0;
    for (size_t i = 0; i < p->n && code == 0; i++) {
        struct slot *s = &p->slots[i];
        size_t pieces = 0;
        if (s->split && of_section != s->section) {
            free(low);
            low = NULL;
            code = renderer_ranges(r, s->section, CHUNK_ROWS, &low, &n, err);
            of_section = s->section;
        }
        if (s->split && code == 0)
            pieces = cut_slot(&to, s, low, n);
        if (pieces == 0) {
            array_grow(to.slots, to.n, to.cap);
            if (s->split && s->result)
                s->result->split_tried = s->result->rows;
            s->split = false;
            to.slots[to.n++] = *s;
        }
        *cut += pieces > 0;
    }
    free(low);
    if (code < 0) {
        free(to.slots);
        return code;
    }
    for (size_t i = 0; i < p->n; i++)
        if (p->slots[i].split)
            chunk_unref(p->slots[i].result, spool); /* its pieces are rendered instead */
    free(p->slots);
    p->slots = to.slots;
    p->n = to.n;
    p->cap = to.cap;
    find_sections(p);
    return 0;
}

static struct chunk *slot_chunk(const struct slot *s)
{
    return s->result ? s->result : s->old;
}

static bool wrap_is_empty(const struct plan *p, unsigned wrap)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct section_info *info = export_map_section(p->map, p->slots[i].section);
        const struct chunk *c = slot_chunk(&p->slots[i]);
        if (info->wrap == wrap && info->counts && c && c->rows)
            return false;
    }
    return true;
}

size_t plan_wraps(struct plan *p, struct spool *spool)
{
    size_t wanted = 0;
    for (size_t i = 0; i < p->n; i++) {
        struct slot *s = &p->slots[i];
        const struct section_info *info = export_map_section(p->map, s->section);
        const struct chunk *c = slot_chunk(s);
        s->todo = false;
        if (!info->wrap || info->counts)
            continue;
        bool empty = wrap_is_empty(p, info->wrap);
        if (empty && c && c->len) {
            chunk_unref(s->result, spool);
            s->result = chunk_new(s->section, s->low, s->high);
            s->result->hash = digest_hash64("", 0);
            s->dirty = true;
        } else if (!empty && c && !c->len) {
            s->todo = s->dirty = true;
            wanted++;
        }
    }
    return wanted;
}

static bool is_new(const struct slot *s)
{
    return s->result && s->result != s->old;
}

static bool joinable(const struct slot *a, const struct slot *b)
{
    const struct chunk *x = slot_chunk(a), *y = slot_chunk(b);
    uint64_t rows = x->rows + y->rows;
    return a->section == b->section && (is_new(a) || is_new(b)) && b->high != INT64_MAX &&
           (rows <= CHUNK_ROWS_MIN || (rows <= CHUNK_ROWS_MAX && x->len + y->len <= CHUNK_BYTES_MIN)) &&
           b->high - (a->low < 0 ? 0 : a->low) < CHUNK_SPAN_MAX;
}

static int join(struct slot *a, struct slot *b, struct spool *spool, struct buf *out)
{
    const struct chunk *x = slot_chunk(a), *y = slot_chunk(b);
    buf_clear(out);
    buf_reserve(out, x->len + y->len);
    ssize_t n = spool_read(spool, out->data, x->len, x->at);
    if (n >= 0 && (size_t)n == x->len)
        n = spool_read(spool, out->data + x->len, y->len, y->at);
    if (n < 0 || (size_t)n != y->len)
        return n < 0 ? (int)n : -EIO;
    struct chunk *c = chunk_new(a->section, a->low, b->high);
    c->len = x->len + y->len;
    c->rows = x->rows + y->rows;
    c->hash = digest_hash64(out->data, c->len);
    int r = c->len ? spool_write(spool, out->data, c->len, &c->at) : 0;
    if (r < 0) {
        c->len = 0;
        chunk_unref(c, spool);
        return r;
    }
    chunk_unref(a->result, spool);
    chunk_unref(b->result, spool);
    *a = (struct slot){.section = a->section, .low = a->low, .high = b->high, .result = c, .dirty = true};
    return 0;
}

int plan_join(struct plan *p, struct spool *spool, struct buf *out, struct error *err)
{
    size_t k = 0;
    for (size_t i = 1; i < p->n; i++) {
        if (joinable(&p->slots[k], &p->slots[i])) {
            int r = join(&p->slots[k], &p->slots[i], spool, out);
            if (r < 0)
                return error_set(err, r, "cannot join chunks in the spool: %s", strerror(-r));
        } else {
            p->slots[++k] = p->slots[i];
        }
    }
    p->n = p->n ? k + 1 : 0;
    find_sections(p);
    return 0;
}

/* ------------------------------------------------------------------------------------------------------------
 */

size_t plan_dirty(const struct plan *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += p->slots[i].dirty;
    return n;
}

struct version *plan_version(const struct plan *p, struct spool *spool)
{
    struct chunk **chunks = xreallocarray(NULL, p->n ? p->n : 1, sizeof *chunks);
    for (size_t i = 0; i < p->n; i++)
        chunks[i] = chunk_ref(slot_chunk(&p->slots[i]));
    struct version *v = version_new(spool, chunks, p->n, 0, 0);
    free(chunks);
    return v;
}

void plan_release(struct plan *p, struct spool *spool)
{
    for (size_t i = 0; i < p->n; i++)
        chunk_unref(p->slots[i].result, spool);
    version_unref(p->base);
    free(p->slots);
    free(p->first);
    *p = (struct plan){0};
}
