/* The rules the tables keep whoever writes: exact numbers, variants of their product, the category tree. */
#include "store_test.h"

#include <errno.h>

static void refused(struct fixture *f, const char *sql, int code, const char *part)
{
    int r = db_exec(f->writer, sql, &f->err);
    if (r != code)
        fail_msg("%s: %d %s", sql, r, r < 0 ? f->err.message : "accepted");
    if (!strstr(f->err.message, part))
        fail_msg("%s: '%s' does not say '%s'", sql, f->err.message, part);
}

static void goods(struct fixture *f)
{
    small_shop(f);
    run(f, "INSERT INTO product (id, sku) VALUES (1, 'A'), (2, 'B');"
           "INSERT INTO variant (id, product_id, sku) VALUES (10, 1, 'A-1'), (11, 1, 'A-2');"
           "INSERT INTO attribute (id, code) VALUES (1, 'colour');");
}

static void numbers_are_exact(void **state)
{
    struct fixture *f = *state;
    goods(f);
    refused(f, "INSERT INTO price (product_id, price_list_id, price_e4) VALUES (1, 1, 12.5)", -EDOM,
            "price_e4 is a whole number of ten-thousandths");
    refused(f, "INSERT INTO price (product_id, price_list_id, price_e4) VALUES (1, 1, '12,50')", -EDOM,
            "ten-thousandths");
    refused(f, "INSERT INTO price (product_id, price_list_id, price_e4) VALUES (1, 1, -1)", -EDOM,
            "ten-thousandths");
    refused(f, "INSERT INTO price (product_id, price_list_id, price_e4) VALUES (1, 1, NULL)", -EDOM,
            "price_e4");
    refused(f, "INSERT INTO price (product_id, price_list_id, price_e4, old_price_e4) VALUES (1, 1, 1, -1)",
            -EDOM, "old_price_e4");
    refused(f, "INSERT INTO price (product_id, price_list_id, min_qty_e3, price_e4) VALUES (1, 1, 0.5, 1)",
            -EDOM, "thousandths");
    refused(f, "INSERT INTO stock (product_id, warehouse_id, on_hand_e3) VALUES (1, 1, 1.5)", -EDOM,
            "on_hand_e3");
    refused(f, "INSERT INTO stock (product_id, warehouse_id, reserved_e3) VALUES (1, 1, 'many')", -EDOM,
            "reserved_e3");
    refused(f, "INSERT INTO currency (code) VALUES ('uah')", -EDOM, "three capital letters");
    refused(f, "INSERT INTO currency (code, rate_e6) VALUES ('EUR', 0)", -EDOM, "rate_e6");
    refused(f, "INSERT INTO vat_rate (code, percent_e2) VALUES ('x', 20.5)", -EDOM, "percent_e2");
    refused(f, "UPDATE product SET weight_e3 = 1.5", -EDOM, "grams");
    refused(f, "UPDATE product SET length_mm = 1.5", -EDOM, "length_mm");
    refused(f,
            "INSERT INTO order_line (order_id, position, quantity_e3, price_e4, total_e4) VALUES (1, 1, 1.5, "
            "1, 1)",
            -EDOM, "quantity_e3");
    /* Text and floating point that is a whole number is taken as one. */
    run(f,
        "INSERT INTO price (product_id, price_list_id, price_e4) VALUES (1, 1, '125000'), (2, 1, 125000.0)");
    assert_string_equal(text(f, f->writer, "SELECT DISTINCT typeof(price_e4), price_e4 FROM price"),
                        "integer|125000");
}

