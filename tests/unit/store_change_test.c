/* Change tracking: every tracked table marks the blocks it should, and nothing else grows. */
#include "store_test.h"

#include "store/changes.h"
#include "store/changes_internal.h"

#define MARKS 64

struct marks {
    int count;
    enum change_source source[MARKS];
    int64_t block[MARKS];
};

static int collect(void *arg, enum change_source source, int64_t block)
{
    struct marks *m = arg;
    assert_true(m->count < MARKS);
    m->source[m->count] = source;
    m->block[m->count++] = block;
    return 0;
}

static struct marks since(struct fixture *f, uint64_t sequence)
{
    struct marks m = {0};
    ok(f, change_since(f->reader, sequence, ~(source_set)0, collect, &m, &f->err));
    return m;
}

static bool marked(const struct marks *m, enum change_source source, int64_t block)
{
    for (int i = 0; i < m->count; i++)
        if (m->source[i] == source && m->block[i] == block)
            return true;
    return false;
}

/* Rows of product 1 (block 0) and 70 (block 1), customers and orders likewise. */
static void rows(struct fixture *f)
{
    small_shop(f);
    run(f, "INSERT INTO product (id, sku) VALUES (1, 'P1'), (70, 'P70');"
           "INSERT INTO attribute (id, code) VALUES (1, 'colour');"
           "INSERT INTO customer (id, name) VALUES (1, 'one'), (70, 'seventy');"
           "INSERT INTO orders (id, site_id, number, content_hash, currency, mapping)"
           " VALUES (1, 1, 'N1', '', 'UAH', ''), (70, 1, 'N70', '', 'UAH', '');");
}

/*
 * For each table: a row in block 0, a change of it, the same change again, a move to block 1, its end. Whole
 * tables have no move.
 */
