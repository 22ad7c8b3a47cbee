#include "store/site_uses.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "store/sqlite_internal.h"

/* -- what a program reads: https://www.sqlite.org/opcode.html ------------------------------------------------ */

#define CURSORS_MAX 512

enum cursor_of { OF_OTHER, OF_SITE, OF_SITE_INDEX };

struct cursors {
    uint8_t of[CURSORS_MAX]; /* enum cursor_of, by cursor number */
};

static void use_table(const char *table, struct site_uses *uses)
{
    if (strcasecmp(table, "site_warehouse") == 0)
        uses->warehouses = true;
    else if (strcasecmp(table, "site_product") == 0)
        uses->products = true;
    else if (strcasecmp(table, "customer_site") == 0)
        uses->customers = true;
    else if (strcasecmp(table, "orders") == 0 || strncasecmp(table, "intake", 6) == 0)
        uses->own = true;
}

/* A cursor is opened on the table or index with this root page. */
static int note_open(struct db *db, struct cursors *c, int64_t cursor, int64_t root, struct site_uses *uses,
                     struct error *err)
{
    struct stmt *st;
    int r = db_cached(db, &st, "SELECT type, tbl_name FROM sqlite_schema WHERE rootpage = :root", err);
    if (r < 0)
        return r;
    stmt_bind_int(st, "root", root);
    r = stmt_step(st, err);
    if (r == 1) {
        const char *table = stmt_text(st, 1, NULL);
        bool site = strcasecmp(table, "site") == 0;
        use_table(table, uses);
        if (cursor < 0 || cursor >= CURSORS_MAX)
            uses->own |= site;
        else
            c->of[cursor] = !site                                          ? OF_OTHER
                            : strcmp(stmt_text(st, 0, NULL), "table") == 0 ? OF_SITE
                                                                           : OF_SITE_INDEX;
    } else if (r == 0) {
        uses->own = true; /* not understood */
    }
    stmt_reset(st);
    return r < 0 ? r : 0;
}

static bool one_of(const char *opcode, const char *const *list)
{
    while (*list && strcmp(opcode, *list) != 0)
        list++;
    return *list != NULL;
}

/* Takes something from a cursor's row: the number of the site alone is no use of it, the tables that are asked for
 * it are. */
static void note_read(const struct cursors *c, const char *opcode, int64_t cursor, int64_t column, struct site_uses *uses)
{
    static const char *const columns[] = {"Column", NULL};
    static const char *const rows[] = {"RowData", "Offset", "RowCell", "Count", "ColumnHasField", NULL};
    enum cursor_of of = cursor >= 0 && cursor < CURSORS_MAX ? (enum cursor_of)c->of[cursor] : OF_OTHER;
    if (of == OF_SITE && one_of(opcode, columns) && column >= 0 && column < 64)
        uses->columns |= UINT64_C(1) << column;
    else if (of != OF_OTHER && (one_of(opcode, rows) || one_of(opcode, columns)))
        uses->own = true;
}

static size_t count_words(const char *sql, const char *word)
{
    size_t n = 0;
    for (const char *p = sql; (p = strcasestr(p, word)); p += strlen(word))
        n++;
    return n;
}

int site_uses_add(struct db *db, const char *sql, struct site_uses *uses, struct error *err)
{
    auto_buf explain = BUF_INIT;
    struct cursors cursors = {{OF_OTHER}};
    struct stmt *st = NULL;
    /* The number itself may be shown, or asked for in a way of the mapping's own. */
    if (count_words(sql, "site_id") != 1 || count_words(sql, ":site") != 1)
        uses->own = true;
    buf_addf(&explain, "EXPLAIN %s", sql);
    int r = db_prepare(db, &st, buf_str(&explain), err);
    while (r >= 0 && (r = stmt_step(st, err)) == 1) {
        const char *opcode = stmt_text(st, 1, NULL);
        int64_t p1 = stmt_int(st, 2), p2 = stmt_int(st, 3);
        if (!opcode)
            continue;
        if (strcmp(opcode, "OpenRead") == 0 || strcmp(opcode, "ReopenIdx") == 0)
            r = note_open(db, &cursors, p1, p2, uses, err);
        else if (strcmp(opcode, "OpenDup") == 0)
            uses->own = true;
        else
            note_read(&cursors, opcode, p1, p2, uses);
    }
    stmt_free(st);
    return r < 0 ? r : 0;
}

