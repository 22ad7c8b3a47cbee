/* The short tables of a shop: what every shop starts with, and the demo's categories, attributes and makers.
 */
#include "cli/demo.h"
#include "cli/demo_words.h"

#include <stdio.h>

extern const char cli_countries_sql[]; /* embedded from countries.sql */

int shop_fill_basics(struct db *db, struct error *err)
{
    static const char sql[] =
        "INSERT INTO language (code, name) VALUES ('uk', 'Українська'), ('cs', 'Čeština'), ('en', 'English'),"
        " ('ru', 'Русский');"
        "INSERT INTO currency (code, number, name, symbol, rate_e6) VALUES"
        " ('UAH', 980, 'гривня', '₴', 1000000), ('CZK', 203, 'koruna', 'Kč', 1980000),"
        " ('EUR', 978, 'euro', '€', 48500000), ('USD', 840, 'US dollar', '$', 41700000),"
        " ('RUB', 643, 'рубль', '₽', 510000);"
        "INSERT INTO vat_rate (id, code, name, percent_e2) VALUES (1, 'standard', 'ПДВ 20 %', 2000),"
        " (2, 'reduced', 'ПДВ 7 %', 700), (3, 'zero', 'ПДВ 0 %', 0), (4, 'none', 'без ПДВ', 0);"
        "INSERT INTO unit (id, code, name, full_name, okei, unece) VALUES"
        " (1, 'pcs', 'шт', 'штука', '796', 'C62'), (2, 'kg', 'кг', 'кілограм', '166', 'KGM'),"
        " (3, 'm', 'м', 'метр', '006', 'MTR'), (4, 'pair', 'пара', 'пара', '715', 'PR'),"
        " (5, 'set', 'набір', 'набір', '704', 'SET'), (6, 'l', 'л', 'літр', '112', 'LTR');"
        "INSERT INTO price_list (id, code, name, kind, currency, vat_included) VALUES"
        " (1, 'retail', 'Роздріб', 'sale', 'UAH', 1), (2, 'wholesale', 'Опт', 'sale', 'UAH', 0);"
        "INSERT INTO warehouse (id, code, name) VALUES (1, 'main', 'Основний склад');"
        "INSERT INTO site (id, name, title, company, url, product_url, email, phone, language, "
        "fallback_language,"
        " currency, price_list_id, order_warehouse_id) VALUES (1, 'main', 'Example shop', 'Example Ltd.',"
        " 'https://shop.example/', 'https://shop.example/product/', 'office@shop.example', '+380 44 000 00 "
        "00',"
        " 'uk', 'en', 'UAH', 1, 1)";
    int ret = db_exec(db, sql, err);

    return ret < 0 ? ret : db_exec(db, cli_countries_sql, err);
}

static int fill_makers(struct db *db, struct error *err)
{
    struct stmt *st;
    int ret = db_cached(
        db, &st, "INSERT INTO manufacturer (id, external_id, name, url) VALUES (:id, :external, :name, :url)",
        err);
    for (size_t i = 0; ret == 0 && i < demo_makers_count; i++) {
        char external[32], url[64];
        snprintf(external, sizeof external, "maker-%02zu", i + 1);
        snprintf(url, sizeof url, "https://maker%02zu.example/", i + 1);
        stmt_bind_int(st, "id", (int64_t)i + 1);
        stmt_bind_text(st, "external", external);
        stmt_bind_text(st, "name", demo_makers[i]);
        stmt_bind_text(st, "url", i % 3 ? url : NULL);
        ret = stmt_run(st, err);
    }
    return ret;
}

