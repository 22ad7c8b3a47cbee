#include "mapping/lint.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "mapping/document.h"
#include "mapping/export_files.h"
#include "mapping/export_program.h"
#include "mapping/render.h"
#include "mapping/render_value.h"

struct lint {
    struct export_map *map;
    struct db *db;
    int64_t site;
    uint64_t rows;
    lint_fn found;
    void *arg;
    bool *told;     /* per op: nothing more to say of it */
    bool *holds;    /* per op: the condition was true in some row */
    uint64_t *seen; /* per query: rows looked at */
    struct value_scratch scratch;
    bool wrong;     /* something cannot be written */
};

#define ROWS_AT_ONCE 1000

__attribute__((format(printf, 4, 5))) static void tell(struct lint *l, bool error, struct place place,
                                                       const char *format, ...)
{
    auto_buf text = BUF_INIT;
    va_list args;

    l->wrong |= error;
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    l->found(l->arg, error, place, buf_str(&text));
}

static bool writes(const struct op *op)
{
    return op->code == OP_VALUE || op->code == OP_CELL_VALUE;
}

/* q: whose rows are in st. */
static void look_at_value(struct lint *l, size_t index, const struct query *q, struct stmt *st)
{
    const struct op *op = &l->map->ops[index];
    struct stmt_value cell;
    struct error why = ERROR_INIT;
    auto_buf out = BUF_INIT;
    bool string;

    stmt_value(st, op->column, &cell);
    if (op->code == OP_IF) {
        l->holds[index] |= cell_true(&cell);
        return;
    }
    if (cell.type == STMT_NULL || l->told[index])
        return;
    if (value_write(&out, &cell, &l->map->formats[op->format], op->context, &l->scratch, &string, &why) < 0) {
        if (q->kind->key)
            tell(l, true, op_place(op), "value=\"%s\": %s (row %lld of '%s')", q->exprs[op->column],
                 why.message, (long long)stmt_int(st, 0), q->kind->name);
        else
            tell(l, true, op_place(op), "value=\"%s\": %s", q->exprs[op->column], why.message);
        l->told[index] = true;
    }
    error_release(&why);
}

/* Are there rows of the kind at all, were it not for the condition? */
static int any_row(struct lint *l, const struct query *q, struct error *err)
{
    auto_buf sql = BUF_INIT;
    struct stmt *st = NULL;
    int rc;

    buf_addf(&sql, "SELECT 1 FROM %s WHERE site_id = :site LIMIT 1", q->kind->view);
    rc = db_prepare(l->db, &st, buf_str(&sql), err);
    if (rc == 0) {
        stmt_bind_int(st, "site", l->site);
        rc = stmt_step(st, err);
    }
    stmt_free(st);
    return rc;
}

/* Places that share their rows tell the wanted ones by a column. */
static bool wanted(const struct query *q, struct stmt *st)
{
    struct stmt_value cell;

    if (q->filter < 0)
        return true;
    stmt_value(st, q->filter, &cell);
    return cell_true(&cell);
}

/* The condition of a place, where it has one. */
static const char *where_of(const struct lint *l, const struct query *q)
{
    return q->filter < 0 ? q->where : l->map->queries[q->owner].exprs[q->filter];
}

/* site.COLUMN inside expressions. */
static int bind_site(struct lint *l, struct stmt *st, struct error *err)
{
    struct stmt *row = NULL;
    int rc = 0;

    for (size_t i = 0; i < l->map->n_site_params && rc == 0; i++) {
        struct stmt_value value;

        if (!stmt_has_parameter(st, l->map->site_params[i].name))
            continue;
        if (!row) {
            rc = db_prepare(l->db, &row, l->map->queries[0].sql, err);
            if (rc == 0) {
                stmt_bind_int(row, "site", l->site);
                rc = stmt_step(row, err);
                rc = rc == 1 ? 0 : rc == 0 ? -ENOENT : rc;
            }
        }
        if (rc == 0) {
            stmt_value(row, l->map->site_params[i].column, &value);
            param_bind(st, l->map->site_params[i].name, &value);
        }
    }
    stmt_free(row);
    return rc;
}

static int look_at_rows(struct lint *l, size_t index, struct error *err)
{
    const struct query *q = &l->map->queries[index];
    const struct query *shared = &l->map->queries[q->owner];
    struct stmt *st = NULL;
    uint64_t n = 0;
    int rc = db_prepare(l->db, &st, shared->sql, err);

    if (rc == 0) {
        stmt_bind_int(st, "site", l->site);
        file_params_bind(l->map, st);
        rc = bind_site(l, st, err);
        if (q->kind->space != KEY_NONE) {
            stmt_bind_int(st, "low", INT64_MIN);
            stmt_bind_int(st, "high", INT64_MAX);
        }
    }
    while (rc == 0 && n < l->rows && (rc = stmt_step(st, err)) == 1) {
        rc = 0;
        if (!wanted(q, st))
            continue;
        for (size_t i = 0; i < l->map->n_ops; i++) {
            const struct op *op = &l->map->ops[i];

            if (op->from == FROM_ROW && op->query == index && (writes(op) || op->code == OP_IF))
                look_at_value(l, i, shared, st);
        }
        n++;
    }
    stmt_free(st);
    l->seen[index] += n;
    if (rc < 0) {
        error_place(err, l->map->file, q->place, q->kind->name);
        return rc;
    }
    return 0;
}

