#include "mapping/render.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "mapping/document.h"
#include "mapping/export_files.h"
#include "mapping/render_internal.h"

int render_fail(struct renderer *r, int rc, struct place place)
{
    error_place(r->err, r->map->file, place, NULL);
    return rc;
}

/* -- sections */

static int load_site(struct renderer *r)
{
    struct cursor *c = &r->cursors[0];
    int rc = cursor_keep_all(r, 0);

    if (rc < 0)
        return rc;
    if (c->n_rows != 1)
        return error_set(r->err, -ENOENT, "the site is no longer in the database");
    c->row = 0;
    return 0;
}

static int run_tree(struct renderer *r, const struct section *s, uint64_t *rows)
{
    size_t query = (size_t)s->query;
    int rc = cursor_keep_all(r, query);

    if (rc == 0)
        rc = render_children(r, query, NO_KEY);
    if (rows)
        *rows += r->cursors[query].n_rows;
    return rc;
}

static int run_rows(struct renderer *r, const struct section *s, uint64_t *rows)
{
    size_t query = (size_t)s->query;
    struct cursor *c = &r->cursors[query];
    uint64_t n = 0;
    int rc = c->started ? 0 : cursor_start(r, query);

    while (rc == 0 && c->has && (r->limit == 0 || n < r->limit)) {
        int64_t key = s->info.kind == SECTION_KEYED ? c->key : INT64_MIN;

        if (key > r->high)
            break;
        if (key != r->key)
            cursors_forget_found(r, false);
        r->key = key;
        rc = render_run(r, s->first, s->end);
        n++;
        if (rc == 0)
            rc = cursor_step(r, query);
    }
    if (rows)
        *rows += n;
    return rc;
}

static void finish(struct renderer *r)
{
    for (size_t i = 0; i < r->map->n_queries; i++)
        cursor_finish(&r->cursors[i]);
    r->running = false;
}

void renderer_span(struct renderer *r, size_t section, int64_t last)
{
    finish(r);
    r->spanning = true;
    r->span_section = section;
    r->span_last = last;
}

void renderer_span_end(struct renderer *r)
{
    finish(r);
    r->spanning = false;
}

/* Does this call go on where the last one ended, or begin what was announced? Else nothing is under way. */
static void begin_range(struct renderer *r, size_t section, int64_t low, int64_t high)
{
    bool fits = r->spanning && r->limit == 0 && section == r->span_section && high <= r->span_last &&
                (!r->running || low == r->span_next);

    if (!fits)
        renderer_span_end(r);
    r->low = low;
    r->high = high;
    r->last = fits ? r->span_last : high;
}

static void end_range(struct renderer *r, int rc)
{
    if (rc < 0 || !r->spanning || r->high >= r->span_last) {
        renderer_span_end(r);
        return;
    }
    r->running = true;
    r->span_next = r->high + 1;
}

int renderer_section(struct renderer *r, size_t section, int64_t low, int64_t high, time_t stamp,
                     struct buf *out, uint64_t *rows, struct error *err)
{
    const struct section *s = &r->map->sections[section];
    struct error mine = ERROR_INIT;
    uint64_t state = db_state(r->db);
    int rc = 0;

    if (state == 0 || state != r->state)
        cursors_forget_found(r, true);
    r->state = state;
    begin_range(r, section, low, high);
    r->key = INT64_MIN;
    r->stamp = stamp;
    r->err = &mine;
    r->out = r->encoder ? &r->unencoded : out;
    r->n_spans = 0;
    buf_clear(&r->unencoded);
    if (s->uses_site)
        rc = load_site(r);
    if (rc == 0 && s->query < 0)
        rc = render_run(r, s->first, s->end);
    else if (rc == 0)
        rc = r->map->queries[s->query].mode == QUERY_TREE ? run_tree(r, s, rows) : run_rows(r, s, rows);
    end_range(r, rc);
    if (rc == 0 && r->encoder)
        rc = encoder_write(r->encoder, out, buf_str(&r->unencoded), r->unencoded.len);
    if (rc < 0 && err) {
        if (!mine.message)
            error_set(&mine, rc, "cannot write '%s': %s", r->map->path, strerror(-rc));
        error_move(err, &mine);
    }
    error_release(&mine);
    r->err = NULL;
    r->out = NULL;
    return rc;
}

