/*
 * The shop database behind an engine-neutral face. This is the one room that knows which engine it is.
 *
 * A `struct store` is one database; it may be shared by all threads. A `struct db` is one connection and a
 * `struct stmt` one statement of it; both belong to one thread at a time. Reader connections see one committed
 * state from db_begin_read() to db_end(); the writer serializes with every other writer of the database,
 * programs outside included, by the engine's own locks.
 *
 * Errors: 0 or -errno with `err` filled. -EAGAIN: another program holds the database, try again later.
 * -ENOSPC, -EIO: the disk. -EUCLEAN: the file is not a database, not ours, or damaged. -EEXIST: a uniqueness
 * rule refused a row. -EDOM: another constraint refused a row. -EINVAL: the SQL is wrong. -ECANCELED: interrupted.
 * -ETIMEDOUT: one row took longer than db_row_limit allows.
 * -EROFS, -EACCES: the database or its directory cannot be written (WAL needs that even for reading, unless the
 * filesystem is read-only). After -ENOSPC and -EIO the engine may have rolled back the whole transaction: call
 * db_end and begin anew.
 */
#ifndef SHOPFS_STORE_STORE_H
#define SHOPFS_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct store;
struct db;
struct stmt;

enum store_open_flags {
    STORE_CREATE = 1,     /* make an empty shop; -EEXIST where the file exists */
    STORE_NO_MIGRATE = 2, /* refuse an older schema instead of upgrading it */
};

/* Opens the shop at path. An older schema is upgraded in one transaction, a newer one refused (-EPROTO) with a
 * message that names both versions. */
int store_open(struct store **out, const char *path, unsigned flags, struct error *err);
void store_close(struct store *s); /* every connection must be closed before; NULL is fine */
const char *store_path(const struct store *s);
int store_schema_version(void); /* the one this program writes */

/* Connections. A reader cannot write. busy timeout: 5 s for both. */
int store_reader(struct store *s, struct db **out, struct error *err);
int store_writer(struct store *s, struct db **out, struct error *err);
/* A private database of the program's own (a render index), made where missing, without the shop's schema;
 * durable: whether commits are synced. One connection. */
int db_open_private(struct db **out, const char *path, bool durable, struct error *err);
/* How long this connection's statements wait for another program that holds the database: milliseconds. */
void db_patience(struct db *db, int ms);
/* How long a statement of this connection may compute one row: milliseconds; 0, the default: for ever. Looked at every
 * some ten milliseconds of work. */
void db_row_limit(struct db *db, int64_t ms);
void db_close(struct db *db);
/* 0 while the file that is open has its name still; -EUCLEAN when another, or none, has it: what is read is no longer
 * the shop, what is written is lost. db_begin_write asks by itself, and so does every new connection. */
int db_in_place(struct db *db, struct error *err);

/* Transactions. db_begin_write takes the write lock at once (-EAGAIN after the busy timeout). db_end rolls
 * back what was not committed and is harmless outside a transaction. */
int db_begin_read(struct db *db, struct error *err);
int db_begin_write(struct db *db, struct error *err);
int db_commit(struct db *db, struct error *err);
void db_end(struct db *db);
/* A number for the committed state that a reader sees in its transaction: another one after any commit. 0: it cannot be
 * told (no transaction, no reader). */
uint64_t db_state(struct db *db);
/* Nested steps inside a write transaction; names are "sp1", "sp2" ... by depth. */
int db_savepoint(struct db *db, struct error *err);
int db_savepoint_release(struct db *db, struct error *err);
void db_savepoint_rollback(struct db *db);
/* Makes a running statement of this connection fail with -ECANCELED; the one call allowed from another thread. */
void db_interrupt(struct db *db);

/* Runs one or more statements without results. */
int db_exec(struct db *db, const char *sql, struct error *err);
int64_t db_last_id(struct db *db);
int64_t db_changed_rows(struct db *db); /* by the last insert, update or delete */

/* Statements. Parameters are named ":name" in SQL and given without the colon. */
int db_prepare(struct db *db, struct stmt **out, const char *sql, struct error *err);
/* As db_prepare, but found again by its text when asked next: for fixed SQL in C. Owned by the connection;
 * already reset. */
int db_cached(struct db *db, struct stmt **out, const char *sql, struct error *err);
/* Where in its text the statement that could not be prepared last is wrong, in bytes; -1: the engine does not tell. */
int db_error_offset(struct db *db);
void stmt_free(struct stmt *st);
void stmt_reset(struct stmt *st); /* ends the run, clears bindings */

/* Binding an unknown name is a bug and aborts; stmt_has_parameter asks. Text and blobs are copied. */
bool stmt_has_parameter(const struct stmt *st, const char *name);
void stmt_bind_int(struct stmt *st, const char *name, int64_t value);
void stmt_bind_text(struct stmt *st, const char *name, const char *value); /* NULL binds NULL */
void stmt_bind_text_len(struct stmt *st, const char *name, const char *value, size_t len);
void stmt_bind_blob(struct stmt *st, const char *name, const void *data, size_t len);
void stmt_bind_null(struct stmt *st, const char *name);
void stmt_bind_real(struct stmt *st, const char *name, double value);

/* 1: a row; 0: done; -errno. */
int stmt_step(struct stmt *st, struct error *err);
/* Steps to the end, for statements without rows, and resets: 0 or -errno. */
int stmt_run(struct stmt *st, struct error *err);

enum stmt_type { STMT_NULL, STMT_INT, STMT_REAL, STMT_TEXT, STMT_BLOB };
int stmt_columns(const struct stmt *st);
const char *stmt_column_name(const struct stmt *st, int col);
enum stmt_type stmt_type(struct stmt *st, int col);
bool stmt_is_null(struct stmt *st, int col);
int64_t stmt_int(struct stmt *st, int col);
double stmt_real(struct stmt *st, int col);
/* UTF-8, NUL-terminated, NULL for NULL; len may be NULL. Valid until the next step or reset. */
const char *stmt_text(struct stmt *st, int col, size_t *len);
const void *stmt_blob(struct stmt *st, int col, size_t *len);

/* Type and value at once, for who reads every column of many rows. s: of text and blobs, valid as above. */
struct stmt_value {
    enum stmt_type type;
    union {
        int64_t i;
        double r;
        struct {
            const char *s;
            size_t len;
        };
    };
};
void stmt_value(struct stmt *st, int col, struct stmt_value *out);

/* Reading part of a large value without loading it: image_data.content by image id. Returns bytes read (short
 * at the end) or -errno (-ENOENT: no such row). */
int64_t db_read_image_data(struct db *db, int64_t image_id, void *data, size_t len, uint64_t at, struct error *err);

/* Consistency check of the whole database; appends nothing, reports the first finding in err (-EUCLEAN). */
int db_check(struct db *db, struct error *err);

#endif
