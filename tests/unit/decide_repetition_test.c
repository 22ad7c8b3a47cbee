/*
 * Uploads in any order, any number of times, also at once.
 *
 * What holds: (1) repeating any file already taken changes nothing, whenever it comes; so a sequence ends as
 * its first appearances do. (2) Files of different orders may come in any order: the same orders, lines and
 * reservations. (3) Of two revisions of one order the one that first came last stands: files do not say which
 * is newer, arrival does.
 */
#include "decide_test.h"

#include <errno.h>
#include <pthread.h>

enum { ORDERS = 4, REVISIONS = 2, UPLOADS = ORDERS * REVISIONS };

/* Upload u: revision u / ORDERS of order u % ORDERS. Orders 0 and 1 share a customer. */
static struct order upload(int u)
{
    int which = u % ORDERS, revision = u / ORDERS;
    char number_text[16], email[32];
    snprintf(number_text, sizeof number_text, "N%d", which);
    struct order o = tea_order(number_text);
    snprintf(email, sizeof email, "c%d@example.com", which < 2 ? 0 : which);
    set(&o.billing.email, email);
    o.lines[0].quantity_e3 = 1000 * (which + 1);
    if (revision) {
        o.lines[0].quantity_e3 += 500;
        add_line(&o, "CUP-R", 1000, 100000 + which);
        o.cancelled = which == 3;
    }
    return o;
}

static void send(struct fixture *f, int u)
{
    char bytes[16];
    snprintf(bytes, sizeof bytes, "upload %d", u);
    struct order o = upload(u);
    struct import_result r = decide_file(f, bytes, &o, 1);
    assert_true(r.verdict == VERDICT_ACCEPTED || r.verdict == VERDICT_REVISED ||
                r.verdict == VERDICT_DUPLICATE);
    import_result_release(&r);
    order_release(&o);
}

/* Everything that must come out the same; identities of rows apart. */
static char *outcome(struct fixture *f)
{
    return xstrdup(text(f, f->reader,
                        "SELECT 'order', number, status, lines_total_e4, email FROM orders o JOIN customer c "
                        "ON c.id = customer_id"
                        " UNION ALL SELECT 'line', number, code, quantity_e3, l.reserved_e3 FROM order_line "
                        "l JOIN orders o ON o.id = order_id"
                        " UNION ALL SELECT 'customer', name, email, count(*), '' FROM customer GROUP BY email"
                        " UNION ALL SELECT 'stock', product_id, variant_id, sum(reserved_e3), '' FROM stock "
                        "GROUP BY product_id, variant_id"
                        " ORDER BY 1, 2, 3, 4"));
}

static void start_over(struct fixture *f)
{
    run(f, "DELETE FROM intake_order; DELETE FROM orders; DELETE FROM intake; DELETE FROM customer; UPDATE "
           "stock SET reserved_e3 = 0");
}

/* A small generator of our own: the same run every time. */
static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 16;
}

static void check_reservations_add_up(struct fixture *f)
{
    assert_int_equal(number(f, f->reader,
                            "SELECT count(*) FROM stock s WHERE reserved_e3 <> coalesce((SELECT "
                            "sum(l.reserved_e3) FROM order_line l"
                            " WHERE l.product_id = s.product_id AND l.variant_id = s.variant_id AND "
                            "l.warehouse_id = s.warehouse_id), 0)"),
                     0);
}

static void test_repetitions_change_nothing(void **state)
{
    struct fixture *f = *state;
    goods(f);
    for (unsigned seed = 1; seed <= 12; seed++) {
        unsigned rnd = seed;
        int sequence[24], firsts[UPLOADS], n_firsts = 0;
        bool seen[UPLOADS] = {false};
        for (int i = 0; i < 24; i++) {
            int u = sequence[i] = (int)(next_random(&rnd) % UPLOADS);
            if (!seen[u])
                firsts[n_firsts++] = u;
            seen[u] = true;
        }
        start_over(f);
        for (int i = 0; i < n_firsts; i++)
            send(f, firsts[i]);
        char *expected = outcome(f);
        start_over(f);
        for (int i = 0; i < 24; i++)
            send(f, sequence[i]);
        char *got = outcome(f);
        if (strcmp(expected, got) != 0)
            fail_msg("seed %u:\n%s\ninstead of\n%s", seed, got, expected);
        check_reservations_add_up(f);
        free(got);
        free(expected);
    }
}

static void test_different_orders_come_in_any_order(void **state)
{
    struct fixture *f = *state;
    goods(f);
    char *expected = NULL;
    for (unsigned seed = 1; seed <= 10; seed++) {
        unsigned rnd = seed;
        int order_of[ORDERS] = {0, 1, 2, 3};
        for (int i = ORDERS - 1; i > 0; i--) {
            int j = (int)(next_random(&rnd) % (unsigned)(i + 1)), t = order_of[i];
            order_of[i] = order_of[j];
            order_of[j] = t;
        }
        start_over(f);
        for (int revision = 0; revision < REVISIONS; revision++)
            for (int i = 0; i < ORDERS; i++)
                send(f, order_of[i] + revision * ORDERS);
        char *got = outcome(f);
        if (expected)
            assert_string_equal(got, expected);
        else
            expected = xstrdup(got);
        check_reservations_add_up(f);
        free(got);
    }
    free(expected);
}

struct sender {
    pthread_t thread;
    struct store *store;
    pthread_barrier_t *start;
    int id;
    int rc;
    enum verdict verdicts[16];
};

