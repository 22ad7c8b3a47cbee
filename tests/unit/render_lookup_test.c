/* Rows that many others have in common are looked up and kept: the bytes are those of complete rows, and a change is
 * seen. */
#include "mapping_test.h"

#include <errno.h>
#include <glob.h>

#include "cli/demo.h"
#include "mapping/export_program.h"

#define ATTRIBUTES                                                                                                     \
    "<export " NS " path=\"a\"><csv header=\"no\" delimiter=\"|\"><rows of=\"product\"><column value=\"sku\"/>"          \
    "<column><each of=\"attribute\" separator=\",\"><value of=\"name\"/>=<value of=\"value\"/></each></column>"         \
    "<column><each of=\"product_category\" separator=\",\"><each of=\"product_category_level\" separator=\"/\" "        \
    "value=\"name\"/></each></column></rows></csv></export>"

/* Attributes in several languages and units, with and without a group, on products and variants. */
static void shop_with_much(struct fixture *f)
{
    struct demo_counts counts;
    struct demo_options options = {.products = 300, .pictures = 0, .picture_dir = -1};

    shop(f);
    ok(f, db_begin_write(f->writer, &f->err));
    ok(f, shop_fill_basics(f->writer, &f->err));
    ok(f, db_commit(f->writer, &f->err));
    ok(f, demo_fill(f->writer, &options, &counts, &f->err));
    run(f,
        "UPDATE site SET name = 'shop', fallback_language = (SELECT code FROM language WHERE code <> site.language LIMIT 1);"
        "INSERT INTO image (product_id, variant_id, name, position, title) SELECT p.id, 0, p.id || '-' || n.n || '.jpg', "
        "3 - n.n, CASE WHEN p.id % 5 THEN '' ELSE 'title' END FROM product p,"
        " (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2) n WHERE p.id % 3 <> n.n AND p.id % 10;"
        "INSERT INTO image (product_id, variant_id, name, position) SELECT product_id, id, 'v' || id || '.jpg', 0 FROM "
        "variant WHERE id % 2;"
        "INSERT INTO attribute (id, code, position) SELECT 900 + product.id, 'more' || id, id % 3 FROM product WHERE id < 20;"
        "INSERT INTO attribute_text (attribute_id, language, name, unit, group_name) SELECT 900 + product.id, language, 'More ' || product.id, "
        "CASE WHEN product.id % 2 THEN 'kg' ELSE '' END, CASE WHEN product.id % 3 THEN 'Group' ELSE '' END FROM product, site WHERE "
        "product.id < 20 AND product.id % 4;"
        "INSERT INTO product_attribute (product_id, variant_id, attribute_id, language, value_no, value) SELECT p.id, 0, 900 + a.id, "
        "CASE p.id % 4 WHEN 1 THEN language WHEN 2 THEN fallback_language ELSE '' END, 0, 'value ' || p.id FROM product p, product a, site "
        "WHERE a.id < 20 AND (p.id + a.id) % 7 = 0;"
        "INSERT INTO product_attribute (product_id, variant_id, attribute_id, language, value_no, value) SELECT product_id, 0, attribute_id, "
        "site.language, n.n, 'translated' FROM product_attribute, site, (SELECT 0 AS n UNION SELECT 1) n WHERE attribute_id > 900 AND "
        "product_attribute.language <> site.language AND product_id % 3 = 0;");
}

static void render_plain(struct fixture *f, const char *path, bool plain, struct buf *out, bool *looks_up)
{
    struct export_map *map;

    ok(f, plain ? export_map_compile_plain(&map, path, f->reader, &f->err)
                : export_map_compile(&map, path, f->reader, &f->err));
    for (size_t i = 0; i < map->n_queries; i++)
        *looks_up |= map->queries[i].mode == QUERY_LOOKUP;
    render_map(f, map, 50, out);
    export_map_unref(map);
}