/* parent 0: a top. */
static int add_category(struct db *db, int64_t id, int64_t parent, const struct demo_phrase *name,
                        struct error *err)
{
    struct stmt *st;
    char external[32];
    int ret = db_cached(db, &st,
                        "INSERT INTO category (id, parent_id, external_id, position)"
                        " VALUES (:id, :parent, :external, :position)",
                        err);
    if (ret < 0)
        return ret;
    snprintf(external, sizeof external, "cat-%03d", (int)id);
    stmt_bind_int(st, "id", id);
    if (parent)
        stmt_bind_int(st, "parent", parent);
    else
        stmt_bind_null(st, "parent");
    stmt_bind_text(st, "external", external);
    stmt_bind_int(st, "position", id);
    ret = stmt_run(st, err);
    if (ret == 0)
        ret = db_cached(db, &st,
                        "INSERT INTO category_text (category_id, language, name, description)"
                        " VALUES (:id, :language, :name, :description)",
                        err);
    for (size_t l = 0; ret == 0 && l < DEMO_LANGUAGES; l++) {
        static const char *const about[DEMO_LANGUAGES] = {
            "<p>%s: усе, що є на складі; доставка &amp; повернення.</p>",
            "<p>%s: vše skladem; doprava &amp; vrácení.</p>",
            "<p>%s: all in stock; delivery &amp; returns.</p>"};
        auto_buf text = BUF_INIT;
        for (const char *p = about[l]; *p; p++)
            if (p[0] == '%' && p[1] == 's')
                buf_add_str(&text, name->in[l]), p++;
            else
                buf_add_char(&text, *p);
        stmt_bind_int(st, "id", id);
        stmt_bind_text(st, "language", demo_language[l]);
        stmt_bind_text(st, "name", name->in[l]);
        stmt_bind_text(st, "description", parent ? "" : buf_str(&text));
        ret = stmt_run(st, err);
    }
    return ret;
}

static int fill_categories(struct db *db, struct error *err)
{
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < demo_categories_count; i++)
        ret = add_category(db, (int64_t)i + 1, demo_categories[i].top + 1, &demo_categories[i].name, err);
    for (size_t i = 0; ret == 0 && i < demo_kinds_count; i++)
        ret = add_category(db, (int64_t)(demo_categories_count + i) + 1, demo_kinds[i].category + 1,
                           &demo_kinds[i].category_name, err);
    return ret;
}

static int fill_attributes(struct db *db, struct error *err)
{
    struct stmt *one, *text;
    int ret = db_cached(db, &one, "INSERT INTO attribute (id, code, position) VALUES (:id, :code, :id)", err);
    if (ret == 0)
        ret = db_cached(db, &text,
                        "INSERT INTO attribute_text (attribute_id, language, name, unit, group_name)"
                        " VALUES (:id, :language, :name, :unit, :group)",
                        err);
    for (size_t i = 0; ret == 0 && i < ATTR_COUNT; i++) {
        const struct demo_attribute_info *a = &demo_attributes[i];
        stmt_bind_int(one, "id", (int64_t)i + 1);
        stmt_bind_text(one, "code", a->code);
        ret = stmt_run(one, err);
        for (size_t l = 0; ret == 0 && l < DEMO_LANGUAGES; l++) {
            stmt_bind_int(text, "id", (int64_t)i + 1);
            stmt_bind_text(text, "language", demo_language[l]);
            stmt_bind_text(text, "name", a->name.in[l]);
            stmt_bind_text(text, "unit", a->unit.in[l]);
            stmt_bind_text(text, "group", a->group.in[l]);
            ret = stmt_run(text, err);
        }
    }
    return ret;
}

int demo_fill_words(struct db *db, struct error *err)
{
    int ret =
        db_exec(db,
                "INSERT INTO price_list (id, code, name, kind, currency, vat_included) VALUES"
                " (3, 'eur', 'Export', 'sale', 'EUR', 1), (4, 'purchase', 'Закупівля', 'purchase', 'UAH', 0);"
                "INSERT INTO warehouse (id, code, external_id, name) VALUES"
                " (2, 'store', 'W-2', 'Магазин \"На розі\"')",
                err);
    if (ret == 0)
        ret = fill_makers(db, err);
    if (ret == 0)
        ret = fill_categories(db, err);
    if (ret == 0)
        ret = fill_attributes(db, err);
    return ret;
}
