/* Promises E1, E2, E4, E5, E6: what a new version is, and what is none. */
#include "export_test.h"

#include "export/plan.h"

struct facts {
    uint64_t ino, size;
    time_t mtime;
};

static struct facts facts(struct bench *f)
{
    struct version *v = current(f);
    struct facts x = {version_ino(v), version_size(v), version_mtime(v).tv_sec};
    assert_int_equal(version_mtime(v).tv_nsec, 0);
    version_unref(v);
    return x;
}

static void first_version(void **state)
{
    struct bench *f = *state;
    products(f, 1, 2000);
    start(f);
    assert_string_equal(export_path(f->e), "catalog.csv");
    struct facts a = facts(f);
    assert_int_equal(a.mtime, test_now / 1000);
    assert_int_equal(a.ino, 100);
    assert_right(f);
    struct export_status s = status_of(f->e);
    assert_int_equal(s.rows, 2001);
    assert_int_equal(s.versions, 1);
    assert_null(s.error);
    export_status_release(&s);
}

static void empty_shop(void **state)
{
    struct bench *f = *state;
    start(f);
    assert_right(f);
    products(f, 1, 1);
    tick();
    assert_right(f);
    run_sql(f, "DELETE FROM product");
    tick();
    assert_right(f);
}

static void edit_makes_a_later_version(void **state)
{
    struct bench *f = *state;
    products(f, 1, 3000);
    start(f);
    struct facts a = facts(f), same = facts(f);
    assert_memory_equal(&a, &same, sizeof a);
    uint64_t before = rendered(f);
    run_sql(f, "UPDATE price SET price_e4 = 99999 WHERE product_id = 1500");
    struct facts b = facts(f);
    assert_int_equal(rendered(f), before + 1);
    assert_int_not_equal(a.ino, b.ino);
    assert_int_equal(b.mtime, a.mtime + 1); /* the clock stands still */
    assert_int_equal(b.size, a.size);
    assert_right(f);
    test_now += 60000;
    run_sql(f, "UPDATE price SET price_e4 = 100000 WHERE product_id = 1500");
    assert_int_equal(facts(f).mtime, test_now / 1000);
    assert_right(f);
}

static void same_bytes_are_no_version(void **state)
{
    struct bench *f = *state;
    products(f, 1, 1000);
    start(f);
    struct facts a = facts(f);
    tick();
    run_sql(f, "UPDATE product SET mpn = 'x' WHERE id = 5"); /* a column that is not shown */
    struct facts b = facts(f);
    assert_memory_equal(&a, &b, sizeof a);
    uint64_t before = rendered(f);
    run_sql(f, "INSERT INTO stock (product_id, warehouse_id, on_hand_e3) VALUES (5, 1, 1000)"); /* a table not
                                                                                                   read */
    b = facts(f);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(rendered(f), before);
    run_sql(f, "BEGIN; UPDATE price SET price_e4 = 1 WHERE product_id = 7;"
               "UPDATE price SET price_e4 = 10007 WHERE product_id = 7; COMMIT"); /* there and back */
    b = facts(f);
    assert_memory_equal(&a, &b, sizeof a);
    run_sql(f, "UPDATE unit SET name = 'piece'"); /* everything is rendered, nothing differs */
    b = facts(f);
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(rendered(f) > before + 3);
}

static void exports_depend_on_their_own_tables(void **state)
{
    struct bench *f = *state;
    products(f, 1, 1000);
    write_mapping(f, 1, "path stock.csv stock");
    start(f);
    struct export *stock = exports_at(f->x, 1);
    version_unref(current(f));
    version_unref(current_of(f, stock));
    uint64_t before = rendered(f);
    run_sql(f, "INSERT INTO stock (product_id, warehouse_id, on_hand_e3) VALUES (5, 1, 1000)");
    tick();
    version_unref(current_of(f, stock));
    version_unref(current(f));
    assert_int_equal(rendered(f), before);
    struct export_status s = status_of(stock);
    assert_int_equal(s.versions, 2);
    export_status_release(&s);
}

static void dates_follow_the_version(void **state)
{
    struct bench *f = *state;
    write_mapping(f, 0, "path catalog.csv dated");
    products(f, 1, 1000);
    start(f);
    assert_right(f); /* compares with the date of the version's mtime */
    struct facts a = facts(f);
    test_now += 5000;
    run_sql(f, "UPDATE product SET mpn = 'x' WHERE id = 5");
    struct facts b = facts(f);
    assert_memory_equal(&a, &b, sizeof a); /* the date alone is no reason */
    run_sql(f, "UPDATE price SET price_e4 = 99999 WHERE product_id = 5");
    assert_right(f);
    assert_int_equal(facts(f).mtime, test_now / 1000);
}

