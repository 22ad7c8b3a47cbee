/* What the linter says of a mapping that compiles. */
#include "mapping_test.h"

#include <errno.h>

#include "mapping/lint.h"

static void note(void *arg, bool error, struct place place, const char *text)
{
    buf_addf(arg, "%s %d:%d: %s\n", error ? "error" : "warning", place.line, place.column, text);
}

static void assert_lint(struct fixture *f, const char *mapping, const char *expected)
{
    struct export_map *map;
    auto_buf out = BUF_INIT;

    ok(f, compile_text_plain(f, mapping, &map));
    ok(f, export_map_lint(map, f->reader, "shop", 100, note, &out, &f->err));
    assert_string_equal(buf_str(&out), expected);
    export_map_unref(map);
}

static void clean(void **state)
{
    struct fixture *f = *state;

    goods(f);
    assert_lint(f,
                "<export " NS " path='a.csv'><csv><rows of='product' where='active = 1'>\n"
                "<column name='a' value='price' format='decimal(2)'/>\n"
                "<column name='b'><if test=\"sku = 'A-2'\">x</if><each of='image' value='url'/></column>\n"
                "</rows></csv></export>",
                "");
}

static void wrong_types(void **state)
{
    struct fixture *f = *state;

    goods(f);
    assert_lint(f,
                "<export " NS " path='a.csv'><csv><rows of='product'>\n"
                "<column name='a' value='sku' format='decimal(2)'/>\n"
                "<column name='b' value=\"'x' || sku\" format='integer'/>\n"
                "<column name='c'><each of='attribute' value='value' format='date'/></column>\n"
                "<column name='d' value='mpn' format='integer'/>\n" /* always NULL */
                "</rows></csv></export>",
                "error 2:25: value=\"sku\": the value 'A-1' is not a number (row 1 of 'product')\n"
                "error 3:25: value=\"'x' || sku\": the value 'xA-1' is not a number (row 1 of 'product')\n"
                "error 4:46: value=\"value\": the value 'літо' is not a date (row 1 of 'attribute')\n");
}

/* Sets of columns: as many as the rows have, or it is said. Those that read alike are one. */
static void too_few_columns(void **state)
{
    struct fixture *f = *state;

    goods(f);
    run(f, "WITH RECURSIVE n (i) AS (SELECT 200 UNION ALL SELECT i + 1 FROM n WHERE i < 208)"
           " INSERT INTO attribute (id, code, position) SELECT i, 'm' || (i % 8), i FROM n WHERE i < 208;"
           "INSERT INTO product_attribute (product_id, variant_id, attribute_id, value_no, value) SELECT 2, 0, id, 0, 'x' FROM attribute WHERE id >= 200"
           " UNION ALL SELECT 2, 0, id, 1, 'y' FROM attribute WHERE id >= 200");
#define SETS(times)                                                                                                        \
    "<export " NS " path='a.csv'><csv><rows of='product'><column name='a' value='sku'/>\n"                               \
    "<columns of='attribute' where='attribute_id >= 200' distinct='yes' times='" times "'><column name='b{n}' value='code'/></columns></rows></csv></export>"
    assert_lint(f, SETS("8"), "");
    assert_lint(f, SETS("5"), "warning 2:1: times=\"5\" is too few for 1 rows: row 2 has 3 sets of columns more, which are left out\n");
    assert_renders(f, SETS("5"), "a,b1,b2,b3,b4,b5\nA-1,,,,,\nA-2,m0,m1,m2,m3,m4\nA-3,,,,,\nA-4,,,,,\n");
}

static void what_never_holds(void **state)
{
    struct fixture *f = *state;

    goods(f);
    assert_lint(
        f,
        "<s:export " NS_S " path='a.xml'><s:xml><all><s:rows of='product'>\n"
        "<p><a s:if=\"sku = 'a-1'\">lower case</a>\n"
        "<s:if test='price > 100'>dear</s:if>\n"
        "<s:each of='image'\n where=\"name = 'none'\" value='url'/>\n"
        "</p></s:rows><s:rows of='certificate' where='amount > 5'><c/></s:rows>\n"
        "<s:rows of='customer'><s:if test='0'>no rows, no word</s:if></s:rows></all></s:xml></s:export>",
        "warning 2:13: the condition \"sku = 'a-1'\" holds for none of 4 rows of 'product'\n"
        "warning 5:9: where=\"name = 'none'\" holds for no row of 'image'\n");
}

static void no_such_site(void **state)
{
    struct fixture *f = *state;
    struct export_map *map;

    goods(f);
    ok(f, compile_text(f,
                       "<export " NS " path='a.csv'><csv><rows of='product'><column name='a' value='sku'/>"
                       "</rows></csv></export>",
                       &map));
    assert_int_equal(export_map_lint(map, f->reader, "nowhere", 100, note, NULL, &f->err), -ENOENT);
    export_map_unref(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(clean, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(wrong_types, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_never_holds, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(too_few_columns, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(no_such_site, fixture_setup, fixture_teardown),
    };

    mapping_init();
    return cmocka_run_group_tests_name("mapping_lint", tests, NULL, NULL);
}
