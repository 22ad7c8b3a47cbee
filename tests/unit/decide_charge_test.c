/* What a gift certificate and bonus pay: taken with the order, given back with it, never more than there is. */
#include "decide_test.h"

static const char order_row[] = "SELECT certificate_used_e4, bonus_used_e4, bonus_taken_e4, lines_total_e4, "
                                "to_pay_e4 FROM orders ORDER BY id";

static int64_t used(struct fixture *f)
{
    return number(f, f->reader, "SELECT used_e4 FROM certificate WHERE code = 'GIFT'");
}

static int64_t bonus(struct fixture *f)
{
    return number(f, f->reader, "SELECT bonus_e4 FROM customer WHERE id = 7");
}

/* A shop with the certificate GIFT of 50.00 and a customer with a bonus of 20.00. */
static void gifts(struct fixture *f)
{
    goods(f);
    run(f,
        "INSERT INTO certificate (code, amount_e4, currency) VALUES ('GIFT', 500000, 'UAH');"
        "INSERT INTO customer (id, name, email, bonus_e4) VALUES (7, 'Олена', 'olena@example.com', 200000);");
}

static struct order paid_by(const char *number, const char *certificate, int64_t bonus_e4)
{
    struct order o = tea_order(number); /* 99.80 */
    set(&o.ordered, "2026-11-22 10:00:00");
    set(&o.certificate, certificate);
    o.bonus_used_e4 = bonus_e4;
    return o;
}

static void test_both_pay(void **state)
{
    struct fixture *f = *state;
    gifts(f);
    struct order o = paid_by("1", "GIFT", 150000);
    o.has_total = true;
    o.total_e4 = 348000; /* the file counts what is left to pay */
    const char *said = decided(f, "a", &o, VERDICT_ACCEPTED);
    assert_contains(said, "total: 99.80 UAH\n  certificate: 50.00\n  bonus: 15.00\n  to pay: 34.80\n");
    assert_lacks(said, "warning");
    assert_string_equal(text(f, f->reader, order_row), "500000|150000|150000|998000|348000");
    assert_int_equal(used(f), 500000);
    assert_int_equal(bonus(f), 50000);
    decided(f, "b", &o, VERDICT_DUPLICATE);
    assert_int_equal(used(f), 500000);
    assert_int_equal(bonus(f), 50000);
    order_release(&o);

    /* What is spent pays nothing more. */
    o = paid_by("2", "GIFT", 0);
    assert_contains(decided(f, "c", &o, VERDICT_ACCEPTED),
                    "warning: the certificate 'GIFT' is spent; nothing is taken from it");
    assert_int_equal(used(f), 500000);
    order_release(&o);
}

static void test_no_more_than_there_is(void **state)
{
    struct fixture *f = *state;
    gifts(f);
    struct order o = paid_by("1", "GIFT", 300000);
    o.has_certificate_amount = true;
    o.certificate_e4 = 700000;
    const char *said = decided(f, "a", &o, VERDICT_ACCEPTED);
    assert_contains(said, "warning: the file takes 70.00 from the certificate 'GIFT', there is 50.00");
    assert_contains(said, "warning: the file takes 30.00 from the customer's bonus, there is 20.00");
    assert_string_equal(text(f, f->reader, order_row), "500000|300000|200000|998000|298000");
    assert_int_equal(bonus(f), 0);
    order_release(&o);
}

/* A certificate of more than the order costs keeps the rest. */
static void test_no_more_than_there_is_to_pay(void **state)
{
    struct fixture *f = *state;
    gifts(f);
    run(f, "UPDATE certificate SET amount_e4 = 3000000");
    struct order o = paid_by("1", "GIFT", 100000);
    assert_contains(decided(f, "a", &o, VERDICT_ACCEPTED), "to pay: 0.00");
    assert_string_equal(text(f, f->reader, order_row), "998000|100000|0|998000|0");
    assert_int_equal(used(f), 998000);
    assert_int_equal(bonus(f), 200000);
    order_release(&o);
    o = paid_by("2", "GIFT", 0);
    o.has_certificate_amount = true; /* the file says how much */
    o.certificate_e4 = 10000;
    decided(f, "b", &o, VERDICT_ACCEPTED);
    assert_int_equal(used(f), 1008000);
    order_release(&o);
}

