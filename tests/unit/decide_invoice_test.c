/* Invoices: taken or passed over as the site wants, apart from orders of the same number, without reservation. */
#include "decide_test.h"

#include "order/policy.h"

static struct order invoice(const char *number, const char *of)
{
    struct order o = tea_order(number);
    o.kind = ORDER_IS_INVOICE;
    set(&o.order_number, of);
    set(&o.due_on, "2026-12-06 00:00:00");
    set(&o.certificate, "GIFT");
    return o;
}

static struct import_result decide_by(struct fixture *f, const struct order_policy *policy, const char *key,
                                      struct order *orders, size_t n)
{
    char seen[] = "1 invoice: root element 'x'";
    struct order_file file = {.mapping = (char *)"plain", .orders = orders, .n_orders = n, .seen = seen};
    struct import_job job = {.site = "shop",
                             .name = "doc.xml",
                             .object_key = key,
                             .data = key,
                             .len = strlen(key),
                             .policy = policy};
    struct import_result r = {0};

    ok(f, db_begin_write(f->writer, &f->err));
    ok(f, import_decide_file(f->writer, &job, &file, NULL, &r, &f->err));
    ok(f, db_commit(f->writer, &f->err));
    db_end(f->writer);
    return r;
}

static const char rows[] = "SELECT kind, number, order_number, revision, to_pay_e4 FROM orders ORDER BY id";

static void test_passed_over(void **state)
{
    struct fixture *f = *state;
    goods(f);
    struct order both[] = {tea_order("1"), invoice("1", "1")};
    struct import_result r = decide_by(f, NULL, "a", both, 2);
    assert_int_equal(r.verdict, VERDICT_ACCEPTED);
    assert_true(strncmp(r.text, "accepted: order 1\n", 18) == 0);
    assert_contains(r.text, "not taken: 1 invoice; this site takes orders only\n");
    import_result_release(&r);
    both[1] = invoice("1", "1"); /* the other was taken out of its file */
    r = decide_by(f, NULL, "b", &both[1], 1);
    assert_int_equal(r.verdict, VERDICT_NO_ORDER);
    assert_true(strncmp(r.text, "no-order: no order in this file; it holds 1 invoice: ", 53) == 0);
    import_result_release(&r);
    assert_string_equal(text(f, f->reader, rows), "order|1|NULL|1|998000");
    order_release(&both[0]);
    order_release(&both[1]);
}

static void test_taken(void **state)
{
    struct fixture *f = *state;
    struct order_policy take = {.invoices = INVOICES_TAKE};
    goods(f);
    run(f, "INSERT INTO certificate (code, amount_e4, currency) VALUES ('GIFT', 500000, 'UAH')");
    struct order both[] = {tea_order("1"), invoice("1", "1")};
    struct import_result r = decide_by(f, &take, "a", both, 2);
    assert_int_equal(r.verdict, VERDICT_ACCEPTED);
    assert_true(strncmp(r.text, "accepted: 1 order, 1 invoice: 2 accepted\n", 41) == 0);
    assert_contains(r.text, "\ninvoice 1: accepted\n");
    import_result_release(&r);
    assert_string_equal(text(f, f->reader, rows), "order|1|NULL|1|998000\ninvoice|1|1|1|998000");
    assert_string_equal(reserved(f), "1|0|1|2000"); /* of the order alone */
    assert_int_equal(number(f, f->reader, "SELECT used_e4 FROM certificate"), 0);
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM customer"), 1);
    assert_string_equal(text(f, f->reader, "SELECT number FROM v_order"), "1");
    assert_int_equal(number(f, f->reader, "SELECT count(*) FROM v_order_line"), 1);
    assert_string_equal(
        text(f, f->reader, "SELECT kind, number, verdict FROM intake_order ORDER BY position"),
        "order|1|accepted\ninvoice|1|accepted");

    r = decide_by(f, &take, "b", &both[1], 1);
    assert_true(strncmp(r.text, "duplicate: invoice 1\n", 21) == 0);
    assert_contains(r.text, "the same invoice was received");
    import_result_release(&r);
    both[1].lines[0].quantity_e3 = 3000;
    r = decide_by(f, &take, "c", &both[1], 1);
    assert_true(strncmp(r.text, "revised: invoice 1\n", 19) == 0);
    import_result_release(&r);
    assert_string_equal(reserved(f), "1|0|1|2000");
    run(f, "UPDATE orders SET handled = datetime('now') WHERE kind = 'invoice'");
    both[1].lines[0].quantity_e3 = 4000;
    r = decide_by(f, &take, "d", &both[1], 1);
    assert_true(strncmp(r.text, "refused: invoice 1: the invoice has other content", 49) == 0);
    import_result_release(&r);
    /* The order is untouched by all that. */
    both[0].lines[0].quantity_e3 = 1000;
    r = decide_by(f, &take, "e", &both[0], 1);
    assert_true(strncmp(r.text, "revised: order 1\n", 17) == 0);
    import_result_release(&r);
    assert_string_equal(reserved(f), "1|0|1|1000");
    set(&both[1].number, NULL);
    r = decide_by(f, &take, "f", &both[1], 1);
    assert_true(strncmp(r.text, "refused: invoice without a number: the invoice has no number\n", 61) == 0);
    import_result_release(&r);
    order_release(&both[0]);
    order_release(&both[1]);
}

/* The database's word, and the configuration's before it. */
static void test_who_says_so(void **state)
{
    static const struct {
        int row;
        int policy;
        enum verdict verdict;
    } cases[] = {
        {0, INVOICES_AS_SITE, VERDICT_NO_ORDER}, {1, INVOICES_AS_SITE, VERDICT_ACCEPTED},
        {0, INVOICES_TAKE, VERDICT_ACCEPTED},    {1, INVOICES_TAKE, VERDICT_ACCEPTED},
        {0, INVOICES_IGNORE, VERDICT_NO_ORDER},  {1, INVOICES_IGNORE, VERDICT_NO_ORDER},
    };
    struct fixture *f = *state;
    goods(f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct order_policy policy = {.invoices = cases[i].policy};
        char key[8];
        run(f, cases[i].row ? "UPDATE site SET take_invoices = 1" : "UPDATE site SET take_invoices = 0");
        snprintf(key, sizeof key, "%zu", i);
        struct order o = invoice(key, NULL);
        struct import_result r = decide_by(f, &policy, key, &o, 1);
        assert_int_equal(r.verdict, cases[i].verdict);
        import_result_release(&r);
        order_release(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_passed_over, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_taken, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_who_says_so, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
