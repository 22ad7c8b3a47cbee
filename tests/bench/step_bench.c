/*
 * step_bench DATABASE MAPPING [THREADS [ROWS]]: a bare loop over the rows of a mapping: every SELECT stepped to its end,
 * range by range of ROWS keys, the cells not even looked at. Prints seconds for all (each of THREADS takes ranges in
 * turn). The SELECTs are those over the documented views; with STEP_BENCH_OWN in the environment those that the program
 * really makes, without what it looks up (the least a rendering can cost); with STEP_BENCH_SQL also each SELECT, and
 * what it alone takes on one thread.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "export/plan.h"
#include "mapping/export_program.h"
#include "mapping/render.h"

struct ranges {
    int64_t *low;
    size_t n;
};

static struct store *store;
static struct export_map *map;
static struct ranges *ranges; /* of each section */
static size_t only;           /* a query, SIZE_MAX: all */
static int64_t site;
static atomic_size_t next_range;
static atomic_ullong rows;

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int r, struct error *err)
{
    if (r >= 0)
        return;
    fprintf(stderr, "step_bench: %s\n", err->message ? err->message : strerror(-r));
    exit(70);
}

static void step_all(struct stmt *st, const struct query *q, int64_t low, int64_t high, struct error *err)
{
    unsigned long n = 0;
    int r;

    stmt_reset(st);
    stmt_bind_int(st, "site", site);
    if (q->kind->space != KEY_NONE) {
        stmt_bind_int(st, "low", low);
        stmt_bind_int(st, "high", high);
    }
    while ((r = stmt_step(st, err)) == 1)
        n++;
    must(r, err);
    atomic_fetch_add(&rows, n);
}

static void *run(void *arg)
{
    struct error err = ERROR_INIT;
    struct stmt **st = xcalloc(map->n_queries, sizeof *st);
    struct db *db;

    (void)arg;
    must(store_reader(store, &db, &err), &err);
    must(db_begin_read(db, &err), &err);
    for (size_t q = 0; q < map->n_queries; q++)
        if (map->queries[q].sql)
            must(db_prepare(db, &st[q], map->queries[q].sql, &err), &err);
    for (size_t i; (i = atomic_fetch_add(&next_range, 1)), true;) {
        size_t s = 0;
        while (s < map->n_sections && i >= ranges[s].n)
            i -= ranges[s++].n;
        if (s == map->n_sections)
            break;
        for (size_t q = 1; q < map->n_queries; q++)
            if (map->queries[q].sql && map->queries[q].mode != QUERY_LOOKUP && map->queries[q].section == (int)s && (only == SIZE_MAX || only == q))
                step_all(st[q], &map->queries[q], ranges[s].low[i],
                         i + 1 < ranges[s].n ? ranges[s].low[i + 1] - 1 : INT64_MAX, &err);
    }
    for (size_t q = 0; q < map->n_queries; q++)
        stmt_free(st[q]);
    free(st);
    db_close(db);
    return NULL;
}

static void measure(const char *name, unsigned threads)
{
    pthread_t thread[64];
    double wall = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);

    next_range = 0;
    rows = 0;
    for (unsigned i = 0; i < threads; i++)
        if (pthread_create(&thread[i], NULL, run, NULL) != 0)
            abort();
    for (unsigned i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    printf("%-24s %10.3f s wall %10.3f s processor %12llu rows\n", name, seconds(CLOCK_MONOTONIC) - wall,
           seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, (unsigned long long)rows);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    struct error err = ERROR_INIT;
    struct renderer *r;
    struct stmt *st;
    struct db *db;
    unsigned threads = argc > 3 ? (unsigned)atoi(argv[3]) : 1;
    uint64_t n = argc > 4 ? (uint64_t)atoi(argv[4]) : CHUNK_ROWS;

    if (argc < 3 || threads < 1 || threads > 64) {
        fprintf(stderr, "usage: step_bench DATABASE MAPPING [THREADS [ROWS]]\n");
        return 64;
    }
    log_init("step_bench", LOG_LEVEL_WARNING);
    must(store_open(&store, argv[1], 0, &err), &err);
    must(store_reader(store, &db, &err), &err);
    if (getenv("STEP_BENCH_OWN"))
        must(export_map_compile(&map, argv[2], db, &err), &err);
    else
        must(export_map_compile_plain(&map, argv[2], db, &err), &err);
    must(renderer_new(&r, map, db, "main", &err), &err);
    must(db_prepare(db, &st, "SELECT id FROM site WHERE name = 'main'", &err), &err);
    must(stmt_step(st, &err), &err);
    site = stmt_int(st, 0);
    stmt_free(st);
    ranges = xcalloc(map->n_sections, sizeof *ranges);
    for (size_t s = 0; s < map->n_sections; s++)
        must(renderer_ranges(r, s, n, &ranges[s].low, &ranges[s].n, &err), &err);
    only = SIZE_MAX;
    measure("all", threads);
    for (only = 1; only < map->n_queries && getenv("STEP_BENCH_SQL"); only++) {
        char name[64];
        snprintf(name, sizeof name, "%zu %s", only, map->queries[only].kind->name);
        if (!map->queries[only].sql || map->queries[only].mode == QUERY_LOOKUP)
            continue;
        printf("%s\n", map->queries[only].sql);
        measure(name, 1);
    }
    for (size_t s = 0; s < map->n_sections; s++)
        free(ranges[s].low);
    free(ranges);
    renderer_free(r);
    export_map_unref(map);
    db_close(db);
    store_close(store);
    error_release(&err);
    return 0;
}
