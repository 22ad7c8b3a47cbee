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
 *   kept       PER_KEY: the rows of `kept_key`; WHOLE: all; SITE: one. The current row is `row`, also where the
 *              rows themselves are another query's (`owner`)
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

/* Sets the place of the running call's error and returns rc. */
int render_fail(struct renderer *r, int rc, struct place place);

/* -- rows (render_cursor.c): functions that return int give 0 or -errno with the place told */

static inline bool query_streamed(const struct query *q)
{
    return q->mode == QUERY_ROWS || q->mode == QUERY_STREAM;
}

/* A value of the query's current row; of a kept one. Valid until the cursor moves. */
struct stmt_value row_cell(const struct renderer *r, size_t query, size_t column);
struct stmt_value kept_cell(const struct cursor *c, const struct query *q, size_t row, size_t column);
bool cells_equal(struct stmt_value a, struct stmt_value b); /* NULL equals nothing */

int cursor_start(struct renderer *r, size_t index); /* and steps to the first row */
int cursor_step(struct renderer *r, size_t index);
int cursor_skip_to_key(struct renderer *r, size_t index); /* a keyed child's, to the section's current key */
int cursor_keep_key(struct renderer *r, size_t index);    /* the rows of the current key, once */
int cursor_keep_all(struct renderer *r, size_t index);
void cursor_finish(struct cursor *c);
void cursor_release(struct cursor *c);

/* The rows among the kept ones whose first link has this value: [*from, *to) of by_link. */
void cursor_link_range(const struct cursor *c, const struct query *q, int64_t value, size_t *from,
                       size_t *to);

/* -- ops (render_run.c) */

/* Appends what ops [pc, end) write to r->out. */
int render_run(struct renderer *r, uint32_t pc, uint32_t end);

/* The rows of a tree below the one with this id; NO_KEY: the top ones. All rows are kept. */
int render_children(struct renderer *r, size_t query, int64_t id);

#endif
