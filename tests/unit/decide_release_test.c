/* A status set by hand ends the reservation; the database does it, whoever sets it. */
#include "decide_test.h"

static void send(struct fixture *f, const char *order_number, int64_t quantity_e3)
{
    struct order o = tea_order(order_number);

    o.lines[0].quantity_e3 = quantity_e3;
    add_line(&o, "CUP-R", 1000, 10000);
    decided(f, order_number, &o, VERDICT_ACCEPTED);
    order_release(&o);
}

static void test_released_by_status(void **state)
{
    struct fixture *f = *state;
    static const char *const ends[] = {"cancelled", "returned", "shipped", "delivered"};

    goods(f);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char sql[160], a[16], b[16];
        snprintf(a, sizeof a, "a%zu", i);
        snprintf(b, sizeof b, "b%zu", i);
        send(f, a, 2000);
        send(f, b, 3000);
        assert_string_equal(reserved(f), "1|0|1|5000\n2|21|2|2000");
        snprintf(sql, sizeof sql, "UPDATE orders SET status = '%s' WHERE number = '%s'", ends[i], a);
        run(f, sql);
        assert_string_equal(reserved(f), "1|0|1|3000\n2|21|2|1000"); /* the other order keeps its own */
        run(f, sql);
        run(f, "UPDATE orders SET status = 'accepted' WHERE status = 'new'"); /* still holds */
        assert_string_equal(reserved(f), "1|0|1|3000\n2|21|2|1000");
        snprintf(sql, sizeof sql, "UPDATE orders SET status = 'cancelled' WHERE number IN ('%s', '%s')", a,
                 b);
        run(f, sql); /* the first for the second time: nothing to give back */
        assert_string_equal(reserved(f), "");
    }
    assert_int_equal(number(f, f->reader, "SELECT sum(on_hand_e3) FROM stock"), 20000); /* yours */
    assert_int_equal(number(f, f->reader, "SELECT sum(reserved_e3) FROM order_line"), 0);
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM order_line WHERE warehouse_id IS NULL"), 0);
}

static void test_never_below_nothing(void **state)
{
    struct fixture *f = *state;

    goods(f);
    send(f, "1", 2000);
    run(f, "UPDATE stock SET reserved_e3 = 500 WHERE product_id = 1 AND warehouse_id = 1;"
           "UPDATE stock SET reserved_e3 = -3 WHERE product_id = 2 AND variant_id = 21");
    run(f, "UPDATE orders SET status = 'cancelled'");
    assert_string_equal(reserved(f), "2|21|2|-3");
}

/* Deleted, with and without what SQLite does for foreign keys: nothing is held, nothing is left behind. */
static void test_released_by_deletion(void **state)
{
    struct fixture *f = *state;
    static const char rest[] = "SELECT (SELECT count(*) FROM order_line), (SELECT count(*) FROM order_status),"
                               " (SELECT count(*) FROM intake_order WHERE order_id IS NOT NULL)";

    goods(f);
    for (int keys = 0; keys < 2; keys++) {
        send(f, "1", 2000);
        send(f, "2", 3000);
        run(f, keys ? "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = OFF");
        run(f, "DELETE FROM order_line WHERE position = 1 AND order_id = (SELECT id FROM orders WHERE number = '2')");
        assert_string_equal(reserved(f), "1|0|1|2000\n2|21|2|2000");
        run(f, "DELETE FROM orders WHERE number = '1'");
        assert_string_equal(reserved(f), "2|21|2|1000");
        run(f, "UPDATE orders SET status = 'shipped'; DELETE FROM orders");
        assert_string_equal(reserved(f), "");
        assert_string_equal(text(f, f->reader, rest), "0|0|0");
    }
    send(f, "1", 2000); /* what was deleted and is sent again is new */
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM intake_order WHERE number = '1'"), 3);
}

static void test_the_exports_learn_of_it(void **state)
{
    struct fixture *f = *state;
    static const char sequence[] = "SELECT sequence FROM change_sequence";

    goods(f);
    send(f, "1", 2000);
    int64_t before = number(f, f->reader, sequence);
    run(f, "UPDATE orders SET status = 'cancelled'");
    assert_true(number(f, f->reader, sequence) > before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_released_by_status, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_released_by_deletion, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_never_below_nothing, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_exports_learn_of_it, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
