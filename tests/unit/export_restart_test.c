/* Promises E4, E5 and A3 over restarts, kills, power cuts and lost files; the bound of the spool. */
#include "export_test.h"

struct facts {
    uint64_t size;
    time_t mtime;
};

static struct facts facts(struct bench *f)
{
    struct version *v = current(f);
    struct facts x = {version_size(v), version_mtime(v).tv_sec};
    version_unref(v);
    return x;
}

static const char *spool_path(struct bench *f, const char *name)
{
    static char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/spool/%s", f->state, name);
    return path;
}

/* As after a power cut: another boot, no clean mark. */
static void power_cut(struct bench *f)
{
    static const char other[] = "running 00000000-0000-0000-0000-000000000000\n";
    auto_close int fd = open(spool_path(f, "state"), O_WRONLY | O_TRUNC | O_CLOEXEC);
    ok(f, io_write_full(fd, other, sizeof other - 1));
}

static void lose_index(struct bench *f)
{
    unlink(spool_path(f, "index.db"));
    unlink(spool_path(f, "index.db-wal"));
}

static void nothing_changed(void **state)
{
    struct bench *f = *state;
    products(f, 1, 20000);
    start(f);
    struct facts a = facts(f);
    run_sql(f, "UPDATE product SET mpn = 'x' WHERE id = 7"); /* only the sequence */
    assert_right(f);
    for (int i = 0; i < 3; i++) {
        stop(f);
        test_now += 100000;
        start(f);
        struct facts b = facts(f);
        assert_memory_equal(&a, &b, sizeof a);
        assert_int_equal(rendered(f), 0);
        assert_right(f);
    }
}

static void changed_while_stopped(void **state)
{
    struct bench *f = *state;
    products(f, 1, 20000);
    start(f);
    struct facts a = facts(f);
    stop(f);
    run_sql(f, "UPDATE price SET price_e4 = 77777 WHERE product_id = 12345");
    start(f);
    struct facts b = facts(f);
    assert_int_equal(rendered(f), 1);
    assert_int_equal(b.size, a.size);
    assert_int_equal(b.mtime, a.mtime + 1); /* the clock stood still */
    assert_right(f);
}

static void lost_or_damaged_index(void **state)
{
    struct bench *f = *state;
    products(f, 1, 3000);
    start(f);
    struct facts a = facts(f);
    stop(f);
    lose_index(f);
    run_sql(f, "UPDATE price SET price_e4 = 77777 WHERE product_id = 1234");
    test_now -= 5000; /* and the clock stepped back */
    start(f);
    struct facts b = facts(f);
    assert_int_equal(a.size, b.size);
    assert_true(b.mtime > a.mtime);
    assert_right(f);
    stop(f);
    auto_close int fd = open(spool_path(f, "index.db"), O_WRONLY | O_CLOEXEC);
    char junk[8192];
    memset(junk, 'x', sizeof junk);
    ok(f, io_pwrite_full(fd, junk, sizeof junk, 0));
    log_init("test", 0);
    start(f);
    assert_true(facts(f).mtime > b.mtime);
    assert_right(f);
    log_init("test", LOG_LEVEL_ERROR);
}

static void damaged_chunk_rows(void **state)
{
    struct bench *f = *state;
    static const char *const damages[] = {
        "DELETE FROM chunk_group WHERE low = (SELECT max(low) FROM chunk_group)",
        "UPDATE chunk_group SET chunks = substr(chunks, 1, length(chunks) - 56)", /* the last chunk of each */
        "UPDATE chunk_group SET chunks = substr(chunks, 1, length(chunks) - 1)",
        "UPDATE chunk_group SET chunks = zeroblob(length(chunks))",
        "UPDATE chunk_group SET chunks = substr(chunks, 1, 85) || x'77' || substr(chunks, 87)", /* where it lies */
        "UPDATE export SET state = zeroblob(length(state))",
        "UPDATE export SET proof = proof + 1",
    };
    products(f, 1, 3000);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        start(f);
        struct facts a = facts(f);
        stop(f);
        struct db *db;
        ok(f, db_open_private(&db, spool_path(f, "index.db"), false, &f->err));
        ok(f, db_exec(db, damages[i], &f->err));
        db_close(db);
        start(f);
        assert_true(facts(f).mtime >= a.mtime);
        assert_right(f);
        assert_true(rendered(f) > 0);
        stop(f);
    }
}

static void mapping_edited(void **state)
{
    struct bench *f = *state;
    products(f, 1, 3000);
    start(f);
    struct facts a = facts(f);
    stop(f);
    tick();
    write_mapping(f, 0, "path catalog.csv note"); /* another document, the same bytes */
    start(f);
    struct facts b = facts(f);
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(rendered(f) > 3);
    stop(f);
    start(f);
    b = facts(f);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(rendered(f), 0);
    stop(f);
    write_mapping(f, 0, "path catalog.csv salt x");
    start(f);
    assert_int_equal(facts(f).mtime, test_now / 1000);
    assert_right(f);
}

