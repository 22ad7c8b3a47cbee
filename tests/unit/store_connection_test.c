/* Connections and statements: isolation, contention, interruption, steps within a transaction, values. */
#include "store_test.h"

#include <errno.h>
#include <pthread.h>

#include "base/clock.h"
#include "store/changes.h"
#include "store/sqlite_internal.h"

static void a_reader_sees_one_state(void **state)
{
    struct fixture *f = *state;
    small_shop(f);
    ok(f, db_begin_read(f->reader, &f->err));
    uint64_t before = 0, inside = 0, after = 0;
    run(f, "INSERT INTO unit (code) VALUES ('pcs')");
    /* Committed after the beginning, before anything was read. */
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM unit"), 0);
    before = sequence_now(f);
    run(f, "INSERT INTO unit (code) VALUES ('kg')");
    inside = sequence_now(f);
    assert_true(inside == before);
    db_end(f->reader);
    after = sequence_now(f);
    assert_true(after == before + 2);
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM unit"), 2);
    db_end(f->reader); /* harmless */
}

static void one_writer_at_a_time(void **state)
{
    struct fixture *f = *state;
    shop(f);
    struct db *other;
    ok(f, store_writer(f->store, &other, &f->err));
    db_patience(other, 50);
    ok(f, db_begin_write(f->writer, &f->err));
    assert_int_equal(db_begin_write(other, &f->err), -EAGAIN);
    assert_non_null(f->err.advice);
    ok(f, db_commit(f->writer, &f->err));
    ok(f, db_begin_write(other, &f->err));
    ok(f, db_commit(other, &f->err));
    db_close(other);
}

static void *interrupt_soon(void *arg)
{
    for (int i = 0; i < 40; i++) {
        usleep(10000);
        db_interrupt(arg);
    }
    return NULL;
}

static void interruption(void **state)
{
    struct fixture *f = *state;
    shop(f);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, f->reader), 0);
    struct stmt *st;
    ok(f,
       db_prepare(f->reader, &st,
                  "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
                  &f->err));
    assert_int_equal(stmt_step(st, &f->err), -ECANCELED);
    pthread_join(thread, NULL);
    stmt_free(st);
    assert_int_equal(number(f, f->reader, "SELECT 1"), 1);
}