static void keys_come_go_and_move(void **state)
{
    struct bench *f = *state;
    products(f, 1, 1000);
    start(f);
    assert_right(f);
    static const char *const edits[] = {
        "DELETE FROM product WHERE id = 1",
        "DELETE FROM product WHERE id BETWEEN 257 AND 600", /* a chunk emptied */
        "INSERT INTO product (id, sku) VALUES (1, 'again'), (300, 'back')",
        "INSERT INTO product (id, sku) VALUES (-5, 'below'), (1000000, 'beyond'), (4611686018427387904, "
        "'far')",
        "UPDATE product SET active = 0 WHERE id > 900",
        "DELETE FROM price WHERE product_id = 900; UPDATE product SET id = 5000 WHERE id = 900", /* another
                                                                                                    chunk */
        "UPDATE category_text SET name = 'Everything'",
        "DELETE FROM product",
        "INSERT INTO product (id, sku) VALUES (512, 'one')",
    };
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        run_sql(f, edits[i], "");
        tick();
        assert_right(f);
    }
}

static void grown_chunks_are_cut(void **state)
{
    struct bench *f = *state;
    start(f);
    assert_right(f);
    products(f, 1, 20000); /* one import into the one chunk there is */
    tick();
    assert_right(f);
    struct export_status s = status_of(f->e);
    assert_in_range(s.chunks, 20000 / CHUNK_ROWS_MAX, 20000 / CHUNK_ROWS_MIN);
    export_status_release(&s);
    for (int i = 0; i < 30; i++) { /* and grown little by little at the end */
        products(f, 20001 + i * 100, 20100 + i * 100);
        tick();
        assert_right(f);
    }
    s = status_of(f->e);
    assert_in_range(s.chunks, 23000 / CHUNK_ROWS_MAX, 23000 / CHUNK_ROWS_MIN);
    uint64_t many = s.chunks;
    export_status_release(&s);
    run_sql(f, "DELETE FROM product WHERE id %% 500 <> 0"); /* thinned out: neighbours join */
    tick();
    assert_right(f);
    s = status_of(f->e);
    assert_true(s.chunks < many / 2);
    export_status_release(&s);
}

static void one_version_a_second(void **state)
{
    struct bench *f = *state;
    products(f, 1, 500);
    test_now = 0;
    start(f);
    version_unref(current(f));
    int64_t began = clock_monotonic_ms();
    int made = 0;
    uint64_t ino = 0;
    time_t mtime = 0;
    for (int i = 0; clock_monotonic_ms() - began < 3500; i++) {
        run_sql(f, "UPDATE price SET price_e4 = %d WHERE product_id = 5", 50000 + i);
        struct version *v = current(f);
        assert_true(version_mtime(v).tv_sec <= clock_now_ms() / 1000 + 2);
        if (version_ino(v) != ino) {
            assert_true(version_mtime(v).tv_sec > mtime);
            made++;
        }
        ino = version_ino(v);
        mtime = version_mtime(v).tv_sec;
        version_unref(v);
    }
    assert_in_range(made, 3, 7); /* a short burst at once, then one a second */
    assert_right(f);
}

static void clock_that_steps_back(void **state)
{
    struct bench *f = *state;
    products(f, 1, 500);
    start(f);
    struct facts a = facts(f);
    test_now -= 86400 * 1000;
    run_sql(f, "UPDATE price SET price_e4 = 1 WHERE product_id = 5");
    struct facts b = facts(f);
    assert_int_equal(b.mtime, a.mtime + 1);
    stop(f);
    start(f);
    assert_int_equal(facts(f).mtime, b.mtime);
    run_sql(f, "UPDATE price SET price_e4 = 2 WHERE product_id = 5");
    assert_int_equal(facts(f).mtime, b.mtime + 1);
}

