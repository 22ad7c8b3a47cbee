#include "mapping/render.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "mapping/encoding.h"
#include "mapping/export_program.h"
#include "mapping/render_value.h"

/* One run of a query. Which of the three it is in is told by the query's mode:
 *   streamed   ROWS, STREAM: the current row is the statement's
 *   kept       PER_KEY: the rows of `kept_key`; WHOLE: all; SITE: one. The current row is `row`
 * Kept rows live in cells (n_exprs per row); their texts are offsets into `text`. */
struct kept_cell {
    uint8_t type;
    uint32_t len;
    union {
        int64_t i;
        double r;
        size_t at;
    };
};

struct cursor {
    struct stmt *st; /* NULL until the query is first needed */
    bool started;    /* bound and stepped in this section call */
    bool has;        /* the statement stands on a row */
    int64_t key;     /* its key */

    struct kept_cell *cells;
    size_t n_rows, cap_cells;
    struct buf text;
    bool kept; /* the rows of kept_key, or all, are here */
    int64_t kept_key;
    size_t *by_link; /* WHOLE with a link: row numbers ordered by the first link */
    size_t cap_by_link;
    size_t row;
};

/* The key of NULL: less than every other. */
#define NO_KEY INT64_MIN

/* Items of a running `each distinct`. */
struct span {
    size_t at, len;
};

struct renderer {
    struct export_map *map;
    struct db *db;
    int64_t site;
    struct cursor *cursors; /* one per query */
    struct encoder *encoder;
    struct buf unencoded;
    struct value_scratch scratch;
    struct span *spans;
    size_t n_spans, cap_spans;
    uint64_t limit;

    /* of the running call */
    struct buf *out;
    struct error *err;
    int64_t low, high, key;
    time_t stamp;
    bool text; /* of the running cell: something in it is no number */
};

static int fail(struct renderer *r, int rc, int line)
{
    error_at(r->err, r->map->file, line, NULL);
    return rc;
}

/* -- cells -------------------------------------------------------------------------------------------------
 */

static bool streamed(const struct query *q)
{
    return q->mode == QUERY_ROWS || q->mode == QUERY_STREAM;
}

static struct cell stmt_cell(struct stmt *st, int column)
{
    struct cell cell = {.type = stmt_type(st, column)};

    switch (cell.type) {
    case STMT_INT:
        cell.i = stmt_int(st, column);
        break;
    case STMT_REAL:
        cell.r = stmt_real(st, column);
        break;
    case STMT_TEXT:
        cell.s = stmt_text(st, column, &cell.len);
        break;
    case STMT_BLOB:
        cell.s = stmt_blob(st, column, &cell.len);
        if (!cell.s)
            cell.s = "";
        break;
    default:
        break;
    }
    return cell;
}

static struct cell kept_cell(const struct cursor *c, const struct query *q, size_t row, size_t column)
{
    const struct kept_cell *k = &c->cells[row * q->n_exprs + column];
    struct cell cell = {.type = (enum stmt_type)k->type};

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

static struct cell row_cell(const struct renderer *r, size_t query, size_t column)
{
    const struct query *q = &r->map->queries[query];
    const struct cursor *c = &r->cursors[query];

