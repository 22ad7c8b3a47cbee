#include "store/changes.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "store/changes_internal.h"
#include "store/sqlite_internal.h"

/*
 * The triggers, for each table below:
 *
 *   track_T_insert, track_T_delete, track_T_update   mark the row's block with the next sequence number. An
 *       update that leaves every column as it was marks nothing: accounting programs like to write all prices
 *       again each night.
 *   track_T_key        where an update moves a row to another block: marks the block it left.
 *   track_T_replace*   where REPLACE can remove a row of another block. The delete trigger sees that only
 * with recursive_triggers, which other programs do not set. So before an insert or update the row in the way
 *       is looked for, and its block marked with INSERT OR IGNORE: since the block has a mark already, this
 *       does nothing, except under an outer OR REPLACE, whose conflict rule overrides that of the statements
 *       in triggers (sqlite.org/lang_createtrigger.html, section 2.3). Sequence + 1 is the number that the
 *       insert or update itself takes next.
 *   track_area_*   on change_mark itself: the area of a marked block.
 *   track_history  on change_sequence: the token of the first change of each second.
 *   track_day      on change_history: the first change of a day puts the keys of the day before away.
 *   track_deleted_*   what was deleted, for whoever takes only changes.
 *   track_product_related_*   a relation shows the other product's code, so what becomes of a product marks
 * the relations to it.
 */
static const struct tracked_table tables[] = {
    {CHANGE_PRODUCT, "product", "id", "sku = NEW.sku OR external_id = NEW.external_id", "sku, external_id"},
    {CHANGE_PRODUCT_TEXT, "product_text", "product_id", NULL, NULL},
    {CHANGE_VARIANT, "variant", "product_id", "id = NEW.id OR sku = NEW.sku OR external_id = NEW.external_id",
     "id, sku, external_id"},
    {CHANGE_PRODUCT_CATEGORY, "product_category", "product_id", NULL, NULL},
    {CHANGE_PRODUCT_ATTRIBUTE, "product_attribute", "product_id", NULL, NULL},
    {CHANGE_BARCODE, "barcode", "product_id", NULL, NULL},
    {CHANGE_PRODUCT_RELATION, "product_relation", "product_id", NULL, NULL},
    {CHANGE_PRICE, "price", "product_id", NULL, NULL},
    {CHANGE_STOCK, "stock", "product_id", NULL, NULL},
    {CHANGE_IMAGE, "image", "product_id", "id = NEW.id OR name = NEW.name", "id, name"},
    {CHANGE_SITE_PRODUCT, "site_product", "product_id", NULL, NULL},
    {CHANGE_CUSTOMER, "customer", "id", "code = NEW.code", "code"},
    {CHANGE_CUSTOMER, "customer_site", "customer_id",
     "site_id = NEW.site_id AND external_id = NEW.external_id", NULL},
    {CHANGE_ORDER, "orders", "id", "site_id = NEW.site_id AND kind = NEW.kind AND number = NEW.number",
     "site_id, kind, number"},
    {CHANGE_ORDER, "order_line", "order_id", NULL, NULL},
    {CHANGE_ORDER, "order_address", "order_id", NULL, NULL},
    {CHANGE_ORDER, "order_status", "order_id", "id = NEW.id", "id"},
    {CHANGE_ORDER, "order_warning", "order_id", NULL, NULL},
    {CHANGE_CATEGORY, "category", NULL, NULL, NULL},
    {CHANGE_CATEGORY, "category_code", NULL, NULL, NULL},
    {CHANGE_CATEGORY_TEXT, "category_text", NULL, NULL, NULL},
    {CHANGE_ATTRIBUTE, "attribute", NULL, NULL, NULL},
    {CHANGE_ATTRIBUTE, "attribute_text", NULL, NULL, NULL},
    {CHANGE_ATTRIBUTE, "attribute_code", NULL, NULL, NULL},
    {CHANGE_MANUFACTURER, "manufacturer", NULL, NULL, NULL},
    {CHANGE_MANUFACTURER, "manufacturer_code", NULL, NULL, NULL},
    {CHANGE_UNIT, "unit", NULL, NULL, NULL},
    {CHANGE_VAT_RATE, "vat_rate", NULL, NULL, NULL},
    {CHANGE_CURRENCY, "currency", NULL, NULL, NULL},
    {CHANGE_PRICE_LIST, "price_list", NULL, NULL, NULL},
    {CHANGE_WAREHOUSE, "warehouse", NULL, NULL, NULL},
    {CHANGE_SITE, "site", NULL, NULL, NULL},
    {CHANGE_SITE, "site_warehouse", NULL, NULL, NULL},
    {CHANGE_SITE, "delivery", NULL, NULL, NULL},
    {CHANGE_CERTIFICATE, "certificate", NULL, NULL, NULL},
    {CHANGE_LANGUAGE, "language", NULL, NULL, NULL},
    {CHANGE_LANGUAGE, "country", NULL, NULL, NULL},
    {CHANGE_LANGUAGE, "country_text", NULL, NULL, NULL},
};