static const struct track_case {
    const char *table;
    enum change_source source;
    const char *insert, *update, *move, *erase;
} cases[] = {
    {"product", CHANGE_PRODUCT, "INSERT INTO product (id, sku) VALUES (2, 'T')",
     "UPDATE product SET mpn = 'x' WHERE sku = 'T'", "UPDATE product SET id = 71 WHERE sku = 'T'",
     "DELETE FROM product WHERE sku = 'T'"},
    {"product_text", CHANGE_PRODUCT_TEXT,
     "INSERT INTO product_text (product_id, language, name) VALUES (1, 'uk', 'T')",
     "UPDATE product_text SET name = 'U'", "UPDATE product_text SET product_id = 70",
     "DELETE FROM product_text"},
    {"variant", CHANGE_VARIANT, "INSERT INTO variant (product_id, sku) VALUES (1, 'T')",
     "UPDATE variant SET position = 7", NULL, "DELETE FROM variant"},
    {"product_category", CHANGE_PRODUCT_CATEGORY, "INSERT INTO product_category VALUES (1, 1, 0)",
     "UPDATE product_category SET position = 7", "UPDATE product_category SET product_id = 70",
     "DELETE FROM product_category"},
    {"product_attribute", CHANGE_PRODUCT_ATTRIBUTE,
     "INSERT INTO product_attribute (product_id, attribute_id, value) VALUES (1, 1, 'T')",
     "UPDATE product_attribute SET value = 'U'", "UPDATE product_attribute SET product_id = 70",
     "DELETE FROM product_attribute"},
    {"barcode", CHANGE_BARCODE, "INSERT INTO barcode (product_id, barcode) VALUES (1, 'T')",
     "UPDATE barcode SET barcode = 'U'", "UPDATE barcode SET product_id = 70", "DELETE FROM barcode"},
    {"product_relation", CHANGE_PRODUCT_RELATION,
     "INSERT INTO product_relation (product_id, related_id) VALUES (1, 70)",
     "UPDATE product_relation SET position = 7", "UPDATE product_relation SET product_id = 70",
     "DELETE FROM product_relation"},
    {"price", CHANGE_PRICE, "INSERT INTO price (product_id, price_list_id, price_e4) VALUES (1, 1, 10000)",
     "UPDATE price SET price_e4 = 20000", "UPDATE price SET product_id = 70", "DELETE FROM price"},
    {"stock", CHANGE_STOCK, "INSERT INTO stock (product_id, warehouse_id, on_hand_e3) VALUES (1, 1, 1000)",
     "UPDATE stock SET reserved_e3 = 500", "UPDATE stock SET product_id = 70", "DELETE FROM stock"},
    {"image", CHANGE_IMAGE, "INSERT INTO image (product_id, name) VALUES (1, 'T.jpg')",
     "UPDATE image SET title = 'U'", "UPDATE image SET product_id = 70", "DELETE FROM image"},
    {"site_product", CHANGE_SITE_PRODUCT, "INSERT INTO site_product (product_id, site_id) VALUES (1, 1)",
     "UPDATE site_product SET code = 'U'", "UPDATE site_product SET product_id = 70",
     "DELETE FROM site_product"},
    {"customer", CHANGE_CUSTOMER, "INSERT INTO customer (id, name) VALUES (2, 'T')",
     "UPDATE customer SET email = 'u@x.example' WHERE name = 'T'",
     "UPDATE customer SET id = 71 WHERE name = 'T'", "DELETE FROM customer WHERE name = 'T'"},
    {"customer_site", CHANGE_CUSTOMER, "INSERT INTO customer_site VALUES (1, 'T', 1)",
     "UPDATE customer_site SET external_id = 'U'", "UPDATE customer_site SET customer_id = 70",
     "DELETE FROM customer_site"},
    {"orders", CHANGE_ORDER,
     "INSERT INTO orders (id, site_id, number, content_hash, currency, mapping) VALUES (2, 1, 'T', '', "
     "'UAH', '')",
     "UPDATE orders SET tracking = 'U' WHERE number = 'T'",
     "DELETE FROM order_status WHERE order_id = 2; UPDATE orders SET id = 71 WHERE number = 'T'",
     "DELETE FROM orders WHERE number = 'T'"},
    {"order_line", CHANGE_ORDER,
     "INSERT INTO order_line (order_id, position, quantity_e3, price_e4, total_e4) VALUES (1, 1, 1, 1, 1)",
     "UPDATE order_line SET name = 'U'", "UPDATE order_line SET order_id = 70", "DELETE FROM order_line"},
    {"order_address", CHANGE_ORDER, "INSERT INTO order_address (order_id, kind) VALUES (1, 'billing')",
     "UPDATE order_address SET city = 'U'", "UPDATE order_address SET order_id = 70",
     "DELETE FROM order_address"},
    {"order_status", CHANGE_ORDER, "INSERT INTO order_status (order_id, status) VALUES (1, 'T')",
     "UPDATE order_status SET note = 'U' WHERE status = 'T'",
     "UPDATE order_status SET order_id = 70 WHERE status = 'T'",
     "DELETE FROM order_status WHERE status = 'T'"},
    {"order_warning", CHANGE_ORDER, "INSERT INTO order_warning (order_id, position, text) VALUES (1, 1, 'T')",
     "UPDATE order_warning SET text = 'U'", "UPDATE order_warning SET order_id = 70", "DELETE FROM order_warning"},
    {"category", CHANGE_CATEGORY, "INSERT INTO category (id, parent_id) VALUES (9, 1)",
     "UPDATE category SET position = 7 WHERE id = 9", NULL, "DELETE FROM category WHERE id = 9"},
    {"category_code", CHANGE_CATEGORY, "INSERT INTO category_code VALUES (1, 'T', 'T', NULL)",
     "UPDATE category_code SET name = 'U'", NULL, "DELETE FROM category_code"},
    {"category_text", CHANGE_CATEGORY_TEXT,
     "INSERT INTO category_text (category_id, language, name) VALUES (1, 'uk', 'T')",
     "UPDATE category_text SET name = 'U'", NULL, "DELETE FROM category_text"},
    {"attribute", CHANGE_ATTRIBUTE, "INSERT INTO attribute (code) VALUES ('T')",
     "UPDATE attribute SET position = 7 WHERE code = 'T'", NULL, "DELETE FROM attribute WHERE code = 'T'"},
    {"attribute_text", CHANGE_ATTRIBUTE,
     "INSERT INTO attribute_text (attribute_id, language, name) VALUES (1, 'uk', 'T')",
     "UPDATE attribute_text SET name = 'U'", NULL, "DELETE FROM attribute_text"},
    {"attribute_code", CHANGE_ATTRIBUTE, "INSERT INTO attribute_code VALUES (1, 'T', '', 'T')",
     "UPDATE attribute_code SET code = 'U'", NULL, "DELETE FROM attribute_code"},
    {"manufacturer_code", CHANGE_MANUFACTURER,
     "INSERT INTO manufacturer (id, name) VALUES (9, 'T'); INSERT INTO manufacturer_code VALUES (9, 'T', "
     "'T')",
     "UPDATE manufacturer_code SET code = 'U'", NULL, "DELETE FROM manufacturer_code"},
    {"manufacturer", CHANGE_MANUFACTURER, "INSERT INTO manufacturer (name) VALUES ('T')",
     "UPDATE manufacturer SET url = 'U'", NULL, "DELETE FROM manufacturer"},
    {"unit", CHANGE_UNIT, "INSERT INTO unit (code) VALUES ('T')", "UPDATE unit SET name = 'U'", NULL,
     "DELETE FROM unit"},
    {"vat_rate", CHANGE_VAT_RATE, "INSERT INTO vat_rate (code, percent_e2) VALUES ('T', 2000)",
     "UPDATE vat_rate SET percent_e2 = 2100", NULL, "DELETE FROM vat_rate"},
    {"currency", CHANGE_CURRENCY, "INSERT INTO currency (code) VALUES ('EUR')",
     "UPDATE currency SET rate_e6 = 7 WHERE code = 'EUR'", NULL, "DELETE FROM currency WHERE code = 'EUR'"},
    {"price_list", CHANGE_PRICE_LIST, "INSERT INTO price_list (code, currency) VALUES ('T', 'UAH')",
     "UPDATE price_list SET name = 'U' WHERE code = 'T'", NULL, "DELETE FROM price_list WHERE code = 'T'"},
    {"warehouse", CHANGE_WAREHOUSE, "INSERT INTO warehouse (code) VALUES ('T')",
     "UPDATE warehouse SET name = 'U' WHERE code = 'T'", NULL, "DELETE FROM warehouse WHERE code = 'T'"},
    {"site", CHANGE_SITE,
     "INSERT INTO site (name, language, currency, price_list_id) VALUES ('T', 'uk', 'UAH', 1)",
     "UPDATE site SET title = 'U' WHERE name = 'T'", NULL, "DELETE FROM site WHERE name = 'T'"},
    {"site_warehouse", CHANGE_SITE, "INSERT INTO site_warehouse VALUES (1, 1)",
     "UPDATE site_warehouse SET warehouse_id = 2", NULL, "DELETE FROM site_warehouse"},
    {"delivery", CHANGE_SITE, "INSERT INTO delivery (site_id, code, price_e4) VALUES (1, 'T', 0)",
     "UPDATE delivery SET price_e4 = 7", NULL, "DELETE FROM delivery"},
    {"certificate", CHANGE_CERTIFICATE, "INSERT INTO certificate (code, amount_e4) VALUES ('T', 1)",
     "UPDATE certificate SET used_e4 = 7", NULL, "DELETE FROM certificate"},
    {"country", CHANGE_LANGUAGE, "INSERT INTO country VALUES ('XA', NULL)",
     "UPDATE country SET code3 = 'U' WHERE code = 'XA'", NULL, "DELETE FROM country WHERE code = 'XA'"},
    {"country_text", CHANGE_LANGUAGE,
     "INSERT INTO country VALUES ('XA', NULL); INSERT INTO country_text VALUES ('XA', 'uk', 'T')",
     "UPDATE country_text SET name = 'U' WHERE country = 'XA'", NULL,
     "DELETE FROM country_text WHERE country = 'XA'"},
    {"language", CHANGE_LANGUAGE, "INSERT INTO language VALUES ('cs', 'T')",
     "UPDATE language SET name = 'U' WHERE code = 'cs'", NULL, "DELETE FROM language WHERE code = 'cs'"},
};

