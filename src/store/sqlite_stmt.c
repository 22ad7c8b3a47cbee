/* Statements: preparing, binding by name, stepping, reading columns. */
#include "store/sqlite_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"

/* A second statement behind the first would silently not run. */
static bool only_blank(const char *tail)
{
    for (;;) {
        tail += strspn(tail, " \t\r\n;");
        if (strncmp(tail, "--", 2) == 0) {
            tail += strcspn(tail, "\n");
        } else if (strncmp(tail, "/*", 2) == 0) {
            const char *end = strstr(tail + 2, "*/");
            tail = end ? end + 2 : tail + strlen(tail);
        } else {
            return *tail == '\0';
        }
    }
}

static int prepare(struct db *db, struct stmt **out, const char *sql, unsigned flags, struct error *err)
{
    sqlite3_stmt *engine;
    const char *tail;
    int rc = sqlite3_prepare_v3(db->engine, sql, -1, flags, &engine, &tail);
    db->error_offset = rc == SQLITE_OK ? -1 : sqlite3_error_offset(db->engine);
    if (rc != SQLITE_OK)
        return db_fail(db, rc, sql, err);
    if (!engine)
        return error_set(err, -EINVAL, "there is no statement in '%.80s'", sql);
    if (!only_blank(tail)) {
        sqlite3_finalize(engine);
        return error_set(err, -EINVAL, "more than one statement: '%.40s' follows the first", tail);
    }
    struct stmt *st = xcalloc(1, sizeof *st);
    st->engine = engine;
    st->db = db;
    *out = st;
    return 0;
}

int db_prepare(struct db *db, struct stmt **out, const char *sql, struct error *err)
{
    return prepare(db, out, sql, 0, err);
}

int db_cached(struct db *db, struct stmt **out, const char *sql, struct error *err)
{
    struct stmt *st;
    HASH_FIND_STR(db->cache, sql, st);
    if (st) {
        stmt_reset(st);
    } else {
        int r = prepare(db, &st, sql, SQLITE_PREPARE_PERSISTENT, err);
        if (r < 0)
            return r;
        st->key = xstrdup(sql);
        HASH_ADD_KEYPTR(hh, db->cache, st->key, strlen(st->key), st);
    }
    *out = st;
    return 0;
}

int db_error_offset(struct db *db)
{
    return db->error_offset;
}

void stmt_free(struct stmt *st)
{
    if (!st)
        return;
    if (st->key)
        HASH_DEL(st->db->cache, st);
    sqlite3_finalize(st->engine);
    free(st->key);
    free(st);
}

void stmt_reset(struct stmt *st)
{
    sqlite3_reset(st->engine);
    sqlite3_clear_bindings(st->engine);
}

/* 0 where the statement has no such parameter. */
static int parameter(const struct stmt *st, const char *name)
{
    char with_colon[64];
    size_t len = strlen(name);
    if (len + 2 > sizeof with_colon)
        return 0;
    with_colon[0] = ':';
    memcpy(with_colon + 1, name, len + 1);
    return sqlite3_bind_parameter_index(st->engine, with_colon);
}

bool stmt_has_parameter(const struct stmt *st, const char *name)
{
    return parameter(st, name) != 0;
}

static int wanted(const struct stmt *st, const char *name)
{
    int index = parameter(st, name);
    if (index == 0) {
        log_error("bug: no parameter ':%s' in '%.200s'", name, sqlite3_sql(st->engine));
        abort();
    }
    return index;
}

/* A binding fails when the statement is running (a bug), or when the value exceeds the engine's limit of a
 * billion bytes, which the limits of every input are far below. */
static void bound(const struct stmt *st, int rc, const char *name)
{
    if (rc != SQLITE_OK) {
        log_error("bug: binding ':%s' of '%.200s': %s", name, sqlite3_sql(st->engine), sqlite3_errstr(rc));
        abort();
    }
}

void stmt_bind_int(struct stmt *st, const char *name, int64_t value)
{
    bound(st, sqlite3_bind_int64(st->engine, wanted(st, name), value), name);
}

void stmt_bind_text(struct stmt *st, const char *name, const char *value)
{
    if (value)
        stmt_bind_text_len(st, name, value, strlen(value));
    else
        stmt_bind_null(st, name);
}

void stmt_bind_text_len(struct stmt *st, const char *name, const char *value, size_t len)
{
    if (!value && len == 0)
        value = "";
    bound(st, sqlite3_bind_text64(st->engine, wanted(st, name), value, len, SQLITE_TRANSIENT, SQLITE_UTF8),
          name);
}

