/* Upgrades: every step or none, what is derived is made anew, other versions are refused. */
#include "store_test.h"

#include <errno.h>

#include "store/changes.h"
#include "store/migrations.h"

static int shipped_and(struct migration out[static 8], const struct migration *more, int n)
{
    size_t count;
    const struct migration *steps = migrations(&count);
    for (size_t i = 0; i < count; i++)
        out[i] = steps[i];
    for (int i = 0; i < n; i++) {
        out[count + (size_t)i] = more[i];
        out[count + (size_t)i].version = (int)count + 1 + i;
    }
    return (int)count + n;
}

static void versions_ascend_without_gaps(void **state)
{
    (void)state;
    size_t count;
    const struct migration *steps = migrations(&count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(steps[i].version, (int)i + 1);
    assert_int_equal(store_schema_version(), (int)count);
}

static void runs_missing_steps(void **state)
{
    struct fixture *f = *state;
    small_shop(f);
    run(f, "INSERT INTO product (id, sku) VALUES (70, 'A')");
    struct migration steps[8];
    const struct migration more[] = {
        {0, "CREATE TABLE extra (a); INSERT INTO extra VALUES (1)"},
        {0, "ALTER TABLE product ADD COLUMN tag TEXT; UPDATE extra SET a = a + 1"}};
    int n = shipped_and(steps, more, 2);
    uint64_t before = 0, after = 0;
    before = sequence_now(f);
    ok(f, migrate_upgrade(f->writer, steps, (size_t)n, true, &f->err));
    assert_int_equal(number(f, f->writer, "PRAGMA user_version"), n);
    assert_int_equal(number(f, f->writer, "PRAGMA foreign_keys"), 1);
    assert_int_equal(number(f, f->writer, "SELECT a FROM extra"), 2);
    /* Everything may render differently now. */
    after = sequence_now(f);
    assert_true(after > before);
    assert_int_equal(number(f, f->reader, "SELECT min(sequence) FROM change_mark"), (int)after);
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM change_mark WHERE source = 1 AND block = 1"),
                     1);
    /* The triggers know the new column. */
    run(f, "UPDATE product SET tag = 'x'");
    before = sequence_now(f);
    assert_true(before > after);
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM v_product"), 1);
    /* A second time there is nothing to do. */
    ok(f, migrate_upgrade(f->writer, steps, (size_t)n, false, &f->err));
}

static void a_failing_step_changes_nothing(void **state)
{
    struct fixture *f = *state;
    small_shop(f);
    struct migration steps[8];
    const struct migration more[] = {{0, "CREATE TABLE extra (a); DELETE FROM category; DROP TABLE stock"},
                                     {0, "CREATE TABLE another (a); INSERT INTO nowhere VALUES (1)"}};
    int n = shipped_and(steps, more, 2);
    char *before = strdup(text(f, f->writer, "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2"));
    assert_int_equal(migrate_upgrade(f->writer, steps, (size_t)n, true, &f->err), -EINVAL);
    assert_non_null(strstr(f->err.message, "nowhere"));
    char version[32];
    snprintf(version, sizeof version, "to version %d:", n);
    assert_non_null(strstr(f->err.message, version));
    assert_string_equal(text(f, f->writer, "SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2"),
                        before);
    assert_int_equal(number(f, f->writer, "PRAGMA user_version"), store_schema_version());
    assert_int_equal(number(f, f->writer, "SELECT count(*) FROM category"), 3);
    assert_int_equal(number(f, f->writer, "PRAGMA foreign_keys"), 1);
    free(before);
}

static void older_is_refused_where_not_allowed(void **state)
{
    struct fixture *f = *state;
    small_shop(f);
    struct migration steps[8];
    const struct migration more[] = {{0, ""}};
    int n = shipped_and(steps, more, 1);
    assert_int_equal(migrate_upgrade(f->writer, steps, (size_t)n, false, &f->err), -EPROTO);
    assert_int_equal(number(f, f->writer, "PRAGMA user_version"), n - 1);
    ok(f, migrate_upgrade(f->writer, steps, (size_t)n, true, &f->err));
    /* And then it is too new for this program. */
    struct store *s = NULL;
    assert_int_equal(store_open(&s, f->path, 0, &f->err), -EPROTO);
    assert_null(s);
}

static void others_views_and_triggers_stay(void **state)
{
    struct fixture *f = *state;
    small_shop(f);
    run(f, "CREATE VIEW mine AS SELECT * FROM v_product;"
           "CREATE VIEW v_removed_in_the_next_version AS SELECT 1;"
           "CREATE TRIGGER my_trigger AFTER INSERT ON product BEGIN SELECT 1; END");
    struct migration steps[8];
    const struct migration more[] = {{0, ""}};
    ok(f, migrate_upgrade(f->writer, steps, (size_t)shipped_and(steps, more, 1), true, &f->err));
    assert_string_equal(text(f, f->writer,
                             "SELECT name FROM sqlite_schema WHERE name IN ('mine', 'my_trigger',"
                             " 'v_removed_in_the_next_version') ORDER BY 1"),
                        "mine\nmy_trigger");
    assert_int_equal(number(f, f->writer, "SELECT count(*) FROM mine"), 0);
}

static void only_an_empty_database_becomes_a_shop(void **state)
{
    struct fixture *f = *state;
    struct db *db;
    size_t count;
    const struct migration *steps = migrations(&count);
    ok(f, db_open_private(&db, f->path, true, &f->err));
    ok(f, db_exec(db, "CREATE TABLE mine (a)", &f->err));
    assert_int_equal(migrate_create(db, steps, count, &f->err), -EUCLEAN);
    assert_string_equal(text(f, db, "SELECT name FROM sqlite_schema"), "mine");
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_ascend_without_gaps),
        cmocka_unit_test_setup_teardown(runs_missing_steps, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_failing_step_changes_nothing, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(older_is_refused_where_not_allowed, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(others_views_and_triggers_stay, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(only_an_empty_database_becomes_a_shop, fixture_setup,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests_name("store_migration", tests, NULL, NULL);
}