static void expect(struct fixture *f, const struct track_case *c, const char *sql, bool block0, bool block1)
{
    uint64_t before = sequence_now(f);
    run(f, sql);
    struct marks m = since(f, before);
    if (marked(&m, c->source, 0) != block0 || marked(&m, c->source, 1) != block1)
        fail_msg("%s: marks block 0: %d, block 1: %d", sql, marked(&m, c->source, 0),
                 marked(&m, c->source, 1));
    if ((block0 || block1) != (sequence_now(f) > before))
        fail_msg("%s: sequence from %llu to %llu", sql, (unsigned long long)before,
                 (unsigned long long)sequence_now(f));
    for (int i = 0; i < m.count; i++)
        if (m.source[i] != c->source || m.block[i] < 0 || m.block[i] > 1)
            fail_msg("%s: marks %s too", sql, change_source_name(m.source[i]));
}

static void every_table_marks_its_blocks(void **state)
{
    struct fixture *f = *state;
    rows(f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct track_case *c = &cases[i];
        expect(f, c, c->insert, true, false);
        expect(f, c, c->update, true, false);
        expect(f, c, c->update, false, false); /* nothing is different now */
        if (c->move)
            expect(f, c, c->move, true, true);
        expect(f, c, c->erase, !c->move, c->move != NULL);
    }
}

