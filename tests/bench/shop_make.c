/* shop_make DATABASE PRODUCTS: a shop with two pictures, four attributes, one price and one stock row per
 * product. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/error.h"
#include "store/store.h"

static void must(int r, const struct error *err)
{
    if (r >= 0)
        return;
    fprintf(stderr, "shop_make: %s\n", err->message ? err->message : "failed");
    exit(70);
}

int main(int argc, char **argv)
{
    struct error err = ERROR_INIT;
    struct store *store;
    struct db *db;
    long n = argc == 3 ? atol(argv[2]) : 0;
    if (n < 1) {
        fprintf(stderr, "usage: shop_make DATABASE PRODUCTS\n");
        return 64;
    }
    must(store_open(&store, argv[1], STORE_CREATE, &err), &err);
    must(store_writer(store, &db, &err), &err);
    must(
        db_exec(
            db,
            "INSERT INTO language VALUES ('uk', 'Ukrainian');"
            "INSERT INTO currency (code) VALUES ('UAH');"
            "INSERT INTO vat_rate (id, code, percent_e2) VALUES (1, 'standard', 2000);"
            "INSERT INTO price_list (id, code, currency) VALUES (1, 'retail', 'UAH');"
            "INSERT INTO warehouse (id, code) VALUES (1, 'main');"
            "INSERT INTO unit (id, code, name) VALUES (1, 'pcs', 'шт');"
            "INSERT INTO site (id, name, url, language, currency, price_list_id)"
            " VALUES (1, 'main', 'https://shop.example/', 'uk', 'UAH', 1);"
            "WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 200)"
            " INSERT INTO category (id, parent_id) SELECT i, CASE WHEN i > 20 THEN 1 + i % 20 END FROM i;"
            "INSERT INTO category_text SELECT id, 'uk', 'Категорія ' || id, '' FROM category;"
            "WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 500)"
            " INSERT INTO manufacturer (id, name) SELECT i, 'Виробник ' || i FROM i;"
            "WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 30)"
            " INSERT INTO attribute (id, code) SELECT i, 'a' || i FROM i;"
            "INSERT INTO attribute_text SELECT id, 'uk', 'Властивість ' || id, '', '' FROM attribute;"
            "INSERT INTO category_code (category_id, market, code, name) SELECT id, m.column1, id, m.column1"
            " || ' | ' || id FROM category, (VALUES ('google'), ('rozetka'), ('prom'), ('maudau'),"
            " ('epicentr'), ('heureka'), ('zbozi')) m WHERE id <= 20 OR id % 3 = 0;"
            "INSERT INTO attribute_code (attribute_id, market, code) SELECT id, m.column1, id FROM attribute,"
            " (VALUES ('rozetka'), ('epicentr')) m;"
            "INSERT INTO delivery (site_id, code, country, price_e4, cod_price_e4, free_from_e4, position)"
            " VALUES (1, 'PPL', 'UA', 990000, 1290000, 20000000, 1), (1, 'ZASILKOVNA', 'UA', 790000, NULL,"
            " NULL, 2), (1, 'VLASTNI_PREPRAVA', NULL, 0, NULL, NULL, 3);",
            &err),
        &err);
    for (long from = 1; from <= n; from += 20000) {
        long to = from + 19999 < n ? from + 19999 : n;
        struct buf sql = BUF_INIT;
        buf_addf(
            &sql,
            "BEGIN; CREATE TEMP TABLE IF NOT EXISTS i (i INTEGER PRIMARY KEY); DELETE FROM i;"
            "WITH RECURSIVE k (i) AS (SELECT %ld UNION ALL SELECT i + 1 FROM k WHERE i < %ld)"
            " INSERT INTO i SELECT i FROM k;"
            "INSERT INTO product (id, sku, external_id, manufacturer_id, unit_id, vat_rate_id, weight_e3)"
            " SELECT i, printf('SKU-%%08d', i), printf('ext-%%08d', i), 1 + i %% 500, 1, 1, i %% 9000 FROM i;"
            "INSERT INTO product_text (product_id, language, name, short_description, description, slug)"
            " SELECT i, 'uk', 'Товар номер ' || i || ', \"гарний\"; синій', 'Короткий опис товару ' || i,"
            " '<p>Довгий опис товару ' || i || ' з усіма подробицями, що їх хоче знати покупець.</p>', 't-' "
            "|| i FROM i;"
            "INSERT INTO product_category (product_id, category_id) SELECT i, 1 + i %% 200 FROM i;"
            "INSERT INTO price (product_id, price_list_id, price_e4) SELECT i, 1, 10000 + i * 37 %% 90000000 "
            "FROM i;"
            "INSERT INTO stock (product_id, warehouse_id, on_hand_e3) SELECT i, 1, i %% 100 * 1000 FROM i;"
            "INSERT INTO barcode (product_id, barcode) SELECT i, printf('48%%011d', i) FROM i;"
            "INSERT INTO image (product_id, position, name)"
            " SELECT i, k, 'p' || i || '-' || k || '.jpg' FROM i, (SELECT 1 AS k UNION ALL SELECT 2);"
            "INSERT INTO product_attribute (product_id, attribute_id, value)"
            " SELECT i, 1 + (i + k * 7) %% 30, 'значення ' || (i * k %% 50) FROM i,"
            " (SELECT 1 AS k UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4);"
            "COMMIT;",
            from, to);
        must(db_exec(db, buf_str(&sql), &err), &err);
        buf_release(&sql);
    }
    db_close(db);
    store_close(store);
    return 0;
}