static void a_variant_belongs_to_its_product(void **state)
{
    struct fixture *f = *state;
    goods(f);
    static const char *const tables[][2] = {
        {"price", "(product_id, variant_id, price_list_id, price_e4) VALUES (%d, %d, 1, 1)"},
        {"stock", "(product_id, variant_id, warehouse_id) VALUES (%d, %d, 1)"},
        {"product_attribute", "(product_id, variant_id, attribute_id, value) VALUES (%d, %d, 1, 'x')"},
        {"barcode", "(product_id, variant_id, barcode) VALUES (%d, %d, 'x')"},
        {"image", "(product_id, variant_id, name) VALUES (%d, %d, 'x' || abs(random()))"},
        {"site_product", "(product_id, variant_id, site_id) VALUES (%d, %d, 1)"},
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char format[160], sql[200];
        snprintf(format, sizeof format, "INSERT INTO %s %s", tables[i][0], tables[i][1]);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(sql, sizeof sql, format, 2, 10);
        refused(f, sql, -EDOM, ".variant_id is not a variant of this product");
        snprintf(sql, sizeof sql, format, 1, 99);
        refused(f, sql, -EDOM, ".variant_id is not a variant of this product");
        snprintf(sql, sizeof sql, format, 1, 10);
        run(f, sql);
#pragma GCC diagnostic pop
        snprintf(sql, sizeof sql, "UPDATE %s SET product_id = 2", tables[i][0]);
        refused(f, sql, -EDOM, ".variant_id is not a variant of this product");
        snprintf(sql, sizeof sql, "UPDATE %s SET variant_id = 99", tables[i][0]);
        refused(f, sql, -EDOM, ".variant_id is not a variant of this product");
        snprintf(sql, sizeof sql, "UPDATE %s SET variant_id = 11", tables[i][0]);
        run(f, sql);
    }
    refused(f, "UPDATE variant SET product_id = 2 WHERE id = 10", -EDOM, "cannot be moved");
    refused(f, "UPDATE variant SET id = 12 WHERE id = 10", -EDOM, "cannot be moved");
    refused(f, "INSERT INTO variant (id, product_id, sku) VALUES (0, 1, 'x')", -EDOM, "id > 0");
    run(f, "DELETE FROM variant WHERE id = 11");
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", tables[i][0]);
        assert_int_equal(number(f, f->writer, sql), 0);
    }
}

/* What the closure must be, computed from the parents alone. */
static void closure_is_right(struct fixture *f)
{
    assert_int_equal(
        number(
            f, f->writer,
            "WITH RECURSIVE up (category_id, ancestor_id, distance) AS ("
            " SELECT id, id, 0 FROM category UNION ALL"
            " SELECT up.category_id, c.parent_id, distance + 1 FROM up JOIN category c ON c.id = "
            "up.ancestor_id"
            " WHERE c.parent_id IS NOT NULL AND EXISTS (SELECT 1 FROM category p WHERE p.id = c.parent_id))"
            " SELECT (SELECT count(*) FROM (SELECT * FROM up EXCEPT SELECT * FROM category_path))"
            " + (SELECT count(*) FROM (SELECT * FROM category_path EXCEPT SELECT * FROM up))"),
        0);
}

static void category_closure(void **state)
{
    struct fixture *f = *state;
    small_shop(f);
    closure_is_right(f);
    run(f, "INSERT INTO category (id, parent_id) VALUES (4, 3), (5, 3), (6, NULL), (7, 6), (8, 5)");
    closure_is_right(f);
    run(f, "UPDATE category SET parent_id = 7 WHERE id = 3");
    closure_is_right(f);
    assert_string_equal(text(f, f->writer,
                             "SELECT group_concat(ancestor_id) FROM (SELECT ancestor_id FROM category_path"
                             " WHERE category_id = 8 ORDER BY distance DESC)"),
                        "6,7,3,5,8");
    run(f, "UPDATE category SET parent_id = NULL WHERE id = 3");
    closure_is_right(f);
    run(f, "UPDATE category SET parent_id = 1 WHERE parent_id IS NULL AND id <> 1");
    closure_is_right(f);
    run(f, "DELETE FROM category WHERE id = 8");
    closure_is_right(f);
    refused(f, "DELETE FROM category WHERE id = 3", -EDOM, "FOREIGN KEY");
    closure_is_right(f);
}

