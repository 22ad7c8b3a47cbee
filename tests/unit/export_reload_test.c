/* Mappings read anew while exports are served, and the guard against files that shrink by accident. */
#include "export_test.h"

#include "export/note.h"

static int spool_of(struct bench *f)
{
    int dir = openat(f->state_dir, "spool", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    return dir;
}

static struct export_note note_of(struct bench *f)
{
    auto_close int dir = spool_of(f);
    struct export_note n;
    assert_int_equal(export_note_read(dir, "main/catalog.csv", &n), 0);
    return n;
}

static bool noted(struct bench *f, const char *part)
{
    struct export_note n = note_of(f);
    bool is = part ? n.error && strstr(n.error, part) : !n.error;
    export_note_release(&n);
    return is;
}

/* In the status at once, and soon in the note; NULL: no error. */
static void assert_error(struct bench *f, const char *part)
{
    struct export_status s = status_of(f->e);
    if (part) {
        assert_non_null(s.error);
        assert_non_null(strstr(s.error, part));
    } else {
        assert_null(s.error);
    }
    export_status_release(&s);
    for (int i = 0; i < 200 && !noted(f, part); i++)
        usleep(10000);
    assert_true(noted(f, part));
}

static bool holds(struct bench *f, const char *word)
{
    auto_buf text = BUF_INIT;
    struct version *v = current(f);
    content(v, &text);
    version_unref(v);
    return strstr(buf_str(&text), word) != NULL;
}

static void a_good_mapping_takes_over(void **state)
{
    struct bench *f = *state;
    products(f, 1, 600);
    start(f);
    struct version *before = current(f);
    assert_int_equal(exports_reload(f->x), 0); /* nothing changed */
    struct version *same = current(f);
    assert_ptr_equal(before, same);
    version_unref(same);

    tick();
    write_mapping(f, 0, "path catalog.csv note"); /* another document, the same bytes */
    assert_int_equal(exports_reload(f->x), 0);
    same = current(f);
    assert_int_equal(version_ino(same), version_ino(before));
    assert_int_equal(version_mtime(same).tv_sec, version_mtime(before).tv_sec);
    version_unref(same);

    write_mapping(f, 0, "path catalog.csv salt NEW");
    assert_false(holds(f, "NEW"));
    assert_int_equal(exports_reload(f->x), 0);
    assert_true(holds(f, "NEW"));
    assert_right(f);
    uint64_t n = rendered(f);
    run_sql(f, "UPDATE price SET price_e4 = 3 WHERE product_id = 5");
    tick();
    assert_right(f);
    assert_int_equal(rendered(f), n + 1); /* and is kept up to date like any */
    assert_error(f, NULL);
    version_unref(before);
}

static void a_broken_mapping_does_not(void **state)
{
    static const char *const broken[] = {"path catalog.csv broken", "path catalog.csv unwritable", "broken"};
    static const char *const said[] = {"the mapping is broken", "not a number", "the mapping is broken"};
    struct bench *f = *state;
    products(f, 1, 600);
    log_init("test", 0);
    start(f);
    version_unref(current(f));
    for (int i = 0; i < 3; i++) {
        write_mapping(f, 0, broken[i]);
        exports_reload(f->x);
        tick();
        run_sql(f, "UPDATE price SET price_e4 = %d WHERE product_id = 5", 4711 + i);
        char price[16];
        snprintf(price, sizeof price, ";%d;", 4711 + i);
        assert_true(holds(f, price)); /* the mapping as it was goes on */
        assert_error(f, said[i]);
        assert_int_equal(exports_reload(f->x), i == 1 ? 0 : 1);
        assert_true(holds(f, price));
        assert_error(f, said[i]);
    }
    write_mapping(f, 0, "path catalog.csv");
    assert_int_equal(exports_reload(f->x), 0);
    assert_error(f, NULL);
    assert_right(f);
    log_init("test", LOG_LEVEL_ERROR);
}

static void broken_at_start_and_mended(void **state)
{
    struct bench *f = *state;
    products(f, 1, 100);
    start(f);
    version_unref(current(f));
    stop(f);
    log_init("test", 0);
    write_mapping(f, 0, "path catalog.csv broken");
    start(f);
    version_unref(current(f));
    assert_error(f, "broken");
    write_mapping(f, 0, "path catalog.csv salt MENDED");
    tick();
    assert_int_equal(exports_reload(f->x), 0);
    assert_true(holds(f, "MENDED"));
    assert_error(f, NULL);
    log_init("test", LOG_LEVEL_ERROR);
}

/* A disk that is full for a moment is not the mapping's fault. */
static void tried_again_when_it_can_be_tried(void **state)
{
    struct bench *f = *state;
    products(f, 1, 100);
    log_init("test", 0);
    start(f);
    version_unref(current(f));
    write_mapping(f, 0, "path catalog.csv salt LATER");
    fake_fail_at = -1;
    fake_fail = ENOSPC;
    assert_int_equal(exports_reload(f->x), 0);
    assert_false(holds(f, "LATER"));
    assert_error(f, "the test says no");
    fake_fail = 0;
    usleep(1100000);
    run_sql(f, "UPDATE price SET price_e4 = 3 WHERE product_id = 5");
    assert_true(holds(f, "LATER"));
    assert_error(f, NULL);
    log_init("test", LOG_LEVEL_ERROR);
}

static void *readers(void *arg)
{
    struct bench *f = arg;
    for (int i = 0; i < 300; i++)
        assert_true(holds(f, "id;sku;price;"));
    return NULL;
}

static void served_while_reloading(void **state)
{
    struct bench *f = *state;
    static const char *const texts[] = {"path catalog.csv salt A", "path catalog.csv broken",
                                        "path catalog.csv unwritable", "path catalog.csv salt B stock"};
    products(f, 1, 600);
    log_init("test", 0);
    start(f);
    version_unref(current(f));
    test_now = 0;
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, readers, f), 0);
    for (int i = 0; i < 40; i++) {
        write_mapping(f, 0, texts[i % 4]);
        exports_reload(f->x);
        if (i % 3 == 0)
            run_sql(f, "UPDATE price SET price_e4 = %d WHERE product_id = 5", i);
        usleep(5000);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    write_mapping(f, 0, "path catalog.csv salt LAST");
    exports_reload(f->x);
    assert_true(holds(f, "LAST"));
    assert_right(f);
    log_init("test", LOG_LEVEL_ERROR);
}

