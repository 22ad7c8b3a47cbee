/* What the tests of the store share: a directory of their own, a shop in it, one writer and one reader. */
#ifndef SHOPFS_TESTS_STORE_TEST_H
#define SHOPFS_TESTS_STORE_TEST_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "store/changes.h"
#include "store/store.h"

struct fixture {
    char dir[64];
    char path[PATH_MAX];
    struct error err;
    struct store *store;
    struct db *writer, *reader;
    struct buf text; /* what text() gave last */
};

/* Fails the test with the message of the error object. */
#define ok(f, expression)                                                                                 \
    do {                                                                                                  \
        int ok_ = (int)(expression);                                                                      \
        if (ok_ < 0)                                                                                      \
            fail_msg("%s: %d: %s", #expression, ok_, (f)->err.message ? (f)->err.message : "no message"); \
    } while (0)

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->dir, "/tmp/shopfs-store-XXXXXX");
    if (!f || !mkdtemp(f->dir))
        return -1;
    snprintf(f->path, sizeof f->path, "%s/shop.db", f->dir);
    *state = f;
    return 0;
}

static inline void fixture_close(struct fixture *f)
{
    db_close(f->writer);
    db_close(f->reader);
    store_close(f->store);
    f->writer = f->reader = NULL;
    f->store = NULL;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    fixture_close(f);
    error_release(&f->err);
    buf_release(&f->text);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
    int r = system(command);
    free(f);
    return r;
}

static inline void run(struct fixture *f, const char *sql)
{
    int r = db_exec(f->writer, sql, &f->err);
    if (r < 0)
        fail_msg("%s: %d: %s", sql, r, f->err.message);
}

/* Makes the shop and opens both connections. */
static inline void shop(struct fixture *f)
{
    ok(f, store_open(&f->store, f->path, STORE_CREATE, &f->err));
    ok(f, store_writer(f->store, &f->writer, &f->err));
    ok(f, store_reader(f->store, &f->reader, &f->err));
}

/* ... with the rows that others refer to: two languages, a price list, warehouses 1 to 3, site 1, categories
 * 1 > 2 > 3. */
static inline void small_shop(struct fixture *f)
{
    shop(f);
    run(f, "INSERT INTO language VALUES ('uk', 'Ukrainian'), ('en', 'English');"
           "INSERT INTO currency (code) VALUES ('UAH');"
           "INSERT INTO price_list (id, code, currency) VALUES (1, 'retail', 'UAH'), (2, 'wholesale', 'UAH');"
           "INSERT INTO warehouse (id, code) VALUES (1, 'main'), (2, 'second'), (3, 'third');"
           "INSERT INTO site (id, name, url, language, fallback_language, currency, price_list_id)"
           " VALUES (1, 'shop', 'https://shop.example/', 'uk', 'en', 'UAH', 1);"
           "INSERT INTO category (id, parent_id) VALUES (1, NULL), (2, 1), (3, 2);");
}

static inline struct stmt *first_row(struct fixture *f, struct db *db, const char *sql)
{
    struct stmt *st;
    int r = db_prepare(db, &st, sql, &f->err);
    if (r == 0)
        r = stmt_step(st, &f->err);
    if (r != 1)
        fail_msg("%s: %d: %s", sql, r, r < 0 ? f->err.message : "no row");
    return st;
}

static inline int64_t number(struct fixture *f, struct db *db, const char *sql)
{
    struct stmt *st = first_row(f, db, sql);
    int64_t value = stmt_int(st, 0);
    stmt_free(st);
    return value;
}

static inline uint64_t sequence_now(struct fixture *f)
{
    struct change_state state;
    ok(f, change_state(f->reader, &state, &f->err));
    return state.sequence;
}

/* All columns of all rows: "a|b" and a new line between rows. Valid until the next call. */
static inline const char *text(struct fixture *f, struct db *db, const char *sql)
{
    struct stmt *st;
    ok(f, db_prepare(db, &st, sql, &f->err));
    buf_clear(&f->text);
    int r;
    while ((r = stmt_step(st, &f->err)) == 1) {
        if (f->text.len)
            buf_add_char(&f->text, '\n');
        for (int i = 0; i < stmt_columns(st); i++) {
            const char *value = stmt_text(st, i, NULL);
            buf_addf(&f->text, "%s%s", i ? "|" : "", value ? value : "NULL");
        }
    }
    ok(f, r);
    stmt_free(st);
    return buf_str(&f->text);
}

#endif