static void *send_at_once(void *arg)
{
    struct sender *s = arg;
    struct db *db = NULL;
    struct error err = ERROR_INIT;
    s->rc = store_writer(s->store, &db, &err);
    pthread_barrier_wait(s->start);
    for (int i = 0; i < 16 && s->rc == 0; i++) {
        char bytes[32], key[32], number_text[16];
        snprintf(number_text, sizeof number_text, "R%d", i);
        snprintf(bytes, sizeof bytes, "race %d", i);
        snprintf(key, sizeof key, "race-%d-%d", s->id, i);
        struct order o = tea_order(number_text);
        struct import_result r = {0};
        do {
            error_release(&err);
            s->rc = try_decide(db, bytes, key, &o, 1, &r, &err);
        } while (s->rc == -EAGAIN);
        if (s->rc == 0)
            s->verdicts[i] = r.verdict;
        import_result_release(&r);
        order_release(&o);
    }
    error_release(&err);
    db_close(db);
    return NULL;
}

static void test_two_writers_at_once(void **state)
{
    struct fixture *f = *state;
    goods(f);
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, 2);
    struct sender senders[2] = {{.store = f->store, .start = &start, .id = 0},
                                {.store = f->store, .start = &start, .id = 1}};
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_at_once, &senders[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(senders[i].thread, NULL);
    pthread_barrier_destroy(&start);
    assert_int_equal(senders[0].rc, 0);
    assert_int_equal(senders[1].rc, 0);
    for (int i = 0; i < 16; i++)
        if ((senders[0].verdicts[i] == VERDICT_ACCEPTED) + (senders[1].verdicts[i] == VERDICT_ACCEPTED) !=
                1 ||
            (senders[0].verdicts[i] == VERDICT_DUPLICATE) + (senders[1].verdicts[i] == VERDICT_DUPLICATE) !=
                1)
            fail_msg("order %d: %s and %s", i, verdict_name(senders[0].verdicts[i]),
                     verdict_name(senders[1].verdicts[i]));
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM orders"), 16);
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM customer"), 1);
    assert_int_equal(number(f, f->reader, "SELECT sum(reserved_e3) FROM stock"), 32000);
    check_reservations_add_up(f);
}

static void test_undone_import_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order o = tea_order("1");
    struct order_file file = {.mapping = (char *)"plain", .orders = &o, .n_orders = 1};
    struct import_job job = {.site = "shop", .name = "order.xml", .object_key = "k", .data = "a", .len = 1};
    static const char everything[] = "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM customer), "
                                     "(SELECT count(*) FROM intake),"
                                     " (SELECT count(*) FROM order_status), (SELECT sum(reserved_e3) FROM "
                                     "stock), (SELECT sequence FROM change_sequence)";
    char *before = xstrdup(text(f, f->reader, everything));
    struct import_result r = {0};
    ok(f, db_begin_write(f->writer, &f->err));
    ok(f, import_decide_file(f->writer, &job, &file, NULL, &r, &f->err));
    db_end(f->writer);
    assert_string_equal(text(f, f->reader, everything), before);
    import_result_release(&r);
    free(before);
    /* And it may be tried again with the same key: the journal row went with the rest. */
    ok(f, try_decide(f->writer, "a", "k", &o, 1, &r, &f->err));
    assert_int_equal(r.verdict, VERDICT_ACCEPTED);
    import_result_release(&r);
    order_release(&o);
}

/* Single orders, each sent several times, in any order: what is left does not depend on it. */
static void test_any_permutation_with_repetitions(void **state)
{
    struct fixture *f = *state;
    enum { SETS = 8, RUNS = 12, LENGTH = ORDERS * 3 };
    goods(f);
    for (unsigned set_seed = 1; set_seed <= SETS; set_seed++) {
        unsigned rnd = set_seed * 7919;
        int chosen[ORDERS]; /* one revision of each */
        char *expected = NULL;
        for (int i = 0; i < ORDERS; i++)
            chosen[i] = i + ORDERS * (int)(next_random(&rnd) % REVISIONS);
        for (int run_no = 0; run_no < RUNS; run_no++) {
            int sequence[LENGTH];
            for (int i = 0; i < LENGTH; i++) /* each at least once */
                sequence[i] = chosen[i < ORDERS ? i : (int)(next_random(&rnd) % ORDERS)];
            for (int i = LENGTH - 1; i > 0; i--) {
                int j = (int)(next_random(&rnd) % (unsigned)(i + 1)), t = sequence[i];
                sequence[i] = sequence[j];
                sequence[j] = t;
            }
            start_over(f);
            for (int i = 0; i < LENGTH; i++)
                send(f, sequence[i]);
            char *got = outcome(f);
            if (!expected)
                expected = xstrdup(got);
            if (strcmp(expected, got) != 0)
                fail_msg("set %u, run %d:\n%s\ninstead of\n%s", set_seed, run_no, got, expected);
            check_reservations_add_up(f);
            assert_int_equal(number(f, f->reader, "SELECT count(*) FROM orders"), ORDERS);
            assert_int_equal(number(f, f->reader, "SELECT count(*) FROM customer"), ORDERS - 1);
            assert_int_equal(number(f, f->reader, "SELECT count(DISTINCT email_key) FROM customer"),
                             ORDERS - 1);
            free(got);
        }
        free(expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_repetitions_change_nothing, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_different_orders_come_in_any_order, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_any_permutation_with_repetitions, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(test_two_writers_at_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_undone_import_leaves_nothing, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
