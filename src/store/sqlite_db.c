/* One connection: transactions, running SQL, reading a part of a large value, the consistency check. */
#include "store/sqlite_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"

int db_exec(struct db *db, const char *sql, struct error *err)
{
    int rc = sqlite3_exec(db->engine, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : db_fail(db, rc, sql, err);
}

int db_number(struct db *db, const char *sql, int64_t *out, struct error *err)
{
    struct stmt *st;
    int r = db_prepare(db, &st, sql, err);
    if (r < 0)
        return r;
    r = stmt_step(st, err);
    if (r == 1)
        *out = stmt_int(st, 0);
    else if (r == 0)
        r = error_set(err, -EINVAL, "no row from '%s'", sql);
    stmt_free(st);
    return r < 0 ? r : 0;
}

/* Fixed SQL without parameters or rows. */
static int run(struct db *db, const char *sql, struct error *err)
{
    struct stmt *st;
    int r = db_cached(db, &st, sql, err);
    return r < 0 ? r : stmt_run(st, err);
}

/* BEGIN alone fixes nothing: the state seen is that of the first read, so one is made. */
int db_begin_read(struct db *db, struct error *err)
{
    int r = run(db, "BEGIN", err);
    if (r < 0)
        return r;
    r = run(db, "SELECT 1 FROM sqlite_schema LIMIT 1", err);
    if (r < 0)
        db_end(db);
    return r;
}

int db_begin_write(struct db *db, struct error *err)
{
    int r = run(db, "BEGIN IMMEDIATE", err);
    if (r == 0 && db->shop && (r = db_in_place(db, err)) < 0)
        db_end(db);
    return r;
}

int db_commit(struct db *db, struct error *err)
{
    int r = run(db, "COMMIT", err);
    if (r == 0)
        db->depth = 0;
    return r;
}

void db_end(struct db *db)
{
    db->depth = 0;
    if (sqlite3_get_autocommit(db->engine))
        return;
    struct error err = ERROR_INIT;
    if (run(db, "ROLLBACK", &err) < 0 && !sqlite3_get_autocommit(db->engine))
        log_error_object(LOG_LEVEL_ERROR, "ending a transaction", &err);
    error_release(&err);
}

static int savepoint(struct db *db, const char *verb, struct error *err)
{
    char sql[48];
    snprintf(sql, sizeof sql, "%s sp%d", verb, db->depth);
    return run(db, sql, err);
}

int db_savepoint(struct db *db, struct error *err)
{
    db->depth++;
    int r = savepoint(db, "SAVEPOINT", err);
    if (r < 0)
        db->depth--;
    return r;
}

int db_savepoint_release(struct db *db, struct error *err)
{
    int r = savepoint(db, "RELEASE", err);
    if (r == 0)
        db->depth--;
    return r;
}

/* Some failures (disk full, I/O) end the whole transaction in the engine: then there is nothing to undo here.
 */
void db_savepoint_rollback(struct db *db)
{
    if (db->depth == 0)
        return;
    if (!sqlite3_get_autocommit(db->engine)) {
        struct error err = ERROR_INIT;
        if (savepoint(db, "ROLLBACK TO", &err) < 0 || savepoint(db, "RELEASE", &err) < 0)
            log_error_object(LOG_LEVEL_ERROR, "undoing a step", &err);
        error_release(&err);
    }
    db->depth--;
}

void db_interrupt(struct db *db)
{
    sqlite3_interrupt(db->engine);
}

int64_t db_last_id(struct db *db)
{
    return sqlite3_last_insert_rowid(db->engine);
}

int64_t db_changed_rows(struct db *db)
{
    return sqlite3_changes64(db->engine);
}

static int image_data_missing(struct db *db, int64_t image_id, bool *missing, struct error *err)
{
    struct stmt *st;
    int r = db_cached(db, &st, "SELECT 1 FROM image_data WHERE image_id = :id", err);
    if (r < 0)
        return r;
    stmt_bind_int(st, "id", image_id);
    r = stmt_step(st, err);
    *missing = r == 0;
    stmt_reset(st);
    return r < 0 ? r : 0;
}

/* The handle is not kept: outside a transaction an open one pins an old state of the whole database. */
int64_t db_read_image_data(struct db *db, int64_t image_id, void *data, size_t len, uint64_t at,
                           struct error *err)
{
    sqlite3_blob *blob;
    int rc = sqlite3_blob_open(db->engine, "main", "image_data", "content", image_id, 0, &blob);
    if (rc != SQLITE_OK) {
        bool missing = false;
        struct error first = ERROR_INIT;
        int code = db_fail(db, rc, NULL, &first);
        if (rc == SQLITE_ERROR && image_data_missing(db, image_id, &missing, NULL) == 0 && missing)
            code =
                error_set(&first, -ENOENT, "picture %lld has no bytes in the database", (long long)image_id);
        if (err)
            error_move(err, &first);
        error_release(&first);
        return code;
    }
    uint64_t size = (uint64_t)sqlite3_blob_bytes(blob);
    if (at >= size)
        len = 0;
    else if (len > size - at)
        len = (size_t)(size - at);
    if (len)
        rc = sqlite3_blob_read(blob, data, (int)len, (int)at);
    int code = rc == SQLITE_OK ? 0 : db_fail(db, rc, NULL, err);
    sqlite3_blob_close(blob);
    return code < 0 ? code : (int64_t)len;
}

static int check_pages(struct db *db, struct error *err)
{
    struct stmt *st;
    int r = db_prepare(db, &st, "PRAGMA integrity_check(1)", err);
    if (r < 0)
        return r;
    r = stmt_step(st, err);
    if (r == 1) {
        const char *finding = stmt_text(st, 0, NULL);
        r = 0;
        if (finding && strcmp(finding, "ok") != 0) {
            r = error_set(err, -EUCLEAN, "%s", finding);
            error_advise(
                err,
                "restore the database from a backup, or rescue its rows with 'sqlite3 DATABASE .recover'");
        }
    }
    stmt_free(st);
    return r;
}

static int check_references(struct db *db, struct error *err)
{
    struct stmt *st;
    int r = db_prepare(db, &st, "SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 1", err);
    if (r < 0)
        return r;
    r = stmt_step(st, err);
    if (r == 1) {
        r = error_set(err, -EUCLEAN, "a row of table '%s'%s%s refers to a missing row of '%s'",
                      stmt_text(st, 0, NULL), stmt_is_null(st, 1) ? "" : ", rowid ",
                      stmt_is_null(st, 1) ? "" : stmt_text(st, 1, NULL), stmt_text(st, 2, NULL));
        error_advise(err,
                     "list them with 'PRAGMA foreign_key_check' and delete or complete them; programs that "
                     "write should run 'PRAGMA foreign_keys = ON' first");
    }
    stmt_free(st);
    return r;
}

int db_check(struct db *db, struct error *err)
{
    enum guard guard = db->guard;
    db->guard = GUARD_OPEN;
    int r = check_pages(db, err);
    if (r == 0)
        r = check_references(db, err);
    db->guard = guard;
    return r;
}

void db_patience(struct db *db, int ms)
{
    sqlite3_busy_timeout(db->engine, ms);
}