static void a_row_that_takes_too_long(void **state)
{
    struct fixture *f = *state;
    shop(f);
    db_row_limit(f->reader, 50);
    struct stmt *st;
    ok(f,
       db_prepare(f->reader, &st,
                  "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
                  &f->err));
    assert_int_equal(stmt_step(st, &f->err), -ETIMEDOUT);
    assert_non_null(strstr(f->err.message, "longer than 50 ms"));
    stmt_free(st);
    error_release(&f->err);

    /* Each row has its own time: many quick ones may take longer together. */
    ok(f, db_prepare(f->reader, &st, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", &f->err));
    for (int64_t end = clock_monotonic_ms() + 200; clock_monotonic_ms() < end;)
        assert_int_equal(stmt_step(st, &f->err), 1);
    stmt_free(st);
    assert_int_equal(number(f, f->reader, "SELECT 1"), 1);
}

static void savepoints(void **state)
{
    struct fixture *f = *state;
    shop(f);
    ok(f, db_begin_write(f->writer, &f->err));
    run(f, "INSERT INTO unit (code) VALUES ('a')");
    ok(f, db_savepoint(f->writer, &f->err));
    run(f, "INSERT INTO unit (code) VALUES ('b')");
    ok(f, db_savepoint(f->writer, &f->err));
    run(f, "INSERT INTO unit (code) VALUES ('c')");
    db_savepoint_rollback(f->writer);
    ok(f, db_savepoint_release(f->writer, &f->err));
    ok(f, db_savepoint(f->writer, &f->err));
    run(f, "INSERT INTO unit (code) VALUES ('d')");
    db_savepoint_rollback(f->writer);
    db_savepoint_rollback(f->writer); /* none open: harmless */
    ok(f, db_commit(f->writer, &f->err));
    assert_string_equal(text(f, f->reader, "SELECT code FROM unit ORDER BY code"), "a\nb");
}

static void refusals_have_their_own_codes(void **state)
{
    struct fixture *f = *state;
    shop(f);
    run(f, "INSERT INTO unit (code) VALUES ('a')");
    assert_int_equal(db_exec(f->writer, "INSERT INTO unit (code) VALUES ('a')", &f->err), -EEXIST);
    assert_non_null(strstr(f->err.message, "unit.code"));
    assert_int_equal(db_exec(f->writer, "INSERT INTO unit (id, code) VALUES (1, 'b')", &f->err), -EEXIST);
    assert_int_equal(db_exec(f->writer, "INSERT INTO unit (code) VALUES (NULL)", &f->err), -EDOM);
    assert_int_equal(db_exec(f->writer, "INSERT INTO unit (id, code) VALUES ('x', 'y')", &f->err), -EDOM);
    assert_int_equal(db_exec(f->writer,
                             "INSERT INTO product_text (product_id, language, name) VALUES (9, 'uk', 'n')",
                             &f->err),
                     -EDOM);
    assert_int_equal(db_exec(f->writer, "INSERT INTO unit (kode) VALUES ('a')", &f->err), -EINVAL);
    assert_non_null(strstr(f->err.message, "kode"));
    struct stmt *st;
    assert_int_equal(
        db_prepare(f->writer, &st,
                   "SELECT 'довгий рядок перед помилкою, довгий рядок перед помилкою', wrong FROM unit",
                   &f->err),
        -EINVAL);
    assert_non_null(strstr(f->err.message, "no such column: wrong in '..."));
}

static void binding_and_reading(void **state)
{
    struct fixture *f = *state;
    shop(f);
    struct stmt *st;
    ok(f, db_cached(f->reader, &st, "SELECT :i, :t, :l, :b, :n, :e, 1.5 AS real", &f->err));
    assert_true(stmt_has_parameter(st, "i"));
    assert_false(stmt_has_parameter(st, "x"));
    stmt_bind_int(st, "i", INT64_MIN);
    stmt_bind_text(st, "t", "ціна");
    stmt_bind_text_len(st, "l", "a\0b", 3);
    stmt_bind_blob(st, "b", "\xff\x00", 2);
    stmt_bind_text(st, "n", NULL);
    stmt_bind_blob(st, "e", NULL, 0);
    assert_int_equal(stmt_step(st, &f->err), 1);
    assert_int_equal(stmt_columns(st), 7);
    assert_string_equal(stmt_column_name(st, 6), "real");
    assert_true(stmt_int(st, 0) == INT64_MIN);
    size_t len;
    assert_string_equal(stmt_text(st, 1, &len), "ціна");
    assert_int_equal(len, 8);
    assert_memory_equal(stmt_text(st, 2, &len), "a\0b", 3);
    assert_int_equal(len, 3);
    assert_memory_equal(stmt_blob(st, 3, &len), "\xff\x00", 2);
    assert_int_equal(len, 2);
    assert_null(stmt_text(st, 4, &len));
    assert_int_equal(len, 0);
    assert_true(stmt_is_null(st, 4));
    assert_int_equal(stmt_type(st, 0), STMT_INT);
    assert_int_equal(stmt_type(st, 1), STMT_TEXT);
    assert_int_equal(stmt_type(st, 3), STMT_BLOB);
    assert_int_equal(stmt_type(st, 4), STMT_NULL);
    assert_int_equal(stmt_type(st, 5), STMT_BLOB);
    assert_int_equal(stmt_type(st, 6), STMT_REAL);
    assert_true(stmt_real(st, 6) == 1.5);
    assert_int_equal(stmt_step(st, &f->err), 0);
    /* The same one again, without its bindings. */
    struct stmt *again;
    ok(f, db_cached(f->reader, &again, "SELECT :i, :t, :l, :b, :n, :e, 1.5 AS real", &f->err));
    assert_ptr_equal(st, again);
    assert_int_equal(stmt_step(again, &f->err), 1);
    assert_true(stmt_is_null(again, 0));
}

static void running_and_counting(void **state)
{
    struct fixture *f = *state;
    shop(f);
    struct stmt *st;
    ok(f, db_cached(f->writer, &st, "INSERT INTO unit (code) VALUES (:code)", &f->err));
    for (int i = 0; i < 3; i++) {
        char code[8];
        snprintf(code, sizeof code, "u%d", i);
        stmt_bind_text(st, "code", code);
        ok(f, stmt_run(st, &f->err));
        assert_int_equal(db_last_id(f->writer), i + 1);
    }
    stmt_bind_text(st, "code", "u0");
    assert_int_equal(stmt_run(st, &f->err), -EEXIST);
    stmt_bind_text(st, "code", "u3"); /* usable after the failure */
    ok(f, stmt_run(st, &f->err));
    ok(f, db_cached(f->writer, &st, "UPDATE unit SET name = 'x'", &f->err));
    ok(f, stmt_run(st, &f->err));
    assert_int_equal(db_changed_rows(f->writer), 4);
    assert_int_equal(db_prepare(f->writer, &st, "SELECT 1; SELECT 2", &f->err), -EINVAL);
    ok(f, db_prepare(f->writer, &st, "SELECT 1; -- one\n /* two */ ", &f->err));
    stmt_free(st);
    stmt_free(NULL);
}

static void picture_bytes_in_parts(void **state)
{
    struct fixture *f = *state;
    small_shop(f);
    const size_t size = 300000;
    unsigned char *bytes = malloc(size), *part = malloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 251);
    run(f, "INSERT INTO product (id, sku) VALUES (1, 'A'); INSERT INTO image (id, product_id, name) VALUES "
           "(7, 1, 'a.jpg'), (8, 1, 'b.jpg')");
    struct stmt *st;
    ok(f, db_cached(f->writer, &st, "INSERT INTO image_data VALUES (:id, :content)", &f->err));
    stmt_bind_int(st, "id", 7);
    stmt_bind_blob(st, "content", bytes, size);
    ok(f, stmt_run(st, &f->err));
    assert_int_equal(db_read_image_data(f->reader, 7, part, size, 0, &f->err), size);
    assert_memory_equal(part, bytes, size);
    assert_int_equal(db_read_image_data(f->reader, 7, part, 1000, 131071, &f->err), 1000);
    assert_memory_equal(part, bytes + 131071, 1000);
    assert_int_equal(db_read_image_data(f->reader, 7, part, 1000, size - 10, &f->err), 10);
    assert_int_equal(db_read_image_data(f->reader, 7, part, 1000, size, &f->err), 0);
    assert_int_equal(db_read_image_data(f->reader, 7, part, 1000, UINT64_MAX, &f->err), 0);
    assert_int_equal(db_read_image_data(f->reader, 8, part, 1000, 0, &f->err), -ENOENT);
    assert_int_equal(number(f, f->writer, "SELECT size FROM image WHERE id = 7"), size);
    /* Reading holds no state back: a commit after it is seen. */
    run(f, "DELETE FROM image WHERE id = 7");
    assert_int_equal(db_read_image_data(f->reader, 7, part, 1000, 0, &f->err), -ENOENT);
    free(bytes);
    free(part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reader_sees_one_state, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(one_writer_at_a_time, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(interruption, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_row_that_takes_too_long, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(savepoints, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refusals_have_their_own_codes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(binding_and_reading, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(running_and_counting, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(picture_bytes_in_parts, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("store_connection", tests, NULL, NULL);
}
