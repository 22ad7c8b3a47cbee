#include "cli/site_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/decimal.h"
#include "base/mem.h"

#define CODES_TOLD 20

static const struct {
    const char *reads;  /* of the row s, as text; NULL is as good as '' */
    const char *writes; /* from :value */
    const char *codes;  /* the table of the codes it may be; NULL: anything */
    const char *what;   /* such a code */
} columns[SITE_SETTINGS] = {
    [SITE_TITLE] = {"s.title", "title = :value", NULL, NULL},
    [SITE_COMPANY] = {"s.company", "company = :value", NULL, NULL},
    [SITE_URL] = {"s.url", "url = :value", NULL, NULL},
    [SITE_PRODUCT_URL] = {"s.product_url", "product_url = :value", NULL, NULL},
    [SITE_IMAGE_URL] = {"s.image_url", "image_url = :value", NULL, NULL},
    [SITE_EMAIL] = {"s.email", "email = :value", NULL, NULL},
    [SITE_PHONE] = {"s.phone", "phone = :value", NULL, NULL},
    [SITE_LANGUAGE] = {"s.language", "language = :value", "language", "language"},
    [SITE_FALLBACK_LANGUAGE] = {"s.fallback_language", "fallback_language = nullif(:value, '')", "language", "language"},
    [SITE_CURRENCY] = {"s.currency", "currency = :value", "currency", "currency"},
    [SITE_PRICE_LIST] = {"(SELECT code FROM price_list WHERE id = s.price_list_id)",
                         "price_list_id = (SELECT id FROM price_list WHERE code = :value)", "price_list", "price list"},
    [SITE_STOCK_BUFFER] = {"CAST(s.stock_buffer_e3 AS TEXT)", "stock_buffer_e3 = CAST(:value AS INTEGER)", NULL, NULL},
    [SITE_VAT_INCLUDED] = {"CAST(s.vat_included AS TEXT)", "vat_included = CAST(:value AS INTEGER)", NULL, NULL},
    [SITE_ORDER_WAREHOUSE] = {"(SELECT code FROM warehouse WHERE id = s.order_warehouse_id)",
                              "order_warehouse_id = (SELECT id FROM warehouse WHERE code = :value)", "warehouse",
                              "warehouse"},
    [SITE_DEFAULT_CLIENT] = {"s.default_client", "default_client = nullif(:value, '')", NULL, NULL},
    [SITE_DEFAULT_OBJECT] = {"s.default_object", "default_object = nullif(:value, '')", NULL, NULL},
    [SITE_DEFAULT_USER] = {"s.default_user", "default_user = nullif(:value, '')", NULL, NULL},
    [SITE_DEFAULT_EXECUTOR] = {"s.default_executor", "default_executor = nullif(:value, '')", NULL, NULL},
};

/* One walk over the sites. */
struct rows {
    struct db *db;
    const struct shop_config *config;
    bool write;
    site_row_fn tell;
    void *arg;
    struct error *err;
};

static int at(const struct rows *r, int line, const char *key, int code)
{
    error_at(r->err, r->config->source, line, key);
    return code;
}

/* -- codes ----------------------------------------------------------------------------------------------- */

static void advise_codes(const struct rows *r, const char *table)
{
    auto_free char *sql = xasprintf("SELECT code FROM %s ORDER BY code", table);
    auto_buf list = BUF_INIT;
    struct stmt *st;
    size_t n = 0;
    if (db_cached(r->db, &st, sql, NULL) < 0)
        return;
    for (; n <= CODES_TOLD && stmt_step(st, NULL) == 1; n++)
        buf_addf(&list, "%s%s", n ? ", " : "", n < CODES_TOLD ? stmt_text(st, 0, NULL) : "...");
    stmt_reset(st);
    if (n)
        error_advise(r->err, "there are: %s", buf_str(&list));
    else
        error_advise(r->err, "table %s is empty", table);
}

