/* What the views of goods say: price and its fallbacks, tiers, stock, languages, offers with variants. */
#include "store_test.h"

/* Product 1 plain, product 2 with variants 21 (own price), 22 (no price) and 23 (inactive, cheap). */
static void goods(struct fixture *f)
{
    small_shop(f);
    run(f,
        "INSERT INTO product (id, sku) VALUES (1, 'A'), (2, 'B');"
        "INSERT INTO variant (id, product_id, sku, active, position) VALUES (21, 2, 'B-1', 1, 2), (22, 2, "
        "'B-2', 1, 1), (23, 2, 'B-3', 0, 3);"
        "INSERT INTO price (product_id, variant_id, price_list_id, min_qty_e3, price_e4, old_price_e4) VALUES"
        " (1, 0, 1, 0, 125000, 150000), (1, 0, 1, 10000, 100000, NULL), (1, 0, 1, 50000, 75000, NULL), (1, "
        "0, 2, 0, 90000, NULL),"
        " (2, 21, 1, 0, 200000, 190000), (2, 23, 1, 0, 10000, NULL);");
}

static void prices(void **state)
{
    struct fixture *f = *state;
    goods(f);
    assert_string_equal(text(f, f->reader, "SELECT sku, price, old_price, currency FROM v_product"),
                        "A|12.5|15.0|UAH\nB|20.0|NULL|UAH");
    assert_string_equal(text(f, f->reader, "SELECT sku, price, old_price FROM v_offer ORDER BY sku"),
                        "A|12.5|15.0\nB-1|20.0|NULL\nB-2|NULL|NULL\nB-3|1.0|NULL");
    /* A variant without its own price has the product's. */
    run(f, "INSERT INTO price (product_id, price_list_id, price_e4, old_price_e4) VALUES (2, 1, 180000, "
           "185000)");
    assert_string_equal(text(f, f->reader, "SELECT price, old_price FROM v_product WHERE product_id = 2"),
                        "18.0|18.5");
    assert_string_equal(text(f, f->reader, "SELECT sku, price, old_price FROM v_variant ORDER BY position"),
                        "B-2|18.0|18.5\nB-1|20.0|NULL\nB-3|1.0|NULL");
    run(f, "UPDATE site SET price_list_id = 2");
    assert_string_equal(text(f, f->reader, "SELECT sku, price FROM v_product"), "A|9.0\nB|NULL");
}

static void tiers(void **state)
{
    struct fixture *f = *state;
    goods(f);
    assert_string_equal(text(f, f->reader,
                             "SELECT min_qty, max_qty, price, discount_percent FROM v_tier ORDER BY "
                             "product_id, variant_id, min_qty"),
                        "10.0|49.0|10.0|20.0\n50.0|NULL|7.5|40.0");
    run(f, "INSERT INTO price (product_id, price_list_id, price_e4) VALUES (2, 1, 200000);"
           "INSERT INTO price (product_id, variant_id, price_list_id, min_qty_e3, price_e4) VALUES (2, 22, "
           "1, 5000, 150000)");
    assert_string_equal(
        text(f, f->reader, "SELECT variant_id, price, discount_percent FROM v_tier WHERE product_id = 2"),
        "22|15.0|25.0");
    assert_string_equal(text(f, f->reader,
                             "SELECT price_list, min_qty, price FROM v_price WHERE product_id = 1 ORDER BY "
                             "price_list_id, min_qty"),
                        "retail|0.0|12.5\nretail|10.0|10.0\nretail|50.0|7.5\nwholesale|0.0|9.0");
}

