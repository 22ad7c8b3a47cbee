/* Several sites: what they share, what parts them, and that nothing of one is seen through another. */
#include "export_test.h"

static struct exports_site sites[4];

static void add_site(struct bench *f, int id, const char *name, const char *title)
{
    run_sql(f,
            "INSERT INTO site (id, name, title, language, currency, price_list_id) VALUES (%d, '%s', '%s', 'uk', 'UAH', 1)",
            id, name, title);
}

/* Sites main, b, c and d with titles A, A, A and B. */
static void four_sites(struct bench *f)
{
    static const char *const names[] = {"main", "b", "c", "d"};
    run_sql(f, "UPDATE site SET title = 'A'");
    add_site(f, 2, "b", "A");
    add_site(f, 3, "c", "A");
    add_site(f, 4, "d", "B");
    for (int i = 0; i < 4; i++)
        sites[i] = (struct exports_site){names[i], f->mappings};
}

static void start_sites(struct bench *f, size_t n)
{
    struct exports_options o = {.state_dir = f->state_dir,
                                .state_path = f->state,
                                .sites = sites,
                                .n_sites = n,
                                .threads = 2,
                                .first_ino = 100,
                                .now_ms = test_clock};
    ok(f, exports_start(&f->x, f->store, &o, &f->err));
}

struct answer {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    bool done;
    struct version *version;
};

static void answer(void *arg, struct version *v, int status)
{
    struct answer *a = arg;
    (void)status;
    pthread_mutex_lock(&a->lock);
    a->version = v;
    a->done = true;
    pthread_cond_signal(&a->ready);
    pthread_mutex_unlock(&a->lock);
}

/* What a site is shown under its first mapping; NULL: nothing. */
static struct version *shown(struct bench *f, const char *site)
{
    struct answer a = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, NULL};
    struct outlet **list = exports_outlets(f->x, site);
    assert_non_null(list[0]);
    outlet_current_for(list[0], 0, answer, &a);
    pthread_mutex_lock(&a.lock);
    while (!a.done)
        pthread_cond_wait(&a.ready, &a.lock);
    pthread_mutex_unlock(&a.lock);
    outlets_free(list);
    return a.version;
}

static bool shows(struct bench *f, const char *site, const char *word)
{
    struct version *v = shown(f, site);
    auto_buf text = BUF_INIT;
    assert_non_null(v);
    content(v, &text);
    version_unref(v);
    return strstr(buf_str(&text), word) != NULL;
}

static uint64_t ino_of(struct bench *f, const char *site)
{
    struct version *v = shown(f, site);
    assert_non_null(v);
    uint64_t ino = version_ino(v);
    version_unref(v);
    return ino;
}

static time_t mtime_of(struct bench *f, const char *site)
{
    struct version *v = shown(f, site);
    assert_non_null(v);
    time_t t = version_mtime(v).tv_sec;
    version_unref(v);
    return t;
}

static unsigned sharing(struct bench *f, const char *site)
{
    struct outlet **list = exports_outlets(f->x, site);
    struct export_status s;
    outlet_status(list[0], &s);
    unsigned n = s.sites;
    export_status_release(&s);
    outlets_free(list);
    return n;
}

static void equal_sites_share(void **state)
{
    struct bench *f = *state;
    products(f, 1, 600);
    four_sites(f);
    start_sites(f, 4);
    assert_int_equal(exports_count(f->x), 1); /* the title is not in the file */
    uint64_t ino = ino_of(f, "main");
    unsigned calls = fake_keyed_calls;
    for (int i = 1; i < 4; i++)
        assert_int_equal(ino_of(f, sites[i].name), ino);
    assert_int_equal(fake_keyed_calls, calls);
    stop(f);
    write_mapping(f, 0, "path catalog.csv titled");
    start_sites(f, 4);
    assert_true(shows(f, "d", "title B"));
    assert_true(shows(f, "main", "title A"));
    assert_int_equal(exports_count(f->x), 2);
    assert_int_equal(sharing(f, "main"), 3);
    assert_int_equal(sharing(f, "d"), 1);
}

