/*
 * Readers and a writer at once. Every commit keeps one sum over all prices; a version that mixes two states
 * has another. Product 1 counts commits, product 2 makes up for it.
 */
#include "export_test.h"

#include "export/build.h"

#define READERS 6
#define TOTAL 1000000000LL

struct shared {
    struct bench *f;
    atomic_llong committed; /* the newest count that is surely committed */
    atomic_bool stop;
    atomic_int versions;
};

/* The sum of the price column and the count in it. */
static long long check(const struct buf *text, long long *counted)
{
    long long sum = 0;
    *counted = -1;
    const char *line = strchr(buf_str(text), '\n');
    while (line && line[1]) {
        long long id, price;
        if (sscanf(line + 1, "%lld;%*[^;];%lld;", &id, &price) == 2) {
            sum += price;
            if (id == 1 && *counted < 0)
                *counted = price;
        }
        line = strchr(line + 1, '\n');
    }
    return sum;
}

static void *reader(void *arg)
{
    struct shared *s = arg;
    uint64_t ino[2] = {0};
    int64_t mtime[2] = {0};
    auto_buf text = BUF_INIT;
    for (unsigned i = 0; !s->stop; i++) {
        unsigned which = i % 2;
        long long before = s->committed, counted;
        struct version *v = NULL;
        struct error err = ERROR_INIT;
        if (export_current_wait(exports_at(s->f->x, which), &v, &err) < 0)
            abort();
        buf_clear(&text);
        buf_reserve(&text, version_size(v) + 1);
        if (version_read(v, text.data, version_size(v) + 1, 0) != (ssize_t)version_size(v))
            abort();
        text.len = version_size(v);
        text.data[text.len] = '\0';
        long long sum = check(&text, &counted);
        if (sum != TOTAL || counted < before) {
            fprintf(stderr, "sum %lld, count %lld, committed before %lld\n", sum, counted, before);
            abort();
        }
        if (version_mtime(v).tv_sec < mtime[which])
            abort();
        if (version_ino(v) != ino[which])
            s->versions++;
        ino[which] = version_ino(v);
        mtime[which] = version_mtime(v).tv_sec;
        version_unref(v);
    }
    return NULL;
}

static void one_state_in_every_version(void **state)
{
    struct bench *f = *state;
    struct shared s = {.f = f};
    pthread_t threads[READERS];
    products(f, 1, 6000);
    run_sql(f,
            "UPDATE price SET price_e4 = 100; UPDATE price SET price_e4 = 0 WHERE product_id = 1;"
            "UPDATE price SET price_e4 = %lld - (SELECT sum(price_e4) FROM price WHERE product_id <> 2)"
            " WHERE product_id = 2",
            TOTAL);
    write_mapping(f, 1, "path other.csv dated");
    start_threads(f, 4);
    for (int i = 0; i < READERS; i++)
        pthread_create(&threads[i], NULL, reader, &s);
    unsigned seed = 5;
    int64_t until = clock_monotonic_ms() + 4000;
    long long count = 0;
    while (clock_monotonic_ms() < until) {
        count++;
        run_sql(f,
                "BEGIN IMMEDIATE;"
                "UPDATE price SET price_e4 = %lld WHERE product_id = 1;"
                "UPDATE price SET price_e4 = price_e4 - 1 WHERE product_id = 2;",
                count);
        int id = 3 + rand_r(&seed) % 5000, other = 3 + rand_r(&seed) % 5990;
        run_sql(f,
                "UPDATE price SET price_e4 = price_e4 + 7 WHERE product_id = %d;"
                "UPDATE price SET price_e4 = price_e4 - 7 WHERE product_id = %d;",
                id, other);
        if (count % 5 == 0) /* all of it: a big rendering with helpers */
            run_sql(f,
                    "UPDATE unit SET name = 'n%lld';"
                    "UPDATE price SET price_e4 = price_e4 + 1 WHERE product_id BETWEEN 3 AND 4002;"
                    "UPDATE price SET price_e4 = price_e4 - 4000 WHERE product_id = 2;",
                    count);
        run_sql(f, "COMMIT");
        s.committed = count;
        tick();
        if (rand_r(&seed) % 2)
            usleep((useconds_t)(rand_r(&seed) % 20000));
    }
    s.stop = true;
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    print_message("%lld commits, %d versions met\n", count, (int)s.versions);
    assert_true(s.versions > 20);
    assert_right(f);
}

static struct bench *intruder;
static atomic_int intrusions, intrusions_left;

/* A commit between the snapshots of two connections: it touches the first and the last chunk. */
static void intrude(void)
{
    if (intrusions_left-- <= 0)
        return;
    intrusions++;
    run_sql(intruder, "BEGIN IMMEDIATE; UPDATE price SET price_e4 = price_e4 + 1 WHERE product_id %% 2 = 1;"
                      "UPDATE price SET price_e4 = price_e4 - 1 WHERE product_id %% 2 = 0; COMMIT");
}

static void helpers_read_the_same_state(void **state)
{
    struct bench *f = *state;
    static const int times[] = {1, 2, 3, 1000000}; /* the last: it never ends; then without helpers */
    auto_buf text = BUF_INIT;
    long long counted;
    products(f, 1, 6000);
    run_sql(f,
            "UPDATE price SET price_e4 = 20000; UPDATE price SET price_e4 = %lld - 5999 * 20000 WHERE "
            "product_id = 1",
            TOTAL);
    start_threads(f, 4);
    intruder = f;
    build_between_snapshots = intrude;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        run_sql(f,
                "UPDATE unit SET name = 'u%zu'; BEGIN; UPDATE price SET price_e4 = price_e4 + 10 WHERE "
                "product_id %% 2 = 1;"
                "UPDATE price SET price_e4 = price_e4 - 10 WHERE product_id %% 2 = 0; COMMIT",
                i);
        tick();
        intrusions = 0;
        intrusions_left = times[i];
        struct version *v = current(f);
        assert_true(intrusions > 0);
        content(v, &text);
        assert_true(check(&text, &counted) == TOTAL);
        version_unref(v);
        intrusions_left = 0;
        tick();
        assert_right(f);
    }
    build_between_snapshots = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(helpers_read_the_same_state, bench_setup, bench_teardown),
        cmocka_unit_test_setup_teardown(one_state_in_every_version, bench_setup, bench_teardown),
    };
    log_init("test", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