static void stock(void **state)
{
    struct fixture *f = *state;
    goods(f);
    run(f, "INSERT INTO stock (product_id, variant_id, warehouse_id, on_hand_e3, reserved_e3) VALUES"
           " (1, 0, 1, 10000, 2500), (1, 0, 2, 5000, 0), (1, 0, 3, 0, 1000),"
           " (2, 21, 1, 3000, 0), (2, 22, 2, 1000, 2000), (2, 23, 1, 50000, 0)");
    /* Every warehouse where the site names none. */
    assert_string_equal(text(f, f->reader, "SELECT sku, stock FROM v_product"), "A|11.5\nB|2.0");
    assert_string_equal(text(f, f->reader, "SELECT sku, stock FROM v_offer ORDER BY sku"),
                        "A|11.5\nB-1|3.0\nB-2|0.0\nB-3|50.0");
    assert_string_equal(text(f, f->reader, "SELECT sku, stock FROM v_variant WHERE active ORDER BY sku"),
                        "B-1|3.0\nB-2|0.0");
    run(f, "INSERT INTO site_warehouse VALUES (1, 1), (1, 3)");
    assert_string_equal(text(f, f->reader, "SELECT sku, stock FROM v_product"), "A|6.5\nB|3.0");
    assert_string_equal(text(f, f->reader,
                             "SELECT warehouse, on_hand, reserved, available FROM v_stock WHERE product_id = "
                             "1 ORDER BY warehouse_id"),
                        "main|10.0|2.5|7.5\nthird|0.0|1.0|0.0");
    assert_string_equal(text(f, f->reader, "SELECT code FROM v_warehouse ORDER BY warehouse_id"),
                        "main\nthird");
    run(f, "UPDATE site SET stock_buffer_e3 = 4000");
    assert_string_equal(text(f, f->reader, "SELECT sku, stock FROM v_product"), "A|2.5\nB|0.0");
    run(f, "DELETE FROM stock");
    assert_string_equal(text(f, f->reader, "SELECT sku, stock FROM v_product"), "A|0.0\nB|0.0");
}

static void languages(void **state)
{
    struct fixture *f = *state;
    goods(f);
    assert_string_equal(text(f, f->reader, "SELECT name, slug, url FROM v_product WHERE product_id = 1"),
                        "A|1|https://shop.example/1");
    run(f, "INSERT INTO product_text (product_id, language, name, slug) VALUES (1, 'en', 'Cup', 'cup')");
    assert_string_equal(text(f, f->reader, "SELECT name, url FROM v_product WHERE product_id = 1"),
                        "Cup|https://shop.example/cup");
    run(f, "INSERT INTO product_text (product_id, language, name) VALUES (1, 'uk', 'Чашка'); UPDATE site SET "
           "product_url = 'https://shop.example/p/'");
    assert_string_equal(text(f, f->reader, "SELECT name, url FROM v_offer WHERE product_id = 1"),
                        "Чашка|https://shop.example/p/cup");

    run(f, "INSERT INTO category_text (category_id, language, name) VALUES (1, 'uk', 'Посуд'), (1, 'en', "
           "'Dishes'), (2, 'en', 'Cups');"
           "INSERT INTO product_category VALUES (1, 3, 1), (1, 2, 0)");
    assert_string_equal(
        text(f, f->reader, "SELECT category_id, name, level FROM v_category ORDER BY category_id"),
        "1|Посуд|1\n2|Cups|2\n3||3");
    assert_string_equal(text(f, f->reader,
                             "SELECT name FROM v_product_category_level WHERE product_id = 1 AND category_id "
                             "= 2 ORDER BY distance DESC"),
                        "Посуд\nCups");
    assert_string_equal(text(f, f->reader, "SELECT category_id FROM v_product WHERE product_id = 1"), "2");

    /* Of an attribute: the site's language, else every language, else the fallback. */
    run(f,
        "INSERT INTO attribute (id, code) VALUES (1, 'colour'), (2, 'size'), (3, 'made'), (4, 'care');"
        "INSERT INTO attribute_text (attribute_id, language, name, unit) VALUES (1, 'en', 'Colour', ''), (2, "
        "'uk', 'Розмір', 'мм');"
        "INSERT INTO product_attribute (product_id, attribute_id, language, value_no, value) VALUES"
        " (1, 1, 'uk', 0, 'синій'), (1, 1, 'uk', 1, 'білий'), (1, 1, 'en', 0, 'blue'), (1, 1, '', 0, '#00f'),"
        " (1, 2, '', 0, '42'), (1, 2, 'en', 0, '42 mm'), (1, 3, 'en', 0, 'Cyprus'), (1, 4, 'cs', 0, 'x')");
    assert_string_equal(
        text(f, f->reader,
             "SELECT name, unit, value FROM v_attribute ORDER BY product_id, attribute_id, value_no"),
        "Colour||синій\nColour||білий\nРозмір|мм|42\nmade||Cyprus");
}