static void failure_keeps_the_good_version(void **state)
{
    struct bench *f = *state;
    products(f, 1, 5000);
    start(f);
    fake_fail = EIO;
    struct version *v = NULL;
    assert_int_equal(export_current_wait(f->e, &v, &f->err), -EIO); /* never a good one */
    assert_non_null(strstr(f->err.message, "the test says no"));
    fake_fail = 0;
    run_sql(f, "UPDATE unit SET name = 'p1'");
    usleep(1100000); /* tried again at most once a second */
    struct facts a = facts(f);
    for (int where = 0; where < 3; where++) {
        fake_fail = ENOENT;
        fake_fail_at = where;
        tick();
        run_sql(f,
                "UPDATE unit SET name = 'f%d'; UPDATE price SET price_e4 = price_e4 + 1;"
                "UPDATE category_text SET name = 'f%d'",
                where, where);
        struct facts b = facts(f);
        if (where) {
            assert_memory_equal(&a, &b, sizeof a);
            struct export_status s = status_of(f->e);
            assert_non_null(s.error);
            export_status_release(&s);
        }
        fake_fail = 0;
        usleep(1100000);
        run_sql(f, "UPDATE unit SET name = 'p%d'", where + 5);
        assert_right(f);
        struct export_status s = status_of(f->e);
        assert_null(s.error);
        export_status_release(&s);
        a = facts(f);
    }
}

static void full_disk_keeps_the_good_version(void **state)
{
    struct bench *f = *state;
    products(f, 1, 20000);
    start(f);
    struct facts a = facts(f);
    struct rlimit was, small = {4096, RLIM_INFINITY};
    getrlimit(RLIMIT_FSIZE, &was);
    small.rlim_max = was.rlim_max;
    run_sql(f, "UPDATE price SET price_e4 = price_e4 + 1");
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    tick();
    struct facts b = facts(f);
    setrlimit(RLIMIT_FSIZE, &was);
    assert_memory_equal(&a, &b, sizeof a);
    struct export_status s = status_of(f->e);
    assert_non_null(strstr(s.error, "spool"));
    export_status_release(&s);
    usleep(1100000);
    run_sql(f, "UPDATE unit SET name = 'x'");
    assert_right(f);
}

static void old_versions_stay_readable(void **state)
{
    struct bench *f = *state;
    products(f, 1, 2000);
    start(f);
    struct version *old[20];
    struct buf was[20] = {0};
    auto_buf now = BUF_INIT;
    for (int i = 0; i < 20; i++) {
        old[i] = current(f);
        content(old[i], &was[i]);
        run_sql(f, "UPDATE price SET price_e4 = %d WHERE product_id %% 97 = %d", i, i);
        tick();
    }
    assert_right(f);
    for (int i = 0; i < 20; i++) {
        content(old[i], &now);
        assert_int_equal(now.len, was[i].len);
        assert_memory_equal(now.data, was[i].data, now.len);
        char piece[100];
        assert_int_equal(version_read(old[i], piece, sizeof piece, was[i].len / 2 - 7), 100);
        assert_memory_equal(piece, was[i].data + was[i].len / 2 - 7, 100);
        assert_int_equal(version_read(old[i], piece, sizeof piece, was[i].len - 3), 3);
        assert_int_equal(version_read(old[i], piece, sizeof piece, was[i].len), 0);
        version_unref(old[i]);
        buf_release(&was[i]);
    }
}

static void random_edits(void **state)
{
    struct bench *f = *state;
    unsigned seed = 20261122;
    products(f, 1, 3000);
    start(f);
    for (int i = 0; i < 300; i++) {
        int id = (int)((unsigned)rand_r(&seed) % 6000), other = (int)((unsigned)rand_r(&seed) % 6000);
        switch (rand_r(&seed) % 8) {
        case 0:
            run_sql(f, "INSERT OR IGNORE INTO product (id, sku) VALUES (%d, 'n%d-%d')", id, id, i);
            break;
        case 1:
            run_sql(f, "DELETE FROM product WHERE id = %d", id);
            break;
        case 2:
            run_sql(
                f,
                "DELETE FROM price WHERE product_id = %d; UPDATE OR IGNORE product SET id = %d WHERE id = %d",
                id, other, id);
            break;
        case 3:
            run_sql(f, "DELETE FROM product WHERE id BETWEEN %d AND %d", id, id + other / 10);
            break;
        case 4:
            run_sql(f,
                    "WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
                    " INSERT OR IGNORE INTO product (id, sku) SELECT i, 'b' || i || '-%d' FROM n",
                    id, id + other / 2, i);
            break;
        case 5:
            run_sql(f, "UPDATE product SET active = 1 - active WHERE id BETWEEN %d AND %d", id, id + 20);
            break;
        default:
            run_sql(f, "UPDATE price SET price_e4 = %d WHERE product_id = %d", i, id);
        }
        test_now += rand_r(&seed) % 3 * 1000 + 1000;
        if (rand_r(&seed) % 3)
            assert_right(f);
        if (i % 100 == 99) {
            stop(f);
            start(f);
        }
    }
    assert_right(f);
}

