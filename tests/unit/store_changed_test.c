/* What changed since a stated point, by product and day, and what was deleted. */
#include "store_test.h"

#include "store/changes.h"

/* "1,63" of the products with a true column. */
static void assert_products(struct fixture *f, const char *column, const char *expected)
{
    auto_buf sql = BUF_INIT, out = BUF_INIT;
    struct stmt *st;
    int rc;

    buf_addf(&sql, "SELECT product_id FROM v_product WHERE site_id = 1 AND %s = 1 ORDER BY 1", column);
    ok(f, db_prepare(f->reader, &st, buf_str(&sql), &f->err));
    while ((rc = stmt_step(st, &f->err)) == 1)
        buf_addf(&out, "%s%lld", out.len ? "," : "", (long long)stmt_int(st, 0));
    ok(f, rc);
    stmt_free(st);
    assert_string_equal(buf_str(&out), expected);
}

/* Products 1, 2, 63, 64, 127; nothing changed for long. */
static void old_goods(struct fixture *f)
{
    small_shop(f);
    run(f, "INSERT INTO product (id, sku, external_id) VALUES (1, 'P1', 'E1'), (2, 'P2', 'E2'), (63, 'P63', "
           "NULL),"
           " (64, 'P64', 'E64'), (127, 'P127', 'E127');"
           "INSERT INTO price (product_id, price_list_id, price_e4) SELECT id, 1, 10000 FROM product;"
           "UPDATE change_today SET first = 0; UPDATE change_mark SET keys = 0");
}

/* As if everything had happened so many days earlier. */
static void days_pass(struct fixture *f, int days)
{
    auto_buf sql = BUF_INIT;

    buf_addf(
        &sql,
        "UPDATE change_day SET day = day - %d; UPDATE change_today SET day = day - %d, first = max(0, first "
        "- %d);"
        "UPDATE deleted_product SET day = day - %d; UPDATE change_sequence SET second = second - %d * 86400;"
        "UPDATE language SET name = name || '.'", /* any change begins the day */
        days, days, days, days, days);
    run(f, buf_str(&sql));
}

static void what_is_not_known_counts(void **state)
{
    struct fixture *f = *state;

    small_shop(f);
    run(f, "INSERT INTO product (id, sku) VALUES (1, 'P1'), (2, 'P2')");
    assert_products(f, "changed", "1,2");
    days_pass(f, 3);
    assert_products(f, "changed", "1,2");
    assert_products(f, "stock_changed", "1,2");
    days_pass(f, 5);
    assert_products(f, "changed", "");
    assert_products(f, "price_changed", "");
}

static void by_product_and_kind(void **state)
{
    struct fixture *f = *state;

    old_goods(f);
    assert_products(f, "changed", "");
    run(f, "UPDATE price SET price_e4 = 20000 WHERE product_id = 63");
    assert_products(f, "changed", "63");
    assert_products(f, "price_changed", "63");
    assert_products(f, "stock_changed", "");
    run(f, "UPDATE price SET price_e4 = 10000 WHERE product_id = 1"); /* as it was */
    assert_products(f, "changed", "63");
    run(f, "INSERT INTO stock (product_id, warehouse_id, on_hand_e3) VALUES (64, 1, 1000);"
           "INSERT INTO product_text (product_id, language, name) VALUES (127, 'uk', 'x')");
    assert_products(f, "changed", "63,64,127");
    assert_products(f, "stock_changed", "64");
}

static void by_day(void **state)
{
    struct fixture *f = *state;
    auto_buf sql = BUF_INIT;

    old_goods(f);
    run(f, "UPDATE product SET mpn = 'a' WHERE id = 2");
    days_pass(f, 3);
    assert_products(f, "changed", "2");
    run(f, "UPDATE product SET mpn = 'a' WHERE id = 64");
    assert_products(f, "changed", "2,64");
    run(f, "UPDATE site SET changes_days = 2");
    assert_products(f, "changed", "64");
    run(f, "UPDATE site SET changes_days = 3");
    assert_products(f, "changed", "2,64");
    run(f, "UPDATE site SET changes_since = date('now', '-2 days')");
    assert_products(f, "changed", "64");
    run(f, "UPDATE site SET changes_since = date('now', '-3 days')");
    assert_products(f, "changed", "2,64");
    run(f, "UPDATE site SET changes_since = NULL, changes_days = 60");
    days_pass(f, 56);
    assert_products(f, "changed", "2,64");
    days_pass(f, 3); /* product 2 was 62 days ago: no longer kept, and neither is the point that far back */
    assert_products(f, "changed", "64");
    assert_true(db_exec(f->writer, "UPDATE site SET changes_since = 'soon'", &f->err) < 0);
    error_release(&f->err);
}