static void what_is_active(void **state)
{
    struct fixture *f = *state;
    goods(f);
    const char *offers = "SELECT offer_id, variant_id, product_sku, active, is_variant FROM v_offer ORDER BY "
                         "product_id, variant_id";
    assert_string_equal(text(f, f->reader, offers), "1|0|A|1|0\n2-21|21|B|1|1\n2-22|22|B|1|1\n2-23|23|B|0|1");
    assert_string_equal(text(f, f->reader, "SELECT active, variants FROM v_product"), "1|0\n1|2");
    run(f, "INSERT INTO site_product (product_id, variant_id, site_id, hidden) VALUES (2, 22, 1, 1)");
    assert_string_equal(text(f, f->reader, offers), "1|0|A|1|0\n2-21|21|B|1|1\n2-22|22|B|0|1\n2-23|23|B|0|1");
    /* A product hidden hides its variants. */
    run(f, "INSERT INTO site_product (product_id, site_id, hidden) VALUES (2, 1, 1)");
    assert_string_equal(text(f, f->reader, offers), "1|0|A|1|0\n2-21|21|B|0|1\n2-22|22|B|0|1\n2-23|23|B|0|1");
    assert_int_equal(number(f, f->reader, "SELECT sum(active) FROM v_variant"), 0);
    /* On another site it is not. */
    run(f, "INSERT INTO site (id, name, language, currency, price_list_id) VALUES (2, 'b', 'en', 'UAH', 2)");
    assert_int_equal(number(f, f->reader, "SELECT sum(active) FROM v_offer WHERE site_id = 2"), 3);
    run(f, "DELETE FROM site_product; UPDATE product SET active = 0 WHERE id = 2");
    assert_int_equal(number(f, f->reader, "SELECT sum(active) FROM v_offer WHERE site_id = 1"), 1);
    assert_int_equal(number(f, f->reader, "SELECT sum(active) FROM v_variant WHERE site_id = 1"), 0);
}

static void pictures_and_barcodes(void **state)
{
    struct fixture *f = *state;
    goods(f);
    run(f, "INSERT INTO image (product_id, variant_id, position, name) VALUES (2, 0, 2, 'b.jpg'), (2, 0, 1, "
           "'main.jpg'), (2, 21, 1, 'v.jpg');"
           "INSERT INTO barcode (product_id, variant_id, barcode, position) VALUES (2, 0, '222', 0), (2, 0, "
           "'111', 0), (2, 21, '333', 0)");
    assert_string_equal(text(f, f->reader, "SELECT image, barcode FROM v_product WHERE product_id = 2"),
                        "main.jpg|111");
    assert_string_equal(
        text(f, f->reader, "SELECT image, barcode FROM v_offer WHERE product_id = 2 ORDER BY variant_id"),
        "v.jpg|333\nmain.jpg|NULL\nmain.jpg|NULL");
    assert_string_equal(text(f, f->reader, "SELECT url FROM v_image WHERE variant_id = 21"),
                        "https://shop.example/images/v.jpg");
}

