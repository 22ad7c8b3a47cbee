/* What a statement reads, and what a mapping's SQL may not do. */
#include "store_test.h"

#include <errno.h>

#include "store/changes.h"
#include "store/rowkind.h"

static source_set sources(struct fixture *f, const char *sql, bool *deterministic)
{
    source_set out = 0;
    int r = change_sources_of(f->reader, sql, &out, deterministic, &f->err);
    if (r < 0)
        fail_msg("%s: %s", sql, f->err.message);
    return out;
}

static void tables_behind_views(void **state)
{
    struct fixture *f = *state;
    shop(f);
    bool fixed = false;
    assert_int_equal(sources(f, "SELECT 1", &fixed), 0);
    assert_true(fixed);
    assert_int_equal(sources(f, "SELECT count(*) FROM product", NULL), SOURCE_BIT(CHANGE_PRODUCT));
    assert_int_equal(sources(f, "SELECT name, url FROM v_image WHERE site_id = :site", &fixed),
                     SOURCE_BIT(CHANGE_IMAGE) | SOURCE_BIT(CHANGE_SITE));
    assert_int_equal(sources(f, "SELECT name FROM v_category_level", NULL),
                     SOURCE_BIT(CHANGE_CATEGORY) | SOURCE_BIT(CHANGE_CATEGORY_TEXT) |
                         SOURCE_BIT(CHANGE_SITE));
    assert_int_equal(sources(f, "SELECT content FROM image_data", NULL), SOURCE_BIT(CHANGE_IMAGE));
    assert_int_equal(
        sources(f,
                "WITH q AS (SELECT id FROM unit) SELECT (SELECT max(id) FROM q), value FROM json_each('[1]')",
                NULL),
        SOURCE_BIT(CHANGE_UNIT));
    source_set product = sources(f, "SELECT price, stock, name FROM v_product", &fixed);
    assert_true(fixed);
    assert_true(product & SOURCE_BIT(CHANGE_PRICE));
    assert_true(product & SOURCE_BIT(CHANGE_STOCK));
    assert_true(product & SOURCE_BIT(CHANGE_PRODUCT_TEXT));
    product = sources(f, "SELECT product_id, name FROM v_product WHERE site_id = :site AND product_id BETWEEN :low AND :high ORDER BY product_id", NULL);
    assert_true(product & SOURCE_BIT(CHANGE_PRODUCT_TEXT));
    assert_false(product & (SOURCE_BIT(CHANGE_STOCK) | SOURCE_BIT(CHANGE_PRICE) | SOURCE_BIT(CHANGE_IMAGE) | SOURCE_BIT(CHANGE_MANUFACTURER)));
    const struct row_kind *kind;
    for (size_t i = 0; (kind = row_kind_at(i)); i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT * FROM %s", kind->view);
        assert_true(sources(f, sql, &fixed) != 0);
        assert_true(fixed);
    }
}

static void what_depends_on_time_or_chance(void **state)
{
    struct fixture *f = *state;
    shop(f);
    static const char *const fixed[] = {
        "SELECT datetime(created) FROM product",
        "SELECT strftime('%d.%m.%Y', created), date(created, '+1 day') FROM v_product",
        "SELECT upper(sku), printf('%.2f', 1.5), coalesce(mpn, ''), round(2.5) FROM product",
        "SELECT name AS now FROM unit",
    };
    static const char *const changing[] = {
        "SELECT random()",
        "SELECT hex(randomblob(4))",
        "SELECT current_timestamp",
        "SELECT CURRENT_DATE",
        "SELECT datetime('now')",
        "SELECT date()",
        "SELECT time( )",
        "SELECT strftime('%s')",
        "SELECT strftime('%s', 'NOW')",
        "SELECT julianday('now', '-1 day')",
        "SELECT changes()",
        "SELECT last_insert_rowid()",
        "SELECT strftime('(%s, )')",
    };
    bool d;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        sources(f, fixed[i], &d);
        if (!d)
            fail_msg("%s", fixed[i]);
    }
    for (size_t i = 0; i < sizeof changing / sizeof *changing; i++) {
        sources(f, changing[i], &d);
        if (d)
            fail_msg("%s", changing[i]);
    }
    /* A view of somebody else may hide it. */
    run(f, "CREATE VIEW mine AS SELECT id, date('now') AS today FROM unit");
    assert_int_equal(sources(f, "SELECT today FROM mine", &d), SOURCE_BIT(CHANGE_UNIT));
    assert_false(d);
}

static void refused(void **state)
{
    struct fixture *f = *state;
    shop(f);
    run(f, "CREATE TABLE own (a); CREATE VIEW over_own AS SELECT a FROM own");
    static const char *const bad[] = {
        "INSERT INTO unit (code) VALUES ('x')",
        "DELETE FROM unit",
        "UPDATE unit SET code = 'x'",
        "DROP TABLE unit",
        "PRAGMA user_version",
        "PRAGMA query_only = OFF",
        "ATTACH 'x' AS y",
        "SELECT load_extension('x.so')",
        "CREATE TEMP TABLE t (a)",
        "BEGIN",
        "VACUUM",
        "SELECT * FROM pragma_table_info('unit')",
        "SELECT * FROM sqlite_schema",
        "SELECT message FROM intake",
        "SELECT a FROM own",
        "SELECT a FROM over_own",
        "SELECT sequence FROM change_sequence",
        "SELECT 1; SELECT 2",
        "",
        "-- nothing",
        "SELECT nothing FROM unit",
        "SELECT \"no column, and no text either\" FROM unit",
        "EXPLAIN SELECT 1",
        "VACUUM INTO '/tmp/x'",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        source_set out = 77;
        int r = change_sources_of(f->reader, bad[i], &out, NULL, &f->err);
        if (r != -EINVAL)
            fail_msg("%s: %d", bad[i], r);
        assert_int_equal(out, 77);
        /* The same where a writer is asked. */
        assert_int_equal(change_sources_of(f->writer, bad[i], &out, NULL, &f->err), -EINVAL);
    }
    change_sources_of(f->reader, "SELECT nam FROM v_unit_of_nobody", &(source_set){0}, NULL, &f->err);
    assert_non_null(strstr(f->err.message, "no such table: v_unit_of_nobody in 'SELECT nam FROM"));
    change_sources_of(f->reader, "SELECT a FROM own", &(source_set){0}, NULL, &f->err);
    assert_non_null(strstr(f->err.message, "'own'"));
    /* Asking leaves no trace. */
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM unit"), 0);
    run(f, "INSERT INTO unit (code) VALUES ('x')");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tables_behind_views, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_depends_on_time_or_chance, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refused, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("store_sources", tests, NULL, NULL);
}