static int check_code(const struct rows *r, const char *table, const char *what, const char *code, int line,
                      const char *key)
{
    auto_free char *sql = xasprintf("SELECT 1 FROM %s WHERE code = :code", table);
    struct stmt *st;
    int ret = db_cached(r->db, &st, sql, r->err);
    if (ret < 0)
        return ret;
    stmt_bind_text(st, "code", code);
    ret = stmt_step(st, r->err);
    stmt_reset(st);
    if (ret != 0)
        return ret < 0 ? ret : 0;
    error_set(r->err, -EINVAL, "there is no %s '%s'", what, code);
    advise_codes(r, table);
    return at(r, line, key, -EINVAL);
}

/* -- columns --------------------------------------------------------------------------------------------- */

/* As the file has it. */
static char *in_words(enum site_setting setting, const char *value)
{
    if (setting == SITE_STOCK_BUFFER) {
        struct buf text = BUF_INIT;
        decimal_format(&text, strtoll(value, NULL, 10), QUANTITY_SCALE, -1, '.');
        return buf_detach(&text, NULL);
    }
    if (setting == SITE_VAT_INCLUDED)
        return xstrdup(strcmp(value, "0") == 0 ? "no" : "yes");
    return xstrdup(value);
}

static int write_column(const struct rows *r, const char *site, enum site_setting setting, const char *value)
{
    auto_free char *sql = xasprintf("UPDATE site SET %s WHERE name = :site", columns[setting].writes);
    struct stmt *st;
    int ret = db_cached(r->db, &st, sql, r->err);
    if (ret < 0)
        return ret;
    stmt_bind_text(st, "site", site);
    stmt_bind_text(st, "value", value);
    return stmt_run(st, r->err);
}

static int put_column(const struct rows *r, const struct site_config *site, enum site_setting setting,
                      const char *was)
{
    const struct config_word *word = &site->row[setting];
    const char *key = site_setting_keys[setting];
    int ret = 0;
    if (strcmp(word->text, was) == 0)
        return 0;
    if (columns[setting].codes && *word->text)
        ret = check_code(r, columns[setting].codes, columns[setting].what, word->text, word->line, key);
    if (ret == 0 && r->write && (ret = write_column(r, site->name, setting, word->text)) < 0)
        at(r, word->line, key, ret);
    if (ret < 0)
        return ret;
    auto_free char *old = in_words(setting, was), *now = in_words(setting, word->text);
    r->tell(r->arg, &(struct site_row_change){site, word->line, key, now, old});
    return 0;
}

/* 1, and malloced values; 0: there is no row. */
static int read_row(const struct rows *r, const char *site, char *values[SITE_SETTINGS])
{
    auto_buf sql = BUF_INIT;
    struct stmt *st;
    for (int i = 0; i < SITE_SETTINGS; i++)
        buf_addf(&sql, "%s%s", i ? ", " : "SELECT ", columns[i].reads);
    buf_add_str(&sql, " FROM site s WHERE s.name = :site");
    int ret = db_cached(r->db, &st, buf_str(&sql), r->err);
    if (ret < 0)
        return ret;
    stmt_bind_text(st, "site", site);
    ret = stmt_step(st, r->err);
    for (int i = 0; i < SITE_SETTINGS && ret == 1; i++)
        values[i] = xstrdup(stmt_is_null(st, i) ? "" : stmt_text(st, i, NULL));
    stmt_reset(st);
    return ret;
}

/* -- warehouses ------------------------------------------------------------------------------------------ */

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct config_word *)a)->text, ((const struct config_word *)b)->text);
}

static int run_for(const struct rows *r, const char *sql, const char *site, const char *code)
{
    struct stmt *st;
    int ret = db_cached(r->db, &st, sql, r->err);
    if (ret < 0)
        return ret;
    stmt_bind_text(st, "site", site);
    if (code)
        stmt_bind_text(st, "code", code);
    return stmt_run(st, r->err);
}