static void the_bytes_of_complete_rows(void **state)
{
    struct fixture *f = *state;
    glob_t found;
    size_t looking = 0;

    shop_with_much(f);
    assert_int_equal(glob(TEST_SOURCE_DIR "/../mapping/export/*.xml", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        auto_buf plain = BUF_INIT, quick = BUF_INIT;
        bool plainly = false, looks_up = false;

        render_plain(f, found.gl_pathv[i], true, &plain, &plainly);
        render_plain(f, found.gl_pathv[i], false, &quick, &looks_up);
        assert_false(plainly);
        looking += looks_up;
        if (plain.len != quick.len || memcmp(buf_str(&plain), buf_str(&quick), plain.len) != 0)
            fail_msg("%s: %zu and %zu bytes differ", found.gl_pathv[i], plain.len, quick.len);
    }
    globfree(&found);
    assert_true(looking > 10);
}

/* Which value is shown where there are several languages is settled before a condition looks at it. */
static void a_condition_is_asked_last(void **state)
{
    struct fixture *f = *state;
    static const char *const wheres[] = {"value &lt;> 'translated'", "name LIKE 'More 1%'", "value_no = 0 AND group_name = ''",
                                         "variant_id = 0", "value = 'translated'"};

    shop_with_much(f);
    for (size_t i = 0; i < sizeof wheres / sizeof *wheres; i++) {
        auto_buf mapping = BUF_INIT, plain = BUF_INIT, quick = BUF_INIT;
        struct export_map *map;

        buf_addf(&mapping,
                 "<export " NS " path=\"a\"><csv header=\"no\"><rows of=\"product\"><column value=\"sku\"/><column><each "
                 "of=\"attribute\" where=\"%s\" separator=\",\"><value of=\"name\"/>=<value of=\"value\"/></each></column>"
                 "</rows></csv></export>",
                 wheres[i]);
        ok(f, compile_text(f, buf_str(&mapping), &map));
        render_map(f, map, 50, &quick);
        export_map_unref(map);
        ok(f, compile_text_plain(f, buf_str(&mapping), &map));
        render_map(f, map, 50, &plain);
        export_map_unref(map);
        assert_string_equal(buf_str(&quick), buf_str(&plain));
        assert_non_null(strchr(buf_str(&plain), '='));
    }
}

static void the_parts_make_the_whole(void **state)
{
    struct fixture *f = *state;

    shop_with_much(f);
#define WHOLE                                                                                                          \
    "SELECT site_id, product_id, variant_id, attribute_id, value_no, value, distinguishes, code, name, unit, "          \
    "group_name, position FROM v_attribute"
#define PARTS                                                                                                          \
    "SELECT site_id, product_id, variant_id, attribute_id, value_no, value, distinguishes, code, name, unit, "          \
    "group_name, position FROM v_attribute_value v JOIN v_property USING (site_id, attribute_id) WHERE rank = (SELECT min(o.rank) FROM "   \
    "v_attribute_value o WHERE o.site_id = v.site_id AND o.product_id = v.product_id AND o.variant_id = v.variant_id "   \
    "AND o.attribute_id = v.attribute_id)"
#define STEPS "SELECT c.site_id, c.product_id, l.category_id, l.ancestor_id, l.name FROM "
    assert_true(number(f, f->reader, "SELECT count(*) FROM v_attribute") > 1000);
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM (" WHOLE " EXCEPT " PARTS ")"), 0);
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM (" PARTS " EXCEPT " WHOLE ")"), 0);
    assert_int_equal(number(f, f->reader, "SELECT (SELECT count(*) FROM v_attribute) - (SELECT count(*) FROM (" PARTS "))"), 0);
    assert_true(number(f, f->reader, "SELECT count(*) FROM v_attribute_value WHERE rank = 1") > 0);
    assert_true(number(f, f->reader, "SELECT count(*) FROM v_attribute_value WHERE rank = 3") > 0);
    assert_true(number(f, f->reader, "SELECT count(*) > (SELECT count(*) FROM v_attribute) FROM v_attribute_value"));
    assert_int_equal(number(f, f->reader,
                            "SELECT count(*) FROM (SELECT site_id, product_id, category_id, ancestor_id, name FROM "
                            "v_product_category_level EXCEPT " STEPS
                            "v_product_category c JOIN v_category_level l USING (site_id, category_id))"),
                     0);
}

#define STOCK                                                                                                          \
    "<export " NS " path=\"a\"><csv header=\"no\"><rows of=\"product\"><column value=\"sku\"/><column value=\"stock\"/>"    \
    "<column value=\"stock\" format=\"decimal(1)\"/><column><if test=\"stock\">yes</if></column></rows></csv></export>"

static bool sums(const struct export_map *map)
{
    for (size_t i = 0; i < map->n_queries; i++)
        if (strcmp(map->queries[i].view, "v_product_stock") == 0)
            return true;
    return false;
}

/* Rows of stock are summed here as the view does it: of variants that are sold, of the site's warehouses. */
static void stock_is_summed(void **state)
{
    static const char *const buffers[] = {"0", "3000", "-2500"};
    struct fixture *f = *state;

    shop_with_much(f);
    run(f, "INSERT INTO warehouse (code) VALUES ('w1'), ('w2'), ('w3');"
           "DELETE FROM stock WHERE product_id % 11 = 0;"
           "INSERT OR REPLACE INTO stock (product_id, variant_id, warehouse_id, on_hand_e3, reserved_e3) SELECT p.id, 0, w.id, p.id * 100, "
           "p.id % 5 * 1000 + w.id FROM product p, warehouse w WHERE (p.id + w.id) % 3;"
           "INSERT OR REPLACE INTO stock (product_id, variant_id, warehouse_id, on_hand_e3) SELECT product_id, id, 1, 7000 FROM variant;"
           "UPDATE variant SET active = 0 WHERE id % 3 = 0");
    for (size_t i = 0; i < 2 * sizeof buffers / sizeof *buffers; i++) {
        auto_buf plain = BUF_INIT, quick = BUF_INIT, sql = BUF_INIT;
        struct export_map *map;

        if (i == sizeof buffers / sizeof *buffers)
            run(f, "INSERT INTO site_warehouse (site_id, warehouse_id) SELECT s.id, w.id FROM site s, warehouse w WHERE w.id <> 2");
        buf_addf(&sql, "UPDATE site SET stock_buffer_e3 = %s", buffers[i % (sizeof buffers / sizeof *buffers)]);
        run(f, buf_str(&sql));
        ok(f, compile_text(f, STOCK, &map));
        assert_true(sums(map));
        render_map(f, map, 50, &quick);
        export_map_unref(map);
        ok(f, compile_text_plain(f, STOCK, &map));
        assert_false(sums(map));
        render_map(f, map, 50, &plain);
        export_map_unref(map);
        assert_string_equal(buf_str(&quick), buf_str(&plain));
        assert_non_null(strstr(buf_str(&plain), ".0,yes\n"));
    }
}

/* The engine does not sum beyond its numbers either. */
static void stock_beyond_numbers(void **state)
{
    struct fixture *f = *state;
    struct export_map *map;
    struct renderer *r;
    auto_buf out = BUF_INIT;

    goods(f);
    run(f, "INSERT INTO warehouse (code) VALUES ('w1'), ('w2');"
           "INSERT OR REPLACE INTO stock (product_id, variant_id, warehouse_id, on_hand_e3) SELECT 2, 0, id, 9000000000000000000 FROM "
           "warehouse");
    ok(f, compile_text(f, STOCK, &map));
    ok(f, renderer_new(&r, map, f->reader, "shop", &f->err));
    assert_int_equal(renderer_section(r, 0, INT64_MIN, INT64_MAX, STAMP, &out, NULL, &f->err), -ERANGE);
    assert_string_equal(f->err.message, "the stock of product 2 is too big a number");
    renderer_free(r);
    export_map_unref(map);
}

static void in_transaction(struct fixture *f, struct renderer *r, const char *expected)
{
    auto_buf out = BUF_INIT;

    ok(f, db_begin_read(f->reader, &f->err));
    ok(f, renderer_section(r, 0, INT64_MIN, INT64_MAX, STAMP, &out, NULL, &f->err));
    db_end(f->reader);
    assert_string_equal(buf_str(&out), expected);
}

/* The same renderer, as a mount uses it for one version after the other. */
static void a_change_is_seen(void **state)
{
    struct fixture *f = *state;
    struct export_map *map;
    struct renderer *r;

    goods(f);
    ok(f, compile_text(f, ATTRIBUTES, &map));
    ok(f, renderer_new(&r, map, f->reader, "shop", &f->err));
    in_transaction(f, r,
                   "A-1|Сезон=літо,Сезон=весна|Взуття/Жіноче/Туфлі/човники,Взуття\n"
                   "A-2||Взуття/Жіноче\n"
                   "A-3|Сезон=зима,Розмір=37,Розмір=38|Взуття\n"
                   "A-4||\n");
    run(f, "UPDATE attribute_text SET name = 'Пора' WHERE attribute_id = 2;"
           "UPDATE category_text SET name = 'Обувь' WHERE category_id = 1;"
           "DELETE FROM attribute WHERE id = 1");
    in_transaction(f, r,
                   "A-1|Пора=літо,Пора=весна|Обувь/Жіноче/Туфлі/човники,Обувь\n"
                   "A-2||Обувь/Жіноче\n"
                   "A-3|Пора=зима|Обувь\n"
                   "A-4||\n");
    /* Another site's language. */
    run(f, "INSERT INTO site (id, name, language, currency, price_list_id) VALUES (2, 'other', 'en', 'UAH', 1);"
           "INSERT INTO attribute_text (attribute_id, language, name) VALUES (2, 'en', 'Season')");
    ok(f, renderer_site(r, "other", &f->err));
    in_transaction(f, r, "A-1|Season=літо,Season=весна|\nA-2||\nA-3|Season=зима|\nA-4||\n");
    ok(f, renderer_site(r, "shop", &f->err));
    in_transaction(f, r,
                   "A-1|Пора=літо,Пора=весна|Обувь/Жіноче/Туфлі/човники,Обувь\n"
                   "A-2||Обувь/Жіноче\n"
                   "A-3|Пора=зима|Обувь\n"
                   "A-4||\n");
    renderer_free(r);
    export_map_unref(map);
}

/* More than is kept: forgotten between products, not under one. */
static void more_than_is_kept(void **state)
{
    struct fixture *f = *state;
    struct export_map *map;
    auto_buf quick = BUF_INIT, plain = BUF_INIT;

    goods(f);
    run(f, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)"
           "INSERT INTO attribute (id, code, position) SELECT 1000 + i, 'a' || i, i % 7 FROM n;"
           "INSERT INTO attribute_text (attribute_id, language, name) SELECT id, 'uk', printf('%.*c', 2000, 'n') || id FROM attribute "
           "WHERE id > 1000;"
           "INSERT INTO product_attribute (product_id, attribute_id, value) SELECT p.id, a.id, 'v' FROM product p JOIN attribute a ON "
           "a.id > 1000 AND (a.id % 3 = p.id % 3 OR a.id % 5 = 0)");
    ok(f, compile_text(f, ATTRIBUTES, &map));
    ok(f, db_begin_read(f->reader, &f->err));
    render_map(f, map, 1000, &quick);
    export_map_unref(map);
    ok(f, compile_text_plain(f, ATTRIBUTES, &map));
    render_map(f, map, 1000, &plain);
    export_map_unref(map);
    db_end(f->reader);
    assert_true(plain.len > 10000000);
    assert_int_equal(quick.len, plain.len);
    assert_memory_equal(buf_str(&quick), buf_str(&plain), plain.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_bytes_of_complete_rows, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_condition_is_asked_last, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_parts_make_the_whole, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(stock_is_summed, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(stock_beyond_numbers, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_change_is_seen, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(more_than_is_kept, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