static void every_tracked_table_has_a_case(void **state)
{
    (void)state;
    const struct tracked_table *t;
    for (size_t i = 0; (t = tracked_table_at(i)); i++) {
        bool found = false;
        for (size_t j = 0; j < sizeof cases / sizeof *cases; j++)
            found = found || (strcmp(cases[j].table, t->table) == 0 && cases[j].source == t->source);
        if (!found)
            fail_msg("no test for table '%s'", t->table);
    }
    for (int s = 1; s < CHANGE_SOURCES; s++)
        assert_string_not_equal(change_source_name((enum change_source)s), "?");
}

/* As a program writes that sets nothing: no foreign keys, no recursive triggers. */
static void replace_marks_the_row_that_goes(void **state)
{
    struct fixture *f = *state;
    rows(f);
    run(f, "INSERT INTO product (id, sku, external_id) VALUES (2, 'A', 'xa'), (3, 'B', 'xb'), (7, 'Z', NULL);"
           "INSERT INTO variant (id, product_id, sku) VALUES (5, 1, 'V');"
           "INSERT INTO image (id, product_id, name) VALUES (5, 1, 'V.jpg');"
           "INSERT INTO customer (id, name, code) VALUES (2, 'c', 'C');"
           "INSERT INTO customer_site VALUES (1, 'X', 1);"
           "PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = OFF;");
    static const struct {
        const char *sql;
        enum change_source source;
    } replaced[] = {
        {"INSERT OR REPLACE INTO product (id, sku) VALUES (100, 'A')", CHANGE_PRODUCT},
        {"REPLACE INTO product (id, sku, external_id) VALUES (101, 'other', 'xb')", CHANGE_PRODUCT},
        {"REPLACE INTO variant (id, product_id, sku) VALUES (5, 70, 'W')", CHANGE_VARIANT},
        {"REPLACE INTO image (product_id, name) VALUES (70, 'V.jpg')", CHANGE_IMAGE},
        {"REPLACE INTO customer (id, name, code) VALUES (70, 'd', 'C')", CHANGE_CUSTOMER},
        {"REPLACE INTO customer_site VALUES (1, 'X', 70)", CHANGE_CUSTOMER},
        {"REPLACE INTO orders (id, site_id, number, content_hash, currency, mapping) VALUES (71, 1, 'N1', "
         "'', 'UAH', '')",
         CHANGE_ORDER},
        {"UPDATE OR REPLACE product SET sku = 'Z' WHERE id = 100", CHANGE_PRODUCT},
    };
    for (size_t i = 0; i < sizeof replaced / sizeof *replaced; i++) {
        uint64_t before = sequence_now(f);
        run(f, replaced[i].sql);
        struct marks m = since(f, before);
        if (!marked(&m, replaced[i].source, 0) || !marked(&m, replaced[i].source, 1))
            fail_msg("%s", replaced[i].sql);
        assert_int_equal(number(f, f->reader, "SELECT max(sequence) FROM change_mark"), (int64_t)sequence_now(f));
    }
}