    return streamed(q) ? stmt_cell(c->st, (int)column) : kept_cell(c, q, c->row, column);
}

static struct cell op_cell(const struct renderer *r, const struct op *op)
{
    if (op->from == FROM_DATE)
        return (struct cell){.type = STMT_INT, .i = r->stamp};
    return row_cell(r, op->query, op->column);
}

static bool op_null(const struct renderer *r, const struct op *op)
{
    if (op->from == FROM_DATE)
        return false;
    if (streamed(&r->map->queries[op->query]))
        return stmt_is_null(r->cursors[op->query].st, op->column);
    return kept_cell(&r->cursors[op->query], &r->map->queries[op->query], r->cursors[op->query].row,
                     op->column)
               .type == STMT_NULL;
}

/* -- cursors -----------------------------------------------------------------------------------------------
 */

static int cursor_step(struct renderer *r, size_t index)
{
    struct cursor *c = &r->cursors[index];
    const struct query *q = &r->map->queries[index];
    int rc = stmt_step(c->st, r->err);

    c->has = rc == 1;
    if (rc < 0)
        return fail(r, rc, q->line);
    if (c->has && q->kind->space != KEY_NONE)
        c->key = stmt_int(c->st, 0);
    return 0;
}

static int cursor_start(struct renderer *r, size_t index)
{
    struct cursor *c = &r->cursors[index];
    const struct query *q = &r->map->queries[index];
    int rc;

    if (!c->st) {
        rc = db_prepare(r->db, &c->st, q->sql, r->err);
        if (rc < 0)
            return fail(r, rc, q->line);
    }
    stmt_reset(c->st);
    stmt_bind_int(c->st, "site", r->site);
    if (q->kind->space != KEY_NONE) {
        stmt_bind_int(c->st, "low", r->low);
        stmt_bind_int(c->st, "high", r->high);
    }
    c->started = true;
    return cursor_step(r, index);
}

static void cursor_finish(struct cursor *c)
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
        struct cell cell = stmt_cell(c->st, (int)i);

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
    struct cell cell = kept_cell(o->c, o->q, row, o->q->links[0].column);

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

static int keep_all(struct renderer *r, size_t index)
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
static int skip_to_key(struct renderer *r, size_t index)
{
    struct cursor *c = &r->cursors[index];
    int rc = c->started ? 0 : cursor_start(r, index);

    while (rc == 0 && c->has && c->key < r->key)
        rc = cursor_step(r, index);
    return rc;
}

static int keep_key(struct renderer *r, size_t index)
{
    struct cursor *c = &r->cursors[index];
    int rc;

    if (c->kept && c->kept_key == r->key)
        return 0;
    forget_rows(c);
    rc = skip_to_key(r, index);
    while (rc == 0 && c->has && c->key == r->key) {
        keep_row(r, index);
        rc = cursor_step(r, index);
    }
    c->kept = rc == 0;
    c->kept_key = r->key;
    return rc;
}

/* -- ops ---------------------------------------------------------------------------------------------------
 */

static int run(struct renderer *r, uint32_t pc, uint32_t end);

static void add_literal(struct renderer *r, struct literal lit)
{
    buf_add(r->out, buf_str(&r->map->literals) + lit.at, lit.len);
}

static int write_value(struct renderer *r, const struct op *op, enum text_context context, bool *string)
{
    struct cell cell = op_cell(r, op);
    struct error *err = r->err;
    int rc = value_write(r->out, &cell, &r->map->formats[op->format], context, &r->scratch, string, err);

    if (rc < 0) {
        if (r->map->sections && r->key != INT64_MIN)
            error_prefix(err, "row %lld", (long long)r->key);
        return fail(r, rc, (int)op->line);
    }
    return 0;
}

/* One `each` at work. */
struct each {
    const struct op *op;
    const struct query *q;
    uint32_t body;
    uint64_t seen, written;
    size_t first_span;
};

static bool repeated(struct renderer *r, const struct each *e, size_t start)
{
    size_t len = r->out->len - start;

    for (size_t i = e->first_span; i < r->n_spans; i++)
        if (r->spans[i].len == len && memcmp(r->out->data + r->spans[i].at, r->out->data + start, len) == 0)
            return true;
    array_grow(r->spans, r->n_spans, r->cap_spans);
    r->spans[r->n_spans++] = (struct span){start, len};
    return false;
}

/* Writes the current row of e's query. An item without content takes no place and no separator. */
static int each_item(struct renderer *r, struct each *e)
{
    size_t mark = r->out->len, start;
    int rc;

    if (e->seen++ < e->q->skip || (e->q->max && e->written >= e->q->max) ||
        (e->q->times && e->written >= e->q->times))
        return 0;
    if (e->written) {
        add_literal(r, e->q->separator);
        r->text = true;
    }
    start = r->out->len;
    rc = run(r, e->body, e->op->end);
    if (rc < 0)
        return rc;
    if (r->out->len == start || (e->q->distinct && repeated(r, e, start))) {
        buf_truncate(r->out, mark);
        return 0;
    }
    e->written++;
    return 0;
}

static int64_t cell_key(struct cell cell)
{
    return cell.type == STMT_INT ? cell.i : NO_KEY;
}

static bool cells_equal(struct cell a, struct cell b)
{
    if (a.type != b.type || a.type == STMT_NULL)
        return false;
    if (a.type == STMT_INT)
        return a.i == b.i;
    if (a.type == STMT_REAL)
        return a.r == b.r;
    return a.len == b.len && memcmp(a.s, b.s, a.len) == 0;
}

/* own: of the product itself (0) instead of the variant. Only the first link, the kind's own, is about
 * variants. */
static bool linked(const struct renderer *r, const struct each *e, size_t row, bool own)
{
    const struct cursor *c = &r->cursors[e->op->query];

    for (size_t i = 0; i < e->q->n_links; i++) {
        const struct query_link *link = &e->q->links[i];
        struct cell mine = kept_cell(c, e->q, row, link->column);
        bool of_product = i == 0 && mine.type == STMT_INT && mine.i == 0;

        if (i == 0 && own ? of_product
                          : (i == 0 && e->q->inherit == INHERIT_ALL && of_product) ||
                                cells_equal(mine, row_cell(r, link->from_query, link->from_column)))
            continue;
        return false;
    }
    return true;
}

/* The rows among the kept ones that belong to the enclosing row: [*from, *to) of by_link, or of all. */
static void linked_range(const struct renderer *r, const struct each *e, bool own, size_t *from, size_t *to)
{
    const struct cursor *c = &r->cursors[e->op->query];
    const struct query_link *link = &e->q->links[0];
    struct order order = {c, e->q};
    size_t low = 0, high = c->n_rows;
    int64_t wanted;

    *from = 0;
    *to = c->n_rows;
    if (e->q->mode != QUERY_WHOLE || e->q->n_links == 0 || e->q->inherit == INHERIT_ALL)
        return;
    wanted = own ? 0 : cell_key(row_cell(r, link->from_query, link->from_column));
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (link_value(&order, c->by_link[middle]) < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    *from = low;
    while (low < c->n_rows && link_value(&order, c->by_link[low]) == wanted)
        low++;
    *to = low;
}

/* Has the enclosing variant a row of its own for what this row of the product is about? */
static bool overridden(const struct renderer *r, const struct each *e, size_t row)
{
    const struct cursor *c = &r->cursors[e->op->query];
    struct cell about = kept_cell(c, e->q, row, e->q->per_column);

    for (size_t i = 0; i < c->n_rows; i++)
        if (linked(r, e, i, false) && cells_equal(kept_cell(c, e->q, i, e->q->per_column), about))
            return true;
    return false;
}

static int each_per(struct renderer *r, struct each *e)
{
    struct cursor *c = &r->cursors[e->op->query];
    int rc = 0;

    for (size_t i = 0; i < c->n_rows && rc == 0; i++) {
        if (!linked(r, e, i, false) && (!linked(r, e, i, true) || overridden(r, e, i)))
            continue;
        c->row = i;
        rc = each_item(r, e);
    }
    return rc;
}

static int each_kept(struct renderer *r, struct each *e, bool own, bool *any)
{
    struct cursor *c = &r->cursors[e->op->query];
    size_t from, to;
    int rc = 0;

    *any = false;
    linked_range(r, e, own, &from, &to);
    for (size_t i = from; i < to && rc == 0; i++) {
        size_t row =
            e->q->mode == QUERY_WHOLE && e->q->n_links && e->q->inherit != INHERIT_ALL ? c->by_link[i] : i;

        if (!linked(r, e, row, own))
            continue;
        *any = true;
        c->row = row;
        rc = each_item(r, e);
    }
    return rc;
}

static int run_each(struct renderer *r, uint32_t pc)
{
    const struct op *op = &r->map->ops[pc];
    const struct query *q = &r->map->queries[op->query];
    struct cursor *c = &r->cursors[op->query];
    struct each e = {.op = op, .q = q, .body = pc + 1, .first_span = r->n_spans};
    bool any;
    int rc;

    if (q->mode == QUERY_STREAM) {
        rc = skip_to_key(r, op->query);
        while (rc == 0 && c->has && c->key == r->key) {
            rc = each_item(r, &e);
            if (rc == 0)
                rc = cursor_step(r, op->query);
        }
    } else {
        rc = q->mode == QUERY_WHOLE ? (c->kept ? 0 : keep_all(r, op->query)) : keep_key(r, op->query);
        any = q->per;
        if (rc == 0)
            rc = q->per ? each_per(r, &e) : each_kept(r, &e, false, &any);
        if (rc == 0 && !any && q->inherit == INHERIT_MISSING)
            rc = each_kept(r, &e, true, &any);
    }
    r->n_spans = e.first_span;
    for (uint64_t i = e.written; rc == 0 && i < q->times; i++)
        add_literal(r, q->pad);
    return rc;
}

/* The rows of a tree below the one with this id. */
static int run_children(struct renderer *r, size_t query, int64_t id)
{
    const struct query *q = &r->map->queries[query];
    const struct section *s = &r->map->sections[q->section];
    struct cursor *c = &r->cursors[query];
    struct order order = {c, q};
    size_t row = c->row, low = 0, high = c->n_rows;
    int rc = 0;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (link_value(&order, c->by_link[middle]) < id)
            low = middle + 1;
        else
            high = middle;
    }
    for (; rc == 0 && low < c->n_rows && link_value(&order, c->by_link[low]) == id; low++) {
        c->row = c->by_link[low];
        rc = run(r, s->first, s->end);
    }
    c->row = row;
    return rc;
}

static int run_drop_empty(struct renderer *r, uint32_t pc)
{
    const struct op *op = &r->map->ops[pc];
    size_t mark = r->out->len, content;
    int rc = run(r, pc + 1, op->a);

    content = r->out->len;
    if (rc == 0)
        rc = run(r, op->a, op->b);
    if (rc == 0 && r->out->len == content)
        buf_truncate(r->out, mark);
    else if (rc == 0)
        rc = run(r, op->b, op->end);
    return rc;
}

static int run_cell(struct renderer *r, uint32_t pc)
{
    const struct op *op = &r->map->ops[pc];
    size_t start = r->out->len;
    bool string;
    int rc;

    r->text = false;
    rc = op->code == OP_CELL ? run(r, pc + 1, op->end) : write_value(r, op, TEXT_PLAIN, &string);

    if (rc < 0)
        return rc;
    if (op->code == OP_CELL)
        string = r->text;
    csv_finish_cell(r->out, start, &r->map->csv, string && r->out->len > start);
    return 0;
}

static int run(struct renderer *r, uint32_t pc, uint32_t end)
{
    int rc = 0;
    bool string;

    while (pc < end && rc == 0) {
        const struct op *op = &r->map->ops[pc];
        struct cell cell;

        switch ((enum op_code)op->code) {
        case OP_LITERAL:
            r->text = true;
            buf_add(r->out, r->map->literals.data + op->a, op->b);
            pc++;
            break;
        case OP_VALUE:
            rc = write_value(r, op, (enum text_context)op->context, &string);
            r->text |= string;
            pc++;
            break;
        case OP_IF:
            cell = op_cell(r, op);
            pc = cell_true(&cell) ? pc + 1 : op->end;
            break;
        case OP_PRESENT:
            pc = op_null(r, op) ? op->end : pc + 1;
            break;
        case OP_EACH:
            rc = run_each(r, pc);
            pc = op->end;
            break;
        case OP_CHILDREN:
            rc = run_children(r, op->query, cell_key(row_cell(r, op->query, op->column)));
            pc++;
            break;
        case OP_CELL:
            rc = run_cell(r, pc);
            pc = op->end;
            break;
        case OP_CELL_VALUE:
            rc = run_cell(r, pc);
            pc++;
            break;
        case OP_DROP_EMPTY:
            rc = run_drop_empty(r, pc);
            pc = op->end;
            break;
        }
    }
    return rc;
}

/* -- sections ----------------------------------------------------------------------------------------------
 */

static int load_site(struct renderer *r)
{
    struct cursor *c = &r->cursors[0];
    int rc = keep_all(r, 0);

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
    int rc = keep_all(r, query);

    if (rc == 0)
        rc = run_children(r, query, NO_KEY);
    if (rows)
        *rows += r->cursors[query].n_rows;
    return rc;
}

static int run_rows(struct renderer *r, const struct section *s, uint64_t *rows)
{
    size_t query = (size_t)s->query;
    struct cursor *c = &r->cursors[query];
    uint64_t n = 0;
    int rc = cursor_start(r, query);

    while (rc == 0 && c->has && (r->limit == 0 || n < r->limit)) {
        r->key = s->info.kind == SECTION_KEYED ? c->key : INT64_MIN;
        rc = run(r, s->first, s->end);
        n++;
        if (rc == 0)
            rc = cursor_step(r, query);
    }
    if (rows)
        *rows += n;
    return rc;
}

int renderer_section(struct renderer *r, size_t section, int64_t low, int64_t high, time_t stamp,
                     struct buf *out, uint64_t *rows, struct error *err)
{
    const struct section *s = &r->map->sections[section];
    struct error mine = ERROR_INIT;
    int rc = 0;

