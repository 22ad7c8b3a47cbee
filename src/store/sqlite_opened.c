/*
 * The tables a statement really opens. The authorizer names every table of every view that the text mentions; the
 * compiled program is shorter, because the engine leaves out columns and joins whose result nobody asks for. A
 * catalogue without a stock column must not become new with every sale.
 *
 * https://www.sqlite.org/opcode.html#OpenRead: P2 is the root page, P3 the database.
 */
#include "store/sqlite_internal.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"

static int table_of_root(struct db *db, int root, char **out, struct error *err)
{
    struct stmt *st;
    int r = db_cached(db, &st, "SELECT tbl_name FROM sqlite_schema WHERE rootpage = :root", err);
    if (r < 0)
        return r;
    stmt_bind_int(st, "root", root);
    r = stmt_step(st, err);
    if (r == 1)
        *out = xstrdup(stmt_text(st, 0, NULL));
    stmt_reset(st);
    return r;
}

static void add(struct guard_scan *scan, char *name)
{
    array_grow(scan->tables, scan->table_count, scan->table_cap);
    scan->tables[scan->table_count++] = name;
}

static bool has(const struct guard_scan *scan, const char *name)
{
    for (size_t i = 0; i < scan->table_count; i++)
        if (strcasecmp(scan->tables[i], name) == 0)
            return true;
    return false;
}

int scan_opened_tables(struct db *db, const char *sql, struct guard_scan *scan, struct error *err)
{
    auto_buf explain = BUF_INIT;
    struct guard_scan opened = {0};
    struct stmt *st = NULL;
    bool known = true;
    buf_addf(&explain, "EXPLAIN %s", sql);
    int r = db_prepare(db, &st, buf_str(&explain), err);
    while (r >= 0 && (r = stmt_step(st, err)) == 1) {
        const char *opcode = stmt_text(st, 1, NULL);
        char *name = NULL;
        if (!opcode || (strcmp(opcode, "OpenRead") != 0 && strcmp(opcode, "ReopenIdx") != 0))
            continue;
        r = table_of_root(db, (int)stmt_int(st, 3), &name, err);
        known = known && r == 1;
        if (name && !has(&opened, name))
            add(&opened, name);
        else
            free(name);
    }
    stmt_free(st);
    /* What is opened was named before; anything else means that we do not understand the program, and the longer
     * list stays. */
    size_t kept = 0;
    for (size_t i = 0; i < opened.table_count; i++)
        known = known && has(scan, opened.tables[i]);
    for (size_t i = 0; r >= 0 && known && i < scan->table_count; i++) {
        if (has(&opened, scan->tables[i]))
            scan->tables[kept++] = scan->tables[i];
        else
            free(scan->tables[i]);
    }
    if (r >= 0 && known)
        scan->table_count = kept;
    for (size_t i = 0; i < opened.table_count; i++)
        free(opened.tables[i]);
    free(opened.tables);
    return r < 0 ? r : 0;
}