/* What held in no row of any file. */
static int what_never_held(struct lint *l, size_t index, struct error *err)
{
    const struct query *q = &l->map->queries[index];
    const struct query *shared = &l->map->queries[q->owner];

    if (l->seen[index] == 0 && where_of(l, q)) {
        int rc = any_row(l, q, err);

        if (rc == 1)
            tell(l, false, q->where_place, "where=\"%s\" holds for no row of '%s'", where_of(l, q),
                 q->kind->name);
        return rc < 0 ? rc : 0;
    }
    for (size_t i = 0; l->seen[index] > 0 && i < l->map->n_ops; i++) {
        const struct op *op = &l->map->ops[i];

        if (op->code == OP_IF && op->from == FROM_ROW && op->query == index && !l->holds[i])
            tell(l, false, op_place(op), "the condition \"%s\" holds for none of %llu rows of '%s'",
                 shared->exprs[op->column], (unsigned long long)l->seen[index], q->kind->name);
    }
    return 0;
}

/* Columns that are too few for some row show only when the rows are written. */
static int look_for_room(struct lint *l, const char *site, struct error *err)
{
    struct renderer *r = NULL;
    const struct left_out *out;
    auto_buf bytes = BUF_INIT;
    bool repeats = false;
    int rc;

    for (size_t i = 0; i < l->map->n_queries; i++)
        repeats |= l->map->queries[i].times > 0;
    if (!repeats)
        return 0;
    rc = renderer_new(&r, l->map, l->db, site, err);
    for (size_t s = 0; rc == 0 && s < export_map_sections(l->map); s++) {
        auto_free int64_t *low = NULL;
        size_t n = 0;

        rc = renderer_ranges(r, s, ROWS_AT_ONCE, &low, &n, err);
        for (size_t i = 0; rc == 0 && i < n; i++) {
            buf_clear(&bytes);
            rc = renderer_section(r, s, low[i], i + 1 < n ? low[i + 1] - 1 : INT64_MAX, 0, &bytes, NULL, err);
        }
    }
    out = r ? renderer_left_out(r) : NULL;
    if (rc == 0 && out->rows > 0)
        tell(l, false, out->place, "times=\"%u\" is too few for %llu rows: row %lld has %llu sets of columns more, which are left out",
             out->times, (unsigned long long)out->rows, (long long)out->key, (unsigned long long)out->sets);
    renderer_free(r);
    return rc;
}

static int look_at_files(struct lint *l, const struct export_files *files, const char *site, struct error *err)
{
    struct export_map *map = l->map;
    int rc = 0;

    for (size_t f = 0; f < files->n && rc == 0; f++) {
        l->map = files->maps[f];
        for (size_t i = 0; rc == 0 && i < map->n_queries; i++)
            if (i == 0 || i != map->files_query)
                rc = look_at_rows(l, i, err);
        if (rc == 0 && !l->wrong)
            rc = look_for_room(l, site, err);
    }
    l->map = map;
    for (size_t i = 0; rc == 0 && i < map->n_queries && files->n > 0; i++)
        if (i == 0 || i != map->files_query)
            rc = what_never_held(l, i, err);
    return rc;
}

int export_map_lint(struct export_map *map, struct db *db, const char *site, uint64_t rows, lint_fn found,
                    void *arg, struct error *err)
{
    struct lint l = {.map = map, .db = db, .rows = rows, .found = found, .arg = arg};
    struct export_files files = {0};
    struct stmt *st;
    int rc = db_cached(db, &st, "SELECT id FROM site WHERE name = :name", err);

    if (rc < 0)
        return rc;
    stmt_bind_text(st, "name", site);
    rc = stmt_step(st, err);
    l.site = rc == 1 ? stmt_int(st, 0) : 0;
    stmt_reset(st);
    if (rc == 0)
        rc = error_set(err, -ENOENT, "there is no site '%s' in the database", site);
    if (rc > 0)
        rc = export_map_files(&files, map, db, site, err);
    if (rc < 0)
        return rc;
    l.told = xcalloc(map->n_ops + 1, sizeof *l.told);
    l.holds = xcalloc(map->n_ops + 1, sizeof *l.holds);
    l.seen = xcalloc(map->n_queries + 1, sizeof *l.seen);
    rc = look_at_files(&l, &files, site, err);
    export_files_release(&files);
    free(l.told);
    free(l.holds);
    free(l.seen);
    buf_release(&l.scratch.a);
    buf_release(&l.scratch.b);
    return rc;
}
