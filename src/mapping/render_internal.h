/* The inside of a renderer: private to render*.c. render.c has sections and its life, render_run.c runs the
 * ops of a section, render_cursor.c knows where rows come from. */
#ifndef SHOPFS_MAPPING_RENDER_INTERNAL_H
#define SHOPFS_MAPPING_RENDER_INTERNAL_H

#include "base/buf.h"
#include "mapping/encoding.h"
#include "mapping/export_program.h"
#include "mapping/render.h"
#include "mapping/render_value.h"

/* One run of a query. Which of the three it is in is told by the query's mode:
 *   streamed   ROWS, STREAM: the current row is the statement's
 *   kept       PER_KEY: the rows of `kept_key`; WHOLE: all; LOOKUP: those that were asked for; SITE: one. The
 *              current row is `row`, also where the rows themselves are another query's (`owner`)
 * Kept rows live in cells (`width` per row: the query's columns and, where it has a part, the part's row); their texts
 * are offsets into `text`. */
struct kept_cell {
    uint8_t type;
    uint32_t len;
    union {
        int64_t i;
        double r;
        size_t at;
    };
};

/* What was looked up: rows [first, first + n). */
struct found {
    int64_t key;
    bool known;
    uint32_t first, n;
};

struct cursor {
    struct stmt *st; /* NULL until the query is first needed */
    bool started;    /* bound and stepped in this section call */
    bool has;        /* the statement stands on a row */
    int64_t key;     /* its key */

    const struct cursor *part;
    struct kept_cell *cells;
    size_t width, n_rows, cap_cells;
    struct buf text;
    bool kept; /* the rows of kept_key, or all, are here; or their sum */
    int64_t kept_key, sum;
    size_t *by_link; /* WHOLE with a link: row numbers ordered by the first link; PER_KEY: see cursor_key_range */
    size_t cap_by_link;
    int linked_by; /* PER_KEY: the column that by_link is ordered by; -1: none yet */
    size_t row;
    struct found *found; /* LOOKUP: a hash table of cap_found places, a power of two, at most half of them used */
    size_t n_found, cap_found;
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
    struct left_out left_out;
    uint64_t state; /* of the database when rows were last looked up */

    /* of renderer_span */
    bool spanning, running; /* announced; statements of it are under way */
    size_t span_section;
    int64_t span_last, span_next;

    /* of the running call */
    struct buf *out;
    struct error *err;
    int64_t low, high, last, key; /* rows of [low, high] are wanted, the statements are asked for [low, last] */
    time_t stamp;
    bool text; /* of the running cell: something in it is no number */
};

/* Sets the place of the running call's error and returns rc. */
int render_fail(struct renderer *r, int rc, struct place place);

/* -- rows (render_cursor.c): functions that return int give 0 or -errno with the place told */

static inline bool query_streamed(const struct query *q)
{
    return q->mode == QUERY_ROWS || q->mode == QUERY_STREAM;
}

static inline const struct kept_cell *kept_at(const struct cursor *c, const struct query *q, size_t row, size_t column,
                                              const struct cursor **owner)
{
    if (column < q->n_exprs) {
        *owner = c;
        return &c->cells[row * c->width + column];
    }
    *owner = c->part;
    return &c->part->cells[c->cells[row * c->width + q->n_exprs].at * c->part->width + column - q->n_exprs];
}

/* A value of a kept row; of the query's current row. Valid until the cursor moves. */
static inline void get_kept_cell(const struct cursor *c, const struct query *q, size_t row, size_t column,
                                 struct stmt_value *out)
{
    const struct kept_cell *k = kept_at(c, q, row, column, &c);

    out->type = (enum stmt_type)k->type;
    if (out->type == STMT_INT) {
        out->i = k->i;
    } else if (out->type == STMT_REAL) {
        out->r = k->r;
    } else if (out->type != STMT_NULL) {
        out->s = buf_str(&c->text) + k->at;
        out->len = k->len;
    }
}

static inline void get_row_cell(const struct renderer *r, size_t query, size_t column, struct stmt_value *out)
{
    const struct query *q = &r->map->queries[query];
    const struct cursor *c = &r->cursors[query];

    if (query_streamed(q))
        stmt_value(c->st, (int)column, out);
    else
        get_kept_cell(&r->cursors[q->owner], &r->map->queries[q->owner], c->row, column, out);
}

static inline struct stmt_value kept_cell(const struct cursor *c, const struct query *q, size_t row, size_t column)
{
    struct stmt_value cell = {.type = STMT_NULL};

    get_kept_cell(c, q, row, column, &cell);
    return cell;
}

static inline struct stmt_value row_cell(const struct renderer *r, size_t query, size_t column)
{
    struct stmt_value cell = {.type = STMT_NULL};

    get_row_cell(r, query, column, &cell);
    return cell;
}

/* NULL equals nothing. */
static inline bool cells_equal(struct stmt_value a, struct stmt_value b)
{
    if (a.type != b.type || a.type == STMT_NULL)
        return false;
    if (a.type == STMT_INT)
        return a.i == b.i;
    if (a.type == STMT_REAL)
        return a.r == b.r;
    return a.len == b.len && memcmp(a.s, b.s, a.len) == 0;
}

int cursor_start(struct renderer *r, size_t index); /* and steps to the first row */
int cursor_step(struct renderer *r, size_t index);
int cursor_skip_to_key(struct renderer *r, size_t index); /* a keyed child's, to the section's current key */
int cursor_keep_key(struct renderer *r, size_t index);    /* the rows of the current key, once */
int cursor_keep_all(struct renderer *r, size_t index);
int cursor_sum(struct renderer *r, size_t index, size_t column); /* the sum over the rows of the current key, once */
/* The rows of a QUERY_LOOKUP with this link: [*from, *to). */
int cursor_look_up(struct renderer *r, size_t index, struct stmt_value link, size_t *from, size_t *to);
/* Forgets what was looked up when it is much, or when the database changed. Not while a key's rows are kept. */
void cursors_forget_found(struct renderer *r, bool changed);
void cursor_finish(struct cursor *c);
void cursor_release(struct cursor *c);

/* The rows among the kept ones whose first link has this value: [*from, *to) of by_link. */
void cursor_link_range(const struct cursor *c, const struct query *q, int64_t value, size_t *from,
                       size_t *to);

/* The same for rows of a key: those whose `column` has this value, in their order. False: too few, or ordered by another
 * column already, for who may be in the midst of them. */
bool cursor_key_range(struct cursor *c, const struct query *q, uint16_t column, int64_t value, size_t *from, size_t *to);

/* -- ops (render_run.c) */

/* Appends what ops [pc, end) write to r->out. */
int render_run(struct renderer *r, uint32_t pc, uint32_t end);

/* The rows of a tree below the one with this id; NO_KEY: the top ones. All rows are kept. */
int render_children(struct renderer *r, size_t query, int64_t id);

#endif