static void mapping_broken(void **state)
{
    struct bench *f = *state;
    products(f, 1, 3000);
    write_mapping(f, 1, "path other.csv broken");
    log_init("test", 0);
    start(f);
    assert_int_equal(exports_count(f->x), 1); /* never a good version: left out */
    struct facts a = facts(f);
    stop(f);
    write_mapping(f, 0, "path catalog.csv broken");
    run_sql(f, "UPDATE price SET price_e4 = 1");
    for (int i = 0; i < 2; i++) {
        start(f);
        assert_int_equal(exports_count(f->x), 1);
        assert_string_equal(export_path(f->e), "catalog.csv");
        struct facts b = facts(f);
        assert_memory_equal(&a, &b, sizeof a);
        struct export_status s = status_of(f->e);
        assert_non_null(strstr(s.error, "broken"));
        export_status_release(&s);
        stop(f);
        power_cut(f);
    }
    write_mapping(f, 0, "path catalog.csv");
    start(f);
    assert_right(f);
    log_init("test", LOG_LEVEL_ERROR);
}

static void two_mounts(void **state)
{
    struct bench *f = *state;
    products(f, 1, 10);
    start(f);
    struct exports *second = NULL;
    struct exports_site site = {"main", f->mappings};
    struct exports_options o = {.sites = &site,
                                .n_sites = 1, .state_dir = f->state_dir, .state_path = f->state};
    assert_int_equal(exports_start(&second, f->store, &o, &f->err), -EBUSY);
    assert_non_null(strstr(f->err.message, "in use"));
    /* A version that is still open keeps the spool locked. */
    struct version *v = current(f);
    stop(f);
    assert_int_equal(exports_start(&second, f->store, &o, &f->err), -EBUSY);
    auto_buf bytes = BUF_INIT;
    content(v, &bytes);
    version_unref(v);
    start(f);
    assert_right(f);
}

static void database_replaced(void **state)
{
    struct bench *f = *state;
    products(f, 1, 3000);
    char command[5 * PATH_MAX];
    start(f);
    facts(f);
    stop(f);
    /* A copy of the same history that went another way: the same sequence, other prices. */
    db_close(f->writer);
    store_close(f->store);
    snprintf(command, sizeof command, "cp '%s' '%s.old'", f->path, f->path);
    assert_int_equal(system(command), 0);
    ok(f, store_open(&f->store, f->path, 0, &f->err));
    ok(f, store_writer(f->store, &f->writer, &f->err));
    run_sql(f, "UPDATE price SET price_e4 = 1 WHERE product_id = 5");
    start(f);
    struct facts a = facts(f);
    stop(f);
    db_close(f->writer);
    store_close(f->store);
    snprintf(command, sizeof command, "rm -f '%s'*-wal '%s'*-shm; mv '%s.old' '%s'", f->path, f->path,
             f->path, f->path);
    assert_int_equal(system(command), 0);
    ok(f, store_open(&f->store, f->path, 0, &f->err));
    ok(f, store_writer(f->store, &f->writer, &f->err));
    run_sql(f, "UPDATE price SET price_e4 = 1 WHERE product_id = 2900");
    start(f);
    assert_true(facts(f).mtime > a.mtime);
    assert_right(f);
    /* The sequence fell while we looked. */
    run_sql(f, "UPDATE price SET price_e4 = 5 WHERE product_id = 1000;"
               "UPDATE change_sequence SET sequence = 2; DELETE FROM change_mark");
    tick();
    assert_right(f);
}

static void power_cut_is_checked(void **state)
{
    struct bench *f = *state;
    products(f, 1, 3000);
    start(f);
    struct facts a = facts(f);
    stop(f);
    power_cut(f);
    start(f); /* all bytes are there */
    struct facts b = facts(f);
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(rendered(f), 0);
    stop(f);
    power_cut(f);
    auto_close int fd = open(spool_path(f, "main%2Fcatalog.csv.data"), O_WRONLY | O_CLOEXEC);
    char zeros[4096] = "";
    ok(f, io_pwrite_full(fd, zeros, sizeof zeros, 3 * SPOOL_BLOCK));
    tick();
    log_init("test", 0);
    start(f); /* nobody asks for it in this run: it is still to be checked by the next */
    stop(f);
    start(f); /* some are not: the same content keeps its date */
    b = facts(f);
    assert_memory_equal(&a, &b, sizeof a);
    assert_in_range(rendered(f), 1, 3);
    assert_right(f);
    stop(f);
    power_cut(f);
    assert_int_equal(ftruncate(fd, 5 * SPOOL_BLOCK), 0);
    run_sql(f, "UPDATE price SET price_e4 = 3 WHERE product_id = 2222");
    start(f);
    assert_true(facts(f).mtime > a.mtime);
    assert_right(f);
    log_init("test", LOG_LEVEL_ERROR);
}