static void replace_keeps_the_others(void **state)
{
    struct fixture *f = *state;

    old_goods(f);
    run(f, "UPDATE product SET mpn = 'a' WHERE id = 2;"
           "REPLACE INTO product (id, sku, external_id) VALUES (200, 'P1', 'E1')");
    assert_products(f, "changed", "2,200");
}

static void assert_deleted(struct fixture *f, const char *expected)
{
    auto_buf out = BUF_INIT;
    struct stmt *st;

    ok(f, db_prepare(f->reader, &st,
                     "SELECT sku || ' ' || coalesce(external_id, '-') || ' ' || "
                     "coalesce(product_external_id, '-') || ' ' ||"
                     " is_variant FROM v_deleted WHERE site_id = 1 ORDER BY product_id, variant_id",
                     &f->err));
    while (stmt_step(st, &f->err) == 1)
        buf_addf(&out, "%s\n", stmt_text(st, 0, NULL));
    stmt_free(st);
    assert_string_equal(buf_str(&out), expected);
}

static void deleted(void **state)
{
    struct fixture *f = *state;

    old_goods(f);
    run(f, "PRAGMA foreign_keys = ON;"
           "INSERT INTO variant (id, product_id, sku, external_id) VALUES (7, 64, 'V7', 'EV7'), (8, 64, "
           "'V8', NULL), (9, 1, 'V9', NULL)");
    assert_deleted(f, "");
    run(f, "DELETE FROM product WHERE id IN (63, 64); DELETE FROM variant WHERE id = 9");
    assert_deleted(f, "V9 - E1 1\nP63 - - 0\nP64 E64 E64 0\nV7 EV7 E64 1\nV8 - E64 1\n");
    run(f, "INSERT INTO product (id, sku, external_id) VALUES (300, 'other', 'E64'), (301, 'P63', NULL)");
    assert_deleted(f, "V9 - E1 1\nV7 EV7 E64 1\nV8 - E64 1\n");
    days_pass(f, 8);
    assert_deleted(f, "");
    run(f, "UPDATE site SET changes_days = 30");
    assert_deleted(f, "V9 - E1 1\nV7 EV7 E64 1\nV8 - E64 1\n");
    days_pass(f, 61);
    ok(f, db_exec(f->writer, "UPDATE language SET name = name || '.'", &f->err));
    run(f, "UPDATE site SET changes_since = '2000-01-01'");
    assert_deleted(f, "");
}

static void who_reads_it_depends_on_it(void **state)
{
    struct fixture *f = *state;
    source_set sources;
    bool deterministic;

    small_shop(f);
    ok(f, change_sources_of(f->reader, "SELECT changed FROM v_product", &sources, &deterministic, &f->err));
    assert_true(sources & SOURCE_BIT(CHANGE_DAY));
    assert_true(sources & SOURCE_BIT(CHANGE_BARCODE));
    assert_true(deterministic);
    ok(f, change_sources_of(f->reader, "SELECT sku FROM v_product", &sources, &deterministic, &f->err));
    assert_false(sources & SOURCE_BIT(CHANGE_DAY));
    assert_false(sources & SOURCE_BIT(CHANGE_BARCODE));
    ok(f, change_sources_of(f->reader, "SELECT sku FROM v_deleted", &sources, &deterministic, &f->err));
    assert_true(sources & SOURCE_BIT(CHANGE_DELETED));
    assert_true(sources & SOURCE_BIT(CHANGE_DAY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_not_known_counts, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(by_product_and_kind, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(by_day, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(replace_keeps_the_others, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(deleted, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(who_reads_it_depends_on_it, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("store_changed", tests, NULL, NULL);
}
