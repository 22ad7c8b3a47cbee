/*
 * What the files of this room share about the embedded engine. Not for other rooms.
 */
#ifndef SHOPFS_STORE_SQLITE_INTERNAL_H
#define SHOPFS_STORE_SQLITE_INTERNAL_H

#include <sqlite3.h>
#include <stdbool.h>

#include <uthash.h>

#include "store/store.h"

/* At byte 68 of every shop database; `file` prints it. */
#define SHOP_APPLICATION_ID 0x73686673 /* "shfs" */

#define DB_BUSY_TIMEOUT_MS 5000

/* What a connection's statements may do, asked by the engine while it compiles them (sqlite_guard.c). */
enum guard {
    GUARD_OPEN,   /* anything: the writer, and any connection while this room works on it */
    GUARD_READER, /* no pragma, no other database, no function that reaches outside */
    GUARD_SCAN,   /* one select and nothing else; tables and functions are noted in `scan` */
};

/* What a statement read, while GUARD_SCAN. Lists of distinct names, malloced. */
struct guard_scan {
    char **tables;
    size_t table_count, table_cap;
    char **functions;
    size_t function_count, function_cap;
    bool denied; /* something else than a select was asked for */
};

struct db {
    sqlite3 *engine;
    enum guard guard;
    struct guard_scan *scan;
    int depth;          /* open savepoints */
    int error_offset;   /* see db_error_offset */
    bool shop;          /* of a store: of use while its file has the name it was opened by */
    int64_t schema_number; /* the engine's, as of ... */
    int schema_compiled;   /* ... so many compilations of change_state's statement; 0: not asked yet */
    int64_t row_limit_ms;
    int64_t row_began; /* monotonic ms of the first look while the row is computed; 0: none yet */
    bool row_overdue;
    struct stmt *cache; /* by text */
};

struct stmt {
    sqlite3_stmt *engine;
    struct db *db;
    char *key; /* the text of a cached one, else NULL */
    UT_hash_handle hh;
};

/* Turns a failed call into -errno with the engine's message. sql: the text being run, quoted where the SQL is
 * at fault; may be NULL. */
int db_fail(struct db *db, int rc, const char *sql, struct error *err);

/* The authorizer of every connection. */
void guard_install(struct db *db);

/* Takes from scan->tables what the compiled statement never opens (sqlite_opened.c). */
int scan_opened_tables(struct db *db, const char *sql, struct guard_scan *scan, struct error *err);

/* One number from one statement without parameters, -errno; for pragmas and counts. */
int db_number(struct db *db, const char *sql, int64_t *out, struct error *err);

#endif
