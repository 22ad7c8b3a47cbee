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

static struct slot *add_old(struct plan *p, struct chunk *c)
{
    struct slot *s = add_slot(p, c->section, c->low, c->high);
    s->old = c;
    return s;
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
            add_slot(p, (uint32_t)s, INT64_MIN, INT64_MAX);
        for (size_t i = 0; i < n; i++)
            add_slot(p, (uint32_t)s, i ? low[i] : INT64_MIN, i + 1 < n ? low[i + 1] - 1 : INT64_MAX);
        free(low);
    }
    return 0;
}

/* -- order --------------------------------------------------------------------------------------------- */

static int compare_slots(const void *a, const void *b)
{
    const struct slot *x = a, *y = b;
    if (x->section != y->section)
        return x->section < y->section ? -1 : 1;
    return (x->low > y->low) - (x->low < y->low);
}

/* In file order, each chunk once: what has a result or the most marks stays. */
static void put_in_order(struct plan *p)
{
    if (p->n < 2)
        return;
    qsort(p->slots, p->n, sizeof *p->slots, compare_slots);
    size_t k = 0;
    for (size_t i = 1; i < p->n; i++) {
        struct slot *s = &p->slots[i], *last = &p->slots[k];
        if (compare_slots(last, s) != 0)
            p->slots[++k] = *s;
        else if (s->result || (!last->result && s->marks > last->marks))
            *last = *s;
    }
    p->n = k + 1;
}

void plan_section(struct plan *p, uint32_t section)
{
    if (!p->base)
        return;
    struct chunk_place at = version_find(p->base, section, INT64_MIN);
    for (struct chunk *c; (c = version_chunk(p->base, at)) && c->section == section;
         at = version_next(p->base, at))
        add_old(p, c);
    put_in_order(p);
}

/* -- marks --------------------------------------------------------------------------------------------- */

struct marking {
    struct plan *plan;
    bool *whole; /* by section: all of it changed */
    enum change_source source;
};

/* Marks of one source come in ascending order, so a slot that is there already is the section's last. */
static void mark_range(struct plan *p, uint32_t section, enum change_source source, int64_t block)
{
    int64_t low = block * CHANGE_BLOCK, high = low + (CHANGE_BLOCK - 1);
    struct chunk_place at = version_find(p->base, section, low);
    for (struct chunk *c; (c = version_chunk(p->base, at)) && c->section == section && c->low <= high;
         at = version_next(p->base, at)) {
        struct slot *s = NULL;
        size_t sections = export_map_sections(p->map); /* which take turns */
        for (size_t i = p->n; i > 0 && p->n - i < sections && !s; i--)
            if (p->slots[i - 1].old == c && p->slots[i - 1].source == source)
                s = &p->slots[i - 1];
        if (!s) {
            s = add_old(p, c);
            s->source = (uint8_t)source;
        }
        s->marks++;
    }
}

static int mark(void *arg, enum change_source source, int64_t block)
{
    struct marking *m = arg;
    if (source != m->source)
        put_in_order(m->plan); /* and no chunk twice, however many sources there are */
    m->source = source;
    for (size_t s = 0; s < export_map_sections(m->plan->map); s++) {
        const struct section_info *info = export_map_section(m->plan->map, s);
        if (info->whole & SOURCE_BIT(source))
            m->whole[s] = true;
        else if (info->keyed & SOURCE_BIT(source))
            mark_range(m->plan, (uint32_t)s, source, block);
    }
    return 0;
}

static int mark_all(struct plan *p, struct db *db, uint64_t since, struct error *err)
{
    size_t sections = export_map_sections(p->map);
    struct marking m = {.plan = p, .whole = xcalloc(sections + 1, sizeof *m.whole)};
    source_set sources = 0;
    for (size_t s = 0; s < sections; s++) {
        const struct section_info *info = export_map_section(p->map, s);
        sources |= info->whole | info->keyed;
    }
    int r = change_since(db, since, sources, mark, &m, err);
    if (p->base->lost)
        for (struct chunk_place at = {0, 0}; version_chunk(p->base, at); at = version_next(p->base, at))
            if (version_chunk(p->base, at)->lost)
                add_old(p, version_chunk(p->base, at));
    put_in_order(p);
    for (size_t s = 0; s < sections; s++)
        if (m.whole[s])
            plan_section(p, (uint32_t)s);
    free(m.whole);
    return r;
}

int plan_changes(struct plan *p, const struct export_map *map, struct version *base, struct db *db,
                 struct renderer *r, uint64_t since, struct error *err)
{
    p->map = map;
    p->base = version_ref(base);
    int code = mark_all(p, db, since, err);
    for (size_t i = 0; i < p->n; i++) {
        struct slot *s = &p->slots[i];
        s->split = s->marks > CHUNK_ROWS_MAX / CHANGE_BLOCK && s->high - CHANGE_BLOCK >= s->low;
    }
    size_t cut;
    return code < 0 ? code : plan_refine(p, r, NULL, &cut, err); /* nothing is rendered yet */
}

/* -- cutting ------------------------------------------------------------------------------------------- */

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
        add_slot(to, s->section, from, more ? low[i] - 1 : s->high)->todo = true;
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
    return 0;
}

/* -- joining ------------------------------------------------------------------------------------------- */

static struct chunk *slot_chunk(const struct slot *s)
{
    return s->result ? s->result : s->old;
}

bool slot_is_new(const struct slot *s)
{
    return s->result && s->result != s->old;
}