/* Tables kept by triggers of a tracked one, which count as that. */
static const struct tracked_table derived[] = {
    {CHANGE_CATEGORY, "category_path", NULL, NULL, NULL},
    {CHANGE_IMAGE, "image_data", NULL, NULL, NULL},
    {CHANGE_DAY, "change_today", NULL, NULL, NULL},
    {CHANGE_DELETED, "deleted_product", NULL, NULL, NULL},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define HISTORY 65536 /* entries kept */
#define DAYS_KEPT 60
#define NEXT_SEQUENCE                                                                                 \
    "UPDATE change_sequence SET sequence = sequence + 1, token = random(), second = unixepoch()"      \
    " WHERE id = 1;\n"
const struct tracked_table *tracked_table_at(size_t index)
{
    return index < COUNT(tables) ? &tables[index] : NULL;
}

source_set change_sources_of_table(const char *name)
{
    if (strcasecmp(name, "change_mark") == 0 || strcasecmp(name, "change_day") == 0) {
        source_set all = SOURCE_BIT(CHANGE_DAY);
        for (int i = CHANGE_PRODUCT; i <= CHANGE_SITE_PRODUCT; i++)
            all |= SOURCE_BIT(i);
        return all;
    }
    enum change_source source = change_source_of_table(name);
    return source ? SOURCE_BIT(source) : 0;
}

enum change_source change_source_of_table(const char *name)
{
    for (size_t i = 0; i < COUNT(tables); i++)
        if (strcasecmp(tables[i].table, name) == 0)
            return tables[i].source;
    for (size_t i = 0; i < COUNT(derived); i++)
        if (strcasecmp(derived[i].table, name) == 0)
            return derived[i].source;
    return 0;
}

enum key_space change_source_space(enum change_source source)
{
    if (source >= CHANGE_PRODUCT && source <= CHANGE_SITE_PRODUCT)
        return KEY_PRODUCT;
    if (source == CHANGE_CUSTOMER)
        return KEY_CUSTOMER;
    if (source == CHANGE_ORDER)
        return KEY_ORDER;
    return KEY_NONE;
}

const char *change_source_name(enum change_source source)
{
    for (size_t i = 0; i < COUNT(tables); i++)
        if (tables[i].source == source)
            return tables[i].table;
    for (size_t i = 0; i < COUNT(derived); i++)
        if (derived[i].source == source)
            return derived[i].table;
    return "?";
}

/* The block of a row: "NEW.product_id >> 8", or "0" where rows are not told apart. */
static void block_of(struct buf *out, const struct tracked_table *t, const char *row)
{
    if (t->key)
        buf_addf(out, "%s%s >> %d", row, t->key, CHANGE_BLOCK_SHIFT);
    else
        buf_add_char(out, '0');
}

/* The bit of a row in the keys of its block: "1 << (NEW.product_id & 63)", or "0". */
static void bit_of(struct buf *out, const struct tracked_table *t, const char *row)
{
    if (t->key)
        buf_addf(out, "1 << (%s%s & %d)", row, t->key, CHANGE_BLOCK - 1);
    else
        buf_add_char(out, '0');
}

/* One trigger. row: whose block is marked, "NEW." or "OLD.". */
static void mark_trigger(struct buf *out, const struct tracked_table *t, const char *name, const char *event,
                         const char *when, const char *row)
{
    buf_addf(out, "CREATE TRIGGER track_%s_%s AFTER %s ON %s%s%s BEGIN\n", t->table, name, event, t->table,
             *when ? " WHEN " : "", when);
    buf_add_str(out, "  " NEXT_SEQUENCE);
    buf_addf(out, "  INSERT INTO change_mark VALUES (%d, ", t->source);
    block_of(out, t, row);
    buf_add_str(out, ", (SELECT sequence FROM change_sequence WHERE id = 1), ");
    bit_of(out, t, row);
    buf_addf(out, ")\n    ON CONFLICT DO UPDATE SET sequence = excluded.sequence%s;\nEND;\n",
             t->key ? ", keys = keys | excluded.keys" : "");
}

static void replace_trigger(struct buf *out, const struct tracked_table *t, const char *name,
                            const char *event, const char *others)
{
    buf_addf(out, "CREATE TRIGGER track_%s_%s BEFORE %s ON %s BEGIN\n", t->table, name, event, t->table);
    buf_addf(out, "  INSERT OR IGNORE INTO change_mark SELECT %d, ", t->source);
    block_of(out, t, "");
    buf_add_str(out, ", (SELECT sequence + 1 FROM change_sequence WHERE id = 1), ");
    bit_of(out, t, "");
    if (t->key) {
        buf_addf(out, " | coalesce((SELECT m.keys FROM change_mark m WHERE m.source = %d AND m.block = ",
                 t->source);
        block_of(out, t, "");
        buf_add_str(out, "), 0)");
    }
    buf_addf(out, " FROM %s WHERE (%s)%s;\nEND;\n", t->table, t->unique, others);
}

/* "NEW.a IS NOT OLD.a OR ..." over all columns. */
static int changed_columns(struct db *db, struct buf *out, const char *table, struct error *err)
{
    struct stmt *st;
    int r = db_prepare(db, &st, "SELECT name FROM pragma_table_info(:table)", err);
    if (r < 0)
        return r;
    stmt_bind_text(st, "table", table);
    while ((r = stmt_step(st, err)) == 1) {
        const char *column = stmt_text(st, 0, NULL);
        buf_addf(out, "%sNEW.%s IS NOT OLD.%s", out->len ? " OR " : "", column, column);
    }
    stmt_free(st);
    if (r == 0 && out->len == 0)
        r = error_set(err, -EINVAL, "there is no table '%s' to track", table);
    return r;
}

/* The relations of which a product's row is a part. ids: what related_id must be among. */
static void related_trigger(struct buf *out, const char *name, const char *event, const char *when,
                            const char *ids)
{
    buf_addf(out, "CREATE TRIGGER track_product_related_%s AFTER %s ON product", name, event);
    buf_addf(out, " WHEN %sEXISTS (SELECT 1 FROM product_relation WHERE related_id IN (%s)) BEGIN\n", when,
             ids);
    buf_add_str(out, "  " NEXT_SEQUENCE);
    buf_addf(out, "  INSERT INTO change_mark SELECT %d, product_id >> %d,\n", CHANGE_PRODUCT_RELATION,
             CHANGE_BLOCK_SHIFT);
    buf_addf(
        out,
        "    (SELECT sequence FROM change_sequence WHERE id = 1), 1 << (product_id & %d)\n"
        "    FROM product_relation WHERE related_id IN (%s)\n"
        "    ON CONFLICT DO UPDATE SET sequence = excluded.sequence, keys = keys | excluded.keys;\nEND;\n",
        CHANGE_BLOCK - 1, ids);
}

static void related_triggers(struct buf *out)
{
    related_trigger(out, "insert", "INSERT", "", "NEW.id");
    related_trigger(out, "delete", "DELETE", "", "OLD.id");
    related_trigger(out, "update", "UPDATE OF id, sku", "(NEW.sku IS NOT OLD.sku OR NEW.id <> OLD.id) AND ",
                    "OLD.id, NEW.id");
    /* As track_T_replace: who writes without foreign keys leaves the relations of the row that goes. */
    buf_addf(out,
             "CREATE TRIGGER track_product_related_replace BEFORE INSERT ON product BEGIN\n"
             "  INSERT OR IGNORE INTO change_mark SELECT %d, r.product_id >> %d,\n"
             "    (SELECT sequence + 1 FROM change_sequence WHERE id = 1), -1\n"
             "    FROM product p JOIN product_relation r ON r.related_id = p.id\n"
             "    WHERE p.sku = NEW.sku OR p.external_id = NEW.external_id;\nEND;\n",
             CHANGE_PRODUCT_RELATION, CHANGE_BLOCK_SHIFT);
}

static void area_triggers(struct buf *out)
{
    static const char *const events[][2] = {{"insert", "INSERT"}, {"update", "UPDATE OF sequence"}};
    for (size_t i = 0; i < COUNT(events); i++)
        buf_addf(out,
                 "CREATE TRIGGER track_area_%s AFTER %s ON change_mark BEGIN\n"
                 "  INSERT INTO change_area VALUES (NEW.source, NEW.block >> %d, NEW.sequence)\n"
                 "    ON CONFLICT DO UPDATE SET sequence = excluded.sequence;\nEND;\n",
                 events[i][0], events[i][1], CHANGE_AREA_SHIFT);
}

static void history_trigger(struct buf *out)
{
    buf_addf(out,
             "CREATE TRIGGER track_history AFTER UPDATE OF second ON change_sequence WHEN NEW.second <> OLD.second BEGIN\n"
             "  INSERT INTO change_history (token) VALUES (NEW.token);\n"
             "  DELETE FROM change_history WHERE id <= (SELECT max(id) FROM change_history) - %d;\nEND;\n",
             HISTORY);
}

/* Once a day, looked at once a second with changes. What changes then counts for the new day, since the mark comes
 * after the sequence. */
static void day_trigger(struct buf *out)
{
    buf_addf(out,
             "CREATE TRIGGER track_day AFTER INSERT ON change_history\n"
             "  WHEN (SELECT day FROM change_today) <> unixepoch() / 86400 BEGIN\n"
             "  INSERT INTO change_day SELECT block, (SELECT day FROM change_today), source, keys FROM change_mark\n"
             "    WHERE keys <> 0 AND source BETWEEN %d AND %d\n"
             "    ON CONFLICT DO UPDATE SET keys = keys | excluded.keys;\n"
             "  UPDATE change_mark SET keys = 0 WHERE keys <> 0;\n"
             "  UPDATE change_today SET day = unixepoch() / 86400, first = max(first, unixepoch() / 86400 - %d);\n"
             "  DELETE FROM change_day WHERE day < unixepoch() / 86400 - %d;\n"
             "  DELETE FROM deleted_product WHERE day < unixepoch() / 86400 - %d;\n",
             CHANGE_PRODUCT, CHANGE_SITE_PRODUCT, DAYS_KEPT, DAYS_KEPT, DAYS_KEPT);
    buf_addf(out,
             "  INSERT INTO change_mark SELECT column1, 0, s.sequence, 0 FROM (VALUES (%d), (%d)) CROSS JOIN change_sequence s WHERE true\n"
             "    ON CONFLICT DO UPDATE SET sequence = excluded.sequence;\nEND;\n",
             CHANGE_DAY, CHANGE_DELETED);
}

/* A product's before it goes, since its variants go with it and want its codes. */
static void deleted_triggers(struct buf *out)
{
    buf_addf(
        out,
        "CREATE TRIGGER track_deleted_product BEFORE DELETE ON product BEGIN\n"
        "  INSERT OR REPLACE INTO deleted_product SELECT OLD.id, 0, OLD.sku, OLD.external_id, '', NULL, day"
        " FROM change_today;\n"
        "  INSERT INTO change_mark SELECT %d, 0, sequence, 0 FROM change_sequence WHERE id = 1\n"
        "    ON CONFLICT DO UPDATE SET sequence = excluded.sequence;\nEND;\n",
        CHANGE_DELETED);
    buf_addf(
        out,
        "CREATE TRIGGER track_deleted_variant AFTER DELETE ON variant BEGIN\n"
        "  INSERT OR REPLACE INTO deleted_product SELECT OLD.product_id, OLD.id, OLD.sku, OLD.external_id,\n"
        "    coalesce(p.sku, d.sku, ''), coalesce(p.external_id, d.external_id), t.day FROM change_today t\n"
        "    LEFT JOIN product p ON p.id = OLD.product_id\n"
        "    LEFT JOIN deleted_product d ON d.product_id = OLD.product_id AND d.variant_id = 0;\n"
        "  INSERT INTO change_mark SELECT %d, 0, sequence, 0 FROM change_sequence WHERE id = 1\n"
        "    ON CONFLICT DO UPDATE SET sequence = excluded.sequence;\nEND;\n",
        CHANGE_DELETED);
}

int change_trigger_sql(struct db *db, char **out, struct error *err)
{
    auto_buf sql = BUF_INIT;
    auto_buf changed = BUF_INIT;
    auto_buf text = BUF_INIT;
    for (size_t i = 0; i < COUNT(tables); i++) {
        const struct tracked_table *t = &tables[i];
        buf_clear(&changed);
        int r = changed_columns(db, &changed, t->table, err);
        if (r < 0)
            return r;
        mark_trigger(&sql, t, "insert", "INSERT", "", "NEW.");
        mark_trigger(&sql, t, "delete", "DELETE", "", "OLD.");
        mark_trigger(&sql, t, "update", "UPDATE", buf_str(&changed), "NEW.");
        if (t->key) {
            buf_clear(&text);
            buf_addf(&text, "UPDATE OF %s", t->key);
            buf_clear(&changed);
            buf_addf(&changed, "OLD.%s >> %d <> NEW.%s >> %d", t->key, CHANGE_BLOCK_SHIFT, t->key,
                     CHANGE_BLOCK_SHIFT);
            mark_trigger(&sql, t, "key", buf_str(&text), buf_str(&changed), "OLD.");
        }
        if (t->unique)
            replace_trigger(&sql, t, "replace", "INSERT", "");
        if (t->unique_columns) {
            buf_clear(&text);
            buf_addf(&text, "UPDATE OF %s", t->unique_columns);
            replace_trigger(&sql, t, "replace_update", buf_str(&text), " AND id <> OLD.id");
        }
    }
    related_triggers(&sql);
    area_triggers(&sql);
    history_trigger(&sql);
    day_trigger(&sql);
    deleted_triggers(&sql);
    *out = buf_detach(&sql, NULL);
    return 0;
}

int change_mark_all(struct db *db, struct error *err)
{
    auto_buf sql = BUF_INIT;
    buf_add_str(&sql, NEXT_SEQUENCE
                "UPDATE change_mark SET sequence = (SELECT sequence FROM change_sequence WHERE id = 1);\n");
    for (size_t i = 0; i < COUNT(tables); i++) {
        buf_addf(&sql, "INSERT INTO change_mark SELECT DISTINCT %d, ", tables[i].source);
        block_of(&sql, &tables[i], "");
        buf_addf(&sql,
                 ", (SELECT sequence FROM change_sequence WHERE id = 1), %d FROM %s WHERE true"
                 " ON CONFLICT DO UPDATE SET sequence = excluded.sequence, keys = excluded.keys;\n",
                 tables[i].key ? -1 : 0, tables[i].table);
    }
    return db_exec(db, buf_str(&sql), err);
}

/* A statement is compiled again when the schema has changed: only then the number is asked for. */
static int schema_number(struct db *db, const struct stmt *st, uint64_t *out, struct error *err)
{
    int compiled = sqlite3_stmt_status(st->engine, SQLITE_STMTSTATUS_REPREPARE, 0) + 1;
    if (compiled != db->schema_compiled) {
        enum guard guard = db->guard;
        db->guard = GUARD_OPEN;
        int r = db_number(db, "PRAGMA schema_version", &db->schema_number, err);
        db->guard = guard;
        if (r < 0)
            return r;
        db->schema_compiled = compiled;
    }
    *out = (uint64_t)db->schema_number;
    return 0;
}

int change_state(struct db *db, struct change_state *out, struct error *err)
{
    struct stmt *st;
    int r = db_cached(db, &st,
                      "SELECT s.sequence, s.token, h.id, h.token FROM change_sequence s CROSS JOIN change_history h"
                      " WHERE s.id = 1 ORDER BY h.id DESC LIMIT 1",
                      err);
    if (r < 0)
        return r;
    r = stmt_step(st, err);
    if (r == 1) {
        out->sequence = (uint64_t)stmt_int(st, 0);
        out->token = (uint64_t)stmt_int(st, 1);
        out->history = (uint64_t)stmt_int(st, 2);
        out->history_token = (uint64_t)stmt_int(st, 3);
    } else if (r == 0) {
        r = error_set(err, -EUCLEAN, "a row of 'change_sequence' or 'change_history' is missing");
    }
    stmt_reset(st);
    return r < 0 ? r : schema_number(db, st, &out->schema, err);
}

bool change_same(const struct change_state *a, const struct change_state *b)
{
    return a->sequence == b->sequence && a->token == b->token && a->schema == b->schema;
}

int change_follows(struct db *db, const struct change_state *before, struct error *err)
{
    struct change_state now;
    struct stmt *st;
    int r = change_state(db, &now, err);
    if (r < 0 || change_same(&now, before))
        return r < 0 ? r : 1;
    if (now.schema != before->schema || now.sequence <= before->sequence)
        return 0;
    r = db_cached(db, &st, "SELECT 1 FROM change_history WHERE id = :id AND token = :token", err);
    if (r < 0)
        return r;
    stmt_bind_int(st, "id", (int64_t)before->history);
    stmt_bind_int(st, "token", (int64_t)before->history_token);
    r = stmt_step(st, err);
    stmt_reset(st);
    return r;
}

/* Not a cached statement: the callback may ask again. */
int change_since(struct db *db, uint64_t since, source_set sources, change_fn fn, void *arg,
                 struct error *err)
{
    struct stmt *st;
    int r = db_prepare(
        db, &st,
        "SELECT m.block FROM change_area a CROSS JOIN change_mark m ON m.source = a.source"
        " AND m.block BETWEEN a.area << :shift AND (a.area << :shift) + (1 << :shift) - 1"
        " WHERE a.source = :source AND a.sequence > :since AND m.sequence > :since ORDER BY a.area, m.block",
        err);
    if (r < 0)
        return r;
    for (int source = 0; r == 0 && source < CHANGE_SOURCES; source++) {
        if (!(sources & SOURCE_BIT(source)))
            continue;
        stmt_reset(st);
        stmt_bind_int(st, "source", source);
        stmt_bind_int(st, "since", (int64_t)since);
        stmt_bind_int(st, "shift", CHANGE_AREA_SHIFT);
        while (r == 0 && (r = stmt_step(st, err)) == 1)
            r = fn(arg, (enum change_source)source, stmt_int(st, 0));
    }
    stmt_free(st);
    return r;
}