static int write_warehouses(const struct rows *r, const struct site_config *site)
{
    int ret = run_for(r, "DELETE FROM site_warehouse WHERE site_id = (SELECT id FROM site WHERE name = :site)",
                      site->name, NULL);
    for (size_t i = 0; ret == 0 && i < site->n_warehouses; i++)
        ret = run_for(r,
                      "INSERT INTO site_warehouse (site_id, warehouse_id) SELECT s.id, w.id FROM site s, warehouse w"
                      " WHERE s.name = :site AND w.code = :code",
                      site->name, site->warehouses[i].text);
    return ret;
}

static int put_warehouses(const struct rows *r, const struct site_config *site)
{
    auto_buf was = BUF_INIT, now = BUF_INIT;
    struct stmt *st;
    int ret = db_cached(r->db, &st,
                        "SELECT w.code FROM site_warehouse l JOIN warehouse w ON w.id = l.warehouse_id"
                        " JOIN site s ON s.id = l.site_id WHERE s.name = :site ORDER BY w.code",
                        r->err);
    if (ret < 0)
        return ret;
    stmt_bind_text(st, "site", site->name);
    while ((ret = stmt_step(st, r->err)) == 1)
        buf_addf(&was, "%s%s", was.len ? " " : "", stmt_text(st, 0, NULL));
    stmt_reset(st);
    auto_free struct config_word *sorted = xcalloc(site->n_warehouses + 1, sizeof *sorted);
    for (size_t i = 0; i < site->n_warehouses; i++)
        sorted[i] = site->warehouses[i];
    qsort(sorted, site->n_warehouses, sizeof *sorted, by_text);
    for (size_t i = 0; i < site->n_warehouses; i++)
        buf_addf(&now, "%s%s", i ? " " : "", sorted[i].text);
    if (ret < 0 || strcmp(buf_str(&was), buf_str(&now)) == 0)
        return ret;
    for (size_t i = 0; ret == 0 && i < site->n_warehouses; i++)
        ret = check_code(r, "warehouse", "warehouse", site->warehouses[i].text, site->warehouses[i].line,
                         "warehouses");
    if (ret == 0 && r->write && (ret = write_warehouses(r, site)) < 0)
        at(r, site->warehouses_line, "warehouses", ret);
    if (ret == 0)
        r->tell(r->arg, &(struct site_row_change){site, site->warehouses_line, "warehouses", buf_str(&now),
                                                  buf_str(&was)});
    return ret;
}

/* -- rows ------------------------------------------------------------------------------------------------ */

static bool says_something(const struct site_config *site)
{
    bool any = site->warehouses_line != 0;
    for (int i = 0; i < SITE_SETTINGS; i++)
        any |= site->row[i].text != NULL;
    return any;
}

/* What a row must have. */
static const enum site_setting needed[] = {SITE_LANGUAGE, SITE_CURRENCY, SITE_PRICE_LIST};

static int make_row(const struct rows *r, const struct site_config *site)
{
    int ret = 0;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!site->row[needed[i]].text) {
            error_set(r->err, -EINVAL, "site '%s' has no row in table site of '%s'", site->name, r->config->database);
            error_advise(r->err, "name its language, currency and price-list here, and it gets one");
            return at(r, site->line, site_setting_keys[needed[i]], -EINVAL);
        }
    for (size_t i = 0; ret == 0 && i < sizeof needed / sizeof *needed; i++)
        ret = check_code(r, columns[needed[i]].codes, columns[needed[i]].what, site->row[needed[i]].text,
                         site->row[needed[i]].line, site_setting_keys[needed[i]]);
    if (ret < 0)
        return ret;
    r->tell(r->arg, &(struct site_row_change){site, site->line, NULL, site->name, ""});
    struct stmt *st;
    if (!r->write || (ret = db_cached(r->db, &st,
                                      "INSERT INTO site (name, language, currency, price_list_id)"
                                      " SELECT :site, :language, :currency, id FROM price_list WHERE code = :price_list",
                                      r->err)) < 0)
        return ret;
    stmt_bind_text(st, "site", site->name);
    stmt_bind_text(st, "language", site->row[SITE_LANGUAGE].text);
    stmt_bind_text(st, "currency", site->row[SITE_CURRENCY].text);
    stmt_bind_text(st, "price_list", site->row[SITE_PRICE_LIST].text);
    ret = stmt_run(st, r->err);
    return ret < 0 ? at(r, site->line, NULL, ret) : 0;
}

