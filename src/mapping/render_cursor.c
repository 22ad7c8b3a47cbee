/* Where a renderer's rows come from: statements streamed in key order, or rows kept for as long as their key.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mapping/render_internal.h"

static struct stmt_value stmt_cell(struct stmt *st, int column)
{
    struct stmt_value cell;

    stmt_value(st, column, &cell);
    return cell;
}

struct stmt_value kept_cell(const struct cursor *c, const struct query *q, size_t row, size_t column)
{
    const struct kept_cell *k = &c->cells[row * q->n_exprs + column];
    struct stmt_value cell = {.type = (enum stmt_type)k->type};

    if (cell.type == STMT_INT) {
        cell.i = k->i;
    } else if (cell.type == STMT_REAL) {
        cell.r = k->r;
    } else if (cell.type != STMT_NULL) {
        cell.s = buf_str(&c->text) + k->at;
        cell.len = k->len;
    }
    return cell;
}

struct stmt_value row_cell(const struct renderer *r, size_t query, size_t column)
{
    const struct query *q = &r->map->queries[query];
    const struct cursor *c = &r->cursors[query];

    return query_streamed(q) ? stmt_cell(c->st, (int)column)
                             : kept_cell(&r->cursors[q->owner], &r->map->queries[q->owner], c->row, column);
}

bool cells_equal(struct stmt_value a, struct stmt_value b)
{
    if (a.type != b.type || a.type == STMT_NULL)
        return false;
    if (a.type == STMT_INT)
        return a.i == b.i;
    if (a.type == STMT_REAL)
        return a.r == b.r;
    return a.len == b.len && memcmp(a.s, b.s, a.len) == 0;
}

/* -- cursors */

int cursor_step(struct renderer *r, size_t index)
{
    struct cursor *c = &r->cursors[index];
    const struct query *q = &r->map->queries[index];
    int rc = stmt_step(c->st, r->err);

    c->has = rc == 1;
    if (rc < 0)
        return render_fail(r, rc, q->place);
    if (c->has && q->kind->space != KEY_NONE)
        c->key = stmt_int(c->st, 0);
    return 0;
}

/* The site's row is kept where a section uses it. */
static void bind_site(struct renderer *r, struct stmt *st)
{
    for (size_t i = 0; i < r->map->n_site_params; i++) {
        const struct site_param *p = &r->map->site_params[i];
        struct stmt_value value;

        if (!stmt_has_parameter(st, p->name))
            continue;
        value = kept_cell(&r->cursors[0], &r->map->queries[0], 0, p->column);
        param_bind(st, p->name, &value);
    }
}

int cursor_start(struct renderer *r, size_t index)
{
    struct cursor *c = &r->cursors[index];
    const struct query *q = &r->map->queries[index];
    int rc;

    if (!c->st) {
        rc = db_prepare(r->db, &c->st, q->sql, r->err);
        if (rc < 0)
            return render_fail(r, rc, q->place);
    }
    stmt_reset(c->st);
    stmt_bind_int(c->st, "site", r->site);
    file_params_bind(r->map, c->st);
    bind_site(r, c->st);
    if (q->kind->space != KEY_NONE) {
        stmt_bind_int(c->st, "low", r->low);
        stmt_bind_int(c->st, "high", r->high);
    }
    c->started = true;
    return cursor_step(r, index);
}

void cursor_finish(struct cursor *c)
{
    if (c->st && c->started)
        stmt_reset(c->st);
    c->started = c->has = c->kept = false;
}

static void keep_row(struct renderer *r, size_t index)
{
    struct cursor *c = &r->cursors[index];
    const struct query *q = &r->map->queries[index];

    if ((c->n_rows + 1) * q->n_exprs > c->cap_cells) {
        c->cap_cells = (c->n_rows + 8) * 2 * q->n_exprs;
        c->cells = xreallocarray(c->cells, c->cap_cells, sizeof *c->cells);
    }
    for (size_t i = 0; i < q->n_exprs; i++) {
        struct kept_cell *k = &c->cells[c->n_rows * q->n_exprs + i];
        struct stmt_value cell = stmt_cell(c->st, (int)i);

        k->type = (uint8_t)cell.type;
        if (cell.type == STMT_INT) {
            k->i = cell.i;
        } else if (cell.type == STMT_REAL) {
            k->r = cell.r;
        } else if (cell.type != STMT_NULL) {
            k->at = c->text.len;
            k->len = (uint32_t)cell.len;
            buf_add(&c->text, cell.s, cell.len);
        }
    }
    c->n_rows++;
}

static void forget_rows(struct cursor *c)
{
    c->n_rows = 0;
    buf_clear(&c->text);
    c->kept = false;
}

struct order {
    const struct cursor *c;
    const struct query *q;
};

static int64_t link_value(const struct order *o, size_t row)
{
    struct stmt_value cell = kept_cell(o->c, o->q, row, o->q->links[0].column);

    return cell.type == STMT_INT ? cell.i : NO_KEY;
}

static int by_link_then_row(const void *pa, const void *pb, void *arg)
{
    size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
    int64_t la = link_value(arg, a), lb = link_value(arg, b);

    if (la != lb)
        return la < lb ? -1 : 1;
    return a < b ? -1 : a > b;
}