static void orders_and_customers(void **state)
{
    struct fixture *f = *state;
    goods(f);
    run(f, "INSERT INTO customer (id, name, email, phone) VALUES (1, 'Олена', ' Olena@Shop.Example ', '+38 "
           "(067) 123-45-67');"
           "INSERT INTO customer_site VALUES (1, '77', 1);"
           "INSERT INTO orders (id, site_id, number, content_hash, currency, mapping, customer_id, total_e4, "
           "lines_total_e4)"
           " VALUES (5, 1, 'N1', '', 'UAH', '', 1, 255000, 250000);"
           "INSERT INTO order_line (order_id, position, product_id, quantity_e3, price_e4, total_e4) VALUES "
           "(5, 1, 1, 2000, 125000, 250000)");
    assert_string_equal(
        text(f, f->reader, "SELECT site_id, number, status, total, file_total, customer, lines FROM v_order"),
        "1|N1|new|25.0|25.5|Олена|1");
    assert_string_equal(text(f, f->reader, "SELECT site_id, quantity, price, total FROM v_order_line"),
                        "1|2.0|12.5|25.0");
    assert_string_equal(text(f, f->reader, "SELECT external_id, price_list FROM v_customer"), "77|NULL");
    assert_string_equal(text(f, f->reader, "SELECT email_key, phone_key FROM customer"),
                        "olena@shop.example|671234567");
}

/* A delivery is free from a price with VAT, and not for what is too heavy. */
static void deliveries(void **state)
{
    struct fixture *f = *state;
    static const char rows[] =
        "SELECT product_id, variant_id, code, price, cod_price FROM v_offer_delivery ORDER BY 1, 2, position";

    goods(f);
    run(f,
        "INSERT INTO delivery (site_id, code, price_e4, cod_price_e4, free_from_e4, max_weight_e3, position)"
        " VALUES (1, 'PPL', 50000, 70000, 200000, NULL, 2), (1, 'BOX', 30000, NULL, NULL, 1000, 1);"
        "UPDATE product SET weight_e3 = 1000; UPDATE variant SET weight_e3 = 1001 WHERE id = 21;"
        "DELETE FROM variant WHERE id = 23");
    assert_string_equal(text(f, f->reader, rows), "1|0|BOX|3.0|NULL\n1|0|PPL|5.0|7.0\n2|21|PPL|0|2.0\n"
                                                  "2|22|BOX|3.0|NULL\n2|22|PPL|5.0|7.0");
    run(f, "UPDATE price SET price_e4 = 190000 WHERE variant_id = 21");
    assert_string_equal(text(f, f->reader, "SELECT price FROM v_offer_delivery WHERE variant_id = 21"),
                        "5.0");
    run(f, "UPDATE price_list SET vat_included = 0 WHERE id = 1; INSERT INTO vat_rate (id, code, percent_e2) "
           "VALUES (9, 'nine', 1000); UPDATE product SET vat_rate_id = 9");
    assert_string_equal(text(f, f->reader, "SELECT price FROM v_offer_delivery WHERE variant_id = 21"), "0");
}

/* A category has a marketplace's code of its own, else that of the nearest above it. */
static void codes_of_marketplaces(void **state)
{
    struct fixture *f = *state;

    small_shop(f);
    run(f, "INSERT INTO category_code (category_id, market, code, name) VALUES (1, 'a', '10', NULL), (3, "
           "'a', '30', "
           "'three'), (2, 'b', NULL, 'two')");
    assert_string_equal(
        text(f, f->reader,
             "SELECT category_id, market, code, name, distance FROM v_category_code ORDER BY 2, 1"),
        "1|a|10|NULL|0\n2|a|10|NULL|1\n3|a|30|three|0\n2|b|NULL|two|0\n3|b|NULL|two|1");
}

static void names_of_countries(void **state)
{
    struct fixture *f = *state;

    goods(f);
    run(f, "UPDATE product SET country = CASE id WHEN 1 THEN 'CZ' ELSE 'XX' END;"
           "INSERT INTO country VALUES ('CZ', 'CZE'); INSERT INTO country_text VALUES ('CZ', 'uk', 'Чехія')");
    assert_string_equal(
        text(f, f->reader, "SELECT country_name, country_code3 FROM v_product ORDER BY product_id"),
        "Чехія|CZE\nXX|NULL");
    assert_string_equal(text(f, f->reader, "SELECT DISTINCT country_name FROM v_offer ORDER BY product_id"),
                        "Чехія\nXX");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(prices, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(tiers, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(stock, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(languages, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_is_active, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(pictures_and_barcodes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(orders_and_customers, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(deliveries, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(codes_of_marketplaces, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(names_of_countries, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("store_view", tests, NULL, NULL);
}