/* Some chunk of the version to be has rows in this section. */
static bool has_rows(const struct plan *p, uint32_t section)
{
    size_t i = 0;
    while (i < p->n && p->slots[i].section < section)
        i++;
    for (size_t k = i; k < p->n && p->slots[k].section == section; k++)
        if (slot_chunk(&p->slots[k]) && slot_chunk(&p->slots[k])->rows)
            return true;
    if (!p->base)
        return false;
    struct chunk_place at = version_find(p->base, section, INT64_MIN);
    for (struct chunk *c; (c = version_chunk(p->base, at)) && c->section == section; at = version_next(p->base, at)) {
        while (i < p->n && p->slots[i].section == section && p->slots[i].high < c->low)
            i++;
        bool replaced = i < p->n && p->slots[i].section == section && p->slots[i].low <= c->low;
        if (!replaced && c->rows)
            return true;
    }
    return false;
}

static bool wrap_is_empty(const struct plan *p, unsigned wrap)
{
    for (uint32_t s = 0; s < export_map_sections(p->map); s++) {
        const struct section_info *info = export_map_section(p->map, s);
        if (info->wrap == wrap && info->counts && has_rows(p, s))
            return false;
    }
    return true;
}

static void empty_slot(struct slot *s, struct spool *spool)
{
    chunk_unref(s->result, spool);
    s->result = NULL;
    if (s->old && s->old->len == 0)
        return;
    s->result = chunk_new(s->section, s->low, s->high);
    chunk_seal(s->result, 0, 0, digest_hash64("", 0), 0);
}

size_t plan_wraps(struct plan *p, struct spool *spool)
{
    size_t wanted = 0;
    bool any = false;
    for (uint32_t s = 0; s < export_map_sections(p->map); s++) {
        const struct section_info *info = export_map_section(p->map, s);
        if (info->wrap && !info->counts)
            plan_section(p, s);
        any |= info->wrap > 0;
    }
    for (size_t i = 0; i < p->n; i++)
        p->slots[i].todo = false;
    for (size_t i = 0; i < p->n && any; i++) {
        struct slot *s = &p->slots[i];
        const struct section_info *info = export_map_section(p->map, s->section);
        const struct chunk *c = slot_chunk(s);
        if (!info->wrap || info->counts || !c)
            continue;
        bool empty = wrap_is_empty(p, info->wrap);
        if (empty && c->len)
            empty_slot(s, spool);
        s->todo = !empty && !c->len;
        wanted += s->todo;
    }
    return wanted;
}

static bool fit(uint64_t rows, uint64_t len)
{
    return rows <= CHUNK_ROWS_MIN || (rows <= CHUNK_ROWS_MAX && len <= CHUNK_BYTES_MIN);
}

static bool joinable(const struct slot *a, const struct slot *b)
{
    const struct chunk *x = slot_chunk(a), *y = slot_chunk(b);
    return a->section == b->section && a->high + 1 == b->low && (slot_is_new(a) || slot_is_new(b)) &&
           b->high != INT64_MAX && fit(x->rows + y->rows, x->len + y->len) &&
           b->high - (a->low < 0 ? 0 : a->low) < CHUNK_SPAN_MAX;
}

/* Slots for the chunks that stay beside a small new one. Those of a chunk that was cut are no neighbours of its
 * pieces. */
static void add_neighbours(struct plan *p)
{
    for (size_t i = 0, n = p->n; i < n && p->base; i++) {
        struct slot s = p->slots[i];
        if (!slot_is_new(&s) || !fit(s.result->rows, s.result->len))
            continue;
        struct chunk *c;
        if (s.low != INT64_MIN &&
            (c = version_chunk(p->base, version_find(p->base, s.section, s.low - 1)))->high == s.low - 1)
            add_old(p, c);
        if (s.high != INT64_MAX &&
            (c = version_chunk(p->base, version_find(p->base, s.section, s.high + 1)))->low == s.high + 1)
            add_old(p, c);
    }
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
    uint64_t at = 0, len = x->len + y->len;
    int r = len ? spool_write(spool, out->data, len, &at) : 0;
    if (r < 0)
        return r;
    struct chunk *c = chunk_new(a->section, a->low, b->high);
    chunk_seal(c, at, len, digest_hash64(out->data, len), x->rows + y->rows);
    chunk_unref(a->result, spool);
    chunk_unref(b->result, spool);
    *a = (struct slot){.section = a->section, .low = a->low, .high = b->high, .result = c};
    return 0;
}

int plan_join(struct plan *p, struct spool *spool, struct buf *out, size_t *joined, struct error *err)
{
    size_t k = 0;
    *joined = 0;
    add_neighbours(p);
    put_in_order(p);
    for (size_t i = 1; i < p->n; i++) {
        if (joinable(&p->slots[k], &p->slots[i])) {
            int r = join(&p->slots[k], &p->slots[i], spool, out);
            if (r < 0)
                return error_set(err, r, "cannot join chunks in the spool: %s", strerror(-r));
            ++*joined;
        } else {
            p->slots[++k] = p->slots[i];
        }
    }
    p->n = p->n ? k + 1 : 0;
    return 0;
}

/* ------------------------------------------------------------------------------------------------------------
 */

struct version *plan_version(const struct plan *p, struct spool *spool)
{
    struct chunk **chunks = xreallocarray(NULL, p->n ? p->n : 1, sizeof *chunks);
    for (size_t i = 0; i < p->n; i++)
        chunks[i] = chunk_ref(slot_chunk(&p->slots[i]));
    struct version *v = p->base ? version_with(p->base, chunks, p->n) : version_new(spool, chunks, p->n);
    free(chunks);
    return v;
}

void plan_release(struct plan *p, struct spool *spool)
{
    for (size_t i = 0; i < p->n; i++)
        chunk_unref(p->slots[i].result, spool);
    version_unref(p->base);
    free(p->slots);
    *p = (struct plan){0};
}
