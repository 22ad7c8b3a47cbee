#include "mapping/lint.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/mem.h"
#include "mapping/export_program.h"
#include "mapping/render_value.h"

struct lint {
    struct export_map *map;
    struct db *db;
    int64_t site;
    uint64_t rows;
    lint_fn found;
    void *arg;
    bool *told;  /* per op: nothing more to say of it */
    bool *holds; /* per op: the condition was true in some row */
    struct value_scratch scratch;
};

__attribute__((format(printf, 4, 5))) static void tell(struct lint *l, bool error, int line,
                                                       const char *format, ...)
{
    auto_buf text = BUF_INIT;
    va_list args;

    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    l->found(l->arg, error, line, buf_str(&text));
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
            tell(l, true, (int)op->line, "value=\"%s\": %s (row %lld of '%s')", q->exprs[op->column],
                 why.message, (long long)stmt_int(st, 0), q->kind->name);
        else
            tell(l, true, (int)op->line, "value=\"%s\": %s", q->exprs[op->column], why.message);
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

static int look_at_rows(struct lint *l, size_t index, struct error *err)
{
    const struct query *q = &l->map->queries[index];
    const struct query *shared = &l->map->queries[q->owner];
    const char *where = q->filter < 0 ? q->where : shared->exprs[q->filter];
    struct stmt *st = NULL;
    uint64_t n = 0;
    int rc = db_prepare(l->db, &st, shared->sql, err);

    if (rc == 0) {
        stmt_bind_int(st, "site", l->site);
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
    if (rc < 0) {
        error_at(err, l->map->file, q->line, q->kind->name);
        return rc;
    }
    if (n == 0 && where) {
        rc = any_row(l, q, err);
        if (rc == 1)
            tell(l, false, q->line, "where=\"%s\" holds for no row of '%s'", where, q->kind->name);
        return rc < 0 ? rc : 0;
    }
    for (size_t i = 0; n > 0 && i < l->map->n_ops; i++) {
        const struct op *op = &l->map->ops[i];

        if (op->code == OP_IF && op->from == FROM_ROW && op->query == index && !l->holds[i])
            tell(l, false, (int)op->line, "the condition \"%s\" holds for none of %llu rows of '%s'",
                 shared->exprs[op->column], (unsigned long long)n, q->kind->name);
    }
    return 0;
}

int export_map_lint(struct export_map *map, struct db *db, const char *site, uint64_t rows, lint_fn found,
                    void *arg, struct error *err)
{
    struct lint l = {.map = map, .db = db, .rows = rows, .found = found, .arg = arg};
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
    if (rc < 0)
        return rc;
    l.told = xcalloc(map->n_ops + 1, sizeof *l.told);
    l.holds = xcalloc(map->n_ops + 1, sizeof *l.holds);
    rc = 0;
    for (size_t i = 0; rc == 0 && i < map->n_queries; i++)
        rc = look_at_rows(&l, i, err);
    free(l.told);
    free(l.holds);
    buf_release(&l.scratch.a);
    buf_release(&l.scratch.b);
    return rc;
}
