/* Very much at once: thousands of files that wait, and thousands of orders in one file. */
#include <stdatomic.h>
#include <time.h>

#include "intake_shop.h"

#include "order/crash_point.h"
#include "order/intake_turns.h"

#define WAITING 1000
#define LOOKS 3000
#define ORDERS 1000

static double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* What it costs to find that nothing may be taken yet. */
static double look(struct drop *d)
{
    struct incoming_job jobs[8];
    double before = cpu_ms();

    for (int i = 0; i < LOOKS; i++) {
        incoming_wake(d->in);
        assert_int_equal(incoming_take(d->in, jobs, 8, 0), 0);
    }
    return cpu_ms() - before;
}

/* Files that wait cost nothing while they do, and keep their order through any number of tries. */
static void test_waiting(void **state)
{
    struct intake_shop *s = *state;
    struct drop *d = &s->d;
    struct incoming_job jobs[64];
    double none, many;
    char name[32];
    size_t n, taken = 0;

    drop_open(d);
    none = look(d);
    for (int i = 0; i < WAITING; i++) {
        struct incoming_handle *h;

        snprintf(name, sizeof name, "%d.xml", i);
        assert_int_equal(drop_create(d, name, O_RDWR, &h), 0);
        assert_int_equal(incoming_write(h, "<order/>", 8, 0), 8);
        incoming_release(d->in, h);
    }
    while ((n = incoming_take(d->in, jobs, 64, 0)) > 0)
        for (size_t i = 0; i < n; i++) /* in any order: the later ones are due first */
            assert_int_equal(incoming_settle(d->in, &jobs[i], INCOMING_RETRY, -1, 600000 - (int)taken++, NULL), 0);
    assert_int_equal(taken, WAITING);
    many = look(d);
    if (many > 20 * none + 20)
        fail_msg("%d looks: %.1f ms of processor where nothing waits, %.1f where %d files do", LOOKS, none, many,
                 WAITING);
    incoming_close(d->in);
    drop_open(d);
    for (int round = 0; round < 2; round++)
        for (unsigned next = 0; next < WAITING; next += (unsigned)n) {
            n = incoming_take(d->in, jobs, 64, 10000);
            assert_true(n > 0);
            for (size_t i = 0; i < n; i++) {
                snprintf(name, sizeof name, "%u.xml", next + (unsigned)i);
                assert_string_equal(jobs[i].name, name);
                assert_int_equal(incoming_settle(d->in, &jobs[i], INCOMING_RETRY, -1, 3000, NULL), 0);
            }
            if (next + n == WAITING)
                sleep(4); /* all are due again */
        }
}

/* Who waits for whom, with many that wait. */
static void test_turns(void **state)
{
    struct turns t = {0};
    struct order order = {0};
    struct order_file file = {.orders = &order, .n_orders = 1};
    char key[32], number_[32];

    (void)state;
    for (int i = 0; i < 10000; i++) {
        snprintf(key, sizeof key, "k%d", i);
        snprintf(number_, sizeof number_, "%d", i / 2);
        order.number = number_;
        assert_int_equal(turns_behind(&t, key, key, &file), i % 2);
        turns_hold(&t, key, key, &file);
        turns_hold(&t, key, "another", NULL);
    }
    order.number = (char *)"7";
    assert_true(turns_behind(&t, "new", "new.xml", &file));
    assert_false(turns_behind(&t, "k14", "k14", &file)); /* the first of both */
    assert_true(turns_behind(&t, "k15", "k15", &file));
    turns_pass(&t, "k14");
    assert_false(turns_behind(&t, "k15", "k15", &file));
    turns_pass(&t, "k15");
    assert_false(turns_behind(&t, "new", "new.xml", &file));
    assert_true(turns_behind(&t, "new", "k16", NULL)); /* a name alone */
    assert_false(turns_behind(&t, "k16", "k16", NULL));
    turns_release(&t);
    assert_false(turns_behind(&t, "new", "k16", &file));
}

static struct intake_shop *busy_shop;
static atomic_uint turns, writes;

/* Between two turns another program writes. */
static void write_between(const char *where)
{
    if (strcmp(where, "committed") != 0)
        return;
    atomic_fetch_add(&turns, 1);
    if (db_begin_write(busy_shop->f.writer, &busy_shop->f.err) == 0)
        atomic_fetch_add(&writes, 1);
    db_end(busy_shop->f.writer);
}

static void test_many_orders(void **state)
{
    struct intake_shop *s = *state;
    struct intake_status status;
    struct buf b = BUF_INIT;

    busy_shop = s;
    buf_add_str(&b, "<orders version=\"1\">\n");
    for (int i = 0; i < ORDERS; i++) {
        buf_addf(&b, "<order><number>%s%d</number>", i == 500 ? "" : "n-", i == 500 ? 0 : i);
        buf_add_str(&b, "<items><item><code>TEA</code><quantity>");
        buf_add_str(&b, i == 500 ? "many" : "1");
        buf_add_str(&b, "</quantity><price>1.00</price></item></items></order>\n");
    }
    buf_add_str(&b, "</orders>\n");
    intake_shop_open(s);
    crash_point_hook = write_between;
    drop_put(&s->d, "many.xml", buf_str(&b));
    intake_shop_wait(s);
    crash_point_hook = NULL;
    buf_release(&b);
    starts(s, "results/many.xml.txt", "partly: 1000 orders: 999 accepted, 1 refused");
    assert_int_equal(orders(s), ORDERS - 1);
    assert_int_equal(atomic_load(&turns), ORDERS / IMPORT_TURN);
    assert_int_equal(atomic_load(&writes), atomic_load(&turns));
    assert_int_equal(number(&s->f, s->f.reader, "SELECT count(*) FROM intake_order"), ORDERS);
    intake_status(s->intake, &status);
    assert_int_equal(status.files[VERDICT_PARTLY], 1);
    assert_int_equal(status.orders, ORDERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns),
        cmocka_unit_test_setup_teardown(test_waiting, intake_shop_setup, intake_shop_teardown),
        cmocka_unit_test_setup_teardown(test_many_orders, intake_shop_setup, intake_shop_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