/* A row as it would be made. */
static void new_row(const struct site_config *site, char *values[SITE_SETTINGS])
{
    for (int i = 0; i < SITE_SETTINGS; i++)
        values[i] = xstrdup(i == SITE_STOCK_BUFFER ? "0" : i == SITE_VAT_INCLUDED ? "1" : "");
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        free(values[needed[i]]);
        values[needed[i]] = xstrdup(site->row[needed[i]].text);
    }
}

static int put_row(const struct rows *r, const struct site_config *site)
{
    char *values[SITE_SETTINGS] = {NULL};
    if (!says_something(site))
        return 0;
    int ret = read_row(r, site->name, values);
    if (ret == 0) {
        ret = make_row(r, site);
        if (ret == 0)
            new_row(site, values);
    }
    for (int i = 0; i < SITE_SETTINGS && ret >= 0; i++)
        if (site->row[i].text)
            ret = put_column(r, site, (enum site_setting)i, values[i]);
    if (ret >= 0 && site->warehouses_line)
        ret = put_warehouses(r, site);
    for (int i = 0; i < SITE_SETTINGS; i++)
        free(values[i]);
    return ret < 0 ? ret : 0;
}

static int walk(const struct rows *r, const char *only)
{
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < r->config->n_sites; i++)
        if (!only || strcmp(only, r->config->sites[i].name) == 0)
            ret = put_row(r, &r->config->sites[i]);
    return ret;
}

int site_rows_compare(struct db *db, const struct shop_config *config, const char *only, site_row_fn tell,
                      void *arg, struct error *err)
{
    return walk(&(struct rows){db, config, false, tell, arg, err}, only);
}

int site_rows_write(struct db *db, const struct shop_config *config, site_row_fn tell, void *arg,
                    struct error *err)
{
    return walk(&(struct rows){db, config, true, tell, arg, err}, NULL);
}

/* -- in one transaction ---------------------------------------------------------------------------------- */

void site_row_change_format(const struct site_row_change *c, struct buf *out)
{
    buf_addf(out, "site '%s': ", c->site->name);
    if (c->key)
        buf_addf(out, "%s '%s' in place of '%s'", c->key, c->is, c->was);
    else
        buf_add_str(out, "a new row in table site");
}

struct lines {
    const struct shop_config *config;
    struct buf *out;
};

static void add_line(void *arg, const struct site_row_change *change)
{
    const struct lines *to = arg;
    buf_addf(to->out, "%s:%d: ", to->config->source, change->line);
    site_row_change_format(change, to->out);
    buf_add_char(to->out, '\n');
}

static int look(struct store *store, const struct shop_config *config, struct lines *to, struct error *err)
{
    struct db *db = NULL;
    int ret = store_reader(store, &db, err);
    if (ret == 0)
        ret = db_begin_read(db, err);
    if (ret == 0)
        ret = site_rows_compare(db, config, NULL, add_line, to, err);
    db_close(db);
    return ret;
}

int site_rows_apply(struct store *store, const struct shop_config *config, struct buf *changes, struct error *err)
{
    auto_buf found = BUF_INIT, made = BUF_INIT;
    struct lines to = {config, &found};
    struct db *db = NULL;
    int ret = look(store, config, &to, err);
    if (ret < 0 || found.len == 0)
        return ret;
    to.out = &made;
    ret = store_writer(store, &db, err);
    if (ret == 0)
        ret = db_begin_write(db, err);
    if (ret == 0)
        ret = site_rows_write(db, config, add_line, &to, err);
    if (ret == 0)
        ret = db_commit(db, err);
    db_close(db);
    if (ret == 0)
        buf_add(changes, buf_str(&made), made.len);
    else if (ret == -EROFS || ret == -EACCES)
        buf_add(changes, buf_str(&found), found.len);
    return ret;
}