    r->low = low;
    r->high = high;
    r->key = INT64_MIN;
    r->stamp = stamp;
    r->err = &mine;
    r->out = r->encoder ? &r->unencoded : out;
    r->n_spans = 0;
    buf_clear(&r->unencoded);
    if (s->uses_site)
        rc = load_site(r);
    if (rc == 0)
        rc = s->query < 0                                   ? run(r, s->first, s->end)
             : r->map->queries[s->query].mode == QUERY_TREE ? run_tree(r, s, rows)
                                                            : run_rows(r, s, rows);
    for (size_t i = 0; i < r->map->n_queries; i++)
        cursor_finish(&r->cursors[i]);
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

void renderer_limit(struct renderer *r, uint64_t n)
{
    r->limit = n;
}

static int find_site(struct renderer *r, const char *site, struct error *err)
{
    struct stmt *st;
    int rc = db_cached(r->db, &st, "SELECT id FROM site WHERE name = :name", err);

    if (rc < 0)
        return rc;
    stmt_bind_text(st, "name", site);
    rc = stmt_step(st, err);
    if (rc == 1)
        r->site = stmt_int(st, 0);
    else if (rc == 0)
        rc = error_set(err, -ENOENT, "there is no site '%s' in the database", site);
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
    rc = find_site(r, site, err);
    if (rc == 0 && map->encoding) {
        r->encoder = encoder_new(map->encoding, map->unmappable);
        if (!r->encoder)
            rc = error_set(err, -EINVAL, "cannot write the encoding '%s'", map->encoding);
    }
    for (size_t i = 0; i < map->n_queries && rc == 0; i++) {
        if (i == 0 && map->queries[0].n_exprs == 1 && strcmp(map->queries[0].exprs[0], "1") == 0)
            continue; /* nothing of the site is used */
        rc = db_prepare(db, &r->cursors[i].st, map->queries[i].sql, err);
        if (rc < 0)
            error_at(err, map->file, map->queries[i].line, map->queries[i].kind->name);
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
    for (size_t i = 0; i < r->map->n_queries; i++) {
        struct cursor *c = &r->cursors[i];

        stmt_free(c->st);
        free(c->cells);
        free(c->by_link);
        buf_release(&c->text);
    }
    free(r->cursors);
    encoder_free(r->encoder);
    buf_release(&r->unencoded);
    buf_release(&r->scratch.a);
    buf_release(&r->scratch.b);
    free(r->spans);
    export_map_unref(r->map);
    free(r);
}
