/* Opening a shop database: making, refusing what is not ours, versions, read-only connections. */
#include "store_test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/io.h"

static void makes_and_opens(void **state)
{
    struct fixture *f = *state;
    struct store *s = NULL;
    ok(f, store_open(&s, f->path, STORE_CREATE, &f->err));
    assert_string_equal(store_path(s), f->path);
    struct db *db;
    ok(f, store_writer(s, &db, &f->err));
    assert_int_equal(number(f, db, "PRAGMA user_version"), store_schema_version());
    assert_string_equal(text(f, db, "PRAGMA journal_mode"), "wal");
    assert_int_equal(number(f, db, "PRAGMA synchronous"), 2);
    assert_int_equal(number(f, db, "PRAGMA foreign_keys"), 1);
    db_close(db);
    store_close(s);

    assert_int_equal(store_open(&s, f->path, STORE_CREATE, &f->err), -EEXIST);
    ok(f, store_open(&s, f->path, 0, &f->err));
    store_close(s);
}

static void missing_is_enoent(void **state)
{
    struct fixture *f = *state;
    struct store *s = NULL;
    assert_int_equal(store_open(&s, f->path, 0, &f->err), -ENOENT);
    assert_non_null(strstr(f->err.advice, "shopctl init"));
    assert_int_equal(access(f->path, F_OK), -1);
}

static void write_file(const char *path, const char *data, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(io_write_full(fd, data, len), 0);
    assert_int_equal(close(fd), 0);
}

static void read_file(struct fixture *f, struct buf *out)
{
    int fd = open(f->path, O_RDONLY);
    assert_true(fd >= 0);
    ok(f, io_read_fd(fd, 1 << 20, out));
    close(fd);
}

static void refused_unaltered(struct fixture *f, const char *part)
{
    struct buf before = BUF_INIT, after = BUF_INIT;
    read_file(f, &before);
    struct store *s = NULL;
    assert_int_equal(store_open(&s, f->path, 0, &f->err), -EUCLEAN);
    if (!strstr(f->err.message, part))
        fail_msg("'%s' does not say '%s'", f->err.message, part);
    read_file(f, &after);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(buf_str(&before), buf_str(&after), before.len);
    buf_release(&before);
    buf_release(&after);
}

static void refuses_what_is_no_database(void **state)
{
    struct fixture *f = *state;
    char noise[5000];
    memset(noise, 'x', sizeof noise);
    write_file(f->path, noise, sizeof noise);
    refused_unaltered(f, "not a database");
    write_file(f->path, "", 0);
    refused_unaltered(f, "not a database");
    write_file(f->path, "SQLite format 3", 16);
    refused_unaltered(f, "not a shop database");
}

static void refuses_another_programs_database(void **state)
{
    struct fixture *f = *state;
    struct db *db;
    ok(f, db_open_private(&db, f->path, true, &f->err));
    ok(f, db_exec(db, "CREATE TABLE t (a)", &f->err));
    db_close(db);
    refused_unaltered(f, "not a shop database");
}

static void refuses_a_directory(void **state)
{
    struct fixture *f = *state;
    struct store *s = NULL;
    assert_int_equal(store_open(&s, f->dir, 0, &f->err), -EUCLEAN);
}

static void an_empty_file_can_become_a_shop(void **state)
{
    struct fixture *f = *state;
    write_file(f->path, "", 0);
    shop(f);
    assert_int_equal(number(f, f->writer, "SELECT count(*) FROM product"), 0);
}

static void opens_through_a_link_and_odd_names(void **state)
{
    struct fixture *f = *state;
    char real[PATH_MAX], link[PATH_MAX];
    snprintf(real, sizeof real, "%s/a?b#c%%20 d.db", f->dir);
    snprintf(link, sizeof link, "%s/link.db", f->dir);
    struct store *s = NULL;
    ok(f, store_open(&s, real, STORE_CREATE, &f->err));
    store_close(s);
    assert_int_equal(access(real, F_OK), 0);
    assert_int_equal(symlink(real, link), 0);
    ok(f, store_open(&s, link, 0, &f->err));
    assert_string_equal(store_path(s), real);
    store_close(s);
}