static void no_category_is_below_itself(void **state)
{
    struct fixture *f = *state;
    small_shop(f);
    refused(f, "UPDATE category SET parent_id = 3 WHERE id = 1", -EDOM, "below itself");
    refused(f, "UPDATE category SET parent_id = 2 WHERE id = 2", -EDOM, "below itself");
    refused(f, "INSERT INTO category (id, parent_id) VALUES (9, 9)", -EDOM, "below itself");
    refused(f, "UPDATE category SET id = 9 WHERE id = 3", -EDOM, "cannot be changed");
    run(f, "PRAGMA foreign_keys = OFF; INSERT INTO category (id, parent_id) VALUES (20, 21)");
    refused(f, "INSERT INTO category (id, parent_id) VALUES (21, 20)", -EDOM, "below itself");
    closure_is_right(f);
}

/* As a program does that sets nothing and loads a tree as it comes. */
static void categories_in_any_order(void **state)
{
    struct fixture *f = *state;
    small_shop(f);
    run(f, "PRAGMA foreign_keys = OFF; PRAGMA recursive_triggers = OFF;"
           "INSERT INTO category (id, parent_id) VALUES (14, 13), (12, 11), (13, 12), (11, NULL)");
    closure_is_right(f);
    assert_int_equal(number(f, f->writer, "SELECT count(*) FROM category_path WHERE category_id = 14"), 4);
    run(f, "REPLACE INTO category (id, parent_id) VALUES (13, 1)");
    closure_is_right(f);
    run(f, "DELETE FROM category WHERE id = 12");
    closure_is_right(f);
    run(f, "DELETE FROM category WHERE id = 1");
    closure_is_right(f);
}

static void picture_names(void **state)
{
    struct fixture *f = *state;
    goods(f);
    static const char *const bad[] = {
        "''",
        "'.'",
        "'..'",
        "'a/b'",
        "'a' || char(10)",
        "'a' || char(127)",
        "'a' || char(0) || 'b'",
        "printf('%.201c', 'x')",
        "printf('%.101c', 'x') || 'жжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжжж'"};
    char sql[400];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(sql, sizeof sql, "INSERT INTO image (product_id, name) VALUES (1, %s)", bad[i]);
        refused(f, sql, -EDOM, "plain file name");
    }
    run(f, "INSERT INTO image (id, product_id, name) VALUES (1, 1, 'Фото 1 (-.jpg')");
    refused(f, "INSERT INTO image_data VALUES (1, 'text')", -EDOM, "content is a blob");
    refused(f, "INSERT INTO site (name, language, currency, price_list_id) VALUES ('.x', 'uk', 'UAH', 1)",
            -EDOM, "plain directory name");
}

static void status_history(void **state)
{
    struct fixture *f = *state;
    small_shop(f);
    run(f, "INSERT INTO orders (id, site_id, number, content_hash, currency, mapping) VALUES (1, 1, 'N1', "
           "'', 'UAH', '');"
           "UPDATE orders SET status = 'accepted'; UPDATE orders SET status = 'accepted'; UPDATE orders SET "
           "status = 'shipped';");
    assert_string_equal(text(f, f->writer, "SELECT status, source FROM order_status ORDER BY id"),
                        "new|intake\naccepted|database\nshipped|database");
    assert_int_equal(number(f, f->writer, "SELECT modified IS NOT NULL FROM orders"), 1);
    run(f, "UPDATE orders SET status = 'paid', modified = '2026-01-02 03:04:05'");
    assert_string_equal(text(f, f->writer, "SELECT modified FROM orders"), "2026-01-02 03:04:05");
    refused(f, "UPDATE orders SET status = 'lost'", -EDOM, "status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_are_exact, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_variant_belongs_to_its_product, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(category_closure, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(no_category_is_below_itself, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(categories_in_any_order, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(picture_names, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(status_history, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("store_schema", tests, NULL, NULL);
}