source_set site_uses_sources(const struct site_uses *uses)
{
    return SOURCE_BIT(CHANGE_SITE) | (uses->products ? SOURCE_BIT(CHANGE_SITE_PRODUCT) : 0) |
           (uses->customers ? SOURCE_BIT(CHANGE_CUSTOMER) : 0);
}

/* -- the values --------------------------------------------------------------------------------------------- */

static void hash_value(struct sha256 *s, struct stmt *st, int column)
{
    enum stmt_type type = stmt_type(st, column);
    uint64_t len = 0;
    const char *text = NULL;
    size_t n = 0;
    if (type == STMT_TEXT || type == STMT_INT || type == STMT_REAL)
        text = stmt_text(st, column, &n);
    len = n;
    sha256_update(s, &type, sizeof type);
    sha256_update(s, &len, sizeof len);
    if (n)
        sha256_update(s, text, n);
}

static int hash_row(struct sha256 *s, struct db *db, const char *site, const struct site_uses *uses, int64_t *id,
                    struct error *err)
{
    struct stmt *st;
    int r = db_cached(db, &st, "SELECT * FROM site WHERE name = :name", err);
    if (r < 0)
        return r;
    stmt_bind_text(st, "name", site);
    r = stmt_step(st, err);
    if (r == 1) {
        *id = -1;
        for (int i = 0; i < stmt_columns(st); i++) {
            if (strcmp(stmt_column_name(st, i), "id") == 0)
                *id = stmt_int(st, i);
            if (i < 64 && (uses->columns >> i & 1))
                hash_value(s, st, i);
        }
    } else if (r == 0) {
        r = error_set(err, -ENOENT, "there is no site '%s' in the database", site);
    }
    stmt_reset(st);
    return r < 0 ? r : 0;
}

static int hash_warehouses(struct sha256 *s, struct db *db, int64_t id, struct error *err)
{
    struct stmt *st;
    int r = db_cached(db, &st, "SELECT warehouse_id FROM site_warehouse WHERE site_id = :site ORDER BY 1", err);
    if (r < 0)
        return r;
    stmt_bind_int(st, "site", id);
    while ((r = stmt_step(st, err)) == 1) {
        int64_t warehouse = stmt_int(st, 0);
        sha256_update(s, &warehouse, sizeof warehouse);
    }
    stmt_reset(st);
    return r;
}

/* 1: sql, with :site, has a row. */
static int has_rows(struct db *db, const char *sql, int64_t id, struct error *err)
{
    struct stmt *st;
    int r = db_cached(db, &st, sql, err);
    if (r < 0)
        return r;
    stmt_bind_int(st, "site", id);
    r = stmt_step(st, err);
    stmt_reset(st);
    return r;
}

int site_class(struct db *db, const char *site, const struct site_uses *uses, uint8_t out[SHA256_SIZE], struct error *err)
{
    struct sha256 *s = sha256_new();
    int64_t id = 0;
    int own = uses->own, r = hash_row(s, db, site, uses, &id, err);
    if (r == 0 && uses->warehouses)
        r = hash_warehouses(s, db, id, err);
    if (r == 0 && uses->products && own == 0)
        own = has_rows(db, "SELECT 1 FROM site_product WHERE site_id = :site LIMIT 1", id, err);
    if (r == 0 && uses->customers && own == 0)
        own = has_rows(db, "SELECT 1 FROM customer_site WHERE site_id = :site LIMIT 1", id, err);
    if (r == 0 && own < 0)
        r = own;
    if (own > 0)
        sha256_update(s, &id, sizeof id);
    sha256_update(s, &own, sizeof own);
    sha256_finish_free(s, out);
    return r;
}