static void newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    shop(f);
    ok(f, db_exec(f->writer, "PRAGMA user_version = 99", &f->err));
    struct store *s = NULL;
    assert_int_equal(store_open(&s, f->path, 0, &f->err), -EPROTO);
    char known[32];
    snprintf(known, sizeof known, "up to %d", store_schema_version());
    assert_non_null(strstr(f->err.message, "99"));
    assert_non_null(strstr(f->err.message, known));
    assert_non_null(f->err.advice);
}

static void a_reader_cannot_write(void **state)
{
    struct fixture *f = *state;
    shop(f);
    static const char *const writes[] = {
        "INSERT INTO language VALUES ('xx', 'x')",
        "UPDATE change_sequence SET sequence = 9",
        "DROP TABLE price",
        "CREATE TABLE t (a)",
        "CREATE TEMP TABLE t (a)",
        "PRAGMA query_only = OFF",
        "PRAGMA user_version = 3",
        "ATTACH ':memory:' AS other",
        "SELECT load_extension('x')",
        "VACUUM",
    };
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        int r = db_exec(f->reader, writes[i], &f->err);
        if (r >= 0)
            fail_msg("a reader could run: %s", writes[i]);
    }
    assert_int_equal(db_exec(f->reader, "DELETE FROM language", &f->err), -EROFS);
    assert_int_equal(number(f, f->reader, "SELECT sequence FROM change_sequence"), 2);
}

static void private_database(void **state)
{
    struct fixture *f = *state;
    struct db *db, *second;
    ok(f, db_open_private(&db, f->path, false, &f->err));
    ok(f, db_exec(db, "CREATE TABLE t (a); INSERT INTO t VALUES (7)", &f->err));
    db_close(db);
    ok(f, db_open_private(&second, f->path, true, &f->err));
    assert_int_equal(number(f, second, "SELECT a FROM t"), 7);
    db_close(second);
}

static void damage_is_found(void **state)
{
    struct fixture *f = *state;
    shop(f);
    ok(f, db_check(f->reader, &f->err));
    ok(f, db_exec(f->writer,
                  "PRAGMA foreign_keys = OFF; INSERT INTO product_text (product_id, language, name) VALUES "
                  "(99, 'uk', 'x')",
                  &f->err));
    assert_int_equal(db_check(f->reader, &f->err), -EUCLEAN);
    assert_non_null(strstr(f->err.message, "product_text"));
    ok(f, db_exec(f->writer, "DELETE FROM product_text", &f->err));
    ok(f, db_check(f->reader, &f->err));
    ok(f, db_exec(f->writer, "PRAGMA wal_checkpoint(TRUNCATE)", &f->err));
    fixture_close(f);
    int fd = open(f->path, O_WRONLY);
    char noise[4096];
    memset(noise, 0xa5, sizeof noise);
    for (int page = 1; page < 60; page++)
        assert_int_equal(io_pwrite_full(fd, noise, sizeof noise, page * 4096L), 0);
    close(fd);
    struct store *s = NULL;
    int r = store_open(&s, f->path, 0, &f->err);
    if (r == 0) {
        struct db *db = NULL;
        r = store_reader(s, &db, &f->err);
        if (r == 0)
            r = db_check(db, &f->err);
        db_close(db);
        store_close(s);
    }
    assert_int_equal(r, -EUCLEAN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(makes_and_opens, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(missing_is_enoent, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refuses_what_is_no_database, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refuses_another_programs_database, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refuses_a_directory, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_empty_file_can_become_a_shop, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(opens_through_a_link_and_odd_names, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(newer_schema_is_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_reader_cannot_write, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(private_database, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(damage_is_found, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("store_open", tests, NULL, NULL);
}