/* An upsert that finds everything as it was is no change; and the other conflict rules keep their meaning. */
static void other_conflict_rules(void **state)
{
    struct fixture *f = *state;
    rows(f);
    run(f, "INSERT INTO product (id, sku, external_id) VALUES (2, 'A', 'xa'), (71, 'B', 'xb')");
    uint64_t before = sequence_now(f);
    run(f, "INSERT INTO product (sku, external_id) VALUES ('A', 'xa') ON CONFLICT (sku) DO UPDATE SET "
           "external_id = excluded.external_id;"
           "INSERT OR IGNORE INTO product (sku) VALUES ('A');"
           "UPDATE OR IGNORE product SET sku = 'B' WHERE id = 2;"
           "UPDATE OR ROLLBACK product SET sku = 'A', external_id = 'xa' WHERE id = 2;"
           "UPDATE OR FAIL product SET sku = 'A', external_id = 'xa' WHERE id = 2;");
    assert_int_equal(sequence_now(f), before);
    assert_int_equal(number(f, f->writer, "SELECT count(*) FROM product"), 4);
    assert_true(db_exec(f->writer, "INSERT INTO product (sku) VALUES ('A')", &f->err) < 0);
    assert_non_null(strstr(f->err.message, "product.sku"));
    run(f, "INSERT INTO product (sku, mpn) VALUES ('A', 'm') ON CONFLICT (sku) DO UPDATE SET mpn = "
           "excluded.mpn");
    struct marks m = since(f, before);
    assert_int_equal(m.count, 1);
    assert_true(marked(&m, CHANGE_PRODUCT, 0));
}

static void image_bytes_count_through_the_image(void **state)
{
    struct fixture *f = *state;
    rows(f);
    run(f, "INSERT INTO image (id, product_id, name) VALUES (1, 70, 'a.jpg')");
    static const char *const changes[] = {
        "INSERT INTO image_data VALUES (1, x'01')", "UPDATE image_data SET content = x'02'",
        "REPLACE INTO image_data VALUES (1, x'03')", "DELETE FROM image_data"};
    int64_t modified = 0;
    for (size_t i = 0; i < 4; i++) {
        uint64_t before = sequence_now(f);
        run(f, changes[i]);
        struct marks m = since(f, before);
        assert_int_equal(m.count, 1);
        assert_true(marked(&m, CHANGE_IMAGE, 1));
        if (i < 3) {
            int64_t next = number(f, f->writer, "SELECT modified FROM image");
            assert_true(next > modified);
            modified = next;
            assert_int_equal(number(f, f->writer, "SELECT size FROM image"), 1);
        }
    }
}

static void cascades_are_marked(void **state)
{
    struct fixture *f = *state;
    rows(f);
    run(f, "INSERT INTO variant (id, product_id, sku) VALUES (1, 70, 'v');"
           "INSERT INTO price (product_id, variant_id, price_list_id, price_e4) VALUES (70, 1, 1, 1);"
           "INSERT INTO stock (product_id, variant_id, warehouse_id) VALUES (70, 1, 1);"
           "INSERT INTO site_product (product_id, variant_id, site_id) VALUES (70, 1, 1);");
    uint64_t before = sequence_now(f);
    run(f, "DELETE FROM product WHERE id = 70");
    struct marks m = since(f, before);
    assert_true(marked(&m, CHANGE_PRODUCT, 1) && marked(&m, CHANGE_VARIANT, 1) &&
                marked(&m, CHANGE_PRICE, 1) && marked(&m, CHANGE_STOCK, 1) &&
                marked(&m, CHANGE_SITE_PRODUCT, 1));
    assert_int_equal(number(f, f->writer, "SELECT count(*) FROM price"), 0);
    assert_int_equal(number(f, f->writer, "SELECT count(*) FROM site_product"), 0);
}

static void rollback_leaves_no_mark(void **state)
{
    struct fixture *f = *state;
    rows(f);
    uint64_t before = sequence_now(f);
    ok(f, db_begin_write(f->writer, &f->err));
    run(f, "UPDATE product SET mpn = 'x'");
    assert_int_equal(sequence_now(f), before); /* not yet committed */
    db_end(f->writer);
    assert_int_equal(sequence_now(f), before);
    assert_int_equal(since(f, before).count, 0);
}

static void the_record_is_bounded(void **state)
{
    struct fixture *f = *state;
    small_shop(f);
    run(f, "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)"
           " INSERT INTO product (id, sku) SELECT i, i FROM n");
    for (int i = 0; i < 5; i++)
        run(f, "UPDATE product SET modified = coalesce(modified, '') || 'x'");
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM change_mark WHERE source = 1"), 157);
    uint64_t before = sequence_now(f);
    run(f, "UPDATE product SET mpn = 'x' WHERE id IN (0, 63, 64, 9999)");
    struct marks m = since(f, before);
    assert_int_equal(m.count, 3);
    assert_true(marked(&m, CHANGE_PRODUCT, 0) && marked(&m, CHANGE_PRODUCT, 1) &&
                marked(&m, CHANGE_PRODUCT, 156));
}

