/* What the tests of exports share: a shop, a state directory, mappings, a clock under control. */
#ifndef SHOPFS_TESTS_EXPORT_TEST_H
#define SHOPFS_TESTS_EXPORT_TEST_H

#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#ifdef EXPORT_TEST_REAL /* the shipped compiler and renderer instead of the stand-in */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "mapping/export_map.h"
#include "mapping/render.h"
#else
#include "export_fake.h"
#endif

#include "base/clock.h"
#include "base/log.h"
#include "export/exports.h"
#include "export/spool.h"

#define MAPPINGS 3

struct bench {
    char dir[64];
    char path[PATH_MAX], state[PATH_MAX], file[MAPPINGS][PATH_MAX];
    const char *mappings[MAPPINGS + 1];
    struct error err;
    struct store *store;
    struct db *writer;
    int state_dir;
    struct exports *x;
    struct export *e; /* the first */
};

/* Milliseconds; 0: the real clock. */
static _Atomic int64_t test_now;

static int64_t test_clock(void)
{
    int64_t now = test_now;
    return now ? now : clock_now_ms();
}

#define ok(f, expression)                                                                                 \
    do {                                                                                                  \
        int ok_ = (int)(expression);                                                                      \
        if (ok_ < 0)                                                                                      \
            fail_msg("%s: %d: %s", #expression, ok_, (f)->err.message ? (f)->err.message : "no message"); \
    } while (0)

static inline void run_sql(struct bench *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    auto_buf sql = BUF_INIT;
    buf_vaddf(&sql, format, args);
    va_end(args);
    int r = db_exec(f->writer, buf_str(&sql), &f->err);
    if (r < 0)
        fail_msg("%s: %d: %s", buf_str(&sql), r, f->err.message);
}

static inline void write_mapping(struct bench *f, int i, const char *words)
{
    snprintf(f->file[i], sizeof f->file[i], "%s/%d.xml", f->dir, i);
    f->mappings[i] = f->file[i];
    auto_close int fd = open(f->file[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ok(f, io_write_full(fd, words, strlen(words)));
}

static inline int bench_setup(void **state)
{
    struct bench *f = calloc(1, sizeof *f);
    strcpy(f->dir, "/tmp/shopfs-export-XXXXXX");
    if (!f || !mkdtemp(f->dir))
        return -1;
    snprintf(f->path, sizeof f->path, "%s/shop.db", f->dir);
    snprintf(f->state, sizeof f->state, "%s/state", f->dir);
    mkdir(f->state, 0700);
    f->state_dir = open(f->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    test_now = (int64_t)1700000000 * 1000;
#ifndef EXPORT_TEST_REAL
    fake_fail = fake_delay_us = fake_stale_s = 0;
    fake_fail_at = -1;
#endif
    ok(f, store_open(&f->store, f->path, STORE_CREATE, &f->err));
    ok(f, store_writer(f->store, &f->writer, &f->err));
    run_sql(
        f,
        "INSERT INTO language VALUES ('uk', 'Ukrainian');"
        "INSERT INTO currency (code) VALUES ('UAH');"
        "INSERT INTO price_list (id, code, currency) VALUES (1, 'retail', 'UAH');"
        "INSERT INTO warehouse (id, code) VALUES (1, 'main');"
        "INSERT INTO unit (id, code) VALUES (1, 'pcs');"
        "INSERT INTO site (id, name, language, currency, price_list_id) VALUES (1, 'main', 'uk', 'UAH', 1);"
        "INSERT INTO category (id) VALUES (1); INSERT INTO category_text VALUES (1, 'uk', 'All', '');");
    write_mapping(f, 0, "path catalog.csv");
    *state = f;
    return 0;
}

static inline void start_threads(struct bench *f, unsigned threads)
{
    struct exports_site site = {"main", f->mappings};
    struct exports_options o = {.sites = &site,
                                .n_sites = 1,
                                .state_dir = f->state_dir,
                                .state_path = f->state,
                                .threads = threads,
                                .first_ino = 100,
                                .now_ms = test_clock};
    ok(f, exports_start(&f->x, f->store, &o, &f->err));
    f->e = exports_count(f->x) ? exports_at(f->x, 0) : NULL;
}

static inline void start(struct bench *f)
{
    start_threads(f, 2);
}

static inline void stop(struct bench *f)
{
    exports_stop(f->x);
    f->x = NULL;
    f->e = NULL;
}

static inline int bench_teardown(void **state)
{
    struct bench *f = *state;
#ifndef EXPORT_TEST_REAL
    fake_fail = fake_delay_us = fake_stale_s = 0;
#endif
    exports_stop(f->x);
    db_close(f->writer);
    store_close(f->store);
    close(f->state_dir);
    error_release(&f->err);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
    int r = system(command);
    free(f);
    return r;
}

static inline void products(struct bench *f, int from, int to)
{
    run_sql(f,
            "WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
            " INSERT INTO product (id, sku) SELECT i, 'sku-' || i FROM n;"
            "INSERT INTO price (product_id, price_list_id, price_e4) SELECT id, 1, 10000 + id FROM product"
            " WHERE id BETWEEN %d AND %d",
            from, to, from, to);
}

static inline void tick(void)
{
    test_now += 1000;
}

static inline struct version *current_of(struct bench *f, struct export *e)
{
    struct version *v = NULL;
    ok(f, export_current_wait(e, &v, &f->err));
    return v;
}

static inline struct version *current(struct bench *f)
{
    return current_of(f, f->e);
}

static inline void content(const struct version *v, struct buf *out)
{
    buf_clear(out);
    buf_reserve(out, version_size(v) + 1);
    ssize_t n = version_read(v, out->data, version_size(v) + 1, 0);
    assert_int_equal(n, (ssize_t)version_size(v)); /* not a byte more */
    out->len = (size_t)n;
    out->data[n] = '\0';
}

/* The whole document rendered in one piece by other means than chunks. */
static inline void expect(struct bench *f, int mapping, time_t stamp, struct buf *out)
{
    struct export_map *map;
    struct renderer *r;
    struct db *db;
    ok(f, store_reader(f->store, &db, &f->err));
    ok(f, export_map_compile(&map, f->mappings[mapping], db, &f->err));
    ok(f, renderer_new(&r, map, db, "main", &f->err));
    ok(f, db_begin_read(db, &f->err));
    buf_clear(out);
    for (size_t s = 0; s < export_map_sections(map); s++)
        ok(f, renderer_section(r, s, INT64_MIN, INT64_MAX, stamp, out, NULL, &f->err));
    db_end(db);
    renderer_free(r);
    export_map_unref(map);
    db_close(db);
}

/* The current version of the export of that mapping is the database as it is. */
static inline void assert_right_of(struct bench *f, size_t i)
{
    auto_buf is = BUF_INIT, should = BUF_INIT;
    struct version *v = current_of(f, exports_at(f->x, i));
    content(v, &is);
    expect(f, (int)i, version_mtime(v).tv_sec, &should);
    assert_int_equal(is.len, should.len);
    if (is.len)
        assert_memory_equal(is.data, should.data, is.len);
    version_unref(v);
}

static inline void assert_right(struct bench *f)
{
    assert_right_of(f, 0);
}

static inline struct export_status status_of(struct export *e)
{
    struct export_status s;
    export_status(e, &s);
    return s;
}

static inline uint64_t rendered(struct bench *f)
{
    struct export_status s = status_of(f->e);
    uint64_t n = s.chunks_rendered;
    export_status_release(&s);
    return n;
}

#endif
