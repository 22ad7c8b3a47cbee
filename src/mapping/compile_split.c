/*
 * What belongs to few things is read once, not again for every row that names one. The views give rows complete: each
 * value of each product with its attribute's name and unit, each product's category with the steps down to it. A
 * renderer that goes through all products looks such things up (QUERY_LOOKUP) and keeps them, and the engine joins
 * less:
 *
 *   - rows of a kind with a `part` are read from its short view, and completed by what is found under a number;
 *   - rows that depend on one column of the enclosing row only are found by it.
 *
 * Done where every expression of the mapping is one over the short view alone or over the part alone, which is tried
 * by compiling it; else the rows come as before.
 */
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "mapping/export_compile.h"

#define MAX_SPLIT_COLUMNS 500

/* Is it an expression over the rows of view alone, when they are called `as`? */
static bool holds(struct compiler *c, const char *view, const char *as, const char *sql)
{
    auto_buf text = BUF_INIT;
    struct stmt *st = NULL;
    int rc;

    if (strcasestr(sql, "select"))
        return false;
    buf_addf(&text, "SELECT 1 FROM %s AS \"%s\" WHERE (%s\n) IS NULL", view, as, sql);
    rc = db_prepare(c->db, &st, buf_str(&text), NULL);
    stmt_free(st);
    return rc == 0;
}

/* -- rows that are looked up ------------------------------------------------------------------------------------- */

static const struct query *root_of(const struct compiler *c, const struct query *q)
{
    while (q->parent >= 0)
        q = &c->map->queries[q->parent];
    return q;
}

/* Rows that exist once for all products, of which a product shows those with one number: kept for all that show
 * them. */
static bool can_look_up(const struct compiler *c, const struct query *q)
{
    return q->mode == QUERY_WHOLE && q->n_links && q->kind->links[0] &&
           strcmp(q->exprs[q->links[0].column], q->kind->links[0]) == 0 && root_of(c, q)->kind->space != KEY_NONE;
}

/* The same, for rows that the enclosing row's number gives under another name: then the product's own does not
 * matter. Column 0, the product's key, must not be used. */
static bool can_become(struct compiler *c, size_t i, const struct row_kind *other)
{
    const struct query *q = &c->map->queries[i];

    if (!other || q->n_links != 1 || q->order || q->mode != QUERY_PER_KEY || q->inherit != INHERIT_NO ||
        strcmp(c->map->queries[q->links[0].from_query].kind->name, q->kind->same_within) != 0)
        return false;
    for (size_t k = 0; k < c->map->n_ops; k++)
        if (c->map->ops[k].query == i && c->map->ops[k].column == 0 && op_has_column(&c->map->ops[k]))
            return false;
    for (size_t k = 0; k < c->map->n_queries; k++)
        for (size_t l = 0; l < c->map->queries[k].n_links; l++)
            if (c->map->queries[k].links[l].from_query == i && c->map->queries[k].links[l].from_column == 0)
                return false;
    for (size_t k = 1; k < q->n_exprs; k++)
        if (!holds(c, other->view, q->as, q->exprs[k]))
            return false;
    return !q->where || holds(c, other->view, q->as, q->where);
}

static void become(struct compiler *c, size_t i, const struct row_kind *other)
{
    struct query *q = &c->map->queries[i];
    auto_free uint16_t *column = xreallocarray(NULL, q->n_exprs, sizeof *column);

    free(q->exprs[0]);
    memmove(q->exprs, q->exprs + 1, --q->n_exprs * sizeof *q->exprs);
    column[0] = 0;
    for (size_t k = 0; k < q->n_exprs; k++)
        column[k + 1] = (uint16_t)k;
    query_renumber(c->map, i, column);
    q->kind = other;
    q->view = other->view;
    q->mode = QUERY_LOOKUP;
}

void compile_look_up(struct compiler *c)
{
    for (size_t i = 0; i < c->map->n_queries; i++) {
        struct query *q = &c->map->queries[i];
        const struct row_kind *other = q->kind->same_as ? row_kind_find(q->kind->same_as) : NULL;

        if (can_look_up(c, q))
            q->mode = QUERY_LOOKUP;
        else if (can_become(c, i, other))
            become(c, i, other);
    }
}

/* -- rows in two parts --------------------------------------------------------------------------------------------- */

/* For each column: is it of the part? false: they cannot be told apart, or nothing is. */
static bool sort_out(struct compiler *c, const struct query *q, const struct row_kind *part, bool *of_part)
{
    bool any = false;

    for (size_t k = 0; k < q->n_exprs; k++) {
        of_part[k] = k > 0 && !holds(c, q->kind->short_view, q->as, q->exprs[k]);
        if (of_part[k] && !holds(c, part->view, q->as, q->exprs[k]))
            return false;
        any |= of_part[k];
    }
    return any;
}

static void split(struct compiler *c, size_t i, const struct row_kind *part, const bool *of_part)
{
    auto_free uint16_t *column = xreallocarray(NULL, c->map->queries[i].n_exprs + 1, sizeof *column);
    struct query *q, *p;
    size_t n, own = 0;
    uint16_t by;

    array_grow(c->map->queries, c->map->n_queries, c->map->cap_queries);
    q = &c->map->queries[i];
    p = &c->map->queries[c->map->n_queries];
    *p = query_of(part, QUERY_LOOKUP);
    p->as = q->as;
    p->owner = (uint16_t)c->map->n_queries++;
    p->section = q->section;
    p->place = q->place;
    n = q->n_exprs;
    for (size_t k = 0; k < n; k++) {
        if (of_part[k]) {
            column[k] = query_column(p, q->exprs[k]);
            free(q->exprs[k]);
        } else {
            q->exprs[own] = q->exprs[k];
            column[k] = (uint16_t)own++;
        }
    }
    q->n_exprs = own;
    by = query_column(q, part->id);
    if (q->kind->rank) {
        q->rank = query_column(q, q->kind->rank);
        q->ranked[0] = query_column(q, q->kind->links[0]);
        q->ranked[1] = by;
    }
    for (size_t k = 0; k < n; k++)
        column[k] = (uint16_t)(column[k] + (of_part[k] ? q->n_exprs : 0));
    q->part = p->owner;
    q->view = q->kind->short_view;
    for (size_t other = 0; other < c->map->n_queries; other++)
        if (c->map->queries[other].owner == i)
            query_renumber(c->map, other, column);
    p->links[p->n_links++] = (struct query_link){query_column(p, part->id), (uint16_t)i, by};
}

void compile_split(struct compiler *c)
{
    size_t n = c->map->n_queries;

    for (size_t i = 0; i < n; i++) {
        struct query *q = &c->map->queries[i];
        const struct row_kind *part = q->kind->part ? row_kind_find(q->kind->part) : NULL;
        bool of_part[MAX_SPLIT_COLUMNS];

        if (!part || q->owner != i || q->mode != QUERY_PER_KEY || q->order || q->n_exprs >= MAX_SPLIT_COLUMNS ||
            (q->where && !holds(c, q->kind->short_view, q->as, q->where) && !holds(c, part->view, q->as, q->where)) ||
            !sort_out(c, q, part, of_part))
            continue;
        query_filter(c->map, i); /* which rows are wanted at all is told by all */
        if (sort_out(c, q, part, of_part))
            split(c, i, part, of_part);
    }
}
