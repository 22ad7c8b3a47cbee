/*
 * How the engine runs the question that rendering asks of every kind of row. A view that makes it read a
 * whole big table, or sort more than one product's rows, would make each chunk as dear as the whole
 * catalogue.
 */
#include "store_test.h"

#include "store/rowkind.h"

static void check_line(const struct row_kind *kind, int64_t parent, const char *detail)
{
    if (strncmp(detail, "SCAN ", 5) == 0)
        fail_msg("%s: reads a whole table: %s", kind->name, detail);
    if (strstr(detail, "AUTOMATIC"))
        fail_msg("%s: makes an index each time: %s", kind->name, detail);
    /* Within a subquery only one product's rows are sorted. */
    if (parent == 0 && strcmp(detail, "USE TEMP B-TREE FOR ORDER BY") == 0)
        fail_msg("%s: sorts all rows", kind->name);
}

static void explain(struct fixture *f, const struct row_kind *kind)
{
    struct buf sql = BUF_INIT;
    struct stmt *st;
    buf_addf(&sql,
             "EXPLAIN QUERY PLAN SELECT * FROM %s WHERE site_id = :site AND %s BETWEEN :first AND :last "
             "ORDER BY %s%s%s",
             kind->view, kind->key, kind->key, kind->order_by ? ", " : "",
             kind->order_by ? kind->order_by : "");
    ok(f, db_prepare(f->writer, &st, buf_str(&sql), &f->err));
    int r, lines = 0;
    while ((r = stmt_step(st, &f->err)) == 1) {
        check_line(kind, stmt_int(st, 1), stmt_text(st, 3, NULL));
        lines++;
    }
    ok(f, r);
    assert_true(lines > 0);
    stmt_free(st);
    buf_release(&sql);
}

static void explain_all(struct fixture *f)
{
    const struct row_kind *kind;
    for (size_t i = 0; (kind = row_kind_at(i)); i++)
        if (kind->space != KEY_NONE)
            explain(f, kind);
}

static void without_statistics(void **state)
{
    struct fixture *f = *state;
    shop(f);
    explain_all(f);
}

/* ANALYZE is an operator's right, and must not turn a plan over. */
static void with_statistics(void **state)
{
    struct fixture *f = *state;
    small_shop(f);
    run(f, "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 20)"
           " INSERT INTO site (id, name, language, currency, price_list_id) SELECT i, 'site' || i, 'en', "
           "'UAH', 1 FROM n");
    run(f, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
           " INSERT INTO product (id, sku) SELECT i, 'P' || i FROM n");
    run(f,
        "INSERT INTO product_text (product_id, language, name) SELECT id, 'uk', sku FROM product;"
        "INSERT INTO variant (product_id, sku) SELECT id, sku || 'v' FROM product WHERE id % 3 = 0;"
        "INSERT INTO price (product_id, price_list_id, min_qty_e3, price_e4) SELECT p.id, l.id, q.column1, "
        "10 FROM product p, price_list l,"
        " (VALUES (0), (10000)) q;"
        "INSERT INTO stock (product_id, warehouse_id, on_hand_e3) SELECT p.id, w.id, 1 FROM product p, "
        "warehouse w;"
        "INSERT INTO product_category (product_id, category_id) SELECT p.id, c.id FROM product p, category c;"
        "INSERT INTO attribute (id, code) VALUES (1, 'a'), (2, 'b');"
        "INSERT INTO product_attribute (product_id, attribute_id, value) SELECT p.id, a.id, 'x' FROM product "
        "p, attribute a;"
        "INSERT INTO image (product_id, name) SELECT id, sku || '.jpg' FROM product;"
        "INSERT INTO barcode (product_id, barcode) SELECT id, sku FROM product;"
        "INSERT INTO product_relation (product_id, related_id) SELECT id, 1 FROM product;"
        "INSERT INTO site_product (product_id, site_id, code) SELECT id, 1, sku FROM product;"
        "INSERT INTO customer (id, name) SELECT id, sku FROM product;"
        "INSERT INTO orders (id, site_id, number, content_hash, currency, mapping) SELECT id, 1 + id % 20, "
        "sku, '', 'UAH', 'm' FROM product;"
        "INSERT INTO order_line (order_id, position, quantity_e3, price_e4, total_e4) SELECT id, 1, 1, 1, 1 "
        "FROM orders;"
        "ANALYZE");
    explain_all(f);
}

/* Kinds without a key are read whole, or by what links them to the row around. */
static void linked_kinds(void **state)
{
    struct fixture *f = *state;
    small_shop(f);
    assert_string_equal(
        text(f, f->reader,
             "SELECT ancestor_id FROM v_category_level WHERE site_id = 1 AND category_id = 3 ORDER BY level"),
        "1\n2\n3");
    struct stmt *st;
    ok(f, db_prepare(f->writer, &st,
                     "EXPLAIN QUERY PLAN SELECT * FROM v_category_level WHERE site_id = 1 AND category_id = "
                     ":c ORDER BY level",
                     &f->err));
    while (stmt_step(st, &f->err) == 1)
        assert_null(strstr(stmt_text(st, 3, NULL), "SCAN"));
    stmt_free(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_statistics, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(with_statistics, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(linked_kinds, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("store_plan", tests, NULL, NULL);
}