static void test_what_does_not_count(void **state)
{
    static const struct {
        const char *set, *why;
    } cases[] = {
        {"valid_to = '2026-11-21'", "has expired"},
        {"valid_from = '2026-11-23', valid_to = NULL", "is not valid yet"},
        {"valid_from = '2026-11-22', valid_to = '2026-11-22', currency = 'EUR'", "is of another currency"},
        {"currency = 'UAH', customer_id = 8", "is another customer's"},
        {"code = 'GIFT2'", "is not known"},
    };
    struct fixture *f = *state;
    gifts(f);
    run(f, "INSERT INTO customer (id, name) VALUES (8, 'Other');"
           "INSERT INTO currency (code) VALUES ('EUR');");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char sql[128], number_[8], expected[128];
        snprintf(sql, sizeof sql, "UPDATE certificate SET %s", cases[i].set);
        run(f, sql);
        snprintf(number_, sizeof number_, "%zu", i);
        snprintf(expected, sizeof expected, "warning: the certificate 'GIFT' %s; nothing is taken from it",
                 cases[i].why);
        struct order o = paid_by(number_, "GIFT", 0);
        const char *said = decided(f, number_, &o, VERDICT_ACCEPTED);
        assert_contains(said, expected);
        assert_lacks(said, "to pay");
        order_release(&o);
    }
    assert_int_equal(number(f, f->reader, "SELECT sum(used_e4) FROM certificate"), 0);
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM orders WHERE to_pay_e4 = 998000"), 5);
    /* The same one on its last day, for its own customer. */
    run(f, "UPDATE certificate SET code = 'GIFT', customer_id = 7, valid_to = '2026-11-22'");
    struct order o = paid_by("last", "GIFT", 0);
    assert_contains(decided(f, "last", &o, VERDICT_ACCEPTED), "certificate: 50.00");
    order_release(&o);
}

static void test_percent_once(void **state)
{
    struct fixture *f = *state;
    gifts(f);
    run(f, "UPDATE certificate SET kind = 'percent', amount_e4 = 100000, currency = NULL"); /* 10 % */
    struct order o = paid_by("1", "GIFT", 0);
    assert_contains(decided(f, "a", &o, VERDICT_ACCEPTED), "certificate: 9.98");
    order_release(&o);
    o = paid_by("2", "GIFT", 0);
    assert_contains(decided(f, "b", &o, VERDICT_ACCEPTED), "is spent");
    order_release(&o);
    assert_int_equal(used(f), 99800);
}

static void test_revision_gives_back_first(void **state)
{
    struct fixture *f = *state;
    gifts(f);
    struct order o = paid_by("1", "GIFT", 150000);
    decided(f, "a", &o, VERDICT_ACCEPTED);
    o.lines[0].quantity_e3 = 1000; /* 49.90: the certificate covers it alone */
    const char *said = decided(f, "b", &o, VERDICT_REVISED);
    assert_contains(said, "to pay: 0.00");
    assert_lacks(said, "is spent");
    assert_int_equal(used(f), 499000);
    assert_int_equal(bonus(f), 200000);
    set(&o.certificate, NULL);
    decided(f, "c", &o, VERDICT_REVISED);
    assert_int_equal(used(f), 0);
    assert_int_equal(bonus(f), 50000);
    /* Cancelled by the web shop. */
    o.cancelled = true;
    decided(f, "d", &o, VERDICT_REVISED);
    assert_int_equal(bonus(f), 200000);
    assert_string_equal(text(f, f->reader, order_row), "0|150000|0|499000|499000");
    order_release(&o);
}

/* Whoever cancels the order. */
static void test_cancelled_in_the_database(void **state)
{
    struct fixture *f = *state;
    gifts(f);
    struct order o = paid_by("1", "GIFT", 150000);
    decided(f, "a", &o, VERDICT_ACCEPTED);
    run(f, "UPDATE orders SET status = 'packed'");
    assert_int_equal(used(f), 500000);
    run(f, "UPDATE orders SET status = 'cancelled'");
    assert_int_equal(used(f), 0);
    assert_int_equal(bonus(f), 200000);
    assert_string_equal(text(f, f->reader, order_row), "0|150000|0|998000|998000");
    run(f, "UPDATE orders SET status = 'cancelled'");
    assert_int_equal(bonus(f), 200000);
    order_release(&o);
}

/* A deleted order leaves nothing spent. */
static void test_deleted(void **state)
{
    struct fixture *f = *state;
    gifts(f);
    struct order o = paid_by("1", "GIFT", 150000);
    decided(f, "a", &o, VERDICT_ACCEPTED);
    run(f, "DELETE FROM orders");
    assert_int_equal(used(f), 0);
    assert_int_equal(bonus(f), 200000);
    decided(f, "b", &o, VERDICT_ACCEPTED);
    run(f, "UPDATE orders SET status = 'cancelled'; DELETE FROM orders");
    assert_int_equal(used(f), 0);
    assert_int_equal(bonus(f), 200000);
    order_release(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_both_pay, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_no_more_than_there_is, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_no_more_than_there_is_to_pay, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_does_not_count, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_percent_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_revision_gives_back_first, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_deleted, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_cancelled_in_the_database, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