int cursor_keep_all(struct renderer *r, size_t index)
{
    struct cursor *c = &r->cursors[index];
    const struct query *q = &r->map->queries[index];
    int rc;

    forget_rows(c);
    rc = cursor_start(r, index);
    while (rc == 0 && c->has) {
        keep_row(r, index);
        rc = cursor_step(r, index);
    }
    if (rc < 0)
        return rc;
    if (q->n_links) {
        struct order order = {c, q};

        if (c->n_rows > c->cap_by_link) {
            c->cap_by_link = c->n_rows;
            c->by_link = xreallocarray(c->by_link, c->n_rows, sizeof *c->by_link);
        }
        for (size_t i = 0; i < c->n_rows; i++)
            c->by_link[i] = i;
        if (c->n_rows)
            qsort_r(c->by_link, c->n_rows, sizeof *c->by_link, by_link_then_row, &order);
    }
    c->kept = true;
    return 0;
}

/* Brings a keyed child cursor to the section's current key. */
int cursor_skip_to_key(struct renderer *r, size_t index)
{
    struct cursor *c = &r->cursors[index];
    int rc = c->started ? 0 : cursor_start(r, index);

    while (rc == 0 && c->has && c->key < r->key)
        rc = cursor_step(r, index);
    return rc;
}

/* As the engine orders: NULL, numbers, text, blobs. */
static int cells_order(struct stmt_value a, struct stmt_value b)
{
    static const int class[] = {
        [STMT_NULL] = 0, [STMT_INT] = 1, [STMT_REAL] = 1, [STMT_TEXT] = 2, [STMT_BLOB] = 3};
    int d = class[a.type] - class[b.type];

    if (d || a.type == STMT_NULL)
        return d;
    if (a.type == STMT_INT && b.type == STMT_INT)
        return (a.i > b.i) - (a.i < b.i);
    if (class[a.type] == 1) {
        long double x = a.type == STMT_INT ? (long double)a.i : a.r,
                    y = b.type == STMT_INT ? (long double)b.i : b.r;
        return (x > y) - (x < y);
    }
    d = memcmp(a.s, b.s, a.len < b.len ? a.len : b.len);
    return d ? d : (a.len > b.len) - (a.len < b.len);
}

static int rows_order(const struct order *o, size_t a, size_t b)
{
    int d = 0;

    for (size_t i = 0; i < o->q->n_sort && d == 0; i++) {
        d = cells_order(kept_cell(o->c, o->q, a, o->q->sort[i].column),
                        kept_cell(o->c, o->q, b, o->q->sort[i].column));
        if (o->q->sort[i].descending)
            d = -d;
    }
    return d;
}

static int by_order_then_row(const void *pa, const void *pb, void *arg)
{
    size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
    int d = rows_order(arg, a, b);

    return d ? d : a < b ? -1 : a > b;
}

/* Mostly the rows come in their order already. */
static void sort_rows(struct cursor *c, const struct query *q)
{
    struct order order = {c, q};
    size_t n = 1, width = q->n_exprs;

    while (n < c->n_rows && rows_order(&order, n - 1, n) <= 0)
        n++;
    if (n >= c->n_rows)
        return;
    if (c->n_rows > c->cap_by_link) {
        c->cap_by_link = c->n_rows;
        c->by_link = xreallocarray(c->by_link, c->n_rows, sizeof *c->by_link);
    }
    for (size_t i = 0; i < c->n_rows; i++)
        c->by_link[i] = i;
    qsort_r(c->by_link, c->n_rows, sizeof *c->by_link, by_order_then_row, &order);

    struct kept_cell *sorted = xreallocarray(NULL, c->n_rows * width, sizeof *sorted);
    for (size_t i = 0; i < c->n_rows; i++)
        memcpy(&sorted[i * width], &c->cells[c->by_link[i] * width], width * sizeof *sorted);
    memcpy(c->cells, sorted, c->n_rows * width * sizeof *sorted);
    free(sorted);
}

int cursor_keep_key(struct renderer *r, size_t index)
{
    struct cursor *c = &r->cursors[index];
    int rc;

    if (c->kept && c->kept_key == r->key)
        return 0;
    forget_rows(c);
    rc = cursor_skip_to_key(r, index);
    while (rc == 0 && c->has && c->key == r->key) {
        keep_row(r, index);
        rc = cursor_step(r, index);
    }
    if (rc == 0)
        sort_rows(c, &r->map->queries[index]);
    c->kept = rc == 0;
    c->kept_key = r->key;
    return rc;
}

void cursor_link_range(const struct cursor *c, const struct query *q, int64_t value, size_t *from, size_t *to)
{
    struct order order = {c, q};
    size_t low = 0, high = c->n_rows;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (link_value(&order, c->by_link[middle]) < value)
            low = middle + 1;
        else
            high = middle;
    }
    *from = low;
    while (low < c->n_rows && link_value(&order, c->by_link[low]) == value)
        low++;
    *to = low;
}

void cursor_release(struct cursor *c)
{
    stmt_free(c->st);
    free(c->cells);
    free(c->by_link);
    buf_release(&c->text);
}