void stmt_bind_blob(struct stmt *st, const char *name, const void *data, size_t len)
{
    int index = wanted(st, name);
    if (len == 0)
        bound(st, sqlite3_bind_zeroblob(st->engine, index, 0), name);
    else
        bound(st, sqlite3_bind_blob64(st->engine, index, data, len, SQLITE_TRANSIENT), name);
}

void stmt_bind_null(struct stmt *st, const char *name)
{
    bound(st, sqlite3_bind_null(st->engine, wanted(st, name)), name);
}

void stmt_bind_real(struct stmt *st, const char *name, double value)
{
    bound(st, sqlite3_bind_double(st->engine, wanted(st, name), value), name);
}

#define OPS_BETWEEN_LOOKS 1000000

static int row_look(void *arg)
{
    struct db *db = arg;
    int64_t now = clock_monotonic_ms();
    if (db->row_began == 0)
        db->row_began = now;
    db->row_overdue = now - db->row_began >= db->row_limit_ms;
    return db->row_overdue;
}

void db_row_limit(struct db *db, int64_t ms)
{
    db->row_limit_ms = ms;
    sqlite3_progress_handler(db->engine, ms > 0 ? OPS_BETWEEN_LOOKS : 0, row_look, db);
}

int stmt_step(struct stmt *st, struct error *err)
{
    st->db->row_began = 0;
    st->db->row_overdue = false;
    int rc = sqlite3_step(st->engine);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        return 0;
    int code = st->db->row_overdue ? error_set(err, -ETIMEDOUT, "one row takes longer than %lld ms", (long long)st->db->row_limit_ms)
                                   : db_fail(st->db, rc, sqlite3_sql(st->engine), err);
    sqlite3_reset(st->engine);
    return code;
}

int stmt_run(struct stmt *st, struct error *err)
{
    int r;
    while ((r = stmt_step(st, err)) == 1)
        ;
    stmt_reset(st);
    return r;
}

int stmt_columns(const struct stmt *st)
{
    return sqlite3_column_count(st->engine);
}

const char *stmt_column_name(const struct stmt *st, int col)
{
    return sqlite3_column_name(st->engine, col);
}

enum stmt_type stmt_type(struct stmt *st, int col)
{
    switch (sqlite3_column_type(st->engine, col)) {
    case SQLITE_INTEGER:
        return STMT_INT;
    case SQLITE_FLOAT:
        return STMT_REAL;
    case SQLITE_TEXT:
        return STMT_TEXT;
    case SQLITE_BLOB:
        return STMT_BLOB;
    default:
        return STMT_NULL;
    }
}

bool stmt_is_null(struct stmt *st, int col)
{
    return sqlite3_column_type(st->engine, col) == SQLITE_NULL;
}

int64_t stmt_int(struct stmt *st, int col)
{
    return sqlite3_column_int64(st->engine, col);
}

double stmt_real(struct stmt *st, int col)
{
    return sqlite3_column_double(st->engine, col);
}

const char *stmt_text(struct stmt *st, int col, size_t *len)
{
    const char *text = (const char *)sqlite3_column_text(st->engine, col);
    if (len)
        *len = text ? (size_t)sqlite3_column_bytes(st->engine, col) : 0;
    return text;
}

const void *stmt_blob(struct stmt *st, int col, size_t *len)
{
    const void *data = sqlite3_column_blob(st->engine, col);
    if (len)
        *len = (size_t)sqlite3_column_bytes(st->engine, col);
    return data;
}

/* One look at the column instead of three, each of which asks for a failure of the allocator. */
void stmt_value(struct stmt *st, int col, struct stmt_value *out)
{
    sqlite3_value *value = sqlite3_column_value(st->engine, col);
    switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
        out->type = STMT_INT;
        out->i = sqlite3_value_int64(value);
        return;
    case SQLITE_FLOAT:
        out->type = STMT_REAL;
        out->r = sqlite3_value_double(value);
        return;
    case SQLITE_TEXT:
        out->type = STMT_TEXT;
        out->s = (const char *)sqlite3_value_text(value);
        break;
    case SQLITE_BLOB:
        out->type = STMT_BLOB;
        out->s = sqlite3_value_blob(value);
        break;
    default:
        out->type = STMT_NULL;
        return;
    }
    out->len = out->s ? (size_t)sqlite3_value_bytes(value) : 0;
    if (!out->s)
        out->s = "";
}
