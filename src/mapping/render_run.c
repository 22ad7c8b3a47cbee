/* Runs the ops of a compiled mapping over the rows its cursors stand on. */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "mapping/render_internal.h"

static int first_cell(struct renderer *r, const struct op *op, struct stmt_value *out)
{
    const struct cursor *c = &r->cursors[op->query];
    const struct query *q = &r->map->queries[op->query];
    int rc = cursor_keep_key(r, op->query);

    out->type = STMT_NULL;
    if (rc == 0 && c->n_rows)
        get_kept_cell(c, q, 0, op->a, out);
    if (out->type == STMT_INT && out->i == 0)
        get_kept_cell(c, q, 0, op->column, out);
    else
        out->type = STMT_NULL;
    return rc;
}

static int total_cell(struct renderer *r, const struct op *op, struct stmt_value *out)
{
    int64_t total;
    int rc = cursor_sum(r, op->query, op->column);

    if (rc < 0)
        return rc;
    if (__builtin_sub_overflow(r->cursors[op->query].sum, kept_cell(&r->cursors[0], &r->map->queries[0], 0, op->a).i, &total))
        total = 0;
    out->type = STMT_REAL;
    out->r = (double)(total > 0 ? total : 0) / 1000;
    return 0;
}

static inline int op_cell(struct renderer *r, const struct op *op, struct stmt_value *out)
{
    if (op->from == FROM_ROW) {
        get_row_cell(r, op->query, op->column, out);
        return 0;
    }
    if (op->from == FROM_FIRST)
        return first_cell(r, op, out);
    if (op->from == FROM_TOTAL)
        return total_cell(r, op, out);
    out->type = STMT_INT;
    out->i = r->stamp;
    return 0;
}

static void add_literal(struct renderer *r, struct literal lit)
{
    buf_add(r->out, buf_str(&r->map->literals) + lit.at, lit.len);
}

/* A value could not be written. */
static int value_failed(struct renderer *r, const struct op *op, int rc)
{
    if (r->map->sections && r->key != INT64_MIN)
        error_prefix(r->err, "row %lld", (long long)r->key);
    return render_fail(r, rc, op_place(op));
}

static int write_value(struct renderer *r, const struct op *op)
{
    struct stmt_value cell;
    bool string;
    int rc = op_cell(r, op, &cell);

    if (rc < 0)
        return rc;
    rc = value_write(r->out, &cell, &r->map->formats[op->format], (enum text_context)op->context, &r->scratch, &string,
                     r->err);
    r->text |= string;
    return rc < 0 ? value_failed(r, op, rc) : 0;
}

static int write_value_cell(struct renderer *r, const struct op *op)
{
    struct stmt_value cell;
    int rc = op_cell(r, op, &cell);

    if (rc < 0)
        return rc;
    rc = value_write_cell(r->out, &cell, &r->map->formats[op->format], &r->map->csv, &r->scratch, r->err);
    return rc < 0 ? value_failed(r, op, rc) : 0;
}