static void a_site_that_becomes_another_parts(void **state)
{
    struct bench *f = *state;
    products(f, 1, 600);
    four_sites(f);
    write_mapping(f, 0, "path catalog.csv titled");
    start_sites(f, 4);
    uint64_t ino = ino_of(f, "main");
    assert_int_equal(ino_of(f, "b"), ino);
    time_t before = mtime_of(f, "b");
    tick();
    run_sql(f, "UPDATE site SET title = 'Z' WHERE name = 'b'");
    assert_true(shows(f, "main", "title A")); /* asked first: it is the shared one that looks */
    assert_true(shows(f, "b", "title Z"));
    assert_true(shows(f, "c", "title A"));
    assert_int_equal(ino_of(f, "main"), ino); /* nothing changed for these */
    assert_int_equal(ino_of(f, "c"), ino);
    assert_true(mtime_of(f, "b") > before);
    assert_int_equal(sharing(f, "main"), 2);
    /* Both at once, and to the same: they stay together. */
    tick();
    run_sql(f, "UPDATE site SET title = 'Y' WHERE name IN ('main', 'c')");
    assert_true(shows(f, "c", "title Y"));
    assert_true(shows(f, "main", "title Y"));
    assert_int_equal(ino_of(f, "c"), ino_of(f, "main"));
    /* Equal again: each goes on with its own. */
    tick();
    run_sql(f, "UPDATE site SET title = 'Q'");
    for (int i = 0; i < 4; i++)
        assert_true(shows(f, sites[i].name, "title Q"));
    assert_int_not_equal(ino_of(f, "b"), ino_of(f, "main"));
    stop(f);
    before = test_now / 1000;
    tick();
    start_sites(f, 4);
    for (int i = 0; i < 4; i++) {
        assert_true(shows(f, sites[i].name, "title Q"));
        assert_true(mtime_of(f, sites[i].name) <= before); /* the same version as before the restart */
    }
    assert_int_not_equal(ino_of(f, "b"), ino_of(f, "main"));
    assert_int_equal(ino_of(f, "c"), ino_of(f, "main"));
}

static void what_one_hides_no_other_shows(void **state)
{
    struct bench *f = *state;
    products(f, 1, 600);
    four_sites(f);
    write_mapping(f, 0, "path catalog.csv hiding");
    start_sites(f, 4);
    uint64_t ino = ino_of(f, "main");
    for (int i = 1; i < 4; i++)
        assert_int_equal(ino_of(f, sites[i].name), ino);
    tick();
    /* A product that one site must never show comes with the word that hides it. */
    run_sql(f, "BEGIN; INSERT INTO product (id, sku) VALUES (1000, 'SECRET');"
               "INSERT INTO site_product (product_id, site_id, hidden) VALUES (1000, 2, 1); COMMIT");
    assert_false(shows(f, "b", "SECRET"));
    assert_true(shows(f, "main", "SECRET"));
    assert_true(shows(f, "c", "SECRET"));
    assert_false(shows(f, "b", "SECRET"));
    assert_int_equal(sharing(f, "b"), 1);
    assert_int_equal(sharing(f, "c"), 3);
    /* Rendering fails: the last good version is each one's own. */
    fake_fail = EIO;
    log_init("test", 0);
    tick();
    run_sql(f, "UPDATE product SET sku = 'OTHER' WHERE id = 1; DELETE FROM site_product");
    assert_false(shows(f, "b", "SECRET"));
    assert_false(shows(f, "b", "OTHER"));
    fake_fail = 0;
    tick();
    usleep(1100000); /* a failure is tried again after a second */
    run_sql(f, "UPDATE product SET sku = 'THIRD' WHERE id = 1");
    assert_true(shows(f, "b", "SECRET"));
    log_init("test", LOG_LEVEL_ERROR);
}

/* The site whose rows are rendered goes away, and comes back as another. */
static void the_first_site_goes(void **state)
{
    struct bench *f = *state;
    products(f, 1, 600);
    four_sites(f);
    write_mapping(f, 0, "path catalog.csv titled");
    start_sites(f, 4);
    uint64_t ino = ino_of(f, "main");
    assert_int_equal(exports_configure(f->x, sites + 1, 3, &f->err), 0);
    assert_int_equal(ino_of(f, "c"), ino);
    tick();
    run_sql(f, "DELETE FROM site WHERE name = 'main'");
    assert_int_equal(ino_of(f, "c"), ino);
    assert_int_equal(ino_of(f, "b"), ino);
    run_sql(f, "UPDATE product SET sku = 'CHANGED' WHERE id = 5");
    assert_true(shows(f, "b", "CHANGED"));
    assert_true(shows(f, "c", "title A"));
    tick();
    add_site(f, 9, "main", "M");
    assert_int_equal(exports_configure(f->x, sites, 4, &f->err), 0);
    assert_true(shows(f, "main", "title M"));
    assert_true(shows(f, "c", "title A"));
    stop(f);
    start_sites(f, 4);
    assert_true(shows(f, "main", "title M"));
    assert_true(shows(f, "b", "title A"));
}