static void count(void *arg, struct export *e)
{
    (void)e;
    ++*(atomic_int *)arg;
}

static void publication_is_told(void **state)
{
    struct bench *f = *state;
    atomic_int told = 0;
    products(f, 1, 10);
    struct exports_site site = {"main", f->mappings};
    struct exports_options o = {.sites = &site,
                                .n_sites = 1,
                                .state_dir = f->state_dir,
                                .state_path = f->state,
                                .published = count,
                                .published_arg = &told,
                                .now_ms = test_clock};
    ok(f, exports_start(&f->x, f->store, &o, &f->err));
    f->e = exports_at(f->x, 0);
    version_unref(current(f));
    run_sql(f, "UPDATE product SET mpn = 'x'");
    version_unref(current(f));
    run_sql(f, "UPDATE price SET price_e4 = 1");
    version_unref(current(f));
    stop(f);
    assert_int_equal(told, 2);
}

static void answered(void *arg, struct version *v, int status)
{
    assert_int_equal(status, 0);
    version_unref(v);
    ++*(atomic_int *)arg;
}

static void slow_export_does_not_hold_others(void **state)
{
    struct bench *f = *state;
    atomic_int answers = 0;
    products(f, 1, 10000);
    write_mapping(f, 1, "path other.csv note");
    start(f);
    struct export *other = exports_at(f->x, 1);
    version_unref(current_of(f, other));
    version_unref(current(f));
    fake_held = export_path(f->e);
    run_sql(f, "UPDATE price SET price_e4 = price_e4 + 1");
    tick();
    for (int i = 0; i < 5; i++)
        export_current(f->e, answered, &answers);
    version_unref(current_of(f, other));
    assert_int_equal(answers, 0);
    fake_held = NULL;
    for (int i = 0; i < 6000 && answers < 5; i++)
        usleep(10000);
    assert_int_equal(answers, 5);
}

static void stopping_does_not_wait_for_a_rendering(void **state)
{
    struct bench *f = *state;
    atomic_int answers = 0;
    products(f, 1, 20000);
    start(f);
    version_unref(current(f));
    unsigned whole = fake_keyed_calls;
    fake_delay_us = 100000;
    run_sql(f, "UPDATE price SET price_e4 = price_e4 + 1");
    tick();
    for (int i = 0; i < 3; i++)
        export_current(f->e, answered, &answers);
    usleep(50000);
    stop(f);
    assert_in_range(fake_keyed_calls - whole, 0, whole - 1);
    assert_int_equal(answers, 3); /* with the last good version */
}

static void background_mode_serves_the_old_for_a_while(void **state)
{
    struct bench *f = *state;
    products(f, 1, 500);
    fake_stale_s = 1;
    start(f);
    struct facts a = facts(f);
    fake_delay_us = 1500000;
    run_sql(f, "UPDATE price SET price_e4 = 1 WHERE product_id = 5");
    tick();
    struct facts b = facts(f);
    assert_memory_equal(&a, &b, sizeof a);
    usleep(1050000); /* older than allowed: now it is waited for */
    b = facts(f);
    assert_int_not_equal(a.ino, b.ino);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
        TEST(first_version),
        TEST(empty_shop),
        TEST(edit_makes_a_later_version),
        TEST(same_bytes_are_no_version),
        TEST(exports_depend_on_their_own_tables),
        TEST(dates_follow_the_version),
        TEST(keys_come_go_and_move),
        TEST(grown_chunks_are_cut),
        TEST(one_version_a_second),
        TEST(clock_that_steps_back),
        TEST(failure_keeps_the_good_version),
        TEST(full_disk_keeps_the_good_version),
        TEST(old_versions_stay_readable),
        TEST(random_edits),
        TEST(publication_is_told),
        TEST(slow_export_does_not_hold_others),
        TEST(stopping_does_not_wait_for_a_rendering),
        TEST(background_mode_serves_the_old_for_a_while),
    };
    log_init("test", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
