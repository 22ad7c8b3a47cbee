/*
 * export_bench DATABASE MAPPING STATE [THREADS [EDITS]]: what a version costs, without a mount. STATE is an empty
 * directory. Prints one figure per line: name, value, unit. With EDITS only so many single edits are made, each
 * followed by its version, and what the spool takes at most meanwhile is told.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/log.h"
#include "export/exports.h"
#include "store/store.h"

#define EDITS 300
#define CHECKS 20000

static struct error err;
static int64_t shift_ms; /* the clock runs ahead, so that the pace of publication is not what is measured */

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t now_ms(void)
{
    return (int64_t)time(NULL) * 1000 + shift_ms;
}

static void must(int r)
{
    if (r >= 0)
        return;
    fprintf(stderr, "export_bench: %s\n", err.message ? err.message : strerror(-r));
    exit(70);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void figure(const char *name, double value, const char *unit)
{
    printf("%-48s %12.3f %s\n", name, value, unit);
    fflush(stdout);
}

static void figures(const char *name, double *values, size_t n)
{
    char text[80];
    qsort(values, n, sizeof *values, by_value);
    snprintf(text, sizeof text, "%s, median", name);
    figure(text, values[n / 2] * 1e3, "ms");
    snprintf(text, sizeof text, "%s, p99", name);
    figure(text, values[n * 99 / 100] * 1e3, "ms");
}

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double current(struct export *e, struct version **keep)
{
    struct version *v;
    double began = now_s();
    must(export_current_wait(e, &v, &err));
    double took = now_s() - began;
    if (keep)
        *keep = v;
    else
        version_unref(v);
    return took;
}

static void read_all(const struct version *v)
{
    static char piece[128 * 1024];
    double began = now_s();
    for (uint64_t at = 0; at < version_size(v);) {
        ssize_t n = version_read(v, piece, sizeof piece, at);
        must(n > 0 ? 0 : -1);
        at += (uint64_t)n;
    }
    figure("read of a version", (double)version_size(v) / 1e6 / (now_s() - began), "MB/s");
}

static void edit_price(char *sql, size_t size, int i, long product)
{
    snprintf(sql, size, "UPDATE price SET price_e4 = %d WHERE product_id = %ld", 20000 + i, product);
}

static void edit_not_shown(char *sql, size_t size, int i, long product)
{
    snprintf(sql, size, "UPDATE product SET delivery_days = %d WHERE id = %ld", i, product);
}

static void edits(struct db *db, struct export *e, const char *name,
                  void (*edit)(char *sql, size_t size, int i, long product), long products)
{
    static double took[EDITS], cpu[EDITS];
    char text[80];
    unsigned seed = 3;
    for (int i = 0; i < EDITS; i++) {
        char sql[256];
        edit(sql, sizeof sql, i, (long)rand_r(&seed) % products + 1);
        must(db_exec(db, sql, &err));
        shift_ms += 1000;
        cpu[i] = cpu_s();
        took[i] = current(e, NULL);
        cpu[i] = cpu_s() - cpu[i];
    }
    figures(name, took, EDITS);
    snprintf(text, sizeof text, "%s, processor", name);
    figures(text, cpu, EDITS);
}

/* Of the data file in STATE/spool, against the bytes of the version there is. */
static double spool_ratio(const char *state, struct export *e)
{
    char path[4096];
    struct stat st;
    struct version *v;
    current(e, &v);
    snprintf(path, sizeof path, "%s/spool/main%%2F%s.data", state, export_path(e));
    must(stat(path, &st));
    double ratio = (double)st.st_blocks * 512 / (double)version_size(v);
    version_unref(v);
    return ratio;
}

static void many_edits(struct db *db, struct export *e, const char *state, long n, long products)
{
    unsigned seed = 5;
    double worst = 0;
    for (long i = 1; i <= n; i++) {
        char sql[256];
        long product = (long)rand_r(&seed) % products + 1;
        snprintf(sql, sizeof sql, "UPDATE product_text SET name = printf('%%.*c', %d, 'x') WHERE product_id = %ld",
                 rand_r(&seed) % 60 + 1, product);
        must(db_exec(db, sql, &err));
        shift_ms += 1000;
        current(e, NULL);
        if (i % 500 == 0 || i == n) {
            double ratio = spool_ratio(state, e);
            worst = ratio > worst ? ratio : worst;
        }
    }
    figure("spool on disk against live bytes", worst, "x");
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: export_bench DATABASE MAPPING STATE [THREADS [EDITS]]\n");
        return 64;
    }
    log_init("export_bench", LOG_LEVEL_WARNING);
    struct store *store;
    struct db *db;
    struct exports *x;
    struct version *v;
    const char *mappings[] = {argv[2], NULL};
    struct exports_site site = {"main", mappings};
    struct exports_options o = {.sites = &site,
                                .n_sites = 1,
                                .state_dir = open(argv[3], O_RDONLY | O_DIRECTORY),
                                .state_path = argv[3],
                                .threads = argc > 4 ? (unsigned)atoi(argv[4]) : 0,
                                .first_ino = 1,
                                .now_ms = now_ms};
    must(store_open(&store, argv[1], 0, &err));
    must(store_writer(store, &db, &err));
    must(exports_start(&x, store, &o, &err));
    struct export *e = exports_at(x, 0);
    double cpu = cpu_s(), cold = current(e, &v);
    figure("cold render", cold, "s");
    figure("cold render, processor", cpu_s() - cpu, "s");
    figure("size", (double)version_size(v) / 1e6, "MB");
    figure("rows", (double)version_rows(v), "");
    long products = (long)version_rows(v);
    if (argc > 5) {
        version_unref(v);
        must(db_exec(db, "PRAGMA synchronous = OFF", &err));
        many_edits(db, e, argv[3], atol(argv[5]), products);
        exports_stop(x);
        db_close(db);
        store_close(store);
        return 0;
    }
    read_all(v);
    version_unref(v);
    struct export_status status;
    export_status(e, &status);
    figure("chunks", (double)status.chunks, "");
    export_status_release(&status);
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    figure("peak memory after the cold render", (double)use.ru_maxrss / 1024, "MiB");

    double began = now_s();
    for (int i = 0; i < CHECKS; i++)
        current(e, NULL);
    figure("check, nothing changed", (now_s() - began) / CHECKS * 1e6, "us");
    edits(db, e, "fresh after one price edit", edit_price, products);
    edits(db, e, "fresh after an edit not shown", edit_not_shown, products);
    must(db_exec(db, "UPDATE price SET price_e4 = price_e4 + 1", &err));
    shift_ms += 1000;
    figure("all prices changed", current(e, NULL), "s");

    began = now_s();
    exports_stop(x);
    figure("stop", (now_s() - began) * 1e3, "ms");
    began = now_s();
    must(exports_start(&x, store, &o, &err));
    current(exports_at(x, 0), NULL);
    figure("start to first answer", (now_s() - began) * 1e3, "ms");
    export_status(exports_at(x, 0), &status);
    figure("chunks rendered by the start", (double)status.chunks_rendered, "");
    export_status_release(&status);
    exports_stop(x);
    getrusage(RUSAGE_SELF, &use);
    figure("peak memory", (double)use.ru_maxrss / 1024, "MiB");
    db_close(db);
    store_close(store);
    error_release(&err);
    return 0;
}