static void sites_come_and_go(void **state)
{
    struct bench *f = *state;
    products(f, 1, 600);
    four_sites(f);
    start_sites(f, 1);
    uint64_t ino = ino_of(f, "main");
    struct outlet **old = exports_outlets(f->x, "main");
    assert_int_equal(exports_configure(f->x, sites, 4, &f->err), 0);
    struct outlet **same = exports_outlets(f->x, "main");
    assert_ptr_equal(same[0], old[0]);
    outlets_free(same);
    outlets_free(old);
    assert_int_equal(ino_of(f, "d"), ino); /* joined, with nothing rendered */
    /* Another document under the same path: the file goes on, never with an older time. */
    time_t before = mtime_of(f, "main");
    snprintf(f->file[1], sizeof f->file[1], "%s/1.xml", f->dir);
    f->mappings[1] = NULL;
    const char *other[] = {f->file[1], NULL};
    auto_close int fd = open(f->file[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ok(f, io_write_full(fd, "path catalog.csv salt OTHER", 27));
    sites[0].mappings = other;
    assert_int_equal(exports_configure(f->x, sites, 3, &f->err), 0);
    assert_true(shows(f, "main", "OTHER"));
    assert_false(shows(f, "b", "OTHER"));
    assert_true(mtime_of(f, "main") > before);
    same = exports_outlets(f->x, "d");
    assert_null(same[0]);
    outlets_free(same);
    /* The document says another path. */
    ok(f, ftruncate(fd, 0));
    ok(f, io_pwrite_full(fd, "path moved.csv", 14, 0));
    assert_int_equal(exports_reload(f->x), 0);
    same = exports_outlets(f->x, "main");
    assert_string_equal(outlet_path(same[0]), "moved.csv");
    outlets_free(same);
    assert_false(shows(f, "main", "OTHER"));
}

/* Lookups of all sites, while titles and hidden rows change under them: what is shown is always the site's own. */
static atomic_bool ended;

static void *look(void *arg)
{
    struct bench *f = arg;
    while (!ended) {
        for (int i = 0; i < 3; i++) {
            char not_mine[32];
            snprintf(not_mine, sizeof not_mine, "HIDDEN-FROM-%s;", sites[i].name);
            if (shows(f, sites[i].name, not_mine))
                return arg;
        }
    }
    return NULL;
}

static void under_changes(void **state)
{
    struct bench *f = *state;
    pthread_t threads[2];
    products(f, 1, 300);
    four_sites(f);
    write_mapping(f, 0, "path catalog.csv hiding titled");
    start_sites(f, 3);
    ended = false;
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, look, f);
    for (int i = 0; i < 60; i++) {
        int site = i % 3;
        tick();
        run_sql(f,
                "BEGIN; INSERT OR IGNORE INTO product (id, sku) VALUES (%d, 'HIDDEN-FROM-%s');"
                "INSERT OR REPLACE INTO site_product (product_id, site_id, hidden) VALUES (%d, %d, 1);"
                "UPDATE site SET title = 'T%d' WHERE id = %d; COMMIT",
                1000 + site, sites[site].name, 1000 + site, site + 1, i, site + 1);
        if (i == 30)
            assert_int_equal(exports_configure(f->x, sites, 4, &f->err), 0);
        usleep(2000);
    }
    ended = true;
    for (int i = 0; i < 2; i++) {
        void *leaked = NULL;
        pthread_join(threads[i], &leaked);
        assert_null(leaked);
    }
    assert_true(shows(f, "main", "HIDDEN-FROM-b;"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(equal_sites_share, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(a_site_that_becomes_another_parts, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(what_one_hides_no_other_shows, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(the_first_site_goes, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(sites_come_and_go, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(under_changes, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
