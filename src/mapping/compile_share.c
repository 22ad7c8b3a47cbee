/*
 * Child rows of one kind, read once. A mapping may go through the attributes of a product at three places: one
 * statement gives them all, and the rows of a key are kept for as long as the key lasts. What differs between the
 * places (where, the links to the enclosing row) is asked of the kept rows. They are put in order here too: a few
 * rows at a time this costs a tenth of what it costs the engine.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "mapping/export_compile.h"

#define MAX_SHARED_COLUMNS 1000 /* the engine's limit is 2000 */

bool query_shareable(const struct query *q)
{
    return q->parent >= 0 && q->mode != QUERY_LOOKUP && q->kind->space != KEY_NONE && !q->order;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* "position, distance DESC" */
static void add_sort(struct query *q)
{
    auto_free char *list = xstrdup(q->kind->order_by ? q->kind->order_by : "");
    char *rest = list;

    for (char *name; (name = strtok_r(rest, ", ", &rest));) {
        if (strcmp(name, "DESC") == 0)
            q->sort[q->n_sort - 1].descending = true;
        else
            q->sort[q->n_sort++] = (struct sort_column){.column = query_column(q, name)};
    }
}

void query_renumber(struct export_map *map, size_t i, const uint16_t *column)
{
    struct query *q = &map->queries[i];

    if (q->per)
        q->per_column = column[q->per_column];
    if (q->filter >= 0)
        q->filter = column[q->filter];
    for (size_t k = 0; k < q->n_sort; k++)
        q->sort[k].column = column[q->sort[k].column];
    for (size_t k = 0; k < map->n_ops; k++)
        if (op_has_column(&map->ops[k]) && map->ops[k].query == i)
            map->ops[k].column = column[map->ops[k].column];
    for (size_t k = 0; k < q->n_links; k++)
        q->links[k].column = column[q->links[k].column];
    for (size_t other = 0; other < map->n_queries; other++)
        for (size_t k = 0; k < map->queries[other].n_links; k++)
            if (map->queries[other].links[k].from_query == i)
                map->queries[other].links[k].from_column = column[map->queries[other].links[k].from_column];
}

/* Query i takes the rows of `owner`: its columns are added there and renumbered wherever they are named. */
static void join_owner(struct export_map *map, size_t i, size_t owner)
{
    struct query *q = &map->queries[i];
    auto_free uint16_t *column = xreallocarray(NULL, q->n_exprs + 1, sizeof *column);

    for (size_t k = 0; k < q->n_exprs; k++)
        column[k] = query_column(&map->queries[owner], q->exprs[k]);
    q->owner = (uint16_t)owner;
    query_renumber(map, i, column);
}

void query_filter(struct export_map *map, size_t owner)
{
    for (size_t i = owner; i < map->n_queries; i++) {
        struct query *q = &map->queries[i];

        if (q->owner != owner || !q->where)
            continue;
        q->filter = query_column(&map->queries[owner], q->where);
        free(q->where);
        q->where = NULL;
    }
}

/* Where the places want different rows, all are read and each asks for its own. */
static void settle_where(struct export_map *map, size_t owner)
{
    for (size_t i = owner; i < map->n_queries; i++)
        if (map->queries[i].owner == owner && !same_text(map->queries[i].where, map->queries[owner].where)) {
            query_filter(map, owner);
            return;
        }
}

void compile_share_rows(struct export_map *map)
{
    for (size_t i = 0; i < map->n_queries; i++) {
        struct query *q = &map->queries[i];
        size_t owner = 0;

        if (!query_shareable(q))
            continue;
        while (owner < i &&
               !(query_shareable(&map->queries[owner]) && map->queries[owner].owner == owner &&
                 map->queries[owner].kind == q->kind && map->queries[owner].section == q->section &&
                 map->queries[owner].n_exprs + q->n_exprs < MAX_SHARED_COLUMNS))
            owner++;
        q->mode = QUERY_PER_KEY;
        if (owner < i)
            join_owner(map, i, owner);
    }
    for (size_t i = 0; i < map->n_queries; i++) {
        if (!query_shareable(&map->queries[i]) || map->queries[i].owner != i)
            continue;
        settle_where(map, i);
        add_sort(&map->queries[i]);
    }
}
