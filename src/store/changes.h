/*
 * Change tracking: which rows changed since a point in the database's history. Triggers keep it, so any program
 * may write. See schema.sql: change_sequence, change_mark.
 *
 * A source is one table or a few that go together. A keyed source tells blocks of CHANGE_BLOCK keys apart, in
 * one of the key spaces; the others are whole (block 0). An update that leaves every column as it was is no change.
 */
#ifndef SHOPFS_STORE_CHANGES_H
#define SHOPFS_STORE_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

#define CHANGE_BLOCK_SHIFT 6
#define CHANGE_BLOCK (1 << CHANGE_BLOCK_SHIFT)
#define CHANGE_AREA_SHIFT 8 /* blocks of an area, see schema.sql */

enum key_space { KEY_NONE, KEY_PRODUCT, KEY_CUSTOMER, KEY_ORDER };

/* The numbers are stored in databases: never renumber, only add. */
enum change_source {
    /* keyed by product_id */
    CHANGE_PRODUCT = 1,
    CHANGE_PRODUCT_TEXT = 2,
    CHANGE_VARIANT = 3,
    CHANGE_PRODUCT_CATEGORY = 4,
    CHANGE_PRODUCT_ATTRIBUTE = 5,
    CHANGE_BARCODE = 6,
    CHANGE_PRODUCT_RELATION = 7,
    CHANGE_PRICE = 8,
    CHANGE_STOCK = 9,
    CHANGE_IMAGE = 10, /* rows of image; the bytes count through size and modified */
    CHANGE_SITE_PRODUCT = 11,
    /* keyed by customer_id */
    CHANGE_CUSTOMER = 12, /* customer, customer_site */
    /* keyed by order id */
    CHANGE_ORDER = 13, /* orders, order_line, order_address, order_status, order_warning */
    /* whole */
    CHANGE_CATEGORY = 14, /* category, category_path, category_code */
    CHANGE_CATEGORY_TEXT = 15,
    CHANGE_ATTRIBUTE = 16, /* attribute, attribute_text, attribute_code */
    CHANGE_MANUFACTURER = 17, /* manufacturer, manufacturer_code */
    CHANGE_UNIT = 18,
    CHANGE_VAT_RATE = 19,
    CHANGE_CURRENCY = 20,
    CHANGE_PRICE_LIST = 21,
    CHANGE_WAREHOUSE = 22,
    CHANGE_SITE = 23, /* site, site_warehouse, delivery */
    CHANGE_CERTIFICATE = 24,
    CHANGE_LANGUAGE = 25, /* language, country, country_text */
    CHANGE_DAY = 26,     /* change_today: the first change of a day */
    CHANGE_DELETED = 27, /* deleted_product */
    CHANGE_SOURCES = 28,
};

/* A set of sources: bit 1 << source. */
typedef uint64_t source_set;
#define SOURCE_BIT(s) ((source_set)1 << (s))

enum key_space change_source_space(enum change_source source);
const char *change_source_name(enum change_source source); /* the table's name, for messages */

/* The SQL that makes all tracking triggers, for the tables as they are in db; used by migrations. Malloced. */
int change_trigger_sql(struct db *db, char **out, struct error *err);

/* Marks every block of every source as changed just now; in the caller's write transaction. For migrations, and
 * for whoever changed rows behind the triggers. */
int change_mark_all(struct db *db, struct error *err);

/* A state of the database, by what tells it from others. */
struct change_state {
    uint64_t sequence;               /* grows with every recorded change */
    uint64_t token;                  /* drawn with it */
    uint64_t history, history_token; /* the last entry of change_history */
    uint64_t schema;                 /* another after any change to tables and views, which no trigger records, and after
                                      * a .restore */
};

/* The cheap question: the state as this connection's current or next read sees it. Costs the same for any size of
 * catalogue. */
int change_state(struct db *db, struct change_state *out, struct error *err);
/* The same committed state, as far as recorded changes go. */
bool change_same(const struct change_state *a, const struct change_state *b);
/* 1: all that makes the state this connection reads another than `before` is recorded, so that change_since tells it;
 * 0: not: an older copy of the database was put back, tables or views were changed, or it is too long ago (some 65,000
 * seconds with commits); -errno. Inside the caller's read transaction. A copy that is put back is not noticed where it
 * was taken in the same second as the last change in `before`, and the sequence climbed beyond that again. */
int change_follows(struct db *db, const struct change_state *before, struct error *err);

/* Calls back for every mark of `sources` newer than `since`, in ascending order of source and block. Inside
 * the caller's read transaction. The callback's non-zero return stops and is returned. */
typedef int (*change_fn)(void *arg, enum change_source source, int64_t block);
int change_since(struct db *db, uint64_t since, source_set sources, change_fn fn, void *arg, struct error *err);

/* The sources a statement text reads, derived by the engine's own parser; the SQL is prepared, not run. Also
 * tells, in *deterministic (may be NULL), whether it calls nothing that depends on time or chance. */
int change_sources_of(struct db *db, const char *sql, source_set *out, bool *deterministic, struct error *err);

#endif