int renderer_ranges(struct renderer *r, size_t section, uint64_t rows, int64_t **low, size_t *n,
                    struct error *err)
{
    static const char *const keys[] = {
        [KEY_PRODUCT] = "SELECT id FROM product ORDER BY id",
        [KEY_CUSTOMER] = "SELECT id FROM customer ORDER BY id",
        [KEY_ORDER] = "SELECT id FROM orders ORDER BY id",
    };
    const struct section_info *info = &r->map->sections[section].info;
    int64_t *list = xmalloc(sizeof *list), block = INT64_MIN;
    size_t count = 0, cap = 1;
    uint64_t in_range = 0;
    struct stmt *st;
    int rc;

    list[count++] = INT64_MIN;
    if (info->kind != SECTION_KEYED) {
        *low = list;
        *n = count;
        return 0;
    }
    rc = db_cached(r->db, &st, keys[info->space], err);
    if (rc < 0) {
        free(list);
        return rc;
    }
    while ((rc = stmt_step(st, err)) == 1) {
        int64_t key = stmt_int(st, 0);

        /* A range ends only where a block of the change tracking does. */
        if (in_range >= rows && (key >> CHANGE_BLOCK_SHIFT) != block) {
            array_grow(list, count, cap);
            list[count++] = (int64_t)((uint64_t)(key >> CHANGE_BLOCK_SHIFT) << CHANGE_BLOCK_SHIFT);
            in_range = 0;
        }
        block = key >> CHANGE_BLOCK_SHIFT;
        in_range++;
    }
    stmt_reset(st);
    if (rc < 0) {
        free(list);
        return rc;
    }
    *low = list;
    *n = count;
    return 0;
}

const struct left_out *renderer_left_out(const struct renderer *r)
{
    return &r->left_out;
}

void renderer_limit(struct renderer *r, uint64_t n)
{
    r->limit = n;
}

int renderer_site(struct renderer *r, const char *site, struct error *err)
{
    struct stmt *st;
    int rc = db_cached(r->db, &st, "SELECT id FROM site WHERE name = :name", err);

    if (rc < 0)
        return rc;
    stmt_bind_text(st, "name", site);
    rc = stmt_step(st, err);
    if (rc == 1 && r->site != stmt_int(st, 0)) {
        renderer_span_end(r);
        r->site = stmt_int(st, 0);
        r->state = 0; /* what was looked up is another site's */
    } else if (rc == 0) {
        rc = error_set(err, -ENOENT, "there is no site '%s' in the database", site);
    }
    stmt_reset(st);
    return rc < 0 ? rc : 0;
}

int renderer_new(struct renderer **out, struct export_map *map, struct db *db, const char *site,
                 struct error *err)
{
    struct renderer *r = xcalloc(1, sizeof *r);
    int rc;

    r->map = export_map_ref(map);
    r->db = db;
    r->cursors = xcalloc(map->n_queries, sizeof *r->cursors);
    rc = renderer_site(r, site, err);
    if (rc == 0 && export_map_many(map))
        rc = error_set(err, -EINVAL, "the mapping makes many files, and this is for one");
    if (rc == 0 && map->encoding) {
        r->encoder = encoder_new(map->encoding, map->unmappable);
        if (!r->encoder)
            rc = error_set(err, -EINVAL, "cannot write the encoding '%s'", map->encoding);
    }
    for (size_t i = 0; i < map->n_queries && rc == 0; i++) {
        if (i == 0 && map->queries[0].n_exprs == 1 && strcmp(map->queries[0].exprs[0], "1") == 0)
            continue; /* nothing of the site is used */
        if (map->queries[i].owner != i || (i == map->files_query && i > 0))
            continue;
        rc = db_prepare(db, &r->cursors[i].st, map->queries[i].sql, err);
        if (rc < 0)
            error_place(err, map->file, map->queries[i].place, map->queries[i].kind->name);
    }
    for (size_t i = 0; i < map->n_queries; i++) {
        const struct query *q = &map->queries[i];

        r->cursors[i].width = q->n_exprs + (q->part ? 1 : 0);
        r->cursors[i].part = &r->cursors[q->part];
    }
    if (rc < 0) {
        renderer_free(r);
        return rc;
    }
    *out = r;
    return 0;
}

void renderer_free(struct renderer *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->map->n_queries; i++)
        cursor_release(&r->cursors[i]);
    free(r->cursors);
    encoder_free(r->encoder);
    buf_release(&r->unencoded);
    buf_release(&r->scratch.a);
    buf_release(&r->scratch.b);
    free(r->spans);
    export_map_unref(r->map);
    free(r);
}