/* One `each` at work. */
struct each {
    const struct op *op;
    const struct query *q;
    uint32_t body;
    uint64_t seen, written;
    uint64_t left_out; /* of `times` columns: items for which there is no room ... */
    size_t room;       /* ... where they begin */
    size_t first_span;
    /* What the links ask for, when all are numbers and of the rows themselves (plain). */
    bool plain;
    int64_t link[QUERY_LINKS_MAX];
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

/* Writes the current row of e's query. An item without content takes no place and no separator, and is not one of
 * those that are skipped. */
static int each_item(struct renderer *r, struct each *e)
{
    size_t mark = r->out->len, start;
    int rc;

    bool no_room = e->q->times && e->written >= e->q->times;

    if (e->q->max && e->written >= e->q->max)
        return 0;
    if (e->written) {
        add_literal(r, e->q->separator);
        r->text = true;
    }
    start = r->out->len;
    rc = render_run(r, e->body, e->op->end);
    if (rc < 0)
        return rc;
    if (r->out->len == start || e->seen++ < e->q->skip || (e->q->distinct && repeated(r, e, start))) {
        buf_truncate(r->out, mark);
        return 0;
    }
    if (no_room) { /* it stays until all are seen: later ones may be the same */
        if (e->left_out++ == 0)
            e->room = mark;
        return 0;
    }
    e->written++;
    return 0;
}

/* A row has more items than there are columns for. Said in the log once for each mapping. */
static void note_left_out(struct renderer *r, const struct each *e)
{
    struct export_map *map = r->map->base ? r->map->base : r->map;

    if (e->left_out > r->left_out.sets)
        r->left_out = (struct left_out){r->left_out.rows, r->key, e->left_out, e->q->times, e->q->place};
    r->left_out.rows++;
    if (!atomic_exchange(&map->left_out_told, true))
        log_warning("%s:%d: row %lld has %llu sets of columns more than the %u there are: they are left out; raise times",
                    map->file, e->q->place.line, (long long)r->key, (unsigned long long)e->left_out, e->q->times);
}

static int64_t cell_key(struct stmt_value cell)
{
    return cell.type == STMT_INT ? cell.i : NO_KEY;
}

/* As cells_equal; nearly always they are numbers of kept rows. */
static bool linked_by(const struct renderer *r, const struct query_link *link, const struct cursor *c,
                      const struct query *rows, size_t row)
{
    const struct query *from = &r->map->queries[link->from_query];
    const struct kept_cell *mine = kept_at(c, rows, row, link->column, &c);

    if (mine->type == STMT_INT && !query_streamed(from)) {
        const struct kept_cell *theirs =
            kept_at(&r->cursors[from->owner], &r->map->queries[from->owner], r->cursors[link->from_query].row,
                    link->from_column, &c);

        return theirs->type == STMT_INT && theirs->i == mine->i;
    }
    return cells_equal(kept_cell(&r->cursors[rows->owner], rows, row, link->column),
                       row_cell(r, link->from_query, link->from_column));
}

static bool of_no_variant(const struct cursor *c, const struct query *rows, size_t row, size_t column)
{
    const struct kept_cell *k = kept_at(c, rows, row, column, &c);

    return k->type == STMT_INT && k->i == 0;
}

/* own: of the product itself (0) instead of the variant. Only the first link, the kind's own, is about
 * variants. */
static bool linked(const struct renderer *r, const struct each *e, size_t row, bool own)
{
    const struct cursor *c = &r->cursors[e->q->owner];
    const struct query *rows = &r->map->queries[e->q->owner];

    for (size_t i = 0; i < e->q->n_links; i++) {
        const struct query_link *link = &e->q->links[i];
        bool of_product = i == 0 && (own || e->q->inherit == INHERIT_ALL) && of_no_variant(c, rows, row, link->column);

        if (i == 0 && own ? of_product : of_product || linked_by(r, link, c, rows, row))
            continue;
        return false;
    }
    return true;
}

static bool wanted(const struct renderer *r, const struct each *e, size_t row)
{
    const struct cursor *c = &r->cursors[e->q->owner];
    struct stmt_value cell;

    if (e->q->filter < 0)
        return true;
    get_kept_cell(c, &r->map->queries[e->q->owner], row, (size_t)e->q->filter, &cell);
    return cell.type == STMT_INT ? cell.i != 0 : cell_true(&cell);
}

/* The rows among the kept ones that belong to the enclosing row: [*from, *to) of by_link, or of all. Links remain to be
 * looked at. */
static int linked_range(struct renderer *r, const struct each *e, bool own, size_t *from, size_t *to, bool *by_link)
{
    struct cursor *c = &r->cursors[e->q->owner];
    const struct query_link *link = &e->q->links[0], *last = e->q->n_links > 1 ? &e->q->links[e->q->n_links - 1] : NULL;

    *from = 0;
    *to = c->n_rows;
    *by_link = e->q->mode == QUERY_WHOLE && e->q->n_links && e->q->inherit != INHERIT_ALL;
    if (e->q->mode == QUERY_PER_KEY && last)
        *by_link = cursor_key_range(c, &r->map->queries[e->q->owner], last->column,
                                    cell_key(row_cell(r, last->from_query, last->from_column)), from, to);
    if (e->q->mode == QUERY_LOOKUP)
        return cursor_look_up(r, e->q->owner, row_cell(r, link->from_query, link->from_column), from, to);
    if (*by_link && e->q->mode == QUERY_WHOLE)
        cursor_link_range(c, e->q, own ? 0 : cell_key(row_cell(r, link->from_query, link->from_column)), from,
                          to);
    return 0;
}

static void settle_links(struct renderer *r, struct each *e, bool own)
{
    const struct query *rows = &r->map->queries[e->q->owner];

    e->plain = !own && e->q->inherit != INHERIT_ALL;
    for (size_t i = 0; i < e->q->n_links && e->plain; i++) {
        struct stmt_value theirs = row_cell(r, e->q->links[i].from_query, e->q->links[i].from_column);

        e->plain = theirs.type == STMT_INT && e->q->links[i].column < rows->n_exprs;
        e->link[i] = theirs.i;
    }
}

static bool linked_plainly(const struct each *e, const struct kept_cell *row)
{
    for (size_t i = 0; i < e->q->n_links; i++) {
        const struct kept_cell *mine = &row[e->q->links[i].column];

        if (mine->type != STMT_INT || mine->i != e->link[i])
            return false;
    }
    return true;
}

static int each_kept(struct renderer *r, struct each *e, bool own, bool *any)
{
    struct cursor *c = &r->cursors[e->op->query];
    const struct cursor *rows = &r->cursors[e->q->owner];
    size_t from, to;
    bool by_link;
    int rc = linked_range(r, e, own, &from, &to, &by_link);

    *any = false;
    if (from < to)
        settle_links(r, e, own);
    for (size_t i = from; i < to && rc == 0; i++) {
        size_t row = by_link ? rows->by_link[i] : i;

        if (e->plain ? !linked_plainly(e, &rows->cells[row * rows->width]) : !linked(r, e, row, own))
            continue;
        if (!wanted(r, e, row))
            continue;
        *any = true;
        c->row = row;
        rc = each_item(r, e);
    }
    return rc;
}

/* Has the enclosing variant a row of its own for what this row of the product is about? */
static bool overridden(const struct renderer *r, const struct each *e, size_t row)
{
    const struct cursor *c = &r->cursors[e->q->owner];
    const struct query *rows = &r->map->queries[e->q->owner];
    struct stmt_value about = kept_cell(c, rows, row, e->q->per_column);

    for (size_t i = 0; i < c->n_rows; i++)
        if (wanted(r, e, i) && linked(r, e, i, false) &&
            cells_equal(kept_cell(c, rows, i, e->q->per_column), about))
            return true;
    return false;
}

static int each_per(struct renderer *r, struct each *e)
{
    struct cursor *c = &r->cursors[e->op->query];
    const struct cursor *rows = &r->cursors[e->q->owner];
    int rc = 0;

    for (size_t i = 0; i < rows->n_rows && rc == 0; i++) {
        if (!wanted(r, e, i) || (!linked(r, e, i, false) && (!linked(r, e, i, true) || overridden(r, e, i))))
            continue;
        c->row = i;
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
        rc = cursor_skip_to_key(r, op->query);
        while (rc == 0 && c->has && c->key == r->key) {
            rc = each_item(r, &e);
            if (rc == 0)
                rc = cursor_step(r, op->query);
        }
    } else {
        rc = q->mode == QUERY_WHOLE    ? (c->kept ? 0 : cursor_keep_all(r, op->query))
             : q->mode == QUERY_LOOKUP ? 0
                                       : cursor_keep_key(r, q->owner);
        any = q->per;
        if (rc == 0)
            rc = q->per ? each_per(r, &e) : each_kept(r, &e, false, &any);
        if (rc == 0 && !any && q->inherit == INHERIT_MISSING)
            rc = each_kept(r, &e, true, &any);
    }
    r->n_spans = e.first_span;
    if (rc == 0 && e.written == 0 && q->otherwise.len > 0) {
        add_literal(r, q->otherwise);
        r->text = true;
    }
    if (rc == 0 && e.left_out > 0) {
        buf_truncate(r->out, e.room);
        note_left_out(r, &e);
    }
    for (uint64_t i = e.written; rc == 0 && i < q->times; i++)
        add_literal(r, q->pad);
    return rc;
}

int render_children(struct renderer *r, size_t query, int64_t id)
{
    const struct query *q = &r->map->queries[query];
    const struct section *s = &r->map->sections[q->section];
    struct cursor *c = &r->cursors[query];
    size_t row = c->row, from, to;
    int rc = 0;

    cursor_link_range(c, q, id, &from, &to);
    for (; from < to && rc == 0; from++) {
        c->row = c->by_link[from];
        rc = render_run(r, s->first, s->end);
    }
    c->row = row;
    return rc;
}

static int run_drop_empty(struct renderer *r, uint32_t pc)
{
    const struct op *op = &r->map->ops[pc];
    size_t mark = r->out->len, content;
    int rc = render_run(r, pc + 1, op->a);

    content = r->out->len;
    if (rc == 0)
        rc = render_run(r, op->a, op->b);
    if (rc == 0 && r->out->len == content)
        buf_truncate(r->out, mark);
    else if (rc == 0)
        rc = render_run(r, op->b, op->end);
    return rc;
}

static int run_cell(struct renderer *r, uint32_t pc)
{
    size_t start = r->out->len;
    int rc;

    r->text = false;
    rc = render_run(r, pc + 1, r->map->ops[pc].end);
    if (rc == 0)
        csv_finish_cell(r->out, start, &r->map->csv, r->text && r->out->len > start);
    return rc;
}

/* The first `limit` characters of text of a context. */
static size_t characters(const char *s, size_t len, size_t limit, enum text_context context)
{
    size_t at = 0;

    for (; at < len && limit > 0; limit--) {
        const char *end = s[at] == '&' && context != TEXT_PLAIN ? memchr(s + at, ';', len - at) : NULL;

        at += end ? (size_t)(end + 1 - (s + at)) : text_utf8_prefix(s + at, len - at, 1);
    }
    return at;
}

static int run_limit(struct renderer *r, uint32_t pc)
{
    const struct op *op = &r->map->ops[pc];
    size_t start = r->out->len;
    int rc = render_run(r, pc + 1, op->end);

    if (rc == 0)
        buf_truncate(r->out, start + characters(r->out->data + start, r->out->len - start, op->a,
                                                (enum text_context)op->context));
    return rc;
}

int render_run(struct renderer *r, uint32_t pc, uint32_t end)
{
    int rc = 0;

    while (pc < end && rc == 0) {
        const struct op *op = &r->map->ops[pc];
        struct stmt_value cell;

        switch ((enum op_code)op->code) {
        case OP_LITERAL:
            r->text = true;
            if (op->b == 1) /* most often a delimiter */
                buf_add_char(r->out, r->map->literals.data[op->a]);
            else
                buf_add(r->out, r->map->literals.data + op->a, op->b);
            pc++;
            break;
        case OP_VALUE:
            rc = write_value(r, op);
            pc++;
            break;
        case OP_IF:
            rc = op_cell(r, op, &cell);
            pc = rc == 0 && cell_true(&cell) ? pc + 1 : op->end;
            break;
        case OP_PRESENT:
            rc = op_cell(r, op, &cell);
            pc = rc == 0 && cell.type != STMT_NULL ? pc + 1 : op->end;
            break;
        case OP_EACH:
            rc = run_each(r, pc);
            pc = op->end;
            break;
        case OP_CHILDREN:
            rc = render_children(r, op->query, cell_key(row_cell(r, op->query, op->column)));
            pc++;
            break;
        case OP_CELL:
            rc = run_cell(r, pc);
            pc = op->end;
            break;
        case OP_CELL_VALUE:
            rc = write_value_cell(r, op);
            pc++;
            break;
        case OP_LIMIT:
            rc = run_limit(r, pc);
            pc = op->end;
            break;
        case OP_DROP_EMPTY:
            rc = run_drop_empty(r, pc);
            pc = op->end;
            break;
        }
    }
    return rc;
}
