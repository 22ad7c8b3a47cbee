/*
 * What a statement may do is asked by the engine for every table, function and action while it compiles the
 * statement; this is the one function that answers.
 */
#include "store/sqlite_internal.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

static void note(char ***names, size_t *count, size_t *cap, const char *name)
{
    for (size_t i = 0; i < *count; i++)
        if (strcasecmp((*names)[i], name) == 0)
            return;
    array_grow(*names, *count, *cap);
    (*names)[(*count)++] = xstrdup(name);
}

/* Functions that reach outside the database. */
static bool function_denied(const char *name)
{
    static const char *const denied[] = {"load_extension", "sqlite_log", "fts3_tokenizer",
                                         "readfile",       "writefile",  "edit"};
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++)
        if (strcasecmp(name, denied[i]) == 0)
            return true;
    return false;
}

static int scan(struct guard_scan *scan, int action, const char *a, const char *b)
{
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        note(&scan->tables, &scan->table_count, &scan->table_cap, a ? a : "");
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        if (!function_denied(b)) {
            note(&scan->functions, &scan->function_count, &scan->function_cap, b);
            return SQLITE_OK;
        }
        break;
    default:
        break;
    }
    scan->denied = true;
    return SQLITE_DENY;
}

static int authorize(void *arg, int action, const char *a, const char *b, const char *database,
                     const char *inside)
{
    struct db *db = arg;
    (void)database;
    (void)inside;
    switch (db->guard) {
    case GUARD_SCAN:
        return scan(db->scan, action, a, b);
    case GUARD_READER:
        if (action == SQLITE_PRAGMA || action == SQLITE_ATTACH || action == SQLITE_DETACH)
            return SQLITE_DENY;
        return action == SQLITE_FUNCTION && function_denied(b) ? SQLITE_DENY : SQLITE_OK;
    case GUARD_OPEN:
        break;
    }
    return SQLITE_OK;
}

void guard_install(struct db *db)
{
    sqlite3_set_authorizer(db->engine, authorize, db);
}