static void spool_stays_small(void **state)
{
    struct bench *f = *state;
    unsigned seed = 7;
    products(f, 1, 20000);
    start(f);
    assert_right(f);
    struct version *held = NULL;
    for (int i = 0; i < 3000; i++) {
        int id = rand_r(&seed) % 20000 + 1;
        run_sql(f, "UPDATE product SET sku = 'sku-%d-%.*s' WHERE id = %d", id, rand_r(&seed) % 40,
                "a longer name makes a longer chunk, at times", id);
        tick();
        struct version *v = current(f);
        if (i % 100 == 0) {
            version_unref(held);
            held = version_ref(v);
        }
        version_unref(v);
    }
    version_unref(held);
    assert_right(f);
    struct stat st;
    assert_int_equal(stat(spool_path(f, "main%2Fcatalog.csv.data"), &st), 0);
    uint64_t size = facts(f).size;
    print_message("live %llu, on disk %llu, file %llu bytes\n", (unsigned long long)size,
                  (unsigned long long)st.st_blocks * 512, (unsigned long long)st.st_size);
    assert_true((uint64_t)st.st_blocks * 512 <= 2 * size);
    assert_true((uint64_t)st.st_size <= 4 * size);
    stop(f);
    start(f);
    assert_right(f);
}

/* -- kill -9 ------------------------------------------------------------------------------------------- */

struct seen {
    uint64_t size, hash;
    int64_t mtime;
};

static struct seen seen_now(struct bench *f)
{
    auto_buf bytes = BUF_INIT;
    struct version *v = current(f);
    content(v, &bytes);
    struct seen s = {version_size(v), digest_hash64(bytes.data, bytes.len), version_mtime(v).tv_sec};
    version_unref(v);
    return s;
}

/* Edits and looks until it is killed; tells what a client could have seen. */
static void edit_for_ever(struct bench *f, int fd, unsigned seed)
{
    ok(f, store_open(&f->store, f->path, 0, &f->err));
    ok(f, store_writer(f->store, &f->writer, &f->err));
    start(f);
    for (;;) {
        if (rand_r(&seed) % 10 == 0)
            run_sql(f, "UPDATE price SET price_e4 = price_e4 + 1");
        else
            run_sql(f, "UPDATE price SET price_e4 = %d WHERE product_id = %d", rand_r(&seed) % 90000 + 10000,
                    rand_r(&seed) % 3000 + 1);
        if (rand_r(&seed) % 50 == 0)
            run_sql(f, "UPDATE category_text SET name = 'n%d'", rand_r(&seed) % 10);
        struct seen s = seen_now(f);
        if (write(fd, &s, sizeof s) != sizeof s)
            _exit(1);
        if (rand_r(&seed) % 3 == 0)
            tick();
    }
}

static void killed_at_any_point(void **state)
{
    struct bench *f = *state;
    struct seen *all = NULL;
    size_t n = 0, cap = 0;
    unsigned seed = 99;
    products(f, 1, 3000);
    for (int round = 0; round < 25; round++) {
        db_close(f->writer);
        store_close(f->store);
        f->writer = NULL;
        f->store = NULL;
        int pipes[2];
        assert_int_equal(pipe(pipes), 0);
        test_now += 3000; /* the pace of the killed run is not known to the next */
        pid_t pid = fork();
        if (pid == 0) {
            close(pipes[0]);
            edit_for_ever(f, pipes[1], seed + (unsigned)round);
        }
        close(pipes[1]);
        struct seen s;
        int64_t until = clock_monotonic_ms() + 20 + rand_r(&seed) % 150;
        while (clock_monotonic_ms() < until)
            usleep(500);
        kill(pid, SIGKILL);
        while (read(pipes[0], &s, sizeof s) == sizeof s) {
            array_grow(all, n, cap);
            all[n++] = s;
        }
        close(pipes[0]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);

        ok(f, store_open(&f->store, f->path, 0, &f->err));
        ok(f, store_writer(f->store, &f->writer, &f->err));
        test_now += 1000 * (rand_r(&seed) % 3);
        start(f);
        assert_right(f);
        array_grow(all, n, cap);
        all[n++] = seen_now(f);
        if (round % 2) {
            run_sql(f, "UPDATE price SET price_e4 = %d WHERE product_id = 7", 60000 + round);
            assert_right(f);
            array_grow(all, n, cap);
            all[n++] = seen_now(f);
        }
        stop(f);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (all[i].size == all[k].size && all[i].mtime == all[k].mtime)
                assert_int_equal(all[i].hash, all[k].hash);
    print_message("%zu versions seen over 25 kills\n", n);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
        TEST(nothing_changed),    TEST(changed_while_stopped), TEST(lost_or_damaged_index),
        TEST(damaged_chunk_rows), TEST(mapping_edited),        TEST(mapping_broken),
        TEST(two_mounts),         TEST(database_replaced),     TEST(power_cut_is_checked),
        TEST(spool_stays_small),  TEST(killed_at_any_point),
    };
    log_init("test", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
