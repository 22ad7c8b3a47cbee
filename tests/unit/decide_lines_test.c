/* Lines find their products, take what the file lacks from the catalogue, and hold stock. */
#include "decide_test.h"

static struct order_line *only_line(struct order *o)
{
    struct order_line *l = &o->lines[0];
    set(&l->code, NULL);
    return l;
}

static void expect_match(struct fixture *f, struct order *o, const char *expected)
{
    static unsigned n;
    char number_text[16], sql[256];
    snprintf(number_text, sizeof number_text, "M%u", n++);
    set(&o->number, number_text);
    decided(f, number_text, o, VERDICT_ACCEPTED);
    snprintf(sql, sizeof sql,
             "SELECT product_id, variant_id, matched_by FROM order_line JOIN orders ON id = order_id WHERE "
             "number = '%s'",
             number_text);
    assert_string_equal(text(f, f->reader, sql), expected);
    order_release(o);
}

static void test_match_rules(void **state)
{
    struct fixture *f = *state;
    goods(f);
    static const struct {
        const char *code, *barcode, *external_id, *expected;
    } cases[] = {
        {"TEA", NULL, NULL, "1|0|sku"},
        {"CUP-B", NULL, NULL, "2|22|sku"},
        {"TEA", "4820000000024", NULL, "1|0|sku"}, /* the code comes first */
        {NULL, "4820000000017", NULL, "1|0|barcode"},
        {"nothing", "4820000000024", NULL, "2|22|barcode"},
        {"4820000000024", NULL, NULL, "2|22|barcode"}, /* a barcode where the code should be */
        {NULL, NULL, "ext-tea", "1|0|external-id"},
        {NULL, NULL, "ext-red", "2|21|external-id"},
        {NULL, NULL, "ext-cup#ext-red", "2|21|external-id"},
        {NULL, NULL, "ext-cup#", "2|0|external-id"},
        {NULL, NULL, "ext-cup#ext-cup", "2|0|external-id"},
        {"CUP#CUP-B", NULL, NULL, "2|22|external-id"},
        {NULL, NULL, "ext-tea#ext-red", "NULL|0|NULL"}, /* a variant of another product */
        {NULL, NULL, "ext-cup#none", "NULL|0|NULL"},
        {"web-4", NULL, NULL, "4|0|site-code"},
        {NULL, NULL, "web-4", "4|0|site-code"},
        {"tea", NULL, NULL, "NULL|0|NULL"}, /* codes are exact */
        {NULL, "SHARED", NULL, "NULL|0|NULL"},
        {"web-4", "SHARED", NULL, "4|0|site-code"}, /* an ambiguous rule is passed over */
        {"", "", "", "NULL|0|NULL"},
        {"#", NULL, "#x", "NULL|0|NULL"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct order o = tea_order("x");
        struct order_line *l = only_line(&o);
        set(&l->code, cases[i].code);
        set(&l->barcode, cases[i].barcode);
        set(&l->external_id, cases[i].external_id);
        expect_match(f, &o, cases[i].expected);
    }
    /* A code of another web shop is none of ours. */
    run(f,
        "INSERT INTO site (id, name, language, currency, price_list_id) VALUES (2, 'other', 'uk', 'UAH', 1);"
        "INSERT INTO site_product (product_id, site_id, code) VALUES (1, 2, 'other-1')");
    struct order o = tea_order("x");
    set(&o.lines[0].code, "other-1");
    expect_match(f, &o, "NULL|0|NULL");
}

/* The web shop's own id of a product is no name of ours: only what a site calls it is compared. */
static void test_the_shops_own_id(void **state)
{
    struct fixture *f = *state;
    goods(f);
    run(f, "UPDATE product SET external_id = '158' WHERE id = 1;"
           "UPDATE product SET sku = '159' WHERE id = 2;");
    struct order o = tea_order("1");
    set(&o.lines[0].code, NULL);
    set(&o.lines[0].shop_id, "158");
    struct order_line *l = add_line(&o, NULL, 1000, 10000);
    set(&l->shop_id, "159");
    l = add_line(&o, NULL, 1000, 10000);
    set(&l->shop_id, "web-4");
    assert_contains(decided(f, "a", &o, VERDICT_ACCEPTED), "line 1: no product has the code '158'");
    order_release(&o);
    assert_string_equal(
        text(f, f->reader, "SELECT shop_id, product_id, matched_by FROM order_line ORDER BY position"),
        "158|NULL|NULL\n159|NULL|NULL\nweb-4|4|site-code");
}

static void test_same_code_on_product_and_its_variant(void **state)
{
    struct fixture *f = *state;
    goods(f);
    run(f, "UPDATE variant SET sku = 'CUP' WHERE id = 21");
    struct order o = tea_order("x");
    set(&o.lines[0].code, "CUP");
    expect_match(f, &o, "2|21|sku"); /* what one can buy is the variant */
}

static void test_catalogue_fills_gaps(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    add_line(&o, "CUP-R", 1000, 100000)->price_has_vat = false;
    struct order_line *own = add_line(&o, "TEA", 1000, 100000);
    set(&own->name, "Their own name");
    set(&own->unit, "kg");
    own->has_vat = true;
    own->vat_percent_e2 = 700;
    decided(f, "1", &o, VERDICT_ACCEPTED);
    order_release(&o);
    assert_string_equal(
        text(f, f->reader,
             "SELECT name, unit, vat_percent_e2, price_net_e4, price_e4, total_e4 FROM order_line"),
        "Чай|шт|2000|415833|499000|998000\n"
        "Cup|шт|2000|100000|120000|120000\n" /* no Ukrainian name: the fallback language */
        "Their own name|kg|700|93458|100000|100000");
}

static void test_unknown_code_is_kept_as_text(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    set(&add_line(&o, "GONE", 1000, 10000)->name, "Something");
    add_line(&o, NULL, 1000, 10000)->kind = LINE_SHIPPING;
    const char *said = decided(f, "1", &o, VERDICT_ACCEPTED);
    assert_contains(said,
                    "warning: line 2: no product has the code 'GONE'; kept as text, nothing reserved\n");
    assert_lacks(said, "line 3: no");
    order_release(&o);
    assert_string_equal(
        text(f, f->reader, "SELECT code, name, kind, reserved_e3 FROM order_line WHERE product_id IS NULL"),
        "GONE|Something|product|0\nNULL|shipping|shipping|0");
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM order_warning"), 1);
}

static void test_reserve_where_most_is_free(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    decided(f, "1", &o, VERDICT_ACCEPTED);
    order_release(&o);
    assert_string_equal(reserved(f), "1|0|1|2000");
    assert_string_equal(text(f, f->reader, "SELECT warehouse_id, reserved_e3 FROM order_line"), "1|2000");

    run(f, "UPDATE stock SET on_hand_e3 = 5000 WHERE warehouse_id = 1"); /* 3 free against 4 */
    o = tea_order("2");
    decided(f, "2", &o, VERDICT_ACCEPTED);
    order_release(&o);
    assert_string_equal(reserved(f), "1|0|1|2000\n1|0|2|2000");

    /* Only what the site sells from counts. */
    run(f, "INSERT INTO site_warehouse VALUES (1, 3)");
    o = tea_order("3");
    assert_contains(decided(f, "3", &o, VERDICT_ACCEPTED),
                    "warning: line 1: short of stock: 2 ordered, 0 free in warehouse 'third'\n");
    order_release(&o);
    assert_string_equal(reserved(f), "1|0|1|2000\n1|0|2|2000\n1|0|3|2000");
    assert_int_equal(number(f, f->reader, "SELECT on_hand_e3 FROM stock WHERE warehouse_id = 3"), 0);

    /* The site's order warehouse is taken even when it is short. */
    run(f, "UPDATE site SET order_warehouse_id = 2");
    o = tea_order("4");
    o.lines[0].quantity_e3 = 9500;
    assert_contains(decided(f, "4", &o, VERDICT_ACCEPTED), "9.5 ordered, 2 free in warehouse 'second'");
    order_release(&o);
    assert_int_equal(
        number(f, f->reader, "SELECT reserved_e3 FROM stock WHERE warehouse_id = 2 AND product_id = 1"),
        11500);
}

static void test_what_does_not_reserve(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    o.lines[0].quantity_e3 = -1000;                          /* a return */
    add_line(&o, "DELIVERY", 1000, 500000);                  /* a service */
    add_line(&o, "TEA", 1000, 500000)->kind = LINE_DISCOUNT; /* not goods, whatever its code */
    decided(f, "1", &o, VERDICT_ACCEPTED);
    order_release(&o);
    o = tea_order("2");
    set(&o.status, "delivered"); /* gone already */
    decided(f, "2", &o, VERDICT_ACCEPTED);
    order_release(&o);
    o = tea_order("3");
    o.cancelled = true;
    assert_contains(decided(f, "3", &o, VERDICT_ACCEPTED), "status: cancelled");
    order_release(&o);
    assert_string_equal(reserved(f), "");
    assert_string_equal(text(f, f->reader, "SELECT status FROM orders"), "new\ndelivered\ncancelled");
}

static void test_no_warehouse_at_all(void **state)
{
    struct fixture *f = *state;
    goods(f);
    run(f, "DELETE FROM stock; DELETE FROM warehouse");
    struct order o = tea_order("1");
    assert_contains(decided(f, "1", &o, VERDICT_ACCEPTED), "no warehouse to reserve in");
    order_release(&o);
}

static void test_exported_stock_falls_at_once(void **state)
{
    struct fixture *f = *state;
    goods(f);
    assert_string_equal(text(f, f->reader, "SELECT stock FROM v_product WHERE product_id = 1"), "14.0");
    struct order o = tea_order("1");
    decided(f, "1", &o, VERDICT_ACCEPTED);
    order_release(&o);
    assert_string_equal(text(f, f->reader, "SELECT stock FROM v_product WHERE product_id = 1"), "12.0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_match_rules, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_shops_own_id, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_same_code_on_product_and_its_variant, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_catalogue_fills_gaps, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_unknown_code_is_kept_as_text, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_reserve_where_most_is_free, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_does_not_reserve, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_no_warehouse_at_all, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_exported_stock_falls_at_once, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
