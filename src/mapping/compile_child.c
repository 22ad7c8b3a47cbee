/*
 * What a row says of its child rows. The views have it as a subquery, which the engine begins anew for every row; here
 * it is taken from the child rows, which are streamed beside.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "mapping/export_compile.h"

static bool linked_to(const struct export_map *map, size_t i, uint16_t column)
{
    for (size_t other = 0; other < map->n_queries; other++)
        for (size_t k = 0; k < map->queries[other].n_links; k++)
            if (map->queries[other].links[k].from_query == i && map->queries[other].links[k].from_column == column)
                return true;
    return false;
}

/* Column k of query i is no longer asked for. */
static void drop_column(struct export_map *map, size_t i, uint16_t k)
{
    struct query *q = &map->queries[i];
    auto_free uint16_t *column = xreallocarray(NULL, q->n_exprs, sizeof *column);

    for (size_t n = 0; n < q->n_exprs; n++)
        column[n] = (uint16_t)(n - (n > k));
    free(q->exprs[k]);
    memmove(&q->exprs[k], &q->exprs[k + 1], (q->n_exprs - k - 1u) * sizeof *q->exprs);
    q->n_exprs--;
    query_renumber(map, i, column);
}

/* The column of query i that this expression is and no child depends on; -1: none. */
static int column_of(const struct export_map *map, size_t i, const char *sql)
{
    const struct query *q = &map->queries[i];

    for (size_t k = 0; k < q->n_exprs; k++)
        if (strcmp(q->exprs[k], sql) == 0)
            return linked_to(map, i, (uint16_t)k) ? -1 : (int)k;
    return -1;
}

/* What was column k of query i comes from a column of `child`. */
static void read_from(struct export_map *map, size_t i, uint16_t k, enum value_from from, size_t child, uint16_t column,
                      uint32_t a)
{
    for (size_t n = 0; n < map->n_ops; n++) {
        struct op *op = &map->ops[n];

        if (!op_has_column(op) || op->query != i || op->column != k)
            continue;
        op->from = (uint8_t)from;
        op->query = (uint16_t)child;
        op->column = column;
        op->a = a;
    }
    drop_column(map, i, k);
}

/* A query that reads that child anyway; 0: none. */
static size_t first_child(const struct export_map *map, const struct query *q)
{
    for (size_t i = 1; i < map->n_queries; i++) {
        const struct query *o = &map->queries[i];

        if (query_shareable(o) && o->owner == i && o->section == q->section && !o->kind->part &&
            strcmp(o->kind->name, q->kind->first.kind) == 0 && (!o->where || strcmp(o->where, "variant_id = 0") == 0))
            return i;
    }
    return 0;
}

static void look_at_first_child(struct compiler *c, size_t i)
{
    struct export_map *map = c->map;
    struct query *q = &map->queries[i];
    size_t child = q->mode == QUERY_ROWS && q->kind->first.column ? first_child(map, q) : 0;
    uint16_t of;
    int k = child ? column_of(map, i, q->kind->first.column) : -1;

    if (k < 0)
        return;
    of = query_column(&map->queries[child], q->kind->first.of);
    read_from(map, i, (uint16_t)k, FROM_FIRST, child, of,
              query_column(&map->queries[child], map->queries[child].kind->links[0]));
}

/* A statement of its own for the rows that are summed. */
static void sum_children(struct compiler *c, size_t i)
{
    struct export_map *map = c->map;
    const struct row_kind *kind = map->queries[i].kind;
    size_t child = map->n_queries;
    int k = map->queries[i].mode == QUERY_ROWS && !map->queries[i].order && kind->total.column
                ? column_of(map, i, kind->total.column)
                : -1;
    struct query *q;

    if (k < 0)
        return;
    array_grow(map->queries, map->n_queries, map->cap_queries);
    q = &map->queries[map->n_queries++];
    *q = query_of(kind->total.rows, QUERY_STREAM);
    q->parent = (int)i;
    q->owner = (uint16_t)child;
    q->section = map->queries[i].section;
    q->place = map->queries[i].place;
    query_column(q, q->kind->key);
    query_column(q, kind->total.of);
    map->sections[q->section].uses_site = true;
    read_from(map, i, (uint16_t)k, FROM_TOTAL, child, 1, query_column(&map->queries[0], kind->total.less));
}

void compile_from_children(struct compiler *c)
{
    size_t n = c->map->n_queries;

    for (size_t i = 1; i < n; i++) {
        look_at_first_child(c, i);
        sum_children(c, i);
    }
}