static int stop(void *arg, enum change_source source, int64_t block)
{
    (void)source;
    (void)block;
    (*(int *)arg)++;
    return 42;
}

static void asks_for_some_sources_in_order(void **state)
{
    struct fixture *f = *state;
    rows(f);
    struct marks m = {0};
    ok(f, change_since(f->reader, 0, SOURCE_BIT(CHANGE_ORDER) | SOURCE_BIT(CHANGE_PRODUCT), collect, &m,
                       &f->err));
    assert_int_equal(m.count, 4);
    assert_true(m.source[0] == CHANGE_PRODUCT && m.block[0] == 0 && m.source[1] == CHANGE_PRODUCT &&
                m.block[1] == 1);
    assert_true(m.source[2] == CHANGE_ORDER && m.block[2] == 0 && m.source[3] == CHANGE_ORDER &&
                m.block[3] == 1);
    int calls = 0;
    assert_int_equal(change_since(f->reader, 0, ~(source_set)0, stop, &calls, &f->err), 42);
    assert_int_equal(calls, 1);
}

static void key_spaces(void **state)
{
    (void)state;
    assert_int_equal(change_source_space(CHANGE_PRODUCT), KEY_PRODUCT);
    assert_int_equal(change_source_space(CHANGE_SITE_PRODUCT), KEY_PRODUCT);
    assert_int_equal(change_source_space(CHANGE_CUSTOMER), KEY_CUSTOMER);
    assert_int_equal(change_source_space(CHANGE_ORDER), KEY_ORDER);
    assert_int_equal(change_source_space(CHANGE_CATEGORY), KEY_NONE);
    const struct tracked_table *t;
    for (size_t i = 0; (t = tracked_table_at(i)); i++)
        assert_int_equal(t->key != NULL, change_source_space(t->source) != KEY_NONE);
}

/* A relation's row shows the other product's code. */
static void relations_follow_the_other_product(void **state)
{
    static const struct {
        const char *sql;
        bool keys; /* foreign keys on */
        bool news;
    } steps[] = {
        {"UPDATE product SET sku = 'Q1' WHERE id = 1", true, true},
        {"UPDATE product SET sku = 'Q1' WHERE id = 1", true, false}, /* once more: nothing new */
        {"UPDATE product SET mpn = 'x' WHERE id = 1", true, false},
        {"UPDATE product SET sku = 'Q2' WHERE id = 2", true, false}, /* nobody relates to it */
        {"REPLACE INTO product (id, sku) VALUES (1, 'Q3')", false, true},
        {"UPDATE product SET id = 5 WHERE id = 1", false, true},
        {"UPDATE product SET id = 1 WHERE id = 5", false, true},
        {"REPLACE INTO product (id, sku) VALUES (7, 'Q3')", false, true},
        {"INSERT INTO product (id, sku) VALUES (1, 'P1')", false, true},
        {"DELETE FROM product WHERE id = 1", false, true},
        {"INSERT INTO product (id, sku) VALUES (1, 'P1')", false, true},
        {"DELETE FROM product WHERE id = 1", true, true}, /* by cascade */
    };
    struct fixture *f = *state;
    rows(f);
    run(f, "INSERT INTO product (id, sku) VALUES (2, 'P2');"
           "INSERT INTO product_relation (product_id, related_id) VALUES (70, 1)");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        run(f, steps[i].keys ? "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = OFF");
        uint64_t before = sequence_now(f);
        run(f, steps[i].sql);
        struct marks m = since(f, before);
        if (marked(&m, CHANGE_PRODUCT_RELATION, 1) != steps[i].news)
            fail_msg("%s: the relation is %s", steps[i].sql, steps[i].news ? "not marked" : "marked");
        assert_false(marked(&m, CHANGE_PRODUCT_RELATION, 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_table_marks_its_blocks, fixture_setup, fixture_teardown),
        cmocka_unit_test(every_tracked_table_has_a_case),
        cmocka_unit_test_setup_teardown(replace_marks_the_row_that_goes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(other_conflict_rules, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(image_bytes_count_through_the_image, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(cascades_are_marked, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(relations_follow_the_other_product, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(rollback_leaves_no_mark, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_record_is_bounded, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(asks_for_some_sources_in_order, fixture_setup, fixture_teardown),
        cmocka_unit_test(key_spaces),
    };
    return cmocka_run_group_tests_name("store_change", tests, NULL, NULL);
}