/* -- keep-rows -- */

static void shrinking_is_refused(void **state)
{
    struct bench *f = *state;
    write_mapping(f, 0, "path catalog.csv keep 80");
    products(f, 1, 1000);
    log_init("test", 0);
    start(f);
    struct version *before = current(f);
    uint64_t texts = version_rows(before) - 1000; /* rows of other sections */
    version_unref(before);
    run_sql(f, "UPDATE product SET active = 0 WHERE id > 850");
    tick();
    assert_right(f); /* 85 % are enough */
    run_sql(f, "UPDATE product SET active = 0 WHERE id > 100");
    tick();
    struct version *now = current(f);
    assert_int_equal(version_rows(now), texts + 850);
    version_unref(now);
    assert_error(f, "rows are left");
    assert_error(f, "accept catalog.csv");
    struct export_note n = note_of(f);
    assert_true(n.shrunk);
    assert_int_equal(n.refused, texts + 100);
    export_note_release(&n);

    /* It stays so, also over a restart. */
    stop(f);
    start(f);
    now = current(f);
    assert_int_equal(version_rows(now), texts + 850);
    version_unref(now);
    assert_error(f, "rows are left");

    /* Rows that come back are no accident any more. */
    usleep(1100000);
    run_sql(f, "UPDATE product SET active = 1 WHERE id <= 840");
    assert_right(f);
    assert_error(f, NULL);
    log_init("test", LOG_LEVEL_ERROR);
}

static void an_operator_may_accept(void **state)
{
    struct bench *f = *state;
    write_mapping(f, 0, "path catalog.csv keep 80");
    products(f, 1, 1000);
    log_init("test", 0);
    start(f);
    version_unref(current(f));
    auto_close int dir = spool_of(f);
    assert_int_equal(export_accept(dir, "main/catalog.csv", &f->err), -ENOENT);
    assert_int_equal(export_accept(dir, "none.csv", &f->err), -ENOENT);
    for (int round = 0; round < 2; round++) { /* an acceptance is used up */
        tick();
        run_sql(f, "UPDATE product SET active = 0 WHERE id > %d", round ? 10 : 100);
        usleep(1100000);
        version_unref(current(f));
        assert_error(f, "rows are left");
        ok(f, export_accept(dir, "main/catalog.csv", &f->err));
        assert_right(f); /* at once */
        assert_error(f, NULL);
        assert_false(export_accepted(dir, "main/catalog.csv"));
    }
    /* Or the mapping says it. */
    run_sql(f, "UPDATE product SET active = 0");
    usleep(1100000);
    tick();
    version_unref(current(f));
    assert_error(f, "rows are left");
    write_mapping(f, 0, "path catalog.csv");
    assert_int_equal(exports_reload(f->x), 0);
    assert_right(f);
    assert_error(f, NULL);
    log_init("test", LOG_LEVEL_ERROR);
}

/* A mistake in the mapping is the likeliest accident of all. */
static void shrinking_by_the_mapping_is_refused(void **state)
{
    struct bench *f = *state;
    products(f, 1, 1000);
    log_init("test", 0);
    start(f);
    version_unref(current(f));
    run_sql(f, "UPDATE product SET active = 0 WHERE id > 100");
    write_mapping(f, 0, "path catalog.csv keep 50 salt GUARDED");
    tick();
    assert_int_equal(exports_reload(f->x), 0);
    assert_false(holds(f, "GUARDED"));
    assert_error(f, "rows are left");
    auto_close int dir = spool_of(f);
    ok(f, export_accept(dir, "main/catalog.csv", &f->err));
    assert_true(holds(f, "GUARDED"));
    assert_error(f, NULL);
    log_init("test", LOG_LEVEL_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
        TEST(a_good_mapping_takes_over),  TEST(a_broken_mapping_does_not),
        TEST(broken_at_start_and_mended), TEST(tried_again_when_it_can_be_tried),
        TEST(served_while_reloading),     TEST(shrinking_is_refused),
        TEST(an_operator_may_accept),     TEST(shrinking_by_the_mapping_is_refused),
    };
    log_init("test", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
