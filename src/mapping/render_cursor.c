/* Where a renderer's rows come from: statements streamed in key order, or rows kept for as long as their key.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "mapping/render_internal.h"

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
        stmt_bind_int(c->st, "high", r->last);
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

/* The part of the row that is being kept. */
static int keep_part(struct renderer *r, const struct query *q, struct cursor *c, bool *found)
{
    if (q->rank >= 0 && c->cells[c->n_rows * c->width + (size_t)q->rank].type == STMT_NULL) {
        *found = false;
        return 0;
    }
    size_t by = r->map->queries[q->part].links[0].from_column, from, to;
    int rc = cursor_look_up(r, q->part, kept_cell(c, q, c->n_rows, by), &from, &to);

    *found = rc == 0 && from < to;
    c->cells[c->n_rows * c->width + q->n_exprs].at = from;
    return rc;
}

static int keep_row(struct renderer *r, size_t index)
{
    struct cursor *c = &r->cursors[index];
    const struct query *q = &r->map->queries[index];
    bool found = true;
    int rc = 0;

    if ((c->n_rows + 1) * c->width > c->cap_cells) {
        c->cap_cells = (c->n_rows + 8) * 2 * c->width;
        c->cells = xreallocarray(c->cells, c->cap_cells, sizeof *c->cells);
    }
    for (size_t i = 0; i < q->n_exprs; i++) {
        struct kept_cell *k = &c->cells[c->n_rows * c->width + i];
        struct stmt_value cell = {.type = STMT_INT, .i = c->key};

        if (i > 0 || q->kind->space == KEY_NONE)
            stmt_value(c->st, (int)i, &cell);
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
    if (q->part)
        rc = keep_part(r, q, c, &found);
    c->n_rows += found;
    return rc;
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

/* by_link: all rows as they are. */
static void order_numbers(struct cursor *c)
{
    if (c->n_rows > c->cap_by_link) {
        c->cap_by_link = c->n_rows;
        c->by_link = xreallocarray(c->by_link, c->n_rows, sizeof *c->by_link);
    }
    for (size_t i = 0; i < c->n_rows; i++)
        c->by_link[i] = i;
}

int cursor_keep_all(struct renderer *r, size_t index)
{
    struct cursor *c = &r->cursors[index];
    const struct query *q = &r->map->queries[index];
    int rc;

    forget_rows(c);
    rc = cursor_start(r, index);
    while (rc == 0 && c->has) {
        rc = keep_row(r, index);
        if (rc == 0)
            rc = cursor_step(r, index);
    }
    if (rc < 0)
        return rc;
    if (q->n_links) {
        struct order order = {c, q};

        order_numbers(c);
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
        const struct cursor *c;
        const struct kept_cell *x = kept_at(o->c, o->q, a, o->q->sort[i].column, &c),
                               *y = kept_at(o->c, o->q, b, o->q->sort[i].column, &c);

        if (x->type == STMT_INT && y->type == STMT_INT)
            d = (x->i > y->i) - (x->i < y->i);
        else
            d = cells_order(kept_cell(o->c, o->q, a, o->q->sort[i].column), kept_cell(o->c, o->q, b, o->q->sort[i].column));
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
    size_t n = 1, width = c->width;

    while (n < c->n_rows && rows_order(&order, n - 1, n) <= 0)
        n++;
    if (n >= c->n_rows)
        return;
    order_numbers(c);
    qsort_r(c->by_link, c->n_rows, sizeof *c->by_link, by_order_then_row, &order);

    struct kept_cell *sorted = xreallocarray(NULL, c->n_rows * width, sizeof *sorted);
    for (size_t i = 0; i < c->n_rows; i++)
        memcpy(&sorted[i * width], &c->cells[c->by_link[i] * width], width * sizeof *sorted);
    memcpy(c->cells, sorted, c->n_rows * width * sizeof *sorted);
    free(sorted);
}

static int64_t rank_of(const struct cursor *c, const struct query *q, size_t row)
{
    return c->cells[row * c->width + (size_t)q->rank].i;
}

static bool ranked_alike(const struct cursor *c, const struct query *q, size_t a, size_t b)
{
    return cells_equal(kept_cell(c, q, a, q->ranked[0]), kept_cell(c, q, b, q->ranked[0])) &&
           cells_equal(kept_cell(c, q, a, q->ranked[1]), kept_cell(c, q, b, q->ranked[1]));
}

/* Of the rows that agree, and so follow one another, those with the lowest rank. */
static void choose_rows(struct cursor *c, const struct query *q)
{
    size_t kept = 0;

    for (size_t i = 0, next; i < c->n_rows; i = next) {
        int64_t least = INT64_MAX;

        for (next = i; next < c->n_rows && (next == i || ranked_alike(c, q, i, next)); next++)
            least = rank_of(c, q, next) < least ? rank_of(c, q, next) : least;
        for (size_t k = i; k < next; k++)
            if (rank_of(c, q, k) == least) {
                if (kept != k)
                    memcpy(&c->cells[kept * c->width], &c->cells[k * c->width], c->width * sizeof *c->cells);
                kept++;
            }
    }
    c->n_rows = kept;
}

int cursor_keep_key(struct renderer *r, size_t index)
{
    struct cursor *c = &r->cursors[index];
    const struct query *q = &r->map->queries[index];
    int rc;

    if (c->kept && c->kept_key == r->key)
        return 0;
    forget_rows(c);
    rc = cursor_skip_to_key(r, index);
    while (rc == 0 && c->has && c->key == r->key) {
        rc = keep_row(r, index);
        if (rc == 0)
            rc = cursor_step(r, index);
    }
    if (rc == 0)
        sort_rows(c, q);
    if (rc == 0 && q->rank >= 0)
        choose_rows(c, q);
    c->linked_by = -1;
    c->kept = rc == 0;
    c->kept_key = r->key;
    return rc;
}

#define ROWS_TO_ORDER 8 /* fewer are looked through as quickly */

struct by_column {
    const struct cursor *c;
    const struct query *q;
    uint16_t column;
};

static int64_t number_at(const struct by_column *o, size_t row)
{
    const struct cursor *c;
    const struct kept_cell *k = kept_at(o->c, o->q, row, o->column, &c);

    return k->type == STMT_INT ? k->i : NO_KEY;
}

static int by_column_then_row(const void *pa, const void *pb, void *arg)
{
    size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
    int64_t x = number_at(arg, a), y = number_at(arg, b);

    return x != y ? (x < y ? -1 : 1) : (a > b) - (a < b);
}

bool cursor_key_range(struct cursor *c, const struct query *q, uint16_t column, int64_t value, size_t *from, size_t *to)
{
    struct by_column order = {c, q, column};
    size_t low = 0, high = c->n_rows;

    if (c->n_rows < ROWS_TO_ORDER || value == NO_KEY || (c->linked_by >= 0 && c->linked_by != column))
        return false;
    if (c->linked_by < 0) {
        order_numbers(c);
        qsort_r(c->by_link, c->n_rows, sizeof *c->by_link, by_column_then_row, &order);
        c->linked_by = column;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (number_at(&order, c->by_link[middle]) < value)
            low = middle + 1;
        else
            high = middle;
    }
    *from = low;
    while (low < c->n_rows && number_at(&order, c->by_link[low]) == value)
        low++;
    *to = low;
    return true;
}

int cursor_sum(struct renderer *r, size_t index, size_t column)
{
    struct cursor *c = &r->cursors[index];
    const struct query *q = &r->map->queries[index];
    int rc;

    if (c->kept && c->kept_key == r->key)
        return 0;
    c->sum = 0;
    rc = cursor_skip_to_key(r, index);
    while (rc == 0 && c->has && c->key == r->key) {
        if (__builtin_add_overflow(c->sum, stmt_int(c->st, (int)column), &c->sum)) {
            rc = error_set(r->err, -ERANGE, "the %s of %s %lld is too big a number", q->kind->name,
                           r->map->queries[q->parent].kind->name, (long long)r->key);
            return render_fail(r, rc, q->place);
        }
        rc = cursor_step(r, index);
    }
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

/* -- rows that are looked up */

#define FOUND_MIN 64
#define FOUND_BYTES_MAX ((size_t)2 << 20) /* of one query */

static struct found *found_place(const struct cursor *c, int64_t key)
{
    size_t i = ((uint64_t)key * 0x9e3779b97f4a7c15u) >> 32 & (c->cap_found - 1);

    while (c->found[i].known && c->found[i].key != key)
        i = (i + 1) & (c->cap_found - 1);
    return &c->found[i];
}

static void found_grow(struct cursor *c)
{
    struct found *old = c->found;
    size_t n = c->cap_found;

    c->cap_found = n ? n * 2 : FOUND_MIN;
    c->found = xcalloc(c->cap_found, sizeof *c->found);
    for (size_t i = 0; i < n; i++)
        if (old[i].known)
            *found_place(c, old[i].key) = old[i];
    free(old);
}

static int look_up_rows(struct renderer *r, size_t index, int64_t key)
{
    struct cursor *c = &r->cursors[index];
    int rc;

    stmt_reset(c->st);
    stmt_bind_int(c->st, "site", r->site);
    file_params_bind(r->map, c->st);
    stmt_bind_int(c->st, "key", key);
    while ((rc = stmt_step(c->st, r->err)) == 1 && (rc = keep_row(r, index)) == 0)
        ;
    stmt_reset(c->st);
    return rc < 0 ? render_fail(r, rc, r->map->queries[index].place) : 0;
}

int cursor_look_up(struct renderer *r, size_t index, struct stmt_value link, size_t *from, size_t *to)
{
    struct cursor *c = &r->cursors[index];
    struct found *found;
    int rc = 0;

    *from = *to = 0;
    if (link.type != STMT_INT)
        return 0;
    if (c->n_found * 2 >= c->cap_found)
        found_grow(c);
    found = found_place(c, link.i);
    if (!found->known) {
        size_t first = c->n_rows;

        rc = look_up_rows(r, index, link.i);
        if (rc < 0)
            return rc;
        *found = (struct found){link.i, true, (uint32_t)first, (uint32_t)(c->n_rows - first)};
        c->n_found++;
    }
    *from = found->first;
    *to = found->first + found->n;
    return 0;
}

void cursors_forget_found(struct renderer *r, bool changed)
{
    for (size_t i = 0; i < r->map->n_queries; i++) {
        struct cursor *c = &r->cursors[i];
        size_t bytes = c->cap_found * sizeof *c->found + c->n_rows * c->width * sizeof *c->cells + c->text.len;

        if (r->map->queries[i].mode != QUERY_LOOKUP || !c->n_found || (!changed && bytes < FOUND_BYTES_MAX))
            continue;
        forget_rows(c);
        memset(c->found, 0, c->cap_found * sizeof *c->found);
        c->n_found = 0;
    }
}

void cursor_release(struct cursor *c)
{
    free(c->found);
    stmt_free(c->st);
    free(c->cells);
    free(c->by_link);
    buf_release(&c->text);
}
