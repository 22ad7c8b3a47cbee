/* What a compiled mapping says it reads, and so what makes its file new. */
#include "mapping_test.h"

#define HAS(set, source) (((set)&SOURCE_BIT(source)) != 0)

static struct export_map *compiled(struct fixture *f, const char *text)
{
    struct export_map *map;

    ok(f, compile_text(f, text, &map));
    return map;
}

static void only_what_is_used_counts(void **state)
{
    struct fixture *f = *state;
    struct export_map *map;
    const struct section_info *s;

    goods(f);
    map = compiled(f, "<export " NS " path=\"a\"><csv header=\"no\"><rows of=\"product\"><column "
                                    "value=\"stock\"/></rows></csv></export>");
    s = export_map_section(map, 0);
    assert_int_equal(export_map_sections(map), 1);
    assert_int_equal(s->kind, SECTION_KEYED);
    assert_int_equal(s->space, KEY_PRODUCT);
    assert_true(HAS(s->keyed, CHANGE_STOCK));
    assert_true(HAS(s->keyed, CHANGE_PRODUCT));
    assert_true(HAS(s->whole, CHANGE_SITE));
    assert_false(s->dated);
    export_map_unref(map);

    map = compiled(
        f,
        "<export " NS
        " path=\"a\"><csv header=\"no\"><rows of=\"product\"><column value=\"name\"/></rows></csv></export>");
    s = export_map_section(map, 0);
    assert_false(HAS(s->keyed | s->whole, CHANGE_STOCK));
    assert_false(HAS(s->keyed | s->whole, CHANGE_IMAGE));
    assert_true(HAS(s->keyed, CHANGE_PRODUCT_TEXT));
    export_map_unref(map);

    map = compiled(f, "<export " NS " path=\"a\"><csv header=\"no\"><rows of=\"product\"><column><each "
                                    "of=\"image\" value=\"name\"/></column>"
                      "<column><each of=\"category_level\" value=\"name\"/></column></rows></csv></export>");
    s = export_map_section(map, 0);
    assert_true(HAS(s->keyed, CHANGE_IMAGE));
    assert_true(HAS(s->whole, CHANGE_CATEGORY));
    assert_true(HAS(s->whole, CHANGE_CATEGORY_TEXT));
    export_map_unref(map);
}

/* A subquery may look at other keys: what it reads counts for every row. */
static void a_subquery_counts_for_all(void **state)
{
    struct fixture *f = *state;
    struct export_map *map;
    const struct section_info *s;

    goods(f);
    map = compiled(f, "<export " NS " path=\"a\"><csv header=\"no\"><rows of=\"product\"><column "
                                    "value=\"(SELECT max(price_e4) FROM price)\"/></rows></csv></export>");
    s = export_map_section(map, 0);
    assert_true(HAS(s->whole, CHANGE_PRICE));
    assert_false(HAS(s->keyed, CHANGE_PRICE));
    export_map_unref(map);
}

static void text_sections(void **state)
{
    struct fixture *f = *state;
    struct export_map *map;

    goods(f);
    map = compiled(f, "<s:export " NS_S
                      " path=\"a\" private=\"yes\" title=\"T\"><s:xml><a d=\"{version.date}\"><s:rows "
                      "of=\"category\"><c/></s:rows><n>{title}</n>"
                      "<s:rows of=\"customer\"><k s:value=\"name\"/></s:rows></a></s:xml></s:export>");
    assert_int_equal(export_map_sections(map), 5);
    assert_true(export_map_private(map));
    assert_string_equal(export_map_title(map), "T");
    assert_int_equal(export_map_section(map, 0)->kind, SECTION_TEXT);
    assert_true(export_map_section(map, 0)->dated);
    assert_int_equal(export_map_section(map, 0)->whole, 0);
    assert_int_equal(export_map_section(map, 1)->kind, SECTION_WHOLE);
    assert_int_equal(export_map_section(map, 1)->space, KEY_NONE);
    assert_int_equal(export_map_section(map, 1)->keyed, 0);
    assert_true(HAS(export_map_section(map, 1)->whole, CHANGE_CATEGORY));
    assert_false(export_map_section(map, 2)->dated);
    assert_true(HAS(export_map_section(map, 2)->whole, CHANGE_SITE));
    assert_int_equal(export_map_section(map, 3)->space, KEY_CUSTOMER);
    assert_true(HAS(export_map_section(map, 3)->keyed, CHANGE_CUSTOMER));
    assert_int_equal(export_map_section(map, 4)->whole, 0);
    export_map_unref(map);
}

static void the_digest_follows_the_document(void **state)
{
    struct fixture *f = *state;
    struct export_map *a, *b, *c;

    goods(f);
    a = compiled(
        f, "<export " NS
           " path=\"a\"><csv><rows of=\"product\"><column name=\"x\" value=\"sku\"/></rows></csv></export>");
    b = compiled(
        f, "<export " NS
           " path=\"a\"><csv><rows of=\"product\"><column name=\"x\" value=\"sku\"/></rows></csv></export>");
    c = compiled(
        f, "<export " NS
           " path=\"a\"><csv><rows of=\"product\"><column name=\"y\" value=\"sku\"/></rows></csv></export>");
    assert_memory_equal(export_map_digest(a), export_map_digest(b), SHA256_SIZE);
    assert_memory_not_equal(export_map_digest(a), export_map_digest(c), SHA256_SIZE);
    export_map_unref(a);
    export_map_unref(b);
    export_map_unref(export_map_ref(c));
    export_map_unref(c);
    export_map_unref(NULL);
}

static void the_shipped_catalogue_depends_on_stock(void **state)
{
    struct fixture *f = *state;
    struct export_map *map;

    goods(f);
    ok(f,
       export_map_compile(&map, TEST_SOURCE_DIR "/../mapping/export/joomshopping.xml", f->reader, &f->err));
    assert_string_equal(export_map_path(map), "catalog.csv");
    assert_int_equal(export_map_sections(map), 2);
    assert_true(HAS(export_map_section(map, 1)->keyed, CHANGE_STOCK));
    assert_true(HAS(export_map_section(map, 1)->keyed, CHANGE_PRICE));
    assert_true(HAS(export_map_section(map, 1)->keyed, CHANGE_VARIANT));
    assert_false(HAS(export_map_section(map, 1)->whole, CHANGE_PRODUCT));
    assert_false(HAS(export_map_section(map, 1)->keyed | export_map_section(map, 1)->whole, CHANGE_CUSTOMER));
    export_map_unref(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_is_used_counts, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_subquery_counts_for_all, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(text_sections, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_digest_follows_the_document, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_shipped_catalogue_depends_on_stock, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
