/* What a statement reads, and whether it gives the same for the same rows: as the engine's own parser sees
 * it. */
#include "store/changes.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "store/changes_internal.h"
#include "store/sqlite_internal.h"

static bool listed(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(name, list[i]) == 0)
            return true;
    return false;
}
#define LISTED(name, list) listed(name, list, sizeof(list) / sizeof *(list))

/* Functions whose tables hold nothing but their arguments. */
static const char *const pure_tables[] = {"json_each", "json_tree"};

static const char *const chance[] = {
    "random",
    "randomblob",
    "changes",
    "total_changes",
    "last_insert_rowid",
    "sqlite_offset",
    "current_timestamp",
    "current_date",
    "current_time",
    "sqlite_version",
    "sqlite_source_id",
    "sqlite_compileoption_get",
    "sqlite_compileoption_used",
};

static const char *const dates[] = {"date", "time", "datetime", "julianday", "unixepoch", "strftime"};

/* s at the opening parenthesis: the number of arguments. Quoted parts are skipped. */
static int arguments(const char *s)
{
    int depth = 0, commas = 0;
    bool any = false;
    for (; *s; s++) {
        if (*s == '\'' || *s == '"') {
            const char *end = strchr(s + 1, *s);
            if (!end)
                return 0;
            s = end;
            any = true;
        } else if (*s == '(') {
            any = any || depth > 0;
            depth++;
        } else if (*s == ')') {
            if (--depth == 0)
                return any ? commas + 1 : 0;
        } else if (*s == ',' && depth == 1) {
            commas++;
        } else if (!isspace((unsigned char)*s)) {
            any = true;
        }
    }
    return 0;
}

/*
 * A date function means the present moment when it has no time value, or 'now'. Whether a column holds the
 * word now cannot be told, and is not asked. A call that the text does not show comes from a view of somebody
 * else.
 */
static bool date_depends_on_now(const char *sql, const char *name)
{
    if (strcasestr(sql, "now"))
        return true;
    const int needed = strcasecmp(name, "strftime") == 0 ? 2 : 1;
    const size_t len = strlen(name);
    bool found = false;
    for (const char *p = sql; (p = strcasestr(p, name)); p += len) {
        bool whole = p == sql || (!isalnum((unsigned char)p[-1]) && p[-1] != '_');
        const char *open = p + len + strspn(p + len, " \t\r\n");
        if (!whole || *open != '(')
            continue;
        found = true;
        if (arguments(open) < needed)
            return true;
    }
    return !found;
}

static bool all_deterministic(const char *sql, const struct guard_scan *scan)
{
    for (size_t i = 0; i < scan->function_count; i++) {
        const char *name = scan->functions[i];
        if (LISTED(name, chance) || (LISTED(name, dates) && date_depends_on_now(sql, name)))
            return false;
    }
    return true;
}

/* 1 where name is a view, whose tables are noted by themselves. */
static int is_view(struct db *db, const char *name, struct error *err)
{
    struct stmt *st;
    int r = db_cached(db, &st,
                      "SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = :name COLLATE NOCASE", err);
    if (r < 0)
        return r;
    stmt_bind_text(st, "name", name);
    r = stmt_step(st, err);
    stmt_reset(st);
    return r;
}

static int sources_of_tables(struct db *db, const struct guard_scan *scan, source_set *out, struct error *err)
{
    source_set sources = 0;
    for (size_t i = 0; i < scan->table_count; i++) {
        const char *name = scan->tables[i];
        source_set of = change_sources_of_table(name);
        if (of) {
            sources |= of;
            continue;
        }
        if (LISTED(name, pure_tables))
            continue;
        int r = is_view(db, name, err);
        if (r < 0)
            return r;
        if (r == 0)
            return error_set(err, -EINVAL, "table '%s' cannot be read here: its changes are not recorded",
                             name);
    }
    *out = sources;
    return 0;
}

static void release(struct guard_scan *scan)
{
    for (size_t i = 0; i < scan->table_count; i++)
        free(scan->tables[i]);
    for (size_t i = 0; i < scan->function_count; i++)
        free(scan->functions[i]);
    free(scan->tables);
    free(scan->functions);
}

/* The engine declares the pure tables to itself at their first use, which the guard would refuse. */
static int declare_pure_tables(struct db *db, struct error *err)
{
    struct stmt *st;
    return db_cached(db, &st, "SELECT 1 FROM json_each('[]'), json_tree('[]')", err);
}

int change_sources_of(struct db *db, const char *sql, source_set *out, bool *deterministic, struct error *err)
{
    struct guard_scan scan = {0};
    struct stmt *st = NULL;
    int r = declare_pure_tables(db, err);
    if (r < 0)
        return r;
    enum guard guard = db->guard;
    db->scan = &scan;
    db->guard = GUARD_SCAN;
    r = db_prepare(db, &st, sql, err);
    db->guard = guard;
    db->scan = NULL;
    /* VACUUM asks for nothing. */
    if (r == 0 &&
        (!sqlite3_stmt_readonly(st->engine) || sqlite3_stmt_isexplain(st->engine) || stmt_columns(st) == 0)) {
        scan.denied = true;
        r = -EINVAL;
    }
    stmt_free(st);
    if (r < 0 && scan.denied)
        r = error_set(err, -EINVAL, "only a SELECT that calls safe functions is allowed here, not '%.60s'",
                      sql);
    /* First the long list: a table whose changes are not recorded is refused even where it is not opened. */
    if (r == 0)
        r = sources_of_tables(db, &scan, out, err);
    if (r == 0)
        r = scan_opened_tables(db, sql, &scan, err);
    if (r == 0)
        r = sources_of_tables(db, &scan, out, err);
    if (r == 0 && deterministic)
        *deterministic = all_deterministic(sql, &scan);
    release(&scan);
    return r;
}